//===- MatmulPairs16.cpp - Rows of bf16 by weights side by side -----------===//
//
// As in MatmulFewRows16.cpp, by dot products of pairs of bf16: lanes are rows
// of weights, each with two neighbours of it, and one word has those of
// activations for all.
//
//===----------------------------------------------------------------------===//

#include "MatmulIntegers16.h"
#include "MatmulPairs.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;

/// The activations that are packed at once.
static constexpr int64_t kGroup = kIntegerGroup;

bool quantx::suitsPairTiles(const Matmul &matmul) {
  return havePairs(matmul) && countPieces(matmul) == 1 &&
         suitsIntegerGroups(matmul.rhs.type);
}

// One row of bytes is decoded with less work, but what blocks have is
// multiplied with more: that counts in short ones. One row by codes of 8 bits
// waits for memory, and is faster as f32 there.
bool quantx::suitsPairs16(const Matmul &matmul, int64_t rows) {
  constexpr int64_t leastBlock = 32;
  ScaledType rhs = matmul.rhs.type;
  if (!suitsPairTiles(matmul))
    return false;
  if (rows > 1)
    return true;
  return rhs.getStorageBits() == 4 &&
         (getRowBlock(rhs) < leastBlock || !matmul.tuning.hasByteDots ||
          !suitsTerms16(matmul, rows));
}

namespace {

/// Rows of activations by pieces of 16 rows of weights.
struct PairTile16 {
  const Matmul &matmul;
  /// Batches x groups x rows x the pairs of a group, i32.
  Value activations;
  ScalePlace place;
  int64_t rows;
  ArrayRef<Value> batch;

  /// `sums` and the products of `piece`.
  SmallVector<Value> addPiece(ImplicitLocOpBuilder &b, const Piece &piece,
                              ValueRange sums) const;

private:
  /// The sums of the products of the elements `begin` to `end`.
  SmallVector<Value> sumBlock(ImplicitLocOpBuilder &b, const Piece &piece,
                              RowsReader &reader, int64_t begin,
                              int64_t end) const;
  /// The pair of activations whose place in its group is that of `element`, in
  /// all lanes.
  Value readPair(ImplicitLocOpBuilder &b, const Piece &piece, int64_t element,
                 int64_t row) const;
};

} // namespace

/// The elements of a group of activations as pairs, those of a word of codes
/// behind one another.
static SmallVector<int64_t> getOrder(ScaledType weights) {
  int64_t codes = getCodesInWord(weights), half = codes / 2;
  SmallVector<int64_t> order;
  for (int64_t first = 0; first < kGroup; first += codes)
    for (int64_t i = 0; i < half; ++i)
      order.append({first + i, first + i + half});
  return order;
}

/// The zero points of 16 rows in all bytes of their words; null if there are
/// none.
static Value spreadZeroPoints(ImplicitLocOpBuilder &b, Value zeroPoints) {
  if (!zeroPoints)
    return {};
  Value bytes = ElementwiseBuilder(b, b.getLoc()).trunc(zeroPoints, 8);
  SmallVector<int64_t> lanes;
  for (int64_t row = 0; row < kSumLanes; ++row)
    lanes.append(kGroupBytes / kSumLanes, row);
  return vector::ShuffleOp::create(b, bytes, bytes, lanes);
}

Value PairTile16::readPair(ImplicitLocOpBuilder &b, const Piece &piece,
                           int64_t element, int64_t row) const {
  auto [group, place] = piece.locate(b, element, kGroup, /*each=*/2);
  SmallVector<Value> indices(batch);
  indices.append({group, createIndex(b, row), place});
  return broadcastToRows(b, tensor::ExtractOp::create(b, activations, indices));
}

// Sums of blocks are independent. Where rows have one scale, a single row of
// activations has several sums, for one not to wait for the one before.
SmallVector<Value> PairTile16::sumBlock(ImplicitLocOpBuilder &b,
                                        const Piece &piece, RowsReader &reader,
                                        int64_t begin, int64_t end) const {
  int64_t numChains = rows == 1 && place != ScalePlace::BlockSums ? 4 : 1;
  int64_t codesInWord = getCodesInWord(matmul.rhs.type);
  SmallVector<Value> sums = buildZeroSums(b, kSumLanes, rows * numChains);
  Value zeroPoints = spreadZeroPoints(b, reader.getFactors(begin).zeroPoint);
  for (int64_t first = begin; first < end; first += codesInWord) {
    SmallVector<Value> weights = decodePairs(
        b, matmul.rhs.type, reader.readBytes(first / codesInWord), zeroPoints);
    for (auto [i, operand] : llvm::enumerate(weights)) {
      for (int64_t row = 0; row < rows; ++row) {
        Value &sum = sums[row * numChains + int64_t(i) % numChains];
        sum = addPairs(b, operand,
                       readPair(b, piece, first + 2 * int64_t(i), row), sum);
      }
    }
  }
  for (int64_t i = 1; i < numChains; ++i)
    sums[0] = arith::AddFOp::create(b, sums[0], sums[i]);
  sums.resize(rows);
  return sums;
}

SmallVector<Value> PairTile16::addPiece(ImplicitLocOpBuilder &b,
                                        const Piece &piece,
                                        ValueRange sums) const {
  return addBlocks(
      b, matmul, piece, place, sums,
      [&](ImplicitLocOpBuilder &b, RowsReader &reader, int64_t begin,
          int64_t end) { return sumBlock(b, piece, reader, begin, end); });
}

/// The pairs of all activations.
static Value packPairs(ImplicitLocOpBuilder &b, const Matmul &matmul,
                       PackedRows rows) {
  return packGroups(
      b, matmul, kGroup, rows, VectorType::get(kGroup / 2, b.getI32Type()),
      [&](ImplicitLocOpBuilder &b, const Chunk &, Value elements) {
        return orderPairs(b, elements, getOrder(matmul.rhs.type));
      });
}

Value quantx::buildPairTiles(ImplicitLocOpBuilder &b, const Matmul &matmul,
                             Value init) {
  int64_t rows = matmul.tuning.getSumRows(matmul.getRows());
  Value activations = packPairs(b, matmul, {rows, /*areTiles=*/true});
  ScalePlace place = findRowsScalePlace(matmul.rhs.type);
  auto add = [&](ImplicitLocOpBuilder &b, const Matmul &weights,
                 ArrayRef<Value> tile, const Piece &piece, ValueRange sums) {
    return PairTile16{weights, activations, place, rows, tile}.addPiece(
        b, piece, sums);
  };
  return buildPieceTiles(b, matmul, rows, init, add);
}

Value quantx::buildPairs16(ImplicitLocOpBuilder &b, const Matmul &matmul,
                           int64_t rows, Value init) {
  Value activations = packPairs(b, matmul, {rows});
  ScalePlace place = findRowsScalePlace(matmul.rhs.type);
  auto add = [&](ImplicitLocOpBuilder &b, ArrayRef<Piece> pieces,
                 ValueRange sums) {
    const Piece &piece = pieces.front();
    PairTile16 tile{matmul, activations, place, rows, piece.rows.drop_back()};
    return tile.addPiece(b, piece, sums);
  };
  auto finish = [&](ImplicitLocOpBuilder &b, ArrayRef<Value> indices,
                    ArrayRef<Value> sums) {
    return scaleRowSums(b, matmul, indices, place, sums);
  };
  return buildRowsLoop(b, matmul, planRows(matmul, rows), init, add, finish);
}
