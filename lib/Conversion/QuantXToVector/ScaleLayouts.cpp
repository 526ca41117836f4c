//===- ScaleLayouts.cpp - relayout_scales to vectors ----------------------===//
//
// Four neighbours of a row of scales are neighbours in a line of a tile too.
// Both ways such groups are read, and the result is written in longer vectors:
// of whole lines, or of chunks of a row.
//
//===----------------------------------------------------------------------===//

#include "ChunkLoops.h"
#include "Patterns.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

static constexpr int64_t kTileRows = RelayoutScalesOp::kTileRows;
static constexpr int64_t kTileColumns = RelayoutScalesOp::kTileColumns;
static constexpr int64_t kTileLines = RelayoutScalesOp::kTileLines;
static constexpr int64_t kTileLineSize = RelayoutScalesOp::kTileLineSize;
static constexpr int64_t kStrips = kTileRows / kTileLines;

/// Whether `size` is known to be whole tiles, which have `step` of it.
static bool isWholeTiles(OpFoldResult size, int64_t step) {
  std::optional<int64_t> constant = getConstantIntValue(size);
  return constant && *constant % step == 0;
}

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

/// Scales of zero bits. (f8E8M0FNU has no zero to write.)
static Value createZeroScale(ImplicitLocOpBuilder &b, Type type) {
  Value zero = arith::ConstantIntOp::create(b, 0, 8);
  return arith::BitcastOp::create(b, type, zero);
}

/// `groups` one after the other.
static Value concatenate(ImplicitLocOpBuilder &b, ValueRange groups) {
  int64_t size = groups.size() * kTileColumns;
  Type element = cast<VectorType>(groups[0].getType()).getElementType();
  Value all = vector::BroadcastOp::create(b, VectorType::get(size, element),
                                          createZeroScale(b, element));
  for (auto [i, group] : llvm::enumerate(groups))
    all = vector::InsertStridedSliceOp::create(b, group, all, i * kTileColumns,
                                               1);
  return all;
}

namespace {

/// Reads lines of tiles from linear scales.
class LineReader {
public:
  LineReader(Value scales, ArrayRef<OpFoldResult> sizes)
      : scales(scales), numRows(sizes[sizes.size() - 2]),
        numColumns(sizes.back()) {}

  /// The line at `indices` of the tiles; zeros where no scale is.
  Value read(ImplicitLocOpBuilder &b, ArrayRef<Value> indices) const;

private:
  /// Whether the tile at `indices` is whole; null if all are.
  Value emitIsWhole(ImplicitLocOpBuilder &b, ArrayRef<Value> indices) const;
  /// The line of a tile that `isWhole`, or may not be.
  Value readLine(ImplicitLocOpBuilder &b, ArrayRef<Value> indices,
                 bool isWhole) const;
  /// A group of a row that may not exist.
  Value readIfExists(ImplicitLocOpBuilder &b, Chunk group) const;

  Value scales;
  OpFoldResult numRows, numColumns;
};

} // namespace

Value LineReader::emitIsWhole(ImplicitLocOpBuilder &b,
                              ArrayRef<Value> indices) const {
  IndexMath math(b);
  Value isWhole;
  auto check = [&](OpFoldResult size, Value tile, int64_t step) {
    if (isWholeTiles(size, step))
      return;
    Value next = math.mul(math.add(tile, 1), step);
    Value isInside = arith::CmpIOp::create(
        b, arith::CmpIPredicate::ule, next,
        getValueOrCreateConstantIndexOp(b, b.getLoc(), size));
    isWhole = isWhole ? arith::AndIOp::create(b, isWhole, isInside) : isInside;
  };
  ArrayRef<Value> inTiles = indices.take_back(4);
  check(numRows, inTiles[0], kTileRows);
  check(numColumns, inTiles[1], kTileColumns);
  return isWhole;
}

Value LineReader::readIfExists(ImplicitLocOpBuilder &b, Chunk group) const {
  Type element = getElementTypeOrSelf(scales.getType());
  Value zero = createZeroScale(b, element);
  // The last row stands in for rows that there are not.
  Value &row = group.indices[group.indices.size() - 2];
  Value end = getValueOrCreateConstantIndexOp(b, b.getLoc(), numRows);
  Value exists = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, row, end);
  Value last = arith::SubIOp::create(b, end, createIndex(b, 1));
  row = arith::MinUIOp::create(b, row, last);
  Value lanes = readChunk(b, scales, group, zero);
  if (isPlanted(Mutant::TilePaddingKept))
    return lanes;
  Value zeros = vector::BroadcastOp::create(b, lanes.getType(), zero);
  return arith::SelectOp::create(b, exists, lanes, zeros);
}

Value LineReader::readLine(ImplicitLocOpBuilder &b, ArrayRef<Value> indices,
                           bool isWhole) const {
  IndexMath math(b);
  ArrayRef<Value> inTiles = indices.take_back(4);
  Value top = math.mul(inTiles[0], kTileRows), line = inTiles[2];
  Value left = math.mul(inTiles[1], kTileColumns);
  Value count;
  if (!isWhole && !isWholeTiles(numColumns, kTileColumns)) {
    count = arith::SubIOp::create(
        b, getValueOrCreateConstantIndexOp(b, b.getLoc(), numColumns), left);
  }
  SmallVector<Value> groups;
  for (int64_t strip = 0; strip < kStrips; ++strip) {
    Value rowInTile = math.add(line, strip * kTileLines);
    if (isPlanted(Mutant::TilesRowMajor))
      rowInTile = math.add(math.mul(line, kStrips), strip);
    Chunk group{SmallVector<Value>(indices.drop_back(4)), kTileColumns, count};
    group.indices.append({math.add(top, rowInTile), left});
    groups.push_back(isWhole ? readChunk(b, scales, group)
                             : readIfExists(b, group));
  }
  return concatenate(b, groups);
}

Value LineReader::read(ImplicitLocOpBuilder &b, ArrayRef<Value> indices) const {
  Value isWhole = emitIsWhole(b, indices);
  if (!isWhole)
    return readLine(b, indices, /*isWhole=*/true);
  auto yield = [&](bool isWhole) {
    return [this, indices, isWhole](OpBuilder &nested, Location loc) {
      ImplicitLocOpBuilder b(loc, nested);
      scf::YieldOp::create(b, readLine(b, indices, isWhole));
    };
  };
  return scf::IfOp::create(b, isWhole, yield(true), yield(false)).getResult(0);
}

/// Reads `chunk` of a row of linear scales from `tiles`. Beyond the row there
/// is padding, and beyond that the last tile again.
static Value readFromTiles(ImplicitLocOpBuilder &b, Value tiles,
                           const Chunk &chunk) {
  IndexMath math(b);
  ArrayRef<Value> indices = chunk.indices;
  Value row = indices[indices.size() - 2];
  Value line = math.rem(row, kTileLines);
  Value strip = math.div(math.rem(row, kTileRows), kTileLines);
  if (isPlanted(Mutant::TilesRowMajor)) {
    line = math.div(math.rem(row, kTileRows), kStrips);
    strip = math.rem(row, kStrips);
  }
  Value first = math.div(indices.back(), kTileColumns), last;
  if (chunk.count) {
    Value groups = math.ceilDiv(chunk.count, kTileColumns);
    last = arith::SubIOp::create(b, math.add(first, groups), math.constant(1));
  }
  SmallVector<Value> groups;
  for (int64_t i = 0; i < chunk.size / kTileColumns; ++i) {
    Value tile = math.add(first, i);
    if (last)
      tile = math.min(tile, last);
    SmallVector<Value> from(indices.drop_back(2));
    from.append(
        {math.div(row, kTileRows), tile, line, math.mul(strip, kTileColumns)});
    groups.push_back(readChunk(b, tiles, {from, kTileColumns, Value()}));
  }
  return concatenate(b, groups);
}

namespace {

struct RelayoutScalesChunks : public ChunkPattern<RelayoutScalesOp> {
  using ChunkPattern::ChunkPattern;

  LogicalResult
  matchAndRewrite(RelayoutScalesOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (chunk < kTileLineSize)
      return rewriter.notifyMatchFailure(op, "left to linalg");
    Value scales = adaptor.getScales();
    SmallVector<OpFoldResult> linearSizes =
        op.getLinearSizes(rewriter, scales, adaptor.getSizes());
    ChunkedRows rows = {linearSizes, kTileLineSize};
    if (op.makesTiles())
      rows.sizes = op.getTiledSizes(rewriter, linearSizes);
    LineReader lines(scales, linearSizes);
    auto read = [&](ImplicitLocOpBuilder &b, const Chunk &chunk) {
      return op.makesTiles() ? lines.read(b, chunk.indices)
                             : readFromTiles(b, scales, chunk);
    };
    Type element = op.getType().getElementType();
    Value result =
        buildElementChunks(rewriter, op.getLoc(), rows, element, read);
    rewriter.replaceOp(op,
                       castShape(rewriter, op.getLoc(), result, op.getType()));
    return success();
  }
};

} // namespace

void quantx::populateScaleLayoutChunkPatterns(const TypeConverter &converter,
                                              RewritePatternSet &patterns,
                                              int64_t chunk) {
  patterns.add<RelayoutScalesChunks>(converter, patterns.getContext(), chunk);
}
