//===- QuantXMatmul.cpp - Rules and folders of scaled_matmul --------------===//
//
// Every rule carries the label of the op's documentation.
//
//===----------------------------------------------------------------------===//

#include "Verification.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

LogicalResult ScaledMatmulOp::verify() {
  RankedTensorType lhs = getLhs().getType();
  RankedTensorType rhs = getRhs().getType();
  auto init = cast<RankedTensorType>(getInit().getType());
  // scaled_matmul_c1
  if (lhs.getRank() < 2 || lhs.getRank() != rhs.getRank() ||
      lhs.getRank() != init.getRank()) {
    return emitOpError() << "expected operands of one rank, 2 or more, got "
                         << lhs << ", " << rhs << " and " << init;
  }
  // scaled_matmul_c2
  if (!init.getElementType().isF32()) {
    return emitOpError() << "expected an accumulator of f32, the type of the "
                            "sums, got "
                         << init;
  }
  // scaled_matmul_c3
  if ((getLhsScaledType() &&
       failed(verifyBlockRank(*this, lhs.getShape(), getLhsScaledType()))) ||
      failed(verifyBlockRank(*this, rhs.getShape(), getScaledType())))
    return failure();
  // scaled_matmul_c7
  if ((getLhsScaledType() && failed(verifyIsLinear(*this, lhs))) ||
      failed(verifyHasStaticRows(*this, rhs)))
    return failure();
  // scaled_matmul_c4
  if (failed(verifyCompatibleShape(lhs.getShape().take_back(),
                                   rhs.getShape().take_back()))) {
    return emitOpError() << "expected the last dimension of " << lhs << ", "
                         << lhs.getShape().back() << ", in " << rhs
                         << " too, got " << rhs.getShape().back();
  }
  // scaled_matmul_c5
  ArrayRef<int64_t> batches = lhs.getShape().drop_back(2);
  if (failed(verifyCompatibleShape(batches, rhs.getShape().drop_back(2)))) {
    return emitOpError() << "expected the same batches, got "
                         << formatSizes(batches) << " in " << lhs << " and "
                         << formatSizes(rhs.getShape().drop_back(2)) << " in "
                         << rhs;
  }
  SmallVector<int64_t> expected(lhs.getShape().drop_back());
  expected.push_back(rhs.getShape().drop_back().back());
  for (auto [size, other] : llvm::zip(expected, rhs.getShape().drop_back(2)))
    if (ShapedType::isDynamic(size))
      size = other;
  if (succeeded(verifyCompatibleShape(expected, init.getShape())))
    return success();
  return emitOpError() << "expected an accumulator of shape "
                       << formatSizes(expected) << " for " << lhs << " and "
                       << rhs << ", got " << formatSizes(init.getShape());
}

// A sum of nothing.
OpFoldResult ScaledMatmulOp::fold(FoldAdaptor) {
  bool isEmpty = getLhs().getType().getShape().back() == 0 ||
                 getRhs().getType().getShape().back() == 0;
  return isEmpty ? OpFoldResult(getInit()) : OpFoldResult();
}

LogicalResult
ScaledMatmulOp::reifyResultShapes(OpBuilder &builder,
                                  ReifiedRankedShapedTypeDims &shapes) {
  shapes = {tensor::getMixedSizes(builder, getLoc(), getInit())};
  return success();
}
