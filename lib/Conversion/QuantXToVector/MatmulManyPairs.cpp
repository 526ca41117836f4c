//===- MatmulManyPairs.cpp - Many rows of bf16 by weights -----------------===//
//
// Without tile registers, dot products of pairs of bf16 are fastest: some rows
// of activations by 16 rows of weights side by side, whose sums stay in
// registers. Codes that few instructions make pairs are decoded for each tile;
// others, integers of 8 bits, into a buffer of pairs, once for all activations.
// bf16 holds the values of all codes. Scales multiply sums.
//
//===----------------------------------------------------------------------===//

#include "MatmulIntegers.h"
#include "MatmulRows16.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;

static constexpr int64_t kRows = kInterleavedRows;
/// The elements of a row that are multiplied at once.
static constexpr int64_t kPiece = 32;
static constexpr int64_t kPairs = kPiece / 2;

/// Whether bf16 holds every code of `type` less every zero point.
static bool hasValuesInBF16(ScaledType type) {
  constexpr unsigned significantBits = 8;
  return type.getFloatFormat() || type.getStorageBits() < significantBits ||
         !type.hasZeroPoint();
}

bool quantx::suitsManyPairs(const Matmul &matmul) {
  ScaledType rhs = matmul.rhs.type;
  int64_t bits = rhs.getStorageBits(), block = getRowBlock(rhs);
  if (matmul.lhs.type || !mayHaveSumTiles(matmul) ||
      *getConstantIntValue(matmul.sum.size) % kPiece != 0 ||
      !getElementTypeOrSelf(matmul.lhs.parts.front().getType()).isBF16())
    return false;
  bool hasRowBlocks = llvm::all_of(rhs.getBlockShape().drop_back(),
                                   [](int64_t size) { return size == 1; }) &&
                      (rhs.isWholeDimension(rhs.getBlockRank() - 1) ||
                       block % kPiece == 0 || block == kPairs);
  return (bits == 4 || bits == 8) && hasRowBlocks && scalesSums(rhs) &&
         hasValuesInBF16(rhs);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

namespace {

/// Decoded rows of weights: groups of 16 x pairs x lanes, i32, and groups x
/// runs of a piece x lanes, the scales, where sums of a block are multiplied.
struct DecodedRows {
  Value pairs, scales;
};

/// Rows of activations by `columns` rows of weights at a time.
struct ManyPairs {
  const Matmul &matmul;
  /// Pairs of activations: batches x tiles x pieces x rows x pairs of a piece,
  /// i32.
  Value activations;
  int64_t rows;
  ScalePlace place;
  int64_t columns;
  /// The elements whose products have one scale.
  int64_t run;

  int64_t getPieces() const {
    return *getConstantIntValue(matmul.sum.size) / kPiece;
  }
  int64_t getRuns() const { return kPiece / run; }

  DecodedRows decode(ImplicitLocOpBuilder &b,
                     const RowsSideBySide &weights) const;
  /// The totals of a tile of rows, at `tile`, by 16 rows of weights.
  SmallVector<Value> sumGroup(ImplicitLocOpBuilder &b,
                              const RowsSideBySide &weights,
                              const DecodedRows &decoded, ArrayRef<Value> tile,
                              Value group) const;

private:
  DecodedRows decodePiece(ImplicitLocOpBuilder &b,
                          const RowsSideBySide &weights, Value group,
                          Value piece, DecodedRows decoded) const;
  /// `sums` and the products of a piece.
  SmallVector<Value> addPiece(ImplicitLocOpBuilder &b,
                              const DecodedRows &decoded, Value group,
                              ArrayRef<Value> tile, Value piece,
                              ValueRange sums) const;
};

} // namespace

/// Two vectors of f32 that bf16 holds as pairs of these, words.
static Value buildPairs(ImplicitLocOpBuilder &b, Value low, Value high) {
  ElementwiseBuilder arith(b, b.getLoc());
  constexpr int64_t bits = 16;
  return arith.bitOr(arith.lshr(arith.asI32(low), bits),
                     arith.bitAnd(arith.asI32(high), 0xffff0000));
}

DecodedRows ManyPairs::decodePiece(ImplicitLocOpBuilder &b,
                                   const RowsSideBySide &weights, Value group,
                                   Value piece, DecodedRows decoded) const {
  SmallVector<Value> indices = weights.getGroup(b, group);
  RowsReader reader(b, weights.matmul.rhs, {indices, piece, kPiece, kPiece},
                    place);
  Value firstPair =
      b.createOrFold<arith::MulIOp>(piece, createIndex(b, kPairs));
  int64_t codesInWord = getCodesInWord(weights.matmul.rhs.type), pair = 0;
  for (int64_t word = 0; word < kPiece / codesInWord; ++word) {
    SmallVector<Value> values = reader.readWord(word);
    for (int64_t i = 0; i < codesInWord; i += 2) {
      Value number =
          b.createOrFold<arith::AddIOp>(firstPair, createIndex(b, pair++));
      decoded.pairs =
          insertVector(b, buildPairs(b, values[i], values[i + 1]),
                       decoded.pairs, {group, number, b.getIndexAttr(0)});
    }
  }
  if (!decoded.scales)
    return decoded;
  Value firstRun =
      b.createOrFold<arith::MulIOp>(piece, createIndex(b, getRuns()));
  for (int64_t i = 0; i < getRuns(); ++i) {
    Value number = b.createOrFold<arith::AddIOp>(firstRun, createIndex(b, i));
    decoded.scales =
        insertVector(b, reader.getFactors(i * run).scale, decoded.scales,
                     {group, number, b.getIndexAttr(0)});
  }
  return decoded;
}

DecodedRows ManyPairs::decode(ImplicitLocOpBuilder &b,
                              const RowsSideBySide &weights) const {
  int64_t groups = columns / kRows;
  SmallVector<Value> buffers = {tensor::EmptyOp::create(
      b, {groups, getPieces() * kPairs, kRows}, b.getI32Type())};
  if (place == ScalePlace::BlockSums) {
    buffers.push_back(tensor::EmptyOp::create(
        b, {groups, getPieces() * getRuns(), kRows}, b.getF32Type()));
  }
  auto build = [&](OpBuilder &builder, Location loc, ValueRange indices,
                   ValueRange carried) -> scf::ValueVector {
    ImplicitLocOpBuilder n(loc, builder);
    DecodedRows all{carried.front(),
                    carried.size() > 1 ? carried.back() : Value()};
    all = decodePiece(n, weights, indices[0], indices[1], all);
    scf::ValueVector next = {all.pairs};
    if (all.scales)
      next.push_back(all.scales);
    return next;
  };
  Value zero = createIndex(b, 0), one = createIndex(b, 1);
  scf::LoopNest nest =
      scf::buildLoopNest(b, b.getLoc(), {zero, zero},
                         {createIndex(b, groups), createIndex(b, getPieces())},
                         {one, one}, buffers, build);
  return {nest.results.front(),
          nest.results.size() > 1 ? nest.results.back() : Value()};
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// The pairs of all activations.
static Value packPairs(ImplicitLocOpBuilder &b, const Matmul &matmul,
                       PackedRows rows) {
  auto words = VectorType::get(kPairs, b.getI32Type());
  return packGroups(
      b, matmul, kPiece, rows, words,
      [&](ImplicitLocOpBuilder &b, const Chunk &, Value elements) -> Value {
        return vector::BitCastOp::create(b, words, elements);
      });
}

SmallVector<Value> ManyPairs::addPiece(ImplicitLocOpBuilder &b,
                                       const DecodedRows &decoded, Value group,
                                       ArrayRef<Value> tile, Value piece,
                                       ValueRange sums) const {
  bool scales = place == ScalePlace::BlockSums;
  auto read = [&](Value tensor, int64_t each, int64_t i) {
    Value number = b.createOrFold<arith::AddIOp>(
        b.createOrFold<arith::MulIOp>(piece, createIndex(b, each)),
        createIndex(b, i));
    return extractVector(b, kRows, tensor, {group, number, createIndex(b, 0)});
  };
  SmallVector<Value> next(sums);
  for (int64_t begin = 0; begin < kPairs; begin += run / 2) {
    SmallVector<Value> products(next);
    if (scales)
      products = buildZeroSums(b, kRows, int64_t(sums.size()));
    for (int64_t pair = begin; pair < begin + run / 2; ++pair) {
      Value weights = read(decoded.pairs, kPairs, pair);
      for (auto [row, product] : llvm::enumerate(products)) {
        SmallVector<Value> indices(tile);
        indices.append(
            {piece, createIndex(b, int64_t(row)), createIndex(b, pair)});
        Value lhs = broadcastToRows(
            b, tensor::ExtractOp::create(b, activations, indices));
        product = addPairs(b, weights, lhs, product);
      }
    }
    Value scale =
        scales ? read(decoded.scales, getRuns(), 2 * begin / run) : Value();
    for (auto [sum, product] : llvm::zip_equal(next, products))
      sum = scales ? addProduct(b, product, scale, sum) : product;
  }
  return next;
}

SmallVector<Value> ManyPairs::sumGroup(ImplicitLocOpBuilder &b,
                                       const RowsSideBySide &weights,
                                       const DecodedRows &decoded,
                                       ArrayRef<Value> tile,
                                       Value group) const {
  auto loop = scf::ForOp::create(
      b, createIndex(b, 0), createIndex(b, getPieces()), createIndex(b, 1),
      buildZeroSums(b, kRows, rows),
      [&](OpBuilder &builder, Location loc, Value piece, ValueRange sums) {
        ImplicitLocOpBuilder n(loc, builder);
        scf::YieldOp::create(n, addPiece(n, decoded, group, tile, piece, sums));
      });
  return scaleRowSums(b, weights.matmul, weights.getGroup(b, group), place,
                      llvm::to_vector_of<Value>(loop.getResults()));
}

/// The rows of weights of `matmul` that are decoded at once.
static int64_t countColumns(const Matmul &matmul) {
  int64_t rowBytes = 2 * *getConstantIntValue(matmul.sum.size);
  int64_t columns = matmul.tuning.sumColumns;
  while (columns > kRows && (columns * rowBytes > matmul.tuning.pairBytes ||
                             !isMultiple(matmul.getColumns(), columns)))
    columns /= 2;
  return columns;
}

/// The same as buildManyPairs, by weights that are decoded into a buffer.
static Value buildDecodedTiles(ImplicitLocOpBuilder &b, const Matmul &matmul,
                               Value init) {
  int64_t rows = matmul.tuning.getSumRows(matmul.getRows());
  ManyPairs many{matmul,
                 packPairs(b, matmul, {rows, /*areTiles=*/true}),
                 rows,
                 findRowsScalePlace(matmul.rhs.type),
                 countColumns(matmul),
                 std::min(getRowBlock(matmul.rhs.type), kPiece)};
  auto prepare = [&](ImplicitLocOpBuilder &b,
                     const RowsSideBySide &weights) -> GroupTotalsFn {
    DecodedRows decoded = many.decode(b, weights);
    return [&, weights, decoded](ImplicitLocOpBuilder &b, ArrayRef<Value> tile,
                                 Value group) {
      return many.sumGroup(b, weights, decoded, tile, group);
    };
  };
  return buildSumTiles(b, matmul, rows, many.columns, init, prepare);
}

Value quantx::buildManyPairs(ImplicitLocOpBuilder &b, const Matmul &matmul,
                             Value init) {
  return suitsPairTiles(matmul) ? buildPairTiles(b, matmul, init)
                                : buildDecodedTiles(b, matmul, init);
}
