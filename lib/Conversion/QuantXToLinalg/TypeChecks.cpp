//===- TypeChecks.cpp - Scaled types that cannot be lowered ---------------===//

#include "TypeChecks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "quantx/IR/QuantXDialect.h"
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

/// Whether there are patterns for `op` on scaled tensors, if not for every one.
static bool movesScaledTensors(Operation *op) {
  if (isa<func::CallIndirectOp>(op))
    return false;
  Dialect *dialect = op->getDialect();
  return isa_and_nonnull<QuantXDialect, func::FuncDialect,
                         cf::ControlFlowDialect, scf::SCFDialect>(dialect) ||
         isa<arith::SelectOp, bufferization::AllocTensorOp, tensor::CastOp,
             tensor::DimOp, tensor::EmptyOp, tensor::ExtractSliceOp,
             tensor::InsertSliceOp, tensor::ParallelInsertSliceOp,
             UnrealizedConversionCastOp>(op);
}

LogicalResult quantx::verifyScaledUses(Operation *root) {
  auto isScaled = [](Type type) {
    return static_cast<bool>(getScaledElementType(type));
  };
  WalkResult result = root->walk([&](Operation *op) {
    if (movesScaledTensors(op) ||
        !(llvm::any_of(op->getOperandTypes(), isScaled) ||
          llvm::any_of(op->getResultTypes(), isScaled)))
      return WalkResult::advance();
    op->emitOpError() << "has no lowering on scaled tensors: expected one of "
                         "quantx, func, cf or scf, arith.select, "
                         "bufferization.alloc_tensor, or tensor.cast, dim, "
                         "empty, extract_slice or insert_slice, or a tensor "
                         "after quantx.dequantize or quantx.disassemble";
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
