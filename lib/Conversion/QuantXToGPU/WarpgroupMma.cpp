//===- WarpgroupMma.cpp - wgmma, and its descriptors ----------------------===//
//
// Products are inline assembly: nvvm.wgmma.mma_async takes A from shared memory
// alone, and nvvm.inline_ptx does not return what it both reads and writes. The
// fence is in the same text: no register of an operand can be written between
// the two then.
//
//===----------------------------------------------------------------------===//

#include "WarpgroupMma.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Inline assembly
//===----------------------------------------------------------------------===//

/// The places of `count` operands from `first` on, as a vector of PTX.
static std::string printOperands(int64_t first, int64_t count) {
  std::string text = "{";
  for (int64_t i = 0; i < count; ++i)
    text += (i == 0 ? "$" : ", $") + std::to_string(first + i);
  return text + "}";
}

/// `text`, of which f32 results are operands 0 and on. Where there are `sums`,
/// they are in the registers of the results before; `inputs` are i32 and i64,
/// and come after these.
static SmallVector<Value> createAssembly(ImplicitLocOpBuilder &b,
                                         StringRef text, int64_t numResults,
                                         ValueRange sums, ValueRange inputs) {
  SmallVector<std::string> constraints(numResults, "=f");
  for (size_t i = 0; i < sums.size(); ++i)
    constraints.push_back(std::to_string(i));
  for (Value input : inputs)
    constraints.push_back(input.getType().isInteger(64) ? "l" : "r");
  SmallVector<Value> operands(sums);
  llvm::append_range(operands, inputs);
  auto type = LLVM::LLVMStructType::getLiteral(
      b.getContext(), SmallVector<Type>(numResults, b.getF32Type()));
  auto assembly = LLVM::InlineAsmOp::create(
      b, type, operands, text, llvm::join(constraints, ","),
      /*has_side_effects=*/true, /*is_align_stack=*/false,
      LLVM::TailCallKind::None,
      LLVM::AsmDialectAttr::get(b.getContext(), LLVM::AsmDialect::AD_ATT),
      /*operand_attrs=*/ArrayAttr());
  SmallVector<Value> results;
  for (int64_t i = 0; i < numResults; ++i)
    results.push_back(
        LLVM::ExtractValueOp::create(b, assembly.getResult(0), i));
  return results;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

// PTX ISA, "wgmma.mma_async": D, A, the descriptor of B; whether D is added to;
// nothing is negated, and B is K-major.
SmallVector<Value> WarpgroupMma::begin(ImplicitLocOpBuilder &b,
                                       ValueRange words, ValueRange descriptors,
                                       ValueRange sums) const {
  int64_t firstWord = getNumSums() + int64_t(sums.size());
  int64_t firstDescriptor = firstWord + int64_t(words.size());
  std::string type = element.isF16() ? "f16" : "bf16";
  std::string text = "{\n.reg .pred adds;\nwgmma.fence.sync.aligned;\n";
  for (int64_t i = 0; i < int64_t(descriptors.size()); ++i) {
    bool adds = !sums.empty() || i > 0;
    if (i < 2)
      text += "setp.ne.b32 adds, " + std::to_string(adds) + ", 0;\n";
    text += "wgmma.mma_async.sync.aligned.m64n" + std::to_string(columns) +
            "k16.f32." + type + "." + type + " " +
            printOperands(0, getNumSums()) + ", " +
            printOperands(firstWord + i * kWords, kWords) + ", $" +
            std::to_string(firstDescriptor + i) + ", adds, 1, 1, 0;\n";
  }
  SmallVector<Value> inputs(words);
  llvm::append_range(inputs, descriptors);
  return createAssembly(b, text + "}", getNumSums(), sums, inputs);
}

void quantx::createProductGroup(ImplicitLocOpBuilder &b) {
  NVVM::WgmmaGroupSyncAlignedOp::create(b);
}

void quantx::createProductWait(ImplicitLocOpBuilder &b, int64_t pending) {
  NVVM::WgmmaWaitGroupSyncOp::create(b, uint64_t(pending));
}

SmallVector<Value> quantx::waitForSums(ImplicitLocOpBuilder &b,
                                       ValueRange sums) {
  return createAssembly(b, "wgmma.wait_group.sync.aligned 0;",
                        int64_t(sums.size()), sums, {});
}

//===----------------------------------------------------------------------===//
// Matrices in shared memory
//===----------------------------------------------------------------------===//

// PTX ISA, "Matrix Descriptor Format": addresses and offsets are in units of 16
// bytes. Swizzled rows do not use the offset between chunks along K.
Value quantx::createWarpgroupDescriptor(ImplicitLocOpBuilder &b,
                                        Value address) {
  constexpr uint64_t leadingBytes = 16, strideBytes = 1024;
  constexpr uint64_t swizzle = 1; // of 128 bytes
  constexpr uint64_t rest =
      leadingBytes / 16 << 16 | strideBytes / 16 << 32 | swizzle << 62;
  auto createI64 = [&](uint64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(int64_t(value)));
  };
  Value field = arith::AndIOp::create(b, address, createI64(0x3ffff));
  field = arith::ShRUIOp::create(b, field, createI64(4));
  return arith::OrIOp::create(b, field, createI64(rest));
}
