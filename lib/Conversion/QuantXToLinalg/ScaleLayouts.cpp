//===- ScaleLayouts.cpp - relayout_scales to linalg -----------------------===//

#include "Loops.h"
#include "Lowerings.h"
#include "Patterns.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/Format/Mutants.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

static constexpr int64_t kTileRows = RelayoutScalesOp::kTileRows;
static constexpr int64_t kTileColumns = RelayoutScalesOp::kTileColumns;
static constexpr int64_t kTileLines = RelayoutScalesOp::kTileLines;

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

static Value emitMulAdd(ImplicitLocOpBuilder &b, Value value, int64_t factor,
                        Value summand) {
  Value constant = arith::ConstantIndexOp::create(b, factor);
  return arith::AddIOp::create(b, arith::MulIOp::create(b, value, constant),
                               summand);
}

static Value emitDiv(ImplicitLocOpBuilder &b, Value value, int64_t divisor) {
  return arith::DivUIOp::create(b, value,
                                arith::ConstantIndexOp::create(b, divisor));
}

static Value emitRem(ImplicitLocOpBuilder &b, Value value, int64_t divisor) {
  return arith::RemUIOp::create(b, value,
                                arith::ConstantIndexOp::create(b, divisor));
}

/// The row and column, after the batches, of the scale that the tiles have at
/// `indices`.
static SmallVector<Value> emitLinearIndices(ImplicitLocOpBuilder &b,
                                            ValueRange indices) {
  ValueRange inTiles = indices.take_back(4);
  Value line = inTiles[2], place = inTiles[3];
  Value rowInTile =
      emitMulAdd(b, emitDiv(b, place, kTileColumns), kTileLines, line);
  if (isPlanted(Mutant::TilesRowMajor))
    rowInTile =
        emitMulAdd(b, line, kTileColumns, emitDiv(b, place, kTileColumns));
  SmallVector<Value> linear(indices.drop_back(4));
  linear.push_back(emitMulAdd(b, inTiles[0], kTileRows, rowInTile));
  linear.push_back(
      emitMulAdd(b, inTiles[1], kTileColumns, emitRem(b, place, kTileColumns)));
  return linear;
}

/// Where the tiles have the scale of these `indices`.
static SmallVector<Value> emitTiledIndices(ImplicitLocOpBuilder &b,
                                           ValueRange indices) {
  Value row = indices[indices.size() - 2], column = indices.back();
  Value strip = emitDiv(b, emitRem(b, row, kTileRows), kTileLines);
  SmallVector<Value> tiled(indices.drop_back(2));
  tiled.push_back(emitDiv(b, row, kTileRows));
  tiled.push_back(emitDiv(b, column, kTileColumns));
  if (isPlanted(Mutant::TilesRowMajor)) {
    strip = emitRem(b, row, kTileColumns);
    row = emitDiv(b, emitRem(b, row, kTileRows), kTileColumns);
  }
  tiled.push_back(emitRem(b, row, kTileLines));
  tiled.push_back(
      emitMulAdd(b, strip, kTileColumns, emitRem(b, column, kTileColumns)));
  return tiled;
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// Moves `index` into `size` where it may be beyond, and adds to `exists`, null
/// at first, that it is not. `step` is the tile's.
static void clampIndex(ImplicitLocOpBuilder &b, OpFoldResult size, int64_t step,
                       Value &index, Value &exists) {
  std::optional<int64_t> constant = getConstantIntValue(size);
  if (constant && *constant % step == 0)
    return;
  Value end = getValueOrCreateConstantIndexOp(b, b.getLoc(), size);
  Value isInside =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ult, index, end);
  Value one = arith::ConstantIndexOp::create(b, 1);
  index = arith::MinUIOp::create(b, index, arith::SubIOp::create(b, end, one));
  exists = exists ? arith::AndIOp::create(b, exists, isInside) : isInside;
}

/// `scale`, or one of zero bits. (f8E8M0FNU has no zero to write.)
static Value emitScaleOrZero(ImplicitLocOpBuilder &b, Value exists,
                             Value scale) {
  if (isPlanted(Mutant::TilePaddingKept))
    return scale;
  Type type = scale.getType();
  Value byte = arith::BitcastOp::create(b, b.getI8Type(), scale);
  Value zero = arith::ConstantIntOp::create(b, 0, 8);
  byte = arith::SelectOp::create(b, exists, byte, zero);
  return arith::BitcastOp::create(b, type, byte);
}

Value quantx::lowerRelayoutScales(OpBuilder &builder, RelayoutScalesOp op,
                                  Value scales, ValueRange sizes) {
  SmallVector<OpFoldResult> linearSizes =
      op.getLinearSizes(builder, scales, sizes);
  auto readTiles = [&](OpBuilder &nested, Location loc,
                       ValueRange indices) -> Value {
    ImplicitLocOpBuilder b(loc, nested);
    return tensor::ExtractOp::create(b, scales, emitTiledIndices(b, indices));
  };
  auto readLinear = [&](OpBuilder &nested, Location loc, ValueRange indices) {
    ImplicitLocOpBuilder b(loc, nested);
    SmallVector<Value> linear = emitLinearIndices(b, indices);
    size_t row = linear.size() - 2;
    Value exists;
    clampIndex(b, linearSizes[row], kTileRows, linear[row], exists);
    clampIndex(b, linearSizes.back(), kTileColumns, linear.back(), exists);
    Value scale = tensor::ExtractOp::create(b, scales, linear);
    return exists ? emitScaleOrZero(b, exists, scale) : scale;
  };
  Type elementType = op.getType().getElementType();
  if (!op.makesTiles())
    return buildElements(builder, op.getLoc(), linearSizes, elementType,
                         readTiles);
  return buildElements(builder, op.getLoc(),
                       op.getTiledSizes(builder, linearSizes), elementType,
                       readLinear);
}

namespace {

struct RelayoutScalesLowering : public OpConversionPattern<RelayoutScalesOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(RelayoutScalesOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Value result = lowerRelayoutScales(rewriter, op, adaptor.getScales(),
                                       adaptor.getSizes());
    rewriter.replaceOp(op,
                       castTensor(rewriter, op.getLoc(), result, op.getType()));
    return success();
  }
};

} // namespace

void quantx::populateScaleLayoutPatterns(const TypeConverter &converter,
                                         RewritePatternSet &patterns) {
  patterns.add<RelayoutScalesLowering>(converter, patterns.getContext());
}
