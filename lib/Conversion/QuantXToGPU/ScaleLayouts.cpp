//===- ScaleLayouts.cpp - The kernel of relayout_scales -------------------===//
//
// A thread takes one line of four neighbouring tiles: 16 neighbours in each of
// four rows that are a strip apart, as 4 x 4 words, which are transposed on the
// way. The threads of a warp have the 32 lines, which are whole tiles; the next
// warps the columns beside them, which share lines of the cache.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "Units.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
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

// What a thread has of a row is as long as a line.
static constexpr int64_t kGroupTiles = kTileLineSize / kTileColumns;
static constexpr int64_t kGroupColumns = kGroupTiles * kTileColumns;

namespace {

/// What a thread takes: lines of tiles side by side.
struct LineGroup {
  Value firstRow; ///< of the batch; the others are strips further
  Value tileRow;  ///< of the batch
  Value batch, group, line;
};

/// The scales of both layouts in a kernel.
class ScaleTiles {
public:
  ScaleTiles(KernelBuilder &kernel, bool makesTiles, Value linear, Value tiles)
      : b(kernel.getBody()), math(b), blockSize(kernel.getBlockSize()),
        makesTiles(makesTiles), linear(linear), tiles(tiles) {}

  /// Adds the sizes to the kernel's parameters.
  void addSizes(KernelBuilder &kernel, ArrayRef<OpFoldResult> linearSizes);

  void build();

private:
  LineGroup find(Value number);
  Value getRow(const LineGroup &lines, Value strip);
  Value getLinearIndex(const LineGroup &lines, Value row, Value column);
  /// Where the line of column `tile` of the batch's tiles begins.
  Value getLineIndex(const LineGroup &lines, Value tile);

  Value isWhole(const LineGroup &lines);
  void moveWhole(const LineGroup &lines);
  void moveSingle(const LineGroup &lines);

  ImplicitLocOpBuilder &b;
  IndexMath math;
  int64_t blockSize;
  bool makesTiles;
  Value linear, tiles;
  Value batches, rows, columns, tileRows, tileColumns;
};

} // namespace

void ScaleTiles::addSizes(KernelBuilder &kernel,
                          ArrayRef<OpFoldResult> linearSizes) {
  IndexMath host = kernel.getHostMath();
  Value count = host.constant(1);
  for (OpFoldResult size : linearSizes.drop_back(2))
    count = host.mul(count, host.get(size));
  batches = kernel.addSize("batches", getAsOpFoldResult(count));
  rows = kernel.addSize("rows", linearSizes[linearSizes.size() - 2]);
  columns = kernel.addSize("columns", linearSizes.back());
  tileRows = math.ceilDiv(rows, kTileRows);
  tileColumns = math.ceilDiv(columns, kTileColumns);
}

LineGroup ScaleTiles::find(Value number) {
  Value groups = math.ceilDiv(columns, kGroupColumns);
  Value line = math.rem(number, kTileLines);
  Value rest = math.div(number, kTileLines);
  Value group = math.rem(rest, groups);
  rest = math.div(rest, groups);
  Value tileRow = math.rem(rest, tileRows);
  Value firstRow = math.add(math.mul(tileRow, kTileRows), line);
  return {firstRow, tileRow, math.div(rest, tileRows), group, line};
}

Value ScaleTiles::getRow(const LineGroup &lines, Value strip) {
  if (isPlanted(Mutant::KernelTileStripsSwapped))
    strip = math.sub(math.constant(kStrips - 1), strip);
  return math.add(lines.firstRow, math.mul(strip, kTileLines));
}

Value ScaleTiles::getLinearIndex(const LineGroup &lines, Value row,
                                 Value column) {
  Value rowInAll = math.add(math.mul(lines.batch, rows), row);
  return math.add(math.mul(rowInAll, columns), column);
}

Value ScaleTiles::getLineIndex(const LineGroup &lines, Value tile) {
  Value rowInAll = math.add(math.mul(lines.batch, tileRows), lines.tileRow);
  Value tileInAll = math.add(math.mul(rowInAll, tileColumns), tile);
  Value lineInAll = math.add(math.mul(tileInAll, kTileLines), lines.line);
  return math.mul(lineInAll, kTileLineSize);
}

//===----------------------------------------------------------------------===//
// Whole groups
//===----------------------------------------------------------------------===//

Value ScaleTiles::isWhole(const LineGroup &lines) {
  Value lastRow = getRow(lines, math.constant(kStrips - 1));
  if (isPlanted(Mutant::KernelTileStripsSwapped))
    lastRow = getRow(lines, math.constant(0));
  Value end = math.mul(math.add(lines.group, 1), kGroupColumns);
  return math.logicalAnd(math.less(lastRow, rows),
                         math.lessEqual(end, columns));
}

/// Four vectors of 4 x 4 bytes: words of them, transposed.
static SmallVector<Value> transposeWords(ImplicitLocOpBuilder &b,
                                         ArrayRef<Value> vectors) {
  ElementwiseBuilder arith(b, b.getLoc());
  auto type = cast<VectorType>(vectors[0].getType());
  auto bytes = type.clone(b.getI8Type());
  auto words = VectorType::get(kGroupTiles, b.getI32Type());
  SmallVector<SmallVector<Value>> columns(kGroupTiles);
  for (Value vector : vectors) {
    Value row = vector::BitCastOp::create(
        b, words, arith.bitcast(vector, bytes.getElementType()));
    for (int64_t i = 0; i < kGroupTiles; ++i)
      columns[i].push_back(vector::ExtractOp::create(b, row, i));
  }
  SmallVector<Value> transposed;
  for (ArrayRef<Value> column : columns) {
    Value vector = vector::FromElementsOp::create(b, words, column);
    transposed.push_back(arith.bitcast(
        vector::BitCastOp::create(b, bytes, vector), type.getElementType()));
  }
  return transposed;
}

void ScaleTiles::moveWhole(const LineGroup &lines) {
  static_assert(kStrips == kGroupTiles, "as many rows as tiles");
  SmallVector<Value> inRows, inTiles;
  Value firstColumn = math.mul(lines.group, kGroupColumns);
  Value firstTile = math.mul(lines.group, kGroupTiles);
  for (int64_t i = 0; i < kGroupTiles; ++i) {
    Value row = getRow(lines, math.constant(i));
    inRows.push_back(getLinearIndex(lines, row, firstColumn));
    inTiles.push_back(getLineIndex(lines, math.add(firstTile, i)));
  }
  Unit whole;
  SmallVector<Value> vectors;
  for (Value offset : makesTiles ? inRows : inTiles)
    vectors.push_back(loadUnit(b, makesTiles ? linear : tiles, offset, whole,
                               kTileLineSize, /*bits=*/8));
  for (auto [vector, offset] : llvm::zip_equal(transposeWords(b, vectors),
                                               makesTiles ? inTiles : inRows))
    storeUnit(b, vector, makesTiles ? tiles : linear, offset, whole,
              /*bits=*/8);
}

//===----------------------------------------------------------------------===//
// Single scales
//===----------------------------------------------------------------------===//

void ScaleTiles::moveSingle(const LineGroup &lines) {
  Type type = cast<MemRefType>(linear.getType()).getElementType();
  auto move = [&](Value number) {
    Value row = getRow(lines, math.div(number, kGroupColumns));
    Value inGroup = math.rem(number, kGroupColumns);
    Value column = math.add(math.mul(lines.group, kGroupColumns), inGroup);
    Value tile = math.div(column, kTileColumns);
    Value strip = math.div(number, kGroupColumns);
    Value inLine =
        math.add(math.mul(strip, kTileColumns), math.rem(column, kTileColumns));
    Value inRow = getLinearIndex(lines, row, column);
    Value inTile = math.add(getLineIndex(lines, tile), inLine);
    Value exists =
        math.logicalAnd(math.less(row, rows), math.less(column, columns));
    if (!makesTiles) {
      buildIf(b, exists, [&] {
        Value scale = memref::LoadOp::create(b, tiles, inTile);
        memref::StoreOp::create(b, scale, linear, inRow);
      });
      return;
    }
    auto load = [&]() -> SmallVector<Value> {
      return {memref::LoadOp::create(b, linear, inRow)};
    };
    // f8E8M0FNU has no zero to write.
    auto pad = [&]() -> SmallVector<Value> {
      Value zero = arith::ConstantIntOp::create(b, 0, 8);
      return {arith::BitcastOp::create(b, type, zero)};
    };
    buildIf(b, math.less(tile, tileColumns), [&] {
      Value scale = buildIfElse(b, exists, load, pad)[0];
      memref::StoreOp::create(b, scale, tiles, inTile);
    });
  };
  buildLoop(b, math.constant(0), math.constant(kStrips * kGroupColumns),
            math.constant(1), move);
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

void ScaleTiles::build() {
  Value ends = columns;
  for (Value view : {linear, tiles})
    ends = math.bitOr(ends,
                      memref::ExtractAlignedPointerAsIndexOp::create(b, view));
  Value areAligned = math.equal(math.rem(ends, kTileLineSize), 0);
  Value groups = math.ceilDiv(columns, kGroupColumns);
  Value count =
      math.mul(math.mul(math.mul(batches, tileRows), groups), kTileLines);
  Value thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
  buildTileLoop(b, math.ceilDiv(count, blockSize), [&](Value tile) {
    Value number = math.add(math.mul(tile, blockSize), thread);
    buildIf(b, math.less(number, count), [&] {
      LineGroup lines = find(number);
      buildIf(
          b, math.logicalAnd(areAligned, isWhole(lines)),
          [&] { moveWhole(lines); }, [&] { moveSingle(lines); });
    });
  });
}

/// The tiles of that loop, on the host.
static Value countTiles(KernelBuilder &kernel, ArrayRef<OpFoldResult> sizes) {
  IndexMath math = kernel.getHostMath();
  Value rows = math.get(sizes[sizes.size() - 2]);
  Value count = math.mul(math.ceilDiv(rows, kTileRows),
                         math.ceilDiv(math.get(sizes.back()), kGroupColumns));
  for (OpFoldResult size : sizes.drop_back(2))
    count = math.mul(count, math.get(size));
  return math.ceilDiv(math.mul(count, kTileLines), kernel.getBlockSize());
}

namespace {

struct RelayoutScalesKernel : public KernelPattern<RelayoutScalesOp> {
  using KernelPattern::KernelPattern;

  LogicalResult
  matchAndRewrite(RelayoutScalesOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    constexpr int64_t blockSize = 128;
    KernelBuilder kernel(kernels.library, rewriter, op, blockSize);
    SmallVector<OpFoldResult> sizes = op.getLinearSizes(
        kernel.getHost(), adaptor.getScales(), adaptor.getSizes());
    bool makesTiles = op.makesTiles();
    Value input = kernel.addInput("scales", adaptor.getScales());
    Value output = kernel.addOutput(
        "result", op.getType().getElementType(),
        makesTiles ? op.getTiledSizes(kernel.getHost(), sizes) : sizes);
    ScaleTiles tiles(kernel, makesTiles, makesTiles ? input : output,
                     makesTiles ? output : input);
    tiles.addSizes(kernel, sizes);
    tiles.build();
    Value result = kernel.launch(countTiles(kernel, sizes))[0];
    rewriter.replaceOp(
        op, castKernelResult(rewriter, op.getLoc(), result, op.getType()));
    return success();
  }
};

} // namespace

void quantx::populateScaleLayoutKernelPatterns(const TypeConverter &converter,
                                               RewritePatternSet &patterns,
                                               KernelContext &kernels) {
  patterns.add<RelayoutScalesKernel>(converter, patterns.getContext(), kernels);
}
