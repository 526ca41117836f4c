//===- MatmulTileProducts.cpp - Many rows of activations by tiles ---------===//
//
// Products of tiles take so little time that it is that of reading operands: a
// slice of the activations of a block stays in the second cache, and that of
// some rows of weights, which are decoded into it, in the first. Sums of all
// rows of a block are in the second cache too, until there are whole ones.
//
//===----------------------------------------------------------------------===//

#include "LaneShuffles.h"
#include "MatmulTileOperands.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;

static constexpr int64_t tileRows = TileProduct::rows;
static constexpr int64_t tileColumns = TileProduct::columns;

namespace {

/// A block of rows of activations by one of rows of weights.
class TileBlock {
public:
  /// `indices` are those of the batch and of the first row of both; `rows` and
  /// `columns` are how many there are.
  TileBlock(const TileOperands &operands, ValueRange indices, Value rows,
            Value columns)
      : operands(operands), matmul(operands.getMatmul()),
        batch(indices.drop_back(2)), firstRow(indices[indices.size() - 2]),
        firstColumn(indices.back()), rows(rows), columns(columns) {}

  /// Adds the products to `results`, those of the block.
  Value build(ImplicitLocOpBuilder &b, Value results) const;

private:
  /// Adds the products of the slice number `number` to the first of `tensors`,
  /// the sums; the others are buffers of weights.
  SmallVector<Value> addSlice(ImplicitLocOpBuilder &b, Value number,
                              ArrayRef<Value> tensors) const;
  /// Adds `sums` to `results`.
  Value addToResults(ImplicitLocOpBuilder &b, Value sums, Value results) const;
  /// Adds the tiles of the grid that are at `panel`, `block` in `sums`.
  Value addTiles(ImplicitLocOpBuilder &b, Value sums, Value factors,
                 Value panel, Value block, Value results) const;
  /// The rows of a tile of sums, which are those of activations.
  SmallVector<Value> readTile(ImplicitLocOpBuilder &b, Value sums,
                              Value factors, ArrayRef<Value> tile) const;

  /// The rows of weights of a panel, and the number of panels.
  int64_t getPanelSize() const { return operands.getWeightRows(); }
  Value countPanels(ImplicitLocOpBuilder &b) const {
    return getValueOrCreateConstantIndexOp(
        b, b.getLoc(),
        countTiles(b, getAsOpFoldResult(columns), getPanelSize()));
  }
  OpFoldResult countBlocks(ImplicitLocOpBuilder &b) const {
    return countTiles(b, getAsOpFoldResult(rows), operands.getActivationRows());
  }

  const TileOperands &operands;
  const Matmul &matmul;
  SmallVector<Value> batch;
  Value firstRow, firstColumn, rows, columns;
};

} // namespace

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

SmallVector<Value> TileBlock::addSlice(ImplicitLocOpBuilder &b, Value number,
                                       ArrayRef<Value> tensors) const {
  Value groups = createIndex(b, operands.groups);
  TileSlice slice;
  slice.batch = batch;
  slice.number = number;
  slice.begin = b.createOrFold<arith::MulIOp>(number, groups);
  slice.end = b.createOrFold<arith::MinUIOp>(
      b.createOrFold<arith::AddIOp>(slice.begin, groups), matmul.sum.count);
  slice.firstBlock = b.createOrFold<arith::DivUIOp>(
      firstRow, createIndex(b, operands.getActivationRows()));
  slice.numBlocks = countBlocks(b);
  auto addPanel = [&](ImplicitLocOpBuilder &b, Value panel,
                      MutableArrayRef<Value> tensors) {
    slice.firstColumn = b.createOrFold<arith::AddIOp>(
        firstColumn,
        b.createOrFold<arith::MulIOp>(panel, createIndex(b, getPanelSize())));
    Value &sums = tensors.front();
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(b, b.getLoc(), sums);
    sizes.front() = b.getIndexAttr(1);
    SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
    offsets.front() = panel;
    Value panelSums =
        operands.addProducts(b, slice, tensors.drop_front(),
                             extractSlice(b, sums, offsets, sizes, 1));
    SmallVector<OpFoldResult> ones(sizes.size(), b.getIndexAttr(1));
    sums =
        tensor::InsertSliceOp::create(b, panelSums, sums, offsets, sizes, ones);
  };
  SmallVector<Value> next(tensors);
  buildLoop(b, createIndex(b, 0), countPanels(b), next, addPanel);
  return next;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

SmallVector<Value> TileBlock::readTile(ImplicitLocOpBuilder &b, Value sums,
                                       Value factors,
                                       ArrayRef<Value> tile) const {
  SmallVector<Value> vectors;
  for (int64_t row = 0; row < tileRows; ++row) {
    SmallVector<Value> indices(tile);
    indices.append({createIndex(b, row), createIndex(b, 0)});
    Value vector = extractVector(b, tileColumns, sums, indices);
    if (factors) {
      Value number = b.createOrFold<arith::AddIOp>(
          b.createOrFold<arith::MulIOp>(tile[2], createIndex(b, tileRows)),
          createIndex(b, row));
      Value factor = tensor::ExtractOp::create(b, factors, number);
      vector = arith::MulFOp::create(
          b, vector, vector::BroadcastOp::create(b, vector.getType(), factor));
    }
    vectors.push_back(vector);
  }
  return transposeLanes(b, vectors);
}

// Rows go through a buffer: a loop writes as many of them as there are. Vectors
// under conditions, one after the other, take bufferization a time that doubles
// with each.
Value TileBlock::addTiles(ImplicitLocOpBuilder &b, Value sums, Value factors,
                          Value panel, Value block, Value results) const {
  Value totals = tensor::EmptyOp::create(
      b, {operands.getActivationRows(), getPanelSize()}, b.getF32Type());
  Value zero = createIndex(b, 0),
        numTiles = createIndex(b, operands.weightTiles);
  auto addTile = [&](ImplicitLocOpBuilder &b, Value tile, Value totals) {
    Value i = arith::RemUIOp::create(b, tile, numTiles);
    Value j = arith::DivUIOp::create(b, tile, numTiles);
    Value firstRow = arith::MulIOp::create(b, j, createIndex(b, tileColumns));
    Value column = arith::MulIOp::create(b, i, createIndex(b, tileRows));
    SmallVector<Value> rows = readTile(b, sums, factors, {panel, block, i, j});
    for (auto [number, row] : llvm::enumerate(rows)) {
      Value index = b.createOrFold<arith::AddIOp>(
          firstRow, createIndex(b, int64_t(number)));
      totals = insertVector(b, row, totals, {index, column});
    }
    return totals;
  };
  totals = buildLoop(
      b, zero, createIndex(b, operands.weightTiles * operands.activationTiles),
      1, totals, addTile);
  Value firstRow = b.createOrFold<arith::MulIOp>(
      block, createIndex(b, operands.getActivationRows()));
  Value firstColumn =
      b.createOrFold<arith::MulIOp>(panel, createIndex(b, getPanelSize()));
  std::optional<int64_t> allColumns = getConstantIntValue(matmul.getColumns());
  bool isWhole = allColumns && *allColumns % getPanelSize() == 0;
  auto addOne = [&](ImplicitLocOpBuilder &b, Value row, Value results) {
    Value number = b.createOrFold<arith::AddIOp>(firstRow, row);
    for (int64_t i = 0; i < operands.weightTiles; ++i) {
      Value offset = createIndex(b, i * tileRows);
      Value vector = extractVector(b, tileRows, totals, {row, offset});
      Value column = b.createOrFold<arith::AddIOp>(firstColumn, offset);
      // All of a tile may be beyond.
      if (!isWhole)
        column = b.createOrFold<arith::MinUIOp>(column, columns);
      ResultRow place{results, number, column, /*numRows=*/Value(),
                      isWhole ? Value() : columns};
      results = addRows(b, place, vector);
    }
    return results;
  };
  Value left = b.createOrFold<arith::SubIOp>(rows, firstRow);
  Value count = b.createOrFold<arith::MinUIOp>(
      left, createIndex(b, operands.getActivationRows()));
  return buildLoop(b, zero, count, 1, results, addOne);
}

Value TileBlock::addToResults(ImplicitLocOpBuilder &b, Value sums,
                              Value results) const {
  Value zero = createIndex(b, 0);
  Value blocks = getValueOrCreateConstantIndexOp(b, b.getLoc(), countBlocks(b));
  auto addPanel = [&](ImplicitLocOpBuilder &b, Value panel, Value results) {
    Value first = b.createOrFold<arith::AddIOp>(
        firstColumn,
        b.createOrFold<arith::MulIOp>(panel, createIndex(b, getPanelSize())));
    Value factors;
    if (operands.hasFactors()) {
      factors = tensor::EmptyOp::create(b, {getPanelSize()}, b.getF32Type());
      factors = buildLoop(
          b, zero, createIndex(b, getPanelSize()), 1, factors,
          [&](ImplicitLocOpBuilder &b, Value row, Value factors) -> Value {
            Value column = b.createOrFold<arith::AddIOp>(first, row);
            Value factor = operands.readFactor(b, batch, column);
            return tensor::InsertOp::create(b, factor, factors, row);
          });
    }
    return buildLoop(b, zero, blocks, 1, results,
                     [&](ImplicitLocOpBuilder &b, Value block, Value results) {
                       return addTiles(b, sums, factors, panel, block, results);
                     });
  };
  return buildLoop(b, zero, countPanels(b), 1, results, addPanel);
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

Value TileBlock::build(ImplicitLocOpBuilder &b, Value results) const {
  auto getShape = [&](ArrayRef<int64_t> sizes) {
    return llvm::map_to_vector(sizes, [&](int64_t size) -> OpFoldResult {
      return b.getIndexAttr(size);
    });
  };
  SmallVector<OpFoldResult> shape = {getAsOpFoldResult(countPanels(b)),
                                     countBlocks(b)};
  llvm::append_range(shape,
                     getShape({operands.weightTiles, operands.activationTiles,
                               tileRows, tileColumns}));
  Value sums = tensor::EmptyOp::create(b, shape, b.getF32Type());
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0.0f));
  sums = linalg::FillOp::create(b, zero, sums).getResult(0);
  SmallVector<Value> tensors = {sums};
  llvm::append_range(tensors, operands.createBuffers(b));
  Value slices = getValueOrCreateConstantIndexOp(
      b, b.getLoc(),
      countTiles(b, getAsOpFoldResult(matmul.sum.count), operands.groups));
  buildLoop(b, createIndex(b, 0), slices, tensors,
            [&](ImplicitLocOpBuilder &b, Value slice,
                MutableArrayRef<Value> tensors) {
              llvm::copy(addSlice(b, slice, tensors), tensors.begin());
            });
  return addToResults(b, tensors.front(), results);
}

Value quantx::buildTileProducts(ImplicitLocOpBuilder &b, TileOperands &operands,
                                Value init) {
  operands.packActivations(b);
  const Matmul &matmul = operands.getMatmul();
  OpBuilder::InsertionGuard guard(b);
  size_t rank = matmul.sizes.size();
  int64_t block = matmul.tuning.tileBlock;
  SmallVector<OpFoldResult> lower(rank, b.getIndexAttr(0)),
      steps(rank, b.getIndexAttr(1)), ones(steps);
  steps[rank - 2] = steps[rank - 1] = b.getIndexAttr(block);
  auto loop = scf::ForallOp::create(b, lower, matmul.sizes, steps, init,
                                    /*mapping=*/std::nullopt);
  b.setInsertionPoint(loop.getTerminator());
  SmallVector<Value> indices(loop.getInductionVars());
  SmallVector<OpFoldResult> sizes(ones);
  for (size_t i : {rank - 2, rank - 1})
    sizes[i] = limitSize(b, block, matmul.sizes[i], indices[i]);
  Value all = loop.getRegionIterArgs().front();
  SmallVector<OpFoldResult> offsets = getAsOpFoldResult(indices);
  Value results = tensor::ExtractSliceOp::create(b, all, offsets, sizes, ones);
  auto getSize = [&](size_t i) {
    return getValueOrCreateConstantIndexOp(b, b.getLoc(), sizes[i]);
  };
  TileBlock tiles(operands, indices, getSize(rank - 2), getSize(rank - 1));
  results = tiles.build(b, results);
  b.setInsertionPointToStart(loop.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(b, results, all, offsets, sizes, ones);
  return loop.getResult(0);
}
