//===- MatmulTileProducts.cpp - Many rows of activations by tiles ---------===//
//
// Products of tiles take so little time that it is that of reading operands: a
// slice of the activations of a block stays in the second cache, and that of
// some rows of weights, which are decoded into it, in the first. Sums of all
// rows of a block are in the second cache too, until there are whole ones.
//
//===----------------------------------------------------------------------===//

#include "MatmulTileOperands.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;

static constexpr int64_t tileRows = TileProduct::rows;
static constexpr int64_t tileColumns = TileProduct::columns;

static Value createIndex(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

namespace {

/// A block of rows of activations by one of rows of weights.
class TileBlock {
public:
  /// `indices` are those of the batch and of the first row of both; `rows` and
  /// `columns` are how many there are.
  TileBlock(const Matmul &matmul, const TileForm &form, Value activations,
            ValueRange indices, Value rows, Value columns)
      : matmul(matmul), form(form), order(matmul.sum.order),
        activations(activations), batch(indices.drop_back(2)),
        firstRow(indices[indices.size() - 2]), firstColumn(indices.back()),
        rows(rows), columns(columns) {}

  /// Adds the products to `results`, those of the block.
  Value build(ImplicitLocOpBuilder &b, Value results) const;

private:
  /// Adds the products of the slice number `slice` to `sums`.
  std::pair<Value, Value> addSlice(ImplicitLocOpBuilder &b, Value slice,
                                   Value sums, Value weights) const;
  /// The activations of a slice: blocks x pieces x steps x tiles x 16 x 32.
  Value getActivations(ImplicitLocOpBuilder &b, Value slice,
                       OpFoldResult steps) const;
  /// Adds `sums` to `results`.
  Value addToResults(ImplicitLocOpBuilder &b, Value sums, Value results) const;
  /// Adds the tiles of `form` that are at `panel`, `block` in `sums`.
  Value addTiles(ImplicitLocOpBuilder &b, Value sums, Value factors,
                 Value panel, Value block, Value results) const;
  /// The rows of a tile of sums, which are those of activations.
  SmallVector<Value> readTile(ImplicitLocOpBuilder &b, Value sums,
                              Value factors, ArrayRef<Value> tile) const;

  /// The rows of weights of a panel, and the number of panels.
  int64_t getPanelSize() const { return form.getWeightRows(); }
  Value countPanels(ImplicitLocOpBuilder &b) const {
    return getValueOrCreateConstantIndexOp(
        b, b.getLoc(),
        countTiles(b, getAsOpFoldResult(columns), getPanelSize()));
  }
  OpFoldResult countBlocks(ImplicitLocOpBuilder &b) const {
    return countTiles(b, getAsOpFoldResult(rows), form.getActivationRows());
  }

  const Matmul &matmul;
  const TileForm &form;
  const ChunkOrder &order;
  Value activations;
  SmallVector<Value> batch;
  Value firstRow, firstColumn, rows, columns;
};

} // namespace

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// `tensor` at `offsets`, of `sizes`, without its first `dropped` dimensions.
static Value extractSlice(ImplicitLocOpBuilder &b, Value tensor,
                          ArrayRef<OpFoldResult> offsets,
                          ArrayRef<OpFoldResult> sizes, int64_t dropped) {
  SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
  SmallVector<int64_t> shape;
  for (OpFoldResult size : sizes.drop_front(dropped))
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  auto type = RankedTensorType::get(
      shape, cast<ShapedType>(tensor.getType()).getElementType());
  return tensor::ExtractSliceOp::create(b, type, tensor, offsets, sizes,
                                        strides);
}

Value TileBlock::getActivations(ImplicitLocOpBuilder &b, Value slice,
                                OpFoldResult steps) const {
  auto rank = cast<RankedTensorType>(activations.getType()).getRank();
  int64_t leading = int64_t(batch.size()) + 1;
  SmallVector<OpFoldResult> offsets = getAsOpFoldResult(batch);
  offsets.push_back(slice);
  offsets.push_back(b.createOrFold<arith::DivUIOp>(
      firstRow, createIndex(b, form.getActivationRows())));
  offsets.resize(rank, b.getIndexAttr(0));
  SmallVector<OpFoldResult> sizes(leading, b.getIndexAttr(1));
  sizes.append({countBlocks(b), b.getIndexAttr(form.activationPieces), steps});
  for (int64_t size : {form.activationTiles, tileRows, TileProduct::elements})
    sizes.push_back(b.getIndexAttr(size));
  return extractSlice(b, activations, offsets, sizes, leading);
}

std::pair<Value, Value> TileBlock::addSlice(ImplicitLocOpBuilder &b,
                                            Value slice, Value sums,
                                            Value weights) const {
  Value groups = createIndex(b, form.groups);
  Value begin = b.createOrFold<arith::MulIOp>(slice, groups);
  Value end = b.createOrFold<arith::MinUIOp>(
      b.createOrFold<arith::AddIOp>(begin, groups), matmul.sum.count);
  OpFoldResult steps = getAsOpFoldResult(
      b.createOrFold<arith::MulIOp>(b.createOrFold<arith::SubIOp>(end, begin),
                                    createIndex(b, getStepsInGroup(order))));
  Value slicedActivations = getActivations(b, slice, steps);
  auto addPanel = [&](OpBuilder &builder, Location loc, Value panel,
                      ValueRange carried) {
    ImplicitLocOpBuilder n(loc, builder);
    Value first = n.createOrFold<arith::AddIOp>(
        firstColumn,
        n.createOrFold<arith::MulIOp>(panel, createIndex(n, getPanelSize())));
    Value decoded = WeightRows(matmul, form, batch, first)
                        .decode(n, begin, end, carried[1]);
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(n, loc, decoded);
    sizes[1] = steps;
    SmallVector<OpFoldResult> zeros(sizes.size(), n.getIndexAttr(0));
    Value slicedWeights = extractSlice(n, decoded, zeros, sizes, 0);
    SmallVector<OpFoldResult> all = tensor::getMixedSizes(n, loc, carried[0]);
    all.front() = n.getIndexAttr(1);
    SmallVector<OpFoldResult> offsets(all.size(), n.getIndexAttr(0));
    offsets.front() = panel;
    Value panelSums = extractSlice(n, carried[0], offsets, all, 1);
    panelSums = TileProduct{slicedWeights, slicedActivations, panelSums}
                    .build(n)
                    .getResult(0);
    SmallVector<OpFoldResult> ones(all.size(), n.getIndexAttr(1));
    Value next = tensor::InsertSliceOp::create(n, panelSums, carried[0],
                                               offsets, all, ones);
    scf::YieldOp::create(n, ValueRange{next, decoded});
  };
  auto loop = scf::ForOp::create(b, createIndex(b, 0), countPanels(b),
                                 createIndex(b, 1), ValueRange{sums, weights},
                                 addPanel);
  return {loop.getResult(0), loop.getResult(1)};
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
  return transposeRows(b, vectors);
}

// Rows go through a buffer: a loop writes as many of them as there are. Vectors
// under conditions, one after the other, take bufferization a time that doubles
// with each.
Value TileBlock::addTiles(ImplicitLocOpBuilder &b, Value sums, Value factors,
                          Value panel, Value block, Value results) const {
  Value totals = tensor::EmptyOp::create(
      b, {form.getActivationRows(), getPanelSize()}, b.getF32Type());
  Value zero = createIndex(b, 0), numTiles = createIndex(b, form.weightTiles);
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
  totals = buildLoop(b, zero,
                     createIndex(b, form.weightTiles * form.activationTiles), 1,
                     totals, addTile);
  Value firstRow = b.createOrFold<arith::MulIOp>(
      block, createIndex(b, form.getActivationRows()));
  Value firstColumn =
      b.createOrFold<arith::MulIOp>(panel, createIndex(b, getPanelSize()));
  std::optional<int64_t> allColumns = getConstantIntValue(matmul.getColumns());
  bool isWhole = allColumns && *allColumns % getPanelSize() == 0;
  auto addOne = [&](ImplicitLocOpBuilder &b, Value row, Value results) {
    Value number = b.createOrFold<arith::AddIOp>(firstRow, row);
    for (int64_t i = 0; i < form.weightTiles; ++i) {
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
      left, createIndex(b, form.getActivationRows()));
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
    WeightRows weights(matmul, form, batch, first);
    Value factors;
    if (weights.hasFactors()) {
      factors = tensor::EmptyOp::create(b, {getPanelSize()}, b.getF32Type());
      factors = buildLoop(
          b, zero, createIndex(b, getPanelSize()), 1, factors,
          [&](ImplicitLocOpBuilder &b, Value row, Value factors) -> Value {
            Value factor = weights.readFactor(b, row);
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
  llvm::append_range(shape, getShape({form.weightTiles, form.activationTiles,
                                      tileRows, tileColumns}));
  Value sums = tensor::EmptyOp::create(b, shape, b.getF32Type());
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0.0f));
  sums = linalg::FillOp::create(b, zero, sums).getResult(0);
  Value weights = tensor::EmptyOp::create(
      b,
      getShape({form.weightPieces, form.groups * getStepsInGroup(order),
                form.weightTiles, tileRows, TileProduct::elements}),
      b.getBF16Type());
  Value slices = getValueOrCreateConstantIndexOp(
      b, b.getLoc(),
      countTiles(b, getAsOpFoldResult(matmul.sum.count), form.groups));
  auto addOne = [&](OpBuilder &builder, Location loc, Value slice,
                    ValueRange carried) {
    ImplicitLocOpBuilder n(loc, builder);
    auto [sums, weights] = addSlice(n, slice, carried[0], carried[1]);
    scf::YieldOp::create(n, ValueRange{sums, weights});
  };
  auto loop =
      scf::ForOp::create(b, createIndex(b, 0), slices, createIndex(b, 1),
                         ValueRange{sums, weights}, addOne);
  return addToResults(b, loop.getResult(0), results);
}

Value quantx::buildTileProducts(ImplicitLocOpBuilder &b, const Matmul &matmul,
                                Value init) {
  TileForm form = *TileForm::find(matmul);
  Value activations = packActivationTiles(b, matmul, form);
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
  TileBlock tiles(matmul, form, activations, indices, getSize(rank - 2),
                  getSize(rank - 1));
  results = tiles.build(b, results);
  b.setInsertionPointToStart(loop.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(b, results, all, offsets, sizes, ones);
  return loop.getResult(0);
}
