//===- MatmulFloatTiles.cpp - Rows of a matmul in tiles of bf16 -----------===//
//
// bf16 in steps of 32 elements, in an order that both operands have. Values
// that bf16 does not hold exactly are sums of pieces that it holds.
//
//===----------------------------------------------------------------------===//

#include "LaneShuffles.h"
#include "MatmulTileOperands.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

static constexpr int64_t tileRows = TileProduct::rows;
static constexpr int64_t tileElements = TileProduct::elements;

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

namespace {

/// Both operands as tiles of bf16.
class FloatTiles : public TileOperands {
public:
  FloatTiles(const Matmul &matmul);

  /// Whether the values of both, infinities too, are sums of pieces.
  bool suits() const;

  // A piece of a weight is 0 maybe.
  bool needsFinite() const override { return weightPieces > 1; }
  void packActivations(ImplicitLocOpBuilder &b) override;
  SmallVector<Value> createBuffers(ImplicitLocOpBuilder &b) const override;
  Value addProducts(ImplicitLocOpBuilder &b, const TileSlice &slice,
                    MutableArrayRef<Value> buffers, Value sums) const override;
  bool hasFactors() const override {
    return place == ScalePlace::RowSums || globalOnSums;
  }
  Value readFactor(ImplicitLocOpBuilder &b, ValueRange batch,
                   Value column) const override;

  /// The steps of a chunk.
  int64_t getStepsInGroup() const {
    return matmul.sum.order.group / tileElements;
  }

  /// The pieces of a value of each.
  int64_t weightPieces, activationPieces;

private:
  /// batches x slices x blocks of rows x pieces x steps x tiles x 16 x 32
  Value createActivationTiles(ImplicitLocOpBuilder &b) const;
  /// Decodes `group` of the row of `slice` number `row` into `tiles`: pieces x
  /// steps x tiles x 16 x 32. Rows beyond the last one repeat it.
  Value decodeGroup(ImplicitLocOpBuilder &b, const TileSlice &slice, Value row,
                    Value group, Value count, Value tiles) const;

  /// What is multiplied by the scales of weights, but a global scale if
  /// `globalOnSums`: that multiplies the sums.
  ScalePlace place;
  bool globalOnSums;
  /// Without the global scale, if that multiplies sums.
  MatmulOperand weights;
  /// What is beyond their rows is anything.
  Value activations;
};

} // namespace

/// `weights` without their global scale.
static MatmulOperand dropGlobal(const MatmulOperand &weights) {
  ScaledType type = weights.type;
  auto plain = ScaledType::get(type.getContext(), type.getStorageType(),
                               type.getExpressedType(), type.getScaleType(),
                               type.getBlockShape(), /*globalType=*/Type(),
                               type.getZeroPointType());
  return {plain, SmallVector<Value>(ArrayRef(weights.parts).drop_back())};
}

FloatTiles::FloatTiles(const Matmul &matmul) : TileOperands(matmul) {
  ScaledType type = matmul.rhs.type;
  bool onSums = scalesSums(type);
  place = onSums && type.isWholeDimension(type.getBlockRank() - 1)
              ? ScalePlace::RowSums
              : ScalePlace::Values;
  globalOnSums = onSums && type.hasGlobal();
  weights = globalOnSums ? dropGlobal(matmul.rhs) : matmul.rhs;
  weightPieces = llvm::divideCeil(
      getValueBits(type, place == ScalePlace::Values, !onSums), pieceBits);
  unsigned activationBits =
      matmul.lhs.type
          ? getValueBits(matmul.lhs.type, /*withScale=*/true,
                         /*withGlobal=*/true)
          : getSignificantBits(getElementTypeOrSelf(matmul.lhs.parts.front()));
  activationPieces = llvm::divideCeil(activationBits, pieceBits);
  std::optional<int64_t> rows = getConstantIntValue(matmul.getRows());
  activationTiles = rows && *rows <= TileProduct::columns ? 1 : 2;
  groups =
      std::max(int64_t(1), matmul.tuning.tileSlice / matmul.sum.order.group);
}

// The pieces of a finite value are 0 maybe, and give NaN with infinities.
bool FloatTiles::suits() const {
  return activationPieces == 1 || !hasInfinity(matmul.rhs.type);
}

std::unique_ptr<TileOperands> quantx::findFloatTiles(const Matmul &matmul) {
  const ChunkOrder &order = matmul.sum.order;
  if (order.lanes != tileRows || order.group % tileElements != 0)
    return nullptr;
  auto tiles = std::make_unique<FloatTiles>(matmul);
  return tiles->suits() ? std::move(tiles) : nullptr;
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

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

/// The pieces of the elements of a step, from two parts: a vector of bf16 for
/// each piece, the smallest first. Neighbours are of one lane each.
static SmallVector<Value> buildPieces(ImplicitLocOpBuilder &b, Value even,
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
  TilePacking(ImplicitLocOpBuilder &b, const FloatTiles &form, ValueRange batch,
              Value tile, Value group)
      : b(b), matmul(form.getMatmul()), form(form), order(matmul.sum.order),
        batch(batch), tile(tile), group(group) {}

  /// pieces x steps x 16 x 32: the tiles. A loop for the rows, and one for the
  /// tiles, keep the code short.
  Value build() const;

private:
  /// The pieces of the steps of a row, as the lanes of its row of `rows`.
  Value packRow(ImplicitLocOpBuilder &b, Value row, Value rows) const;

  ImplicitLocOpBuilder &b;
  const Matmul &matmul;
  const FloatTiles &form;
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
  for (int64_t step = 0; step < form.getStepsInGroup(); ++step) {
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
  int64_t steps = form.getStepsInGroup();
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
    for (auto [row, vector] : llvm::enumerate(transposeLanes(b, vectors))) {
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

Value FloatTiles::createActivationTiles(ImplicitLocOpBuilder &b) const {
  SmallVector<OpFoldResult> shape(ArrayRef(matmul.sizes).drop_back(2));
  shape.push_back(countTiles(b, getAsOpFoldResult(matmul.sum.count), groups));
  shape.push_back(countTiles(b, matmul.getRows(), getActivationRows()));
  for (int64_t size : {activationPieces, groups * getStepsInGroup(),
                       activationTiles, tileRows, tileElements})
    shape.push_back(b.getIndexAttr(size));
  return tensor::EmptyOp::create(b, shape, b.getBF16Type());
}

void FloatTiles::packActivations(ImplicitLocOpBuilder &b) {
  int64_t steps = getStepsInGroup();
  Value all = createActivationTiles(b);
  size_t rank = matmul.sizes.size();
  OpBuilder::InsertionGuard guard(b);
  scf::ForallOp loop = createPackingLoop(b, all);
  SmallVector<Value> indices(loop.getInductionVars());
  Value tile = indices[rank - 2], group = indices.back();
  ValueRange batch = ValueRange(indices).drop_back(2);
  Value tiles = TilePacking(b, *this, batch, tile, group).build();

  Value sliceGroups = createIndex(b, groups);
  Value blockTiles = createIndex(b, activationTiles);
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
  sizes[rank] = b.getIndexAttr(activationPieces);
  sizes[rank + 1] = b.getIndexAttr(steps);
  sizes[rank + 3] = b.getIndexAttr(tileRows);
  sizes[rank + 4] = b.getIndexAttr(tileElements);
  b.setInsertionPointToStart(loop.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(
      b, tiles, loop.getRegionIterArgs().front(), offsets, sizes, strides);
  activations = loop.getResult(0);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

SmallVector<Value> FloatTiles::createBuffers(ImplicitLocOpBuilder &b) const {
  SmallVector<OpFoldResult> shape;
  for (int64_t size : {weightPieces, groups * getStepsInGroup(), weightTiles,
                       tileRows, tileElements})
    shape.push_back(b.getIndexAttr(size));
  return {tensor::EmptyOp::create(b, shape, b.getBF16Type())};
}

Value FloatTiles::addProducts(ImplicitLocOpBuilder &b, const TileSlice &slice,
                              MutableArrayRef<Value> buffers,
                              Value sums) const {
  decodePanel(b, slice, buffers,
              [&](ImplicitLocOpBuilder &b, Value row, Value group, Value count,
                  MutableArrayRef<Value> tensors) {
                tensors[0] =
                    decodeGroup(b, slice, row, group, count, tensors[0]);
              });
  OpFoldResult steps = slice.countIn(b, getStepsInGroup());
  TileProduct product{limitDimension(b, buffers[0], 1, steps),
                      sliceActivations(b, slice, activations, 1, steps), sums};
  return product.build(b).getResult(0);
}

Value FloatTiles::decodeGroup(ImplicitLocOpBuilder &b, const TileSlice &slice,
                              Value row, Value group, Value count,
                              Value tiles) const {
  const ChunkOrder &order = matmul.sum.order;
  Value column = b.createOrFold<arith::AddIOp>(slice.firstColumn, row);
  Chunk elements{findRow(b, slice.batch, column), order.group, count};
  elements.indices.push_back(
      b.createOrFold<arith::MulIOp>(group, createIndex(b, order.group)));
  prefetchNext(b, slice.batch, column, group);
  WeightReader reader(b, weights, order, elements, place);
  Value rowsOfTile = createIndex(b, tileRows);
  OpFoldResult tile = b.createOrFold<arith::DivUIOp>(row, rowsOfTile);
  OpFoldResult inTile = b.createOrFold<arith::RemUIOp>(row, rowsOfTile);
  int64_t steps = getStepsInGroup();
  Value firstStep = b.createOrFold<arith::MulIOp>(
      b.createOrFold<arith::SubIOp>(group, slice.begin), createIndex(b, steps));
  for (int64_t i = 0; i < steps; ++i) {
    Value even = reader.read(2 * i), odd = reader.read(2 * i + 1);
    OpFoldResult step =
        b.createOrFold<arith::AddIOp>(firstStep, createIndex(b, i));
    for (auto [number, piece] :
         llvm::enumerate(buildPieces(b, even, odd, weightPieces))) {
      tiles = insertVector(b, piece, tiles,
                           {b.getIndexAttr(int64_t(number)), step, tile, inTile,
                            b.getIndexAttr(0)});
    }
  }
  return tiles;
}

Value FloatTiles::readFactor(ImplicitLocOpBuilder &b, ValueRange batch,
                             Value column) const {
  ElementwiseBuilder arith(b, b.getLoc());
  Value factor;
  if (place == ScalePlace::RowSums) {
    Chunk chunk{findRow(b, batch, column), matmul.sum.order.chunk, Value()};
    chunk.indices.push_back(createIndex(b, 0));
    WeightReader reader(b, weights, matmul.sum.order, chunk, place);
    factor =
        vector::ExtractOp::create(b, reader.readScale(0), ArrayRef<int64_t>{0});
  }
  if (!globalOnSums)
    return factor;
  Value global =
      tensor::ExtractOp::create(b, matmul.rhs.parts.back(), ValueRange());
  return factor ? arith.mul(factor, global) : global;
}
