//===- VerifySizes.cpp - Fail on tensors beyond any memory ----------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "quantx/IR/QuantXTypes.h"
#include "quantx/Target/CPU/Passes.h"
#include "llvm/Support/CheckedArithmetic.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXVERIFYSIZES
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

/// What a process can address on 64-bit machines.
static constexpr int64_t kMostBytes = int64_t(1) << 47;
/// What code reaches in the data next to it.
static constexpr int64_t kMostConstantBytes = int64_t(1) << 31;

static int64_t getBits(Type element) {
  if (auto scaled = dyn_cast<ScaledType>(element))
    return scaled.getStorageBits();
  return element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 64;
}

/// Whether an array of `type` has more than `most` bytes, whatever its dynamic
/// sizes are, unless they are 0.
static bool isLarger(Type type, int64_t most) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped || !shaped.hasRank() ||
      llvm::is_contained(shaped.getShape(), int64_t(0)))
    return false;
  std::optional<int64_t> bits = getBits(shaped.getElementType());
  for (int64_t size : shaped.getShape())
    if (bits && !ShapedType::isDynamic(size))
      bits = llvm::checkedMul(*bits, size);
  return !bits || *bits / 8 > most;
}

/// Fails where `op` makes an array that is too large, or is itself one in the
/// program's data.
static LogicalResult verifySizes(Operation *op) {
  auto fail = [&](Type type, StringRef what, int64_t most) -> LogicalResult {
    return op->emitOpError() << "expected " << what << " of at most " << most
                             << " bytes, got " << type;
  };
  SmallVector<Type> types(op->getResultTypes());
  for (Region &region : op->getRegions())
    for (Block &block : region)
      llvm::append_range(types, block.getArgumentTypes());
  for (Type type : types)
    if (isLarger(type, kMostBytes))
      return fail(type, "tensors", kMostBytes);
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    if (isLarger(constant.getType(), kMostConstantBytes))
      return fail(constant.getType(), "constants", kMostConstantBytes);
  return success();
}

namespace {

struct VerifySizesPass
    : public quantx::impl::QuantXVerifySizesBase<VerifySizesPass> {
  void runOnOperation() override {
    WalkResult result = getOperation().walk([](Operation *op) {
      return failed(verifySizes(op)) ? WalkResult::interrupt()
                                     : WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
