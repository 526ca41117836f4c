//===- MoveFloatsAsIntegers.cpp - 16-bit floats that are only moved -------===//

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "quantx/Target/CPU/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXMOVEFLOATSASINTEGERS
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

/// The integers that hold `type`, 16-bit floats; null for other types.
static Type getBits(Type type) {
  if (!isa<Float16Type, BFloat16Type>(getElementTypeOrSelf(type)))
    return {};
  Type bits = IntegerType::get(type.getContext(), 16);
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.clone(bits);
  return bits;
}

static bool isBranch(Operation *op) {
  return isa<LLVM::BrOp, LLVM::CondBrOp, LLVM::SwitchOp>(op);
}

/// Whether `op` does not look at the floats that it takes or gives.
static bool moves(Operation *op) {
  return isBranch(op) ||
         isa<LLVM::ExtractElementOp, LLVM::FreezeOp, LLVM::InsertElementOp,
             LLVM::LoadOp, LLVM::MaskedLoadOp, LLVM::MaskedStoreOp,
             LLVM::SelectOp, LLVM::ShuffleVectorOp, LLVM::StoreOp,
             LLVM::masked_gather, LLVM::masked_scatter>(op);
}

/// Makes integers of `value`, and floats of these for all that uses it.
static void moveBits(OpBuilder &builder, Value value) {
  Type type = value.getType();
  Type bits = getBits(type);
  if (!bits)
    return;
  value.setType(bits);
  Value floats = LLVM::BitcastOp::create(builder, value.getLoc(), type, value);
  value.replaceAllUsesExcept(floats, floats.getDefiningOp());
}

/// Gives integers to `op`, made where its floats are, and takes its results as
/// such.
static void moveBits(Operation *op) {
  OpBuilder builder(op);
  for (OpOperand &operand : op->getOpOperands()) {
    Value floats = operand.get();
    Type bits = getBits(floats.getType());
    if (!bits)
      continue;
    Operation *def = floats.getDefiningOp();
    if (!def || !def->hasTrait<OpTrait::IsTerminator>())
      builder.setInsertionPointAfterValue(floats);
    operand.set(LLVM::BitcastOp::create(builder, op->getLoc(), bits, floats));
    builder.setInsertionPoint(op);
  }
  builder.setInsertionPointAfter(op);
  for (Value result : op->getResults())
    moveBits(builder, result);
}

static void moveBits(Region &region) {
  // Other terminators (invoke) pass floats on, as such.
  bool hasOnlyBranches = llvm::all_of(region, [](Block &block) {
    Operation *terminator = block.getTerminator();
    return terminator->getNumSuccessors() == 0 || isBranch(terminator);
  });
  for (Block &block : region) {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (moves(&op) && (hasOnlyBranches || !isBranch(&op)))
        moveBits(&op);
    }
    if (block.isEntryBlock() || !hasOnlyBranches)
      continue;
    OpBuilder builder = OpBuilder::atBlockBegin(&block);
    for (Value argument : block.getArguments())
      moveBits(builder, argument);
  }
}

namespace {

struct MoveFloatsAsIntegersPass
    : public quantx::impl::QuantXMoveFloatsAsIntegersBase<
          MoveFloatsAsIntegersPass> {
  void runOnOperation() override {
    // Also the regions of omp in functions.
    getOperation()->walk([](LLVM::LLVMFuncOp function) {
      function->walk([](Operation *op) {
        for (Region &region : op->getRegions())
          moveBits(region);
      });
    });
  }
};

} // namespace
