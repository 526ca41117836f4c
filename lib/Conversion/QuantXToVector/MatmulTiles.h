//===- MatmulTiles.h - Tiles of the results of a matmul ---------*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULTILES_H
#define QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULTILES_H

#include "MatmulOperands.h"

namespace quantx {

/// How many rows of activations go by a block of weights.
struct MatmulBlock {
  /// The rows of weights, and the elements of each, that are decoded at once,
  /// into a buffer that stays in the second cache.
  int64_t columns, elements;
  /// The elements that are multiplied at once: the activations of a tile stay
  /// in the first cache for all weights of the block.
  int64_t tileElements;
};

/// What the form of a matmul is chosen by: sizes that suit the registers and
/// caches of a CPU with 32 vector registers of 512 bits.
struct MatmulTuning {
  /// The lanes of a sum.
  int64_t lanes = 16;
  /// The groups of a chunk at most: more of them decode more scales together,
  /// in longer code.
  int64_t groups = 1;
  /// With no more rows of activations than this, weights are decoded where they
  /// are multiplied; with more, into a buffer or for tiles of rows.
  int64_t fewRows = 8;
  /// The same by linear weights that are pairs of bf16 or integers of 8 bits:
  /// more are faster in tiles.
  int64_t fewPairRows = 6;
  int64_t fewByteRows = 3;
  /// The rows of weights (1, 2 or 4) that are multiplied at once by `rows` of
  /// activations, if few. One row of activations is read as fast for each row
  /// of weights; and these are then one stream, which CPUs prefetch best.
  int64_t getColumns(int64_t rows) const {
    return rows == 1 ? 1 : rows <= 4 ? 4 : 2;
  }

  /// The same where weights are pairs of bf16, which take more registers.
  int64_t getPairColumns(int64_t rows) const { return rows == 1 ? 1 : 2; }
  /// Two pieces of an activation are as many products as f32 has: with more
  /// rows than this, what it takes to decode no longer matters.
  int64_t twoPieceRows = 2;

  /// How many 16 rows of weights side by side are multiplied at once where a
  /// line of them takes `products` dot products of bytes. Few of these wait for
  /// memory, which is read faster as several streams; and each activation is
  /// read once for all. With more, one stream that is prefetched far ahead
  /// keeps up.
  int64_t rowStreams = 1;
  int64_t getRowStreams(int64_t products) const {
    return products <= 4 ? rowStreams : 1;
  }
  /// The elements of each of these rows that the body of a loop multiplies by
  /// `rows` of activations. Long ones prefetch many lines at once, and wait for
  /// that where little else is done.
  int64_t getPieceSize(int64_t rows, int64_t streams) const {
    return streams > 1 || rows > fewRows ? 32 : rows == 1 ? 128 : 64;
  }

  /// Whether the target converts f16 by instructions.
  bool hasHalfFloats = false;
  /// Whether the target multiplies bytes as integers.
  bool hasByteDots = false;
  /// Whether the target multiplies pairs of bf16, faster than f32.
  bool hasPairDots = false;
  /// With many rows by weights side by side: as many have their sums by 16 rows
  /// of weights in registers; 0 where that has no use. They go by `sumColumns`
  /// rows of weights before others do, if N is a multiple: the activations stay
  /// in the first cache for them.
  int64_t sumRows = 0;
  int64_t sumColumns = 64;
  /// The rows of a tile of `rows`: as many, or fewer that leave the least of
  /// the last tile empty.
  int64_t getSumRows(mlir::OpFoldResult rows) const;
  /// The bytes of pairs of weights that stay in the second cache.
  int64_t pairBytes = 512 * 1024;
  /// The sums of integers of floats that are bytes, in registers: those of all
  /// terms of all rows of activations.
  int64_t termRows = 12;

  /// With many rows: as many rows of activations and of weights (4) have their
  /// sums in registers.
  int64_t getTileRows(mlir::OpFoldResult rows) const;
  int64_t tileColumns = 4;
  MatmulBlock getBlock(mlir::OpFoldResult rows) const;

  /// With this many rows or more, tile registers multiply, where the target has
  /// them.
  static constexpr int64_t never = std::numeric_limits<int64_t>::max();
  int64_t tileProductRows = never;
  /// The rows of activations, and those of weights, whose products are summed
  /// at once, in the second cache.
  int64_t tileBlock = 512;
  /// The elements of a row of weights that are decoded at once: those of some
  /// rows stay in the first cache, and so do activations.
  int64_t tileSlice = 256;
};

/// A matmul: init + lhs * transpose of rhs.
struct Matmul {
  MatmulOperand lhs, rhs;
  /// Those of the result: batches, rows and columns.
  llvm::SmallVector<mlir::OpFoldResult> sizes;
  ChunkedSum sum;
  MatmulTuning tuning;

  mlir::OpFoldResult getRows() const { return sizes[sizes.size() - 2]; }
  mlir::OpFoldResult getColumns() const { return sizes.back(); }

  /// Whether tile registers are for so many rows of activations, or may be
  /// where the number is dynamic.
  bool mayBeTileProducts() const;
};

/// All results, for at most `rows` rows of activations, of which each weight is
/// decoded once.
mlir::Value buildFewRows(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul,
                         int64_t rows, mlir::Value init);

/// The same by weights with `packing rows16`, whose sizes are static.
mlir::Value buildFewRows16(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul,
                           int64_t rows, mlir::Value init);

/// Whether few rows of integers `lhs` are multiplied by weights `rhs` as such.
bool suitsFewIntegers(const Matmul &matmul);

/// The same as buildFewRows where these suit, by dot products of bytes.
mlir::Value buildFewIntegers(mlir::ImplicitLocOpBuilder &b,
                             const Matmul &matmul, int64_t rows,
                             mlir::Value init);

/// Whether `rows` rows of floats have a form by dot products of pairs of bf16:
/// this holds what codes stand for, and what it loses of f32 is small beside
/// the rounding of the sum.
bool suitsFewPairs(const Matmul &matmul, int64_t rows);

/// The same where these suit, by dot products of pairs.
mlir::Value buildFewPairs(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul,
                          int64_t rows, mlir::Value init);

/// Whether integers `lhs` are multiplied by weights `rhs` with rows side by
/// side as such.
bool suitsIntegers16(ScaledType lhs, ScaledType rhs);

/// The same where these suit, by dot products of bytes.
mlir::Value buildIntegers16(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul,
                            int64_t rows, mlir::Value init);

/// Whether integers `lhs` have a form for many rows by dot products of bytes:
/// K is static, and weights are side by side or suit being put so, 16 rows at a
/// time.
bool suitsManyIntegers(const Matmul &matmul);

/// The same as buildManyRows where these suit.
mlir::Value buildManyIntegers(mlir::ImplicitLocOpBuilder &b,
                              const Matmul &matmul, mlir::Value init);

/// Whether many rows of bf16 have a form by dot products of pairs: K is static,
/// bf16 holds what codes stand for, and the weights are side by side or suit
/// being put so.
bool suitsManyPairs(const Matmul &matmul);

/// The same as buildManyRows where these suit.
mlir::Value buildManyPairs(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul,
                           mlir::Value init);

/// Whether `rows` rows of floats are multiplied by weights with rows side by
/// side as sums of bytes: the weights are integers, and K is large enough for
/// what that loses.
bool suitsTerms16(const Matmul &matmul, int64_t rows);

/// The same as buildFewRows16 where these suit, by dot products of bytes.
mlir::Value buildTerms16(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul,
                         int64_t rows, mlir::Value init);

/// Whether `rows` rows of bf16 are multiplied by weights with rows side by side
/// as pairs, rather than as sums of bytes.
bool suitsPairs16(const Matmul &matmul, int64_t rows);

/// The same as buildFewRows16 where these suit, by dot products of pairs.
mlir::Value buildPairs16(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul,
                         int64_t rows, mlir::Value init);

/// Whether the weights, with rows side by side, are decoded into pairs of bf16
/// in registers, exactly, and activations are bf16.
bool suitsPairTiles(const Matmul &matmul);

/// The same as buildManyRows where these suit, and `suitsManyPairs`.
mlir::Value buildPairTiles(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul,
                           mlir::Value init);

/// Whether many rows of anything have a form by f32: K is static, decoding
/// weights for each tile takes little, and they are side by side or suit being
/// put so.
bool suitsFloatTiles(const Matmul &matmul);

/// The same as buildManyRows where these suit.
mlir::Value buildFloatTiles(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul,
                            mlir::Value init);

/// All results, for many rows of activations.
mlir::Value buildManyRows(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul,
                          mlir::Value init);

//===----------------------------------------------------------------------===//
// Parts of both
//===----------------------------------------------------------------------===//

/// A loop from `lower` to `upper` that carries a tensor.
mlir::Value
buildLoop(mlir::ImplicitLocOpBuilder &b, mlir::Value lower, mlir::Value upper,
          int64_t step, mlir::Value init,
          llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &b,
                                         mlir::Value i, mlir::Value tensor)>
              body);

/// Vectors of zeros, to add products to.
llvm::SmallVector<mlir::Value> buildZeroSums(mlir::ImplicitLocOpBuilder &b,
                                             int64_t lanes, int64_t count);

/// sum + lhs * rhs, in one rounding where the target has that.
mlir::Value addProduct(mlir::ImplicitLocOpBuilder &b, mlir::Value lhs,
                       mlir::Value rhs, mlir::Value sum);

/// A place in a tensor of results.
struct ResultRow {
  mlir::Value tensor;
  /// The number of the row and of its first column.
  mlir::Value row, column;
  /// The rows and columns of the tensor that exist; null where `row`, or all
  /// columns written, do anyway.
  mlir::Value numRows, numColumns;
};

/// Adds `totals`, a vector for each row, to the results from `place` on: the
/// new tensor.
mlir::Value addRows(mlir::ImplicitLocOpBuilder &b, ResultRow place,
                    mlir::ArrayRef<mlir::Value> totals);

/// The totals of the lanes of `sums`, in vectors of `columns` (1, 2 or 4).
llvm::SmallVector<mlir::Value> sumLanes(mlir::ImplicitLocOpBuilder &b,
                                        mlir::ArrayRef<mlir::Value> sums,
                                        int64_t columns);

/// Gives `slice`, the results of all rows in `numColumns` columns, with what is
/// added to it. `indices` are those of the batches and of the first column.
using FillSliceFn = llvm::function_ref<mlir::Value(
    mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<mlir::Value> indices,
    mlir::Value slice, mlir::OpFoldResult numColumns)>;

/// `init` with each slice of `columns` columns, or of those that are left, as
/// `fill` gives it. Threads get columns.
mlir::Value buildColumnSlices(mlir::ImplicitLocOpBuilder &b,
                              const Matmul &matmul, int64_t columns,
                              mlir::Value init, FillSliceFn fill);

/// The totals of some columns of results, a vector for each row. `indices` are
/// those of the batches and of the first column.
using ColumnsFn = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<mlir::Value> indices)>;

/// Adds what `sum` gives for `columns` columns at a time, and at most `rows`
/// rows, to `init`. Threads get columns.
mlir::Value buildColumnsLoop(mlir::ImplicitLocOpBuilder &b,
                             const Matmul &matmul, int64_t columns,
                             int64_t rows, mlir::Value init, ColumnsFn sum);

/// The numbers of `count` rows of weights from `first` on; where fewer are
/// left, the last one again.
llvm::SmallVector<mlir::Value> locateColumns(mlir::ImplicitLocOpBuilder &b,
                                             const Matmul &matmul,
                                             mlir::Value first, int64_t count);

/// `sums` and what `add` adds for each chunk, of `count` elements or all.
using AddChunkFn = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::ImplicitLocOpBuilder &b, mlir::Value chunk, mlir::Value count,
    mlir::ValueRange sums)>;
llvm::SmallVector<mlir::Value> sumChunks(mlir::ImplicitLocOpBuilder &b,
                                         const ChunkedSum &sum,
                                         mlir::ValueRange sums, AddChunkFn add);

/// min(`size`, `end` - `begin`); `size` where `end` is a multiple of it.
mlir::OpFoldResult limitSize(mlir::ImplicitLocOpBuilder &b, int64_t size,
                             mlir::OpFoldResult end, mlir::Value begin);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULTILES_H
