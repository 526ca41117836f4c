//===- TypeChecks.cpp - Scaled types that cannot be lowered ---------------===//

#include "TypeChecks.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "quantx/IR/QuantXTypes.h"

using namespace mlir;
using namespace quantx;

/// Walks the types and attributes of `op` and of its block arguments; those of
/// its operands are other ops' results or arguments.
static bool isInterrupted(Operation *op, AttrTypeWalker &walker) {
  auto stops = [&](auto typeOrAttribute) {
    return walker.walk(typeOrAttribute).wasInterrupted();
  };
  if (stops(Attribute(op->getAttrDictionary())) ||
      llvm::any_of(op->getResultTypes(), stops))
    return true;
  for (Region &region : op->getRegions()) {
    for (Block &block : region)
      if (llvm::any_of(block.getArgumentTypes(), stops))
        return true;
  }
  return false;
}

LogicalResult quantx::verifyScaledRanks(Operation *root) {
  RankedTensorType culprit;
  AttrTypeWalker walker;
  walker.addWalk([&](RankedTensorType tensor) {
    ScaledType type = getScaledElementType(tensor);
    if (!type || tensor.getRank() == type.getBlockRank())
      return WalkResult::advance();
    culprit = tensor;
    return WalkResult::interrupt();
  });
  WalkResult result = root->walk([&](Operation *op) {
    if (!isInterrupted(op, walker))
      return WalkResult::advance();
    std::string block;
    llvm::raw_string_ostream os(block);
    ScaledType::printBlock(os, getScaledElementType(culprit).getBlockShape());
    op->emitOpError() << "expected a block of rank " << culprit.getRank()
                      << " in " << culprit << ", got " << block;
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

LogicalResult quantx::verifyNoScaledTypes(Operation *root) {
  ScaledType culprit;
  AttrTypeWalker walker;
  walker.addWalk([&](ScaledType type) {
    culprit = type;
    return WalkResult::interrupt();
  });
  WalkResult result = root->walk([&](Operation *op) {
    if (!isInterrupted(op, walker))
      return WalkResult::advance();
    op->emitOpError() << "has no lowering: expected " << culprit
                      << " in ranked tensors alone, as the type of values";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}
