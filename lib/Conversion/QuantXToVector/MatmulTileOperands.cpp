//===- MatmulTileOperands.cpp - Rows of a matmul in tiles -----------------===//

#include "MatmulTileOperands.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

static constexpr int64_t tileRows = TileProduct::rows;
static constexpr int64_t tileElements = TileProduct::elements;

static Value createIndex(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

//===----------------------------------------------------------------------===//
// Forms
//===----------------------------------------------------------------------===//

/// The significant bits of bf16 and f32.
static constexpr unsigned pieceBits = 8, allBits = 24;

static unsigned getSignificantBits(Type type) {
  return isa<Float8E8M0FNUType>(type)
             ? 0 // adds none to those of what it multiplies
             : cast<FloatType>(type).getFPMantissaWidth();
}

/// Of a code minus its zero point.
static unsigned getCodeBits(ScaledType type) {
  if (const FloatFormat *format = type.getFloatFormat())
    return format->mantissaBits + 1;
  IntegerFormat format = type.getIntegerFormat();
  // The magnitude of the least code is a power of two.
  return format.isSigned && !type.hasZeroPoint() ? format.bits - 1
                                                 : format.bits;
}

/// Of a value, with its scale if `withScale`, and its global one.
static unsigned getValueBits(ScaledType type, bool withScale, bool withGlobal) {
  unsigned bits = getCodeBits(type);
  if (withScale)
    bits += getSignificantBits(type.getScaleType());
  if (withGlobal && type.hasGlobal())
    bits = allBits;
  return std::min(bits, getSignificantBits(type.getExpressedType()));
}

static bool hasInfinity(ScaledType type) {
  const FloatFormat *format = type.getFloatFormat();
  return format && format->nonFinite == NonFinite::InfAndNan;
}

std::optional<TileForm> TileForm::find(const Matmul &matmul) {
  const ChunkOrder &order = matmul.sum.order;
  if (order.lanes != tileRows || order.group % tileElements != 0)
    return std::nullopt;
  ScaledType type = matmul.rhs.type;
  bool onSums = scalesSums(type);
  TileForm form;
  form.place = onSums && type.isWholeDimension(type.getBlockRank() - 1)
                   ? ScalePlace::RowSums
                   : ScalePlace::Values;
  form.globalOnSums = onSums && type.hasGlobal();
  form.weightPieces = llvm::divideCeil(
      getValueBits(type, form.place == ScalePlace::Values, !onSums), pieceBits);
  unsigned activationBits =
      matmul.lhs.type
          ? getValueBits(matmul.lhs.type, /*withScale=*/true,
                         /*withGlobal=*/true)
          : getSignificantBits(getElementTypeOrSelf(matmul.lhs.parts.front()));
  form.activationPieces = llvm::divideCeil(activationBits, pieceBits);
  // The pieces of a finite value are 0 maybe, and give NaN with infinities.
  if (form.activationPieces > 1 && hasInfinity(type))
    return std::nullopt;
  std::optional<int64_t> rows = getConstantIntValue(matmul.getRows());
  form.weightTiles = 2;
  form.activationTiles = rows && *rows <= TileProduct::columns ? 1 : 2;
  form.groups = std::max(int64_t(1), matmul.tuning.tileSlice / order.group);
  return form;
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

int64_t quantx::getStepsInGroup(const ChunkOrder &order) {
  return order.group / tileElements;
}

/// The upper bits of `value`, f32, which are a bf16.
static Value cut(ElementwiseBuilder &arith, Value value) {
  constexpr int64_t upperHalf = ~int64_t(0xFFFF);
  return arith.asF32(arith.bitAnd(arith.asI32(value), upperHalf));
}

/// What is left of `value` without its upper bits; nothing of an infinity.
static Value getRest(ElementwiseBuilder &arith, Value value) {
  if (isPlanted(Mutant::TileRestLost))
    return arith.f32(0.0, value);
  Value upper = cut(arith, value);
  if (isPlanted(Mutant::TileRestOfInfinity))
    return arith.sub(value, upper);
  Value isInfinite =
      arith.equal(arith.bitAnd(arith.asI32(upper), 0x7FFFFFFF), 0x7F800000);
  return arith.select(isInfinite, arith.f32(0.0, value),
                      arith.sub(value, upper));
}

SmallVector<Value> quantx::buildPieces(ImplicitLocOpBuilder &b, Value even,
                                       Value odd, int64_t count) {
  ElementwiseBuilder arith(b, b.getLoc());
  auto type = VectorType::get(tileElements, b.getBF16Type());
  SmallVector<Value> pieces;
  for (int64_t i = 0; i < count; ++i) {
    Value low = arith.lshr(arith.asI32(even), 16);
    Value high = arith.asI32(cut(arith, odd));
    pieces.push_back(
        vector::BitCastOp::create(b, type, arith.bitOr(low, high)));
    if (i + 1 == count)
      break;
    even = getRest(arith, even);
    odd = getRest(arith, odd);
  }
  // Small products are added first.
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

SmallVector<Value> quantx::transposeRows(ImplicitLocOpBuilder &b,
                                         ArrayRef<Value> rows) {
  SmallVector<Value> result(rows);
  int64_t size = int64_t(rows.size());
  // Exchanges one bit of the number of the row with one of the lane at a time.
  for (int64_t bit = 1; bit < size; bit *= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane < size; ++lane) {
      low.push_back(lane & bit ? size + lane - bit : lane);
      high.push_back(lane & bit ? size + lane : lane + bit);
    }
    for (int64_t i = 0; i < size; ++i) {
      if (i & bit)
        continue;
      Value first = result[i], second = result[i + bit];
      result[i] = vector::ShuffleOp::create(b, first, second, low);
      result[i + bit] = vector::ShuffleOp::create(b, first, second, high);
    }
  }
  return result;
}

/// The places of a tensor of `rank` from `leading` on, the first of the rest.
static SmallVector<OpFoldResult> getOffsets(ImplicitLocOpBuilder &b,
                                            ArrayRef<OpFoldResult> leading,
                                            int64_t rank) {
  SmallVector<OpFoldResult> offsets(leading);
  offsets.resize(rank, b.getIndexAttr(0));
  return offsets;
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

namespace {

/// Packs a group of the rows of a tile.
class TilePacking {
public:
  TilePacking(ImplicitLocOpBuilder &b, const Matmul &matmul,
              const TileForm &form, ValueRange batch, Value tile, Value group)
      : b(b), matmul(matmul), form(form), order(matmul.sum.order), batch(batch),
        tile(tile), group(group) {}

  /// pieces x steps x 16 x 32: the tiles. A loop for the rows, and one for the
  /// tiles, keep the code short.
  Value build() const;

private:
  /// The pieces of the steps of a row, as the lanes of its row of `rows`.
  Value packRow(ImplicitLocOpBuilder &b, Value row, Value rows) const;

  ImplicitLocOpBuilder &b;
  const Matmul &matmul;
  const TileForm &form;
  const ChunkOrder &order;
  ValueRange batch;
  Value tile, group;
};

} // namespace

Value TilePacking::packRow(ImplicitLocOpBuilder &b, Value row,
                           Value rows) const {
  Value number = b.createOrFold<arith::AddIOp>(
      b.createOrFold<arith::MulIOp>(tile, createIndex(b, tileRows)), row);
  Value numRows =
      getValueOrCreateConstantIndexOp(b, b.getLoc(), matmul.getRows());
  Value last = b.createOrFold<arith::SubIOp>(numRows, createIndex(b, 1));
  Chunk elements{batch, order.group, Value()};
  elements.indices.push_back(b.createOrFold<arith::MinUIOp>(number, last));
  elements.indices.push_back(
      b.createOrFold<arith::MulIOp>(group, createIndex(b, order.group)));
  Value end = matmul.sum.mayHaveRest() ? matmul.sum.size : Value();
  SmallVector<Value> parts = readParts(b, matmul.lhs, order, elements, end);
  for (int64_t step = 0; step < getStepsInGroup(order); ++step) {
    SmallVector<Value> pieces = buildPieces(
        b, parts[2 * step], parts[2 * step + 1], form.activationPieces);
    for (auto [i, piece] : llvm::enumerate(pieces)) {
      rows = insertVector(b, piece, rows,
                          {b.getIndexAttr(int64_t(i)), b.getIndexAttr(step),
                           row, b.getIndexAttr(0)});
    }
  }
  return rows;
}

Value TilePacking::build() const {
  int64_t steps = getStepsInGroup(order);
  SmallVector<OpFoldResult> shape;
  for (int64_t size : {form.activationPieces, steps, tileRows, tileElements})
    shape.push_back(b.getIndexAttr(size));
  Value rows = tensor::EmptyOp::create(b, shape, b.getBF16Type());
  rows = buildLoop(b, createIndex(b, 0), createIndex(b, tileRows), 1, rows,
                   [&](ImplicitLocOpBuilder &b, Value row, Value rows) {
                     return packRow(b, row, rows);
                   });
  // Pairs are exchanged as what they are, 32 bits.
  auto pairs = VectorType::get(tileRows, b.getI32Type());
  auto halves = VectorType::get(tileElements, b.getBF16Type());
  auto transpose = [&](ImplicitLocOpBuilder &b, Value i, Value tiles) {
    Value piece = arith::DivUIOp::create(b, i, createIndex(b, steps));
    Value step = arith::RemUIOp::create(b, i, createIndex(b, steps));
    SmallVector<Value> vectors;
    for (int64_t row = 0; row < tileRows; ++row) {
      Value indices[] = {piece, step, createIndex(b, row), createIndex(b, 0)};
      Value vector = extractVector(b, tileElements, rows, indices);
      vectors.push_back(vector::BitCastOp::create(b, pairs, vector));
    }
    for (auto [row, vector] : llvm::enumerate(transposeRows(b, vectors))) {
      tiles = insertVector(
          b, vector::BitCastOp::create(b, halves, vector), tiles,
          {piece, step, b.getIndexAttr(int64_t(row)), b.getIndexAttr(0)});
    }
    return tiles;
  };
  Value tiles = tensor::EmptyOp::create(b, shape, b.getBF16Type());
  return buildLoop(b, createIndex(b, 0),
                   createIndex(b, form.activationPieces * steps), 1, tiles,
                   transpose);
}

Value quantx::buildAreFinite(ImplicitLocOpBuilder &b, const Matmul &matmul) {
  const ChunkOrder &order = matmul.sum.order;
  auto type = VectorType::get(order.group, b.getI32Type());
  Value largest = arith::ConstantOp::create(b, b.getZeroAttr(type));
  SmallVector<Value> bounds;
  for (OpFoldResult size : ArrayRef(matmul.sizes).drop_back())
    bounds.push_back(getValueOrCreateConstantIndexOp(b, b.getLoc(), size));
  bounds.push_back(matmul.sum.count);
  SmallVector<Value> zeros(bounds.size(), createIndex(b, 0));
  SmallVector<Value> ones(bounds.size(), createIndex(b, 1));
  Value end = matmul.sum.mayHaveRest() ? matmul.sum.size : Value();
  auto addGroup = [&](OpBuilder &builder, Location loc, ValueRange indices,
                      ValueRange carried) -> scf::ValueVector {
    ImplicitLocOpBuilder n(loc, builder);
    ElementwiseBuilder arith(n, loc);
    Chunk group{llvm::to_vector(indices), order.group, Value()};
    group.indices.back() = n.createOrFold<arith::MulIOp>(
        indices.back(), createIndex(n, order.group));
    Value magnitudes = arith.bitAnd(
        arith.asI32(readGroup(n, matmul.lhs, group, end)), 0x7FFFFFFF);
    return {arith::MaxSIOp::create(n, carried.front(), magnitudes)};
  };
  largest =
      scf::buildLoopNest(b, b.getLoc(), zeros, bounds, ones, largest, addGroup)
          .results.front();
  Value bits =
      vector::ReductionOp::create(b, vector::CombiningKind::MAXSI, largest);
  return ElementwiseBuilder(b, b.getLoc()).less(bits, 0x7F800000);
}

/// batches x slices x blocks of rows x pieces x steps x tiles x 16 x 32
static Value createActivationTiles(ImplicitLocOpBuilder &b,
                                   const Matmul &matmul, const TileForm &form,
                                   Value groups) {
  SmallVector<OpFoldResult> shape(ArrayRef(matmul.sizes).drop_back(2));
  shape.push_back(countTiles(b, getAsOpFoldResult(groups), form.groups));
  shape.push_back(countTiles(b, matmul.getRows(), form.getActivationRows()));
  for (int64_t size :
       {form.activationPieces, form.groups * getStepsInGroup(matmul.sum.order),
        form.activationTiles, tileRows, tileElements})
    shape.push_back(b.getIndexAttr(size));
  return tensor::EmptyOp::create(b, shape, b.getBF16Type());
}

Value quantx::packActivationTiles(ImplicitLocOpBuilder &b, const Matmul &matmul,
                                  const TileForm &form) {
  const ChunkOrder &order = matmul.sum.order;
  int64_t steps = getStepsInGroup(order);
  Value groups = matmul.sum.count;
  Value all = createActivationTiles(b, matmul, form, groups);
  size_t rank = matmul.sizes.size();
  SmallVector<OpFoldResult> lower(rank, b.getIndexAttr(0)), upper(matmul.sizes),
      ones(rank, b.getIndexAttr(1));
  upper[rank - 2] = countTiles(b, matmul.getRows(), tileRows);
  upper.back() = getAsOpFoldResult(groups);
  OpBuilder::InsertionGuard guard(b);
  auto loop = scf::ForallOp::create(b, lower, upper, ones, all,
                                    /*mapping=*/std::nullopt);
  b.setInsertionPoint(loop.getTerminator());
  SmallVector<Value> indices(loop.getInductionVars());
  Value tile = indices[rank - 2], group = indices.back();
  ValueRange batch = ValueRange(indices).drop_back(2);
  Value tiles = TilePacking(b, matmul, form, batch, tile, group).build();

  Value sliceGroups = createIndex(b, form.groups);
  Value blockTiles = createIndex(b, form.activationTiles);
  Value step = b.createOrFold<arith::MulIOp>(
      b.createOrFold<arith::RemUIOp>(group, sliceGroups),
      createIndex(b, steps));
  SmallVector<OpFoldResult> offsets = getAsOpFoldResult(batch);
  offsets.push_back(b.createOrFold<arith::DivUIOp>(group, sliceGroups));
  offsets.push_back(b.createOrFold<arith::DivUIOp>(tile, blockTiles));
  offsets.push_back(b.getIndexAttr(0));
  offsets.push_back(step);
  offsets.push_back(b.createOrFold<arith::RemUIOp>(tile, blockTiles));
  int64_t tilesRank = int64_t(rank) + 5;
  offsets = getOffsets(b, offsets, tilesRank);
  SmallVector<OpFoldResult> strides(tilesRank, b.getIndexAttr(1)),
      sizes(strides);
  sizes[rank] = b.getIndexAttr(form.activationPieces);
  sizes[rank + 1] = b.getIndexAttr(steps);
  sizes[rank + 3] = b.getIndexAttr(tileRows);
  sizes[rank + 4] = b.getIndexAttr(tileElements);
  b.setInsertionPointToStart(loop.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(
      b, tiles, loop.getRegionIterArgs().front(), offsets, sizes, strides);
  return loop.getResult(0);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// `weights` without their global scale.
static MatmulOperand dropGlobal(const MatmulOperand &weights) {
  ScaledType type = weights.type;
  auto plain = ScaledType::get(type.getContext(), type.getStorageType(),
                               type.getExpressedType(), type.getScaleType(),
                               type.getBlockShape(), /*globalType=*/Type(),
                               type.getZeroPointType());
  return {plain, SmallVector<Value>(ArrayRef(weights.parts).drop_back())};
}

WeightRows::WeightRows(const Matmul &matmul, const TileForm &form,
                       ValueRange batch, Value first)
    : matmul(matmul), form(form), batch(batch), first(first),
      weights(form.globalOnSums ? dropGlobal(matmul.rhs) : matmul.rhs) {}

SmallVector<Value> WeightRows::findRow(ImplicitLocOpBuilder &b,
                                       Value row) const {
  Value number = b.createOrFold<arith::AddIOp>(first, row);
  SmallVector<Value> indices(batch);
  Value size =
      getValueOrCreateConstantIndexOp(b, b.getLoc(), matmul.getColumns());
  Value last = b.createOrFold<arith::SubIOp>(size, createIndex(b, 1));
  indices.push_back(b.createOrFold<arith::MinUIOp>(number, last));
  return indices;
}

// A slice of a row is few lines, and the next row is far away: no stream that a
// CPU finds. Products take long enough for memory to bring all of the next
// rows.
void WeightRows::prefetchNext(ImplicitLocOpBuilder &b, Value row,
                              Value group) const {
  Value codes = weights.parts.front();
  auto type = cast<RankedTensorType>(codes.getType());
  SmallVector<int64_t> strides(type.getRank(), ShapedType::kDynamic);
  auto layout =
      StridedLayoutAttr::get(b.getContext(), ShapedType::kDynamic, strides);
  Value buffer = bufferization::ToBufferOp::create(
      b, MemRefType::get(type.getShape(), type.getElementType(), layout), codes,
      /*readOnly=*/true);
  Value next =
      b.createOrFold<arith::AddIOp>(row, createIndex(b, form.getWeightRows()));
  Chunk elements{findRow(b, next), matmul.sum.order.group, Value()};
  elements.indices.push_back(b.createOrFold<arith::MulIOp>(
      group, createIndex(b, matmul.sum.order.group)));
  Chunk bytes = elements.getBytes(b, weights.type.getStorageBits());
  memref::PrefetchOp::create(b, buffer, bytes.indices, /*isWrite=*/false,
                             /*localityHint=*/3, /*isDataCache=*/true);
}

Value WeightRows::decodeGroup(ImplicitLocOpBuilder &b, Value row, Value group,
                              Value begin, Value count, Value tiles) const {
  const ChunkOrder &order = matmul.sum.order;
  Chunk elements{findRow(b, row), order.group, count};
  elements.indices.push_back(
      b.createOrFold<arith::MulIOp>(group, createIndex(b, order.group)));
  prefetchNext(b, row, group);
  WeightReader reader(b, weights, order, elements, form.place);
  Value rowsOfTile = createIndex(b, tileRows);
  OpFoldResult tile = b.createOrFold<arith::DivUIOp>(row, rowsOfTile);
  OpFoldResult inTile = b.createOrFold<arith::RemUIOp>(row, rowsOfTile);
  int64_t steps = getStepsInGroup(order);
  Value firstStep = b.createOrFold<arith::MulIOp>(
      b.createOrFold<arith::SubIOp>(group, begin), createIndex(b, steps));
  for (int64_t i = 0; i < steps; ++i) {
    Value even = reader.read(2 * i), odd = reader.read(2 * i + 1);
    OpFoldResult step =
        b.createOrFold<arith::AddIOp>(firstStep, createIndex(b, i));
    for (auto [number, piece] :
         llvm::enumerate(buildPieces(b, even, odd, form.weightPieces))) {
      tiles = insertVector(b, piece, tiles,
                           {b.getIndexAttr(int64_t(number)), step, tile, inTile,
                            b.getIndexAttr(0)});
    }
  }
  return tiles;
}

Value WeightRows::decode(ImplicitLocOpBuilder &b, Value begin, Value end,
                         Value tiles) const {
  const ChunkedSum &sum = matmul.sum;
  Value wholeEnd = b.createOrFold<arith::MinUIOp>(end, sum.whole);
  auto decodeRow = [&](ImplicitLocOpBuilder &b, Value row, Value tiles) {
    auto decodeGroups = [&](Value lower, Value upper, Value count,
                            Value tiles) {
      return buildLoop(b, lower, upper, 1, tiles,
                       [&](ImplicitLocOpBuilder &b, Value group, Value tiles) {
                         return decodeGroup(b, row, group, begin, count, tiles);
                       });
    };
    tiles = decodeGroups(begin, wholeEnd, /*count=*/{}, tiles);
    // At most once: what is after the whole groups.
    return sum.mayHaveRest() ? decodeGroups(wholeEnd, end, sum.rest, tiles)
                             : tiles;
  };
  return buildLoop(b, createIndex(b, 0), createIndex(b, form.getWeightRows()),
                   1, tiles, decodeRow);
}

bool WeightRows::hasFactors() const {
  return form.place == ScalePlace::RowSums || form.globalOnSums;
}

Value WeightRows::readFactor(ImplicitLocOpBuilder &b, Value row) const {
  ElementwiseBuilder arith(b, b.getLoc());
  Value factor;
  if (form.place == ScalePlace::RowSums) {
    Chunk chunk{findRow(b, row), matmul.sum.order.chunk, Value()};
    chunk.indices.push_back(createIndex(b, 0));
    WeightReader reader(b, weights, matmul.sum.order, chunk, form.place);
    factor =
        vector::ExtractOp::create(b, reader.readScale(0), ArrayRef<int64_t>{0});
  }
  if (!form.globalOnSums)
    return factor;
  Value global =
      tensor::ExtractOp::create(b, matmul.rhs.parts.back(), ValueRange());
  return factor ? arith.mul(factor, global) : global;
}
