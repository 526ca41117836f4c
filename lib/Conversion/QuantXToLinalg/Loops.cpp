//===- Loops.cpp - The linalg loops over elements and blocks --------------===//

#include "Loops.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Sizes and indices
//===----------------------------------------------------------------------===//

OpFoldResult quantx::applyToSize(OpBuilder &builder, Location loc,
                                 AffineExpr expr, OpFoldResult size) {
  return affine::makeComposedFoldedAffineApply(
      builder, loc, AffineMap::get(0, 1, expr), size);
}

SmallVector<OpFoldResult> quantx::getBlockGrid(OpBuilder &builder, Location loc,
                                               ScaledType type,
                                               ArrayRef<OpFoldResult> sizes) {
  AffineExpr size = builder.getAffineSymbolExpr(0);
  SmallVector<OpFoldResult> grid;
  for (auto [dim, block] : llvm::enumerate(type.getBlockShape())) {
    if (type.isWholeDimension(dim))
      grid.push_back(builder.getIndexAttr(1));
    else
      grid.push_back(
          applyToSize(builder, loc, size.ceilDiv(block), sizes[dim]));
  }
  return grid;
}

Value quantx::createFilled(OpBuilder &builder, Location loc,
                           ArrayRef<OpFoldResult> sizes, TypedAttr value) {
  Value empty = tensor::EmptyOp::create(builder, loc, sizes, value.getType());
  Value scalar = arith::ConstantOp::create(builder, loc, value);
  return linalg::FillOp::create(builder, loc, scalar, empty).getResult(0);
}

Value quantx::castTensor(OpBuilder &builder, Location loc, Value value,
                         Type type) {
  if (value.getType() == type)
    return value;
  return tensor::CastOp::create(builder, loc, type, value);
}

SmallVector<Value> quantx::createIndices(OpBuilder &builder, Location loc,
                                         unsigned rank) {
  SmallVector<Value> indices;
  for (unsigned dim = 0; dim < rank; ++dim)
    indices.push_back(linalg::IndexOp::create(builder, loc, dim));
  return indices;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

Value quantx::buildElements(OpBuilder &builder, Location loc,
                            ArrayRef<OpFoldResult> sizes, Type elementType,
                            ElementFn compute) {
  unsigned rank = sizes.size();
  Value empty = tensor::EmptyOp::create(builder, loc, sizes, elementType);
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  auto body = [&](OpBuilder &b, Location loc, ValueRange) {
    linalg::YieldOp::create(b, loc,
                            compute(b, loc, createIndices(b, loc, rank)));
  };
  return linalg::GenericOp::create(builder, loc, empty.getType(), ValueRange(),
                                   empty, builder.getMultiDimIdentityMap(rank),
                                   iterators, body)
      .getResult(0);
}

/// The indices of the block of the element at `indices`.
static SmallVector<Value> createBlockIndices(OpBuilder &builder, Location loc,
                                             ScaledType type,
                                             ValueRange indices) {
  SmallVector<Value> blockIndices;
  for (auto [dim, index] : llvm::enumerate(indices)) {
    int64_t block = type.getBlockShape()[dim];
    if (type.isWholeDimension(dim)) {
      blockIndices.push_back(arith::ConstantIndexOp::create(builder, loc, 0));
    } else if (block == 1) {
      blockIndices.push_back(index);
    } else {
      Value size = arith::ConstantIndexOp::create(builder, loc, block);
      blockIndices.push_back(arith::DivUIOp::create(builder, loc, index, size));
    }
  }
  return blockIndices;
}

BlockParameters quantx::readParameters(OpBuilder &builder, Location loc,
                                       ScaledType type, ValueRange parameters,
                                       ValueRange indices) {
  SmallVector<Value> blockIndices =
      createBlockIndices(builder, loc, type, indices);
  SmallVector<Value> values;
  for (Value tensor : parameters) {
    bool isGlobal = cast<RankedTensorType>(tensor.getType()).getRank() == 0;
    values.push_back(tensor::ExtractOp::create(
        builder, loc, tensor,
        isGlobal ? ValueRange() : ValueRange(blockIndices)));
  }
  return BlockParameters::get(type, values);
}
