//===- MatmulIntegerTiles.cpp - Rows of a matmul in tiles of integers -----===//
//
// i8 in steps of at most 64 elements. A run, what has one scale of weights and
// one of activations, is some steps: its products are summed as integers,
// exactly. Codes of 4 bits are in the low and in the high halves of bytes: a
// step has the even elements first, then the odd ones.
//
//===----------------------------------------------------------------------===//

#include "LaneShuffles.h"
#include "MatmulIntegers.h"
#include "MatmulTileOperands.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

static constexpr int64_t tileRows = TileProduct::rows;
static constexpr int64_t inWord = IntegerTileProduct::inWord;
/// The integers in a row of a tile, and the elements of a slice: as many bytes
/// as where tiles are of bf16.
static constexpr int64_t rowSize = 64, sliceSize = 512;

//===----------------------------------------------------------------------===//
// Forms
//===----------------------------------------------------------------------===//

namespace {

/// How K is divided.
struct RunForm {
  RunForm(ScaledType lhs, ScaledType rhs)
      : run(std::min({getRowBlock(lhs), getRowBlock(rhs), sliceSize})),
        step(std::min(run, rowSize)), group(rowSize * 8 / rhs.getStorageBits()),
        groups((hasLongRuns() ? run : sliceSize) / group) {}

  /// Whether runs fill tiles well enough, and are whole groups or parts of one.
  bool suits(ScaledType type) const {
    constexpr int64_t leastRun = 32;
    return run >= leastRun && sliceSize % run == 0 &&
           (type.isWholeDimension(type.getBlockRank() - 1) ||
            getRowBlock(type) % run == 0);
  }

  /// Whether a slice is one run: its last one has fewer steps. Else it has
  /// fewer runs.
  bool hasLongRuns() const { return run > group; }
  int64_t getRunsInGroup() const { return hasLongRuns() ? 1 : group / run; }
  int64_t getRunsInSlice() const {
    return hasLongRuns() ? 1 : groups * getRunsInGroup();
  }
  int64_t getStepsInRun() const { return run / step; }
  /// The steps of one group in a run.
  int64_t getStepsOfGroup() const { return std::min(run, group) / step; }

  /// The elements of a run, of a step, and of a group, whose codes are 64 bytes
  /// of a row of weights; the groups of a slice.
  int64_t run, step, group, groups;
};

/// Both operands as tiles of integers.
class IntegerTiles : public TileOperands {
public:
  IntegerTiles(ImplicitLocOpBuilder &b, const Matmul &original);

  void packActivations(ImplicitLocOpBuilder &b) override;
  SmallVector<Value> createBuffers(ImplicitLocOpBuilder &b) const override;
  Value addProducts(ImplicitLocOpBuilder &b, const TileSlice &slice,
                    MutableArrayRef<Value> buffers, Value sums) const override;

private:
  /// The codes of `group` of the rows of the tile number `tile`: 16 x group.
  Value readTile(ImplicitLocOpBuilder &b, ValueRange batch, Value tile,
                 Value group) const;
  /// The same as tiles: runs x steps x step / 4 x 64.
  Value transposeTile(ImplicitLocOpBuilder &b, Value rows) const;
  /// The elements of a group in the order of its steps.
  SmallVector<int64_t> getOrder() const;
  /// The scales of activations: batches x slices x blocks x runs x tiles x 16.
  Value readScales(ImplicitLocOpBuilder &b) const;
  /// The scale at `indices` of these.
  Value readScale(ImplicitLocOpBuilder &b, ArrayRef<Value> indices) const;
  /// Decodes `group` of the row of `slice` number `row` into tiles, runs x
  /// steps x tiles x 16 x step, and scales, runs x tiles x 16.
  void decodeGroup(ImplicitLocOpBuilder &b, const TileSlice &slice, Value row,
                   Value group, Value count,
                   MutableArrayRef<Value> tensors) const;
  /// The scale of each run of a group, from those of blocks.
  SmallVector<Value> getScales(ImplicitLocOpBuilder &b,
                               const BlockFactors &factors) const;
  /// Where a slice has `group`: the number of its first run, and of its first
  /// step in that.
  std::pair<OpFoldResult, OpFoldResult> locate(ImplicitLocOpBuilder &b,
                                               Value groupInSlice) const;

  RunForm form;
  IntegerCodes codes;
  /// batches x slices x blocks x runs x steps x tiles x step / 4 x 64; and
  /// their scales.
  Value activations, scales;
};

} // namespace

IntegerTiles::IntegerTiles(ImplicitLocOpBuilder &b, const Matmul &original)
    : TileOperands(original), form(original.lhs.type, original.rhs.type),
      codes(original.rhs.type) {
  ChunkOrder order{form.group, form.group, tileRows, /*inWords=*/false};
  matmul.sum = ChunkedSum(b, order, original.sum.size);
  std::optional<int64_t> rows = getConstantIntValue(matmul.getRows());
  activationTiles = rows && *rows <= TileProduct::columns ? 1 : 2;
  groups = form.groups;
}

std::unique_ptr<TileOperands> quantx::findIntegerTiles(ImplicitLocOpBuilder &b,
                                                       const Matmul &matmul) {
  ScaledType lhs = matmul.lhs.type, rhs = matmul.rhs.type;
  if (!suitIntegers(lhs, rhs))
    return nullptr;
  RunForm form(lhs, rhs);
  // An integer of 8 bits and a sign is none of a tile's.
  bool isWide = rhs.getStorageBits() == 8 &&
                (rhs.hasZeroPoint() || !rhs.getIntegerFormat().isSigned);
  if (isWide || !form.suits(lhs) || !form.suits(rhs))
    return nullptr;
  return std::make_unique<IntegerTiles>(b, matmul);
}

std::pair<OpFoldResult, OpFoldResult>
IntegerTiles::locate(ImplicitLocOpBuilder &b, Value groupInSlice) const {
  auto count = [&](int64_t each) -> OpFoldResult {
    return b.createOrFold<arith::MulIOp>(groupInSlice, createIndex(b, each));
  };
  if (form.hasLongRuns())
    return {b.getIndexAttr(0), count(form.getStepsOfGroup())};
  return {count(form.getRunsInGroup()), b.getIndexAttr(0)};
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

SmallVector<int64_t> IntegerTiles::getOrder() const {
  SmallVector<int64_t> order;
  int64_t distance = 8 / int64_t(codes.type.getStorageBits());
  for (int64_t first = 0; first < form.group; first += form.step)
    for (int64_t half = 0; half < distance; ++half)
      for (int64_t i = half; i < form.step; i += distance)
        order.push_back(first + i);
  return order;
}

Value IntegerTiles::readTile(ImplicitLocOpBuilder &b, ValueRange batch,
                             Value tile, Value group) const {
  Value numRows =
      getValueOrCreateConstantIndexOp(b, b.getLoc(), matmul.getRows());
  Value last = b.createOrFold<arith::SubIOp>(numRows, createIndex(b, 1));
  Value firstRow =
      b.createOrFold<arith::MulIOp>(tile, createIndex(b, tileRows));
  Value size = createIndex(b, form.group);
  Value firstElement = b.createOrFold<arith::MulIOp>(group, size);
  Value count;
  if (matmul.sum.mayHaveRest()) {
    count = b.createOrFold<arith::MinUIOp>(
        b.createOrFold<arith::SubIOp>(matmul.sum.size, firstElement), size);
  }
  Value none = arith::ConstantOp::create(b, b.getI8IntegerAttr(0));
  auto readRow = [&](ImplicitLocOpBuilder &b, Value row, Value rows) {
    Value number = b.createOrFold<arith::AddIOp>(firstRow, row);
    Chunk elements{llvm::to_vector(batch), form.group, count};
    elements.indices.append(
        {b.createOrFold<arith::MinUIOp>(number, last), firstElement});
    Value read = readChunk(b, matmul.lhs.parts.front(), elements, none);
    Value ordered = vector::ShuffleOp::create(b, read, read, getOrder());
    return insertVector(b, ordered, rows, {row, b.getIndexAttr(0)});
  };
  Value rows =
      tensor::EmptyOp::create(b, {tileRows, form.group}, b.getI8Type());
  return buildLoop(b, createIndex(b, 0), createIndex(b, tileRows), 1, rows,
                   readRow);
}

// Words are exchanged 16 by 16: some rows of 64 bytes are those of each step. A
// loop, for bufferization takes long for many insertions after one another.
Value IntegerTiles::transposeTile(ImplicitLocOpBuilder &b, Value rows) const {
  auto words = VectorType::get(rowSize / inWord, b.getI32Type());
  auto bytes = VectorType::get(rowSize, b.getI8Type());
  int64_t wordsInStep = form.step / inWord;
  auto transpose = [&](ImplicitLocOpBuilder &b, Value unit, Value tiles) {
    Value first = b.createOrFold<arith::MulIOp>(unit, createIndex(b, rowSize));
    SmallVector<Value> vectors;
    for (int64_t row = 0; row < tileRows; ++row) {
      Value vector =
          extractVector(b, rowSize, rows, {createIndex(b, row), first});
      vectors.push_back(vector::BitCastOp::create(b, words, vector));
    }
    Value firstStep = b.createOrFold<arith::MulIOp>(
        unit, createIndex(b, rowSize / form.step));
    Value numSteps = createIndex(b, form.getStepsOfGroup());
    for (auto [i, vector] : llvm::enumerate(transposeLanes(b, vectors))) {
      Value step = b.createOrFold<arith::AddIOp>(
          firstStep, createIndex(b, int64_t(i) / wordsInStep));
      OpFoldResult run = b.createOrFold<arith::DivUIOp>(step, numSteps);
      OpFoldResult inRun = b.createOrFold<arith::RemUIOp>(step, numSteps);
      tiles =
          insertVector(b, vector::BitCastOp::create(b, bytes, vector), tiles,
                       {run, inRun, b.getIndexAttr(int64_t(i) % wordsInStep),
                        b.getIndexAttr(0)});
    }
    return tiles;
  };
  Value tiles = tensor::EmptyOp::create(
      b, {form.getRunsInGroup(), form.getStepsOfGroup(), wordsInStep, rowSize},
      b.getI8Type());
  return buildLoop(b, createIndex(b, 0), createIndex(b, form.group / rowSize),
                   1, tiles, transpose);
}

void IntegerTiles::packActivations(ImplicitLocOpBuilder &b) {
  size_t rank = matmul.sizes.size();
  SmallVector<OpFoldResult> shape(ArrayRef(matmul.sizes).drop_back(2));
  shape.push_back(countTiles(b, getAsOpFoldResult(matmul.sum.count), groups));
  shape.push_back(countTiles(b, matmul.getRows(), getActivationRows()));
  for (int64_t size : {form.getRunsInSlice(), form.getStepsInRun(),
                       activationTiles, form.step / inWord, rowSize})
    shape.push_back(b.getIndexAttr(size));
  Value all = tensor::EmptyOp::create(b, shape, b.getI8Type());
  OpBuilder::InsertionGuard guard(b);
  scf::ForallOp loop = createPackingLoop(b, all);
  SmallVector<Value> indices(loop.getInductionVars());
  Value tile = indices[rank - 2], group = indices.back();
  ValueRange batch = ValueRange(indices).drop_back(2);
  Value tiles = transposeTile(b, readTile(b, batch, tile, group));
  Value numGroups = createIndex(b, groups);
  Value numTiles = createIndex(b, activationTiles);
  auto [run, step] =
      locate(b, b.createOrFold<arith::RemUIOp>(group, numGroups));
  SmallVector<OpFoldResult> offsets = getAsOpFoldResult(batch);
  offsets.push_back(b.createOrFold<arith::DivUIOp>(group, numGroups));
  offsets.push_back(b.createOrFold<arith::DivUIOp>(tile, numTiles));
  offsets.append({run, step, b.createOrFold<arith::RemUIOp>(tile, numTiles)});
  offsets.append(2, b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(shape.size(), b.getIndexAttr(1)),
      sizes(strides);
  sizes[rank] = b.getIndexAttr(form.getRunsInGroup());
  sizes[rank + 1] = b.getIndexAttr(form.getStepsOfGroup());
  sizes[rank + 3] = b.getIndexAttr(form.step / inWord);
  sizes[rank + 4] = b.getIndexAttr(rowSize);
  b.setInsertionPointToStart(loop.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(
      b, tiles, loop.getRegionIterArgs().front(), offsets, sizes, strides);
  activations = loop.getResult(0);
  b.setInsertionPointAfter(loop);
  scales = readScales(b);
}

// What has no row or no block repeats the last one.
Value IntegerTiles::readScale(ImplicitLocOpBuilder &b,
                              ArrayRef<Value> indices) const {
  auto limit = [&](Value index, OpFoldResult size) {
    Value all = getValueOrCreateConstantIndexOp(b, b.getLoc(), size);
    Value last = b.createOrFold<arith::SubIOp>(all, createIndex(b, 1));
    return b.createOrFold<arith::MinUIOp>(index, last);
  };
  auto add = [&](Value index, int64_t size, Value inner) {
    index = b.createOrFold<arith::MulIOp>(index, createIndex(b, size));
    return b.createOrFold<arith::AddIOp>(index, inner);
  };
  ArrayRef<Value> place = indices.take_back(5);
  Value run = add(place[0], form.getRunsInSlice(), place[2]);
  Value tile = add(place[1], activationTiles, place[3]);
  Value row = add(tile, tileRows, place[4]);
  Value element = b.createOrFold<arith::MulIOp>(run, createIndex(b, form.run));
  Chunk chunk{llvm::to_vector(indices.drop_back(5)), form.run, Value()};
  chunk.indices.append({limit(row, matmul.getRows()),
                        limit(element, getAsOpFoldResult(matmul.sum.size))});
  ScaledType type = matmul.lhs.type;
  BlockFactors factors =
      readBlockFactors(b, type, ValueRange(matmul.lhs.parts).drop_front(),
                       chunk, emitDequantizeFactors);
  return ElementwiseBuilder(b, b.getLoc())
      .mul(factors.scale, getCodeUnit(type));
}

Value IntegerTiles::readScales(ImplicitLocOpBuilder &b) const {
  SmallVector<OpFoldResult> shape =
      tensor::getMixedSizes(b, b.getLoc(), activations);
  shape.truncate(matmul.sizes.size() + 1);
  for (int64_t size : {activationTiles, tileRows})
    shape.push_back(b.getIndexAttr(size));
  Value all = tensor::EmptyOp::create(b, shape, b.getF32Type());
  int64_t rank = int64_t(shape.size());
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b, all.getType(), ValueRange(), all,
             b.getMultiDimIdentityMap(rank), iterators,
             [&](OpBuilder &builder, Location loc, ValueRange) {
               ImplicitLocOpBuilder n(loc, builder);
               SmallVector<Value> indices;
               for (int64_t i = 0; i < rank; ++i)
                 indices.push_back(linalg::IndexOp::create(n, i));
               linalg::YieldOp::create(n, readScale(n, indices));
             })
      .getResult(0);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

SmallVector<Value> IntegerTiles::getScales(ImplicitLocOpBuilder &b,
                                           const BlockFactors &factors) const {
  ElementwiseBuilder arith(b, b.getLoc());
  Value scale = factors.scale;
  if (factors.global)
    scale = arith.mul(scale, factors.global);
  if (codes.unit != 1.0)
    scale = arith.mul(scale, codes.unit);
  auto type = dyn_cast<VectorType>(scale.getType());
  int64_t runs = form.getRunsInGroup();
  if (!type)
    return SmallVector<Value>(runs, scale);
  SmallVector<Value> result;
  for (int64_t run = 0; run < runs; ++run) {
    int64_t block = run * form.run / getRowBlock(codes.type);
    if (isPlanted(Mutant::TileRunsInFirstBlock))
      block = 0;
    result.push_back(vector::ExtractOp::create(b, scale, block));
  }
  return result;
}

void IntegerTiles::decodeGroup(ImplicitLocOpBuilder &b, const TileSlice &slice,
                               Value row, Value group, Value count,
                               MutableArrayRef<Value> tensors) const {
  Value column = b.createOrFold<arith::AddIOp>(slice.firstColumn, row);
  Chunk elements{findRow(b, slice.batch, column), form.group, count};
  elements.indices.push_back(
      b.createOrFold<arith::MulIOp>(group, createIndex(b, form.group)));
  prefetchNext(b, slice.batch, column, group);
  ArrayRef<Value> parts = matmul.rhs.parts;
  Value none = arith::ConstantOp::create(b, b.getI8IntegerAttr(0));
  Value bytes =
      readChunk(b, parts.front(),
                elements.getBytes(b, codes.type.getStorageBits()), none);
  BlockFactors factors =
      readPresentFactors(b, codes.type, parts.drop_front(), elements);
  Value zeroPoint = factors.zeroPoint;
  if (zeroPoint) {
    Type i8 = b.getI8Type();
    if (auto type = dyn_cast<VectorType>(zeroPoint.getType()))
      i8 = type.clone(i8);
    zeroPoint = arith::TruncIOp::create(b, i8, zeroPoint);
    zeroPoint = spread(b, zeroPoint, rowSize);
  }
  SmallVector<Value> integers = codes.getSigned(b, bytes, zeroPoint);

  OpFoldResult tile =
      b.createOrFold<arith::DivUIOp>(row, createIndex(b, tileRows));
  OpFoldResult inTile =
      b.createOrFold<arith::RemUIOp>(row, createIndex(b, tileRows));
  Value groupInSlice = b.createOrFold<arith::SubIOp>(group, slice.begin);
  auto [firstRun, firstStep] = locate(b, groupInSlice);
  auto add = [&](OpFoldResult first, int64_t number) -> OpFoldResult {
    Value index = getValueOrCreateConstantIndexOp(b, b.getLoc(), first);
    return b.createOrFold<arith::AddIOp>(index, createIndex(b, number));
  };
  // A step has some of each vector.
  int64_t size = form.step / int64_t(integers.size());
  int64_t numSteps = form.group / form.step, steps = form.getStepsOfGroup();
  for (int64_t step = 0; step < numSteps; ++step) {
    SmallVector<int64_t> lanes;
    for (size_t i = 0; i < integers.size(); ++i)
      for (int64_t lane = 0; lane < size; ++lane)
        lanes.push_back(int64_t(i) * rowSize + step * size + lane);
    Value vector =
        vector::ShuffleOp::create(b, integers.front(), integers.back(), lanes);
    tensors[0] =
        insertVector(b, vector, tensors[0],
                     {add(firstRun, step / steps), add(firstStep, step % steps),
                      tile, inTile, b.getIndexAttr(0)});
  }
  for (auto [run, scale] : llvm::enumerate(getScales(b, factors))) {
    SmallVector<Value> place;
    for (OpFoldResult index : {add(firstRun, int64_t(run)), tile, inTile})
      place.push_back(getValueOrCreateConstantIndexOp(b, b.getLoc(), index));
    tensors[1] = tensor::InsertOp::create(b, scale, tensors[1], place);
  }
}

SmallVector<Value> IntegerTiles::createBuffers(ImplicitLocOpBuilder &b) const {
  int64_t runs = form.getRunsInSlice();
  Value tiles = tensor::EmptyOp::create(
      b, {runs, form.getStepsInRun(), weightTiles, tileRows, form.step},
      b.getI8Type());
  Value tileScales =
      tensor::EmptyOp::create(b, {runs, weightTiles, tileRows}, b.getF32Type());
  return {tiles, tileScales};
}

Value IntegerTiles::addProducts(ImplicitLocOpBuilder &b, const TileSlice &slice,
                                MutableArrayRef<Value> buffers,
                                Value sums) const {
  decodePanel(b, slice, buffers,
              [&](ImplicitLocOpBuilder &b, Value row, Value group, Value count,
                  MutableArrayRef<Value> tensors) {
                decodeGroup(b, slice, row, group, count, tensors);
              });
  IntegerTileProduct product{buffers[0], activations, buffers[1], scales, sums};
  if (form.hasLongRuns()) {
    OpFoldResult steps = slice.countIn(b, form.getStepsOfGroup());
    product.weights = limitDimension(b, buffers[0], 1, steps);
    product.activations = sliceActivations(b, slice, activations, 1, steps);
    product.activationScales =
        sliceActivations(b, slice, scales, 0, b.getIndexAttr(1));
  } else {
    OpFoldResult runs = slice.countIn(b, form.getRunsInGroup());
    product.weights = limitDimension(b, buffers[0], 0, runs);
    product.weightScales = limitDimension(b, buffers[1], 0, runs);
    product.activations = sliceActivations(b, slice, activations, 0, runs);
    product.activationScales = sliceActivations(b, slice, scales, 0, runs);
  }
  return product.build(b).getResult(0);
}
