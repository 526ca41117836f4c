//===- QuantXShapes.cpp - Type and shape inference of quantx operations ---===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Helpers
//===----------------------------------------------------------------------===//

/// `expr` of the size `value`, folded when the size is static.
static OpFoldResult applyExpr(OpBuilder &builder, Location loc, AffineExpr expr,
                              OpFoldResult value) {
  return affine::makeComposedFoldedAffineApply(
      builder, loc, AffineMap::get(0, 1, expr), value);
}

static SmallVector<OpFoldResult>
reifyScalesShape(OpBuilder &builder, Location loc, ScaledType type,
                 ArrayRef<OpFoldResult> sizes) {
  AffineExpr size = builder.getAffineSymbolExpr(0);
  SmallVector<OpFoldResult> shape;
  for (auto [dim, block] : llvm::enumerate(type.getBlockShape())) {
    if (type.isWholeDimension(dim))
      shape.push_back(builder.getIndexAttr(1));
    else
      shape.push_back(applyExpr(builder, loc, size.ceilDiv(block), sizes[dim]));
  }
  return shape;
}

/// One shape for each parameter of `type`.
static ReifiedRankedShapedTypeDims
reifyParameterShapes(OpBuilder &builder, Location loc, ScaledType type,
                     ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> scales =
      reifyScalesShape(builder, loc, type, sizes);
  ReifiedRankedShapedTypeDims shapes = {scales};
  if (type.hasZeroPoint())
    shapes.push_back(scales);
  if (type.hasGlobal())
    shapes.emplace_back();
  return shapes;
}

/// The shape of a tensor of codes of `bits` bits, packed into bytes.
static SmallVector<OpFoldResult> reifyPacked(OpBuilder &builder, Location loc,
                                             SmallVector<OpFoldResult> sizes,
                                             unsigned bits) {
  AffineExpr size = builder.getAffineSymbolExpr(0);
  sizes.back() =
      applyExpr(builder, loc, (size * bits).ceilDiv(8), sizes.back());
  return sizes;
}

/// The shape of the codes in `bytes`: static sizes of `codes`, else as many as
/// the bytes of a row hold.
static SmallVector<OpFoldResult> reifyUnpacked(OpBuilder &builder, Location loc,
                                               Value bytes,
                                               RankedTensorType codes,
                                               unsigned bits) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, bytes);
  AffineExpr size = builder.getAffineSymbolExpr(0);
  sizes.back() =
      codes.isDynamicDim(codes.getRank() - 1)
          ? applyExpr(builder, loc, (size * 8).floorDiv(bits), sizes.back())
          : builder.getIndexAttr(codes.getShape().back());
  return sizes;
}

/// Keeps each static size of the results' types, as the interface demands.
static void useStaticSizes(Operation *op, ReifiedRankedShapedTypeDims &shapes) {
  Builder builder(op->getContext());
  for (auto [shape, type] : llvm::zip_equal(shapes, op->getResultTypes())) {
    for (auto [dim, size] :
         llvm::enumerate(cast<RankedTensorType>(type).getShape()))
      if (!ShapedType::isDynamic(size))
        shape[dim] = builder.getIndexAttr(size);
  }
}

/// Sizes of an operand whose shape the single result shares.
static LogicalResult reifyAsOperand(OpBuilder &builder, Operation *op,
                                    Value operand,
                                    ReifiedRankedShapedTypeDims &shapes) {
  shapes = {tensor::getMixedSizes(builder, op->getLoc(), operand)};
  useStaticSizes(op, shapes);
  return success();
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

LogicalResult
ChooseQParamsOp::reifyResultShapes(OpBuilder &builder,
                                   ReifiedRankedShapedTypeDims &shapes) {
  shapes = reifyParameterShapes(
      builder, getLoc(), getScaledType(),
      tensor::getMixedSizes(builder, getLoc(), getInput()));
  useStaticSizes(*this, shapes);
  return success();
}

LogicalResult
QuantizeOp::reifyResultShapes(OpBuilder &builder,
                              ReifiedRankedShapedTypeDims &shapes) {
  return reifyAsOperand(builder, *this, getInput(), shapes);
}

LogicalResult
DynamicQuantizeOp::reifyResultShapes(OpBuilder &builder,
                                     ReifiedRankedShapedTypeDims &shapes) {
  return reifyAsOperand(builder, *this, getInput(), shapes);
}

LogicalResult
DequantizeOp::reifyResultShapes(OpBuilder &builder,
                                ReifiedRankedShapedTypeDims &shapes) {
  return reifyAsOperand(builder, *this, getInput(), shapes);
}

LogicalResult
AssembleOp::reifyResultShapes(OpBuilder &builder,
                              ReifiedRankedShapedTypeDims &shapes) {
  ScaledType type = getScaledElementType(getType());
  shapes = {reifyUnpacked(builder, getLoc(), getPayload(), getType(),
                          type.getStorageBits())};
  useStaticSizes(*this, shapes);
  return success();
}

LogicalResult
DisassembleOp::reifyResultShapes(OpBuilder &builder,
                                 ReifiedRankedShapedTypeDims &shapes) {
  ScaledType type = getScaledElementType(getInput().getType());
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(builder, getLoc(), getInput());
  shapes = reifyParameterShapes(builder, getLoc(), type, sizes);
  shapes.insert(shapes.begin(),
                reifyPacked(builder, getLoc(), sizes, type.getStorageBits()));
  useStaticSizes(*this, shapes);
  return success();
}

LogicalResult PackOp::reifyResultShapes(OpBuilder &builder,
                                        ReifiedRankedShapedTypeDims &shapes) {
  shapes = {reifyPacked(builder, getLoc(),
                        tensor::getMixedSizes(builder, getLoc(), getCodes()),
                        getCodes().getType().getElementTypeBitWidth())};
  useStaticSizes(*this, shapes);
  return success();
}

LogicalResult UnpackOp::reifyResultShapes(OpBuilder &builder,
                                          ReifiedRankedShapedTypeDims &shapes) {
  shapes = {reifyUnpacked(builder, getLoc(), getBytes(), getType(),
                          getType().getElementTypeBitWidth())};
  useStaticSizes(*this, shapes);
  return success();
}

LogicalResult
RelayoutOp::reifyResultShapes(OpBuilder &builder,
                              ReifiedRankedShapedTypeDims &shapes) {
  return reifyAsOperand(builder, *this, getInput(), shapes);
}

SmallVector<OpFoldResult> RelayoutScalesOp::getLinearSizes(OpBuilder &builder,
                                                           Value scales,
                                                           ValueRange sizes) {
  SmallVector<OpFoldResult> shape =
      tensor::getMixedSizes(builder, getLoc(), scales);
  if (makesTiles())
    return shape;
  RankedTensorType type = getType();
  shape.truncate(type.getRank());
  for (int64_t dim = type.getRank() - 2; dim < type.getRank(); ++dim) {
    if (type.isDynamicDim(dim)) {
      shape[dim] = getAsOpFoldResult(sizes.front());
      sizes = sizes.drop_front();
    } else {
      shape[dim] = builder.getIndexAttr(type.getDimSize(dim));
    }
  }
  return shape;
}

SmallVector<OpFoldResult>
RelayoutScalesOp::getTiledSizes(OpBuilder &builder,
                                ArrayRef<OpFoldResult> linearSizes) {
  AffineExpr size = builder.getAffineSymbolExpr(0);
  ArrayRef<OpFoldResult> matrix = linearSizes.take_back(2);
  SmallVector<OpFoldResult> shape(linearSizes.drop_back(2));
  shape.push_back(
      applyExpr(builder, getLoc(), size.ceilDiv(kTileRows), matrix[0]));
  shape.push_back(
      applyExpr(builder, getLoc(), size.ceilDiv(kTileColumns), matrix[1]));
  shape.push_back(builder.getIndexAttr(kTileLines));
  shape.push_back(builder.getIndexAttr(kTileLineSize));
  return shape;
}

LogicalResult
RelayoutScalesOp::reifyResultShapes(OpBuilder &builder,
                                    ReifiedRankedShapedTypeDims &shapes) {
  SmallVector<OpFoldResult> shape =
      getLinearSizes(builder, getScales(), getSizes());
  shapes = {makesTiles() ? getTiledSizes(builder, shape) : shape};
  useStaticSizes(*this, shapes);
  return success();
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

LogicalResult DequantizeOp::inferReturnTypes(MLIRContext *,
                                             std::optional<Location> loc,
                                             Adaptor adaptor,
                                             SmallVectorImpl<Type> &inferred) {
  ScaledType type = getScaledElementType(adaptor.getInput().getType());
  if (!type)
    return emitOptionalError(loc, "expected a tensor of !quantx.scaled, got ",
                             adaptor.getInput().getType());
  auto shape = cast<RankedTensorType>(adaptor.getInput().getType()).getShape();
  inferred.push_back(RankedTensorType::get(shape, type.getExpressedType()));
  return success();
}

LogicalResult DisassembleOp::inferReturnTypes(MLIRContext *,
                                              std::optional<Location> loc,
                                              Adaptor adaptor,
                                              SmallVectorImpl<Type> &inferred) {
  ScaledType type = getScaledElementType(adaptor.getInput().getType());
  if (!type)
    return emitOptionalError(loc, "expected a tensor of !quantx.scaled, got ",
                             adaptor.getInput().getType());
  auto shape = cast<RankedTensorType>(adaptor.getInput().getType()).getShape();
  if (shape.size() != type.getBlockRank())
    return emitOptionalError(loc, "expected a block of rank ", shape.size(),
                             " for ", adaptor.getInput().getType());
  inferred.push_back(type.getPayloadType(shape));
  llvm::append_range(inferred, type.getParameterTypes(shape));
  return success();
}
