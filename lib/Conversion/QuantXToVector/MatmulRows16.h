//===- MatmulRows16.h - Weights with rows side by side ----------*- C++ -*-===//
//
// 16 rows of weights are the lanes of vectors, and each lane of a sum is that
// of a row: nothing is added across lanes. Words of codes that do not exist are
// 0 in memory, as activations beyond a row are, so that nothing is read under a
// mask.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULROWS16_H
#define QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULROWS16_H

#include "MatmulTiles.h"
#include <functional>

namespace quantx {

/// A piece of 16 rows: neighbours in each of them, whole words.
struct Piece {
  /// The indices of the batches and of the 16 rows.
  llvm::ArrayRef<mlir::Value> rows;
  /// How many equal pieces come before it, and the elements of each row that
  /// these have: whole blocks, or a part of one.
  mlir::Value number;
  int64_t step;
  /// The elements of each row.
  int64_t size;

  /// How many things of `each` elements come before the piece.
  mlir::Value countBefore(mlir::ImplicitLocOpBuilder &b, int64_t each) const;
  /// The number of the group of `group` elements in which `element` is, and
  /// that of what it belongs to there, of `each` elements. The pieces are whole
  /// groups, or equal parts of one.
  std::pair<mlir::Value, mlir::Value> locate(mlir::ImplicitLocOpBuilder &b,
                                             int64_t element, int64_t group,
                                             int64_t each) const;
};

/// Reads and decodes a piece of 16 rows of weights.
class RowsReader {
public:
  RowsReader(mlir::ImplicitLocOpBuilder &b, const MatmulOperand &weights,
             const Piece &piece, ScalePlace place);

  /// The bytes of the words number `word` of all rows.
  mlir::Value readBytes(mlir::Value word);
  mlir::Value readBytes(int64_t word);
  /// The values of the codes of these words, times their scales if the place
  /// says so: one vector for each code of a word.
  llvm::SmallVector<mlir::Value> readWord(int64_t word);
  /// The same, where the word is in the block of the element `element`.
  llvm::SmallVector<mlir::Value> readWord(mlir::Value word, int64_t element);
  /// What the parameters of the block of the element number `element` do, one
  /// lane for each row.
  BlockFactors getFactors(int64_t element) const;

private:
  llvm::SmallVector<mlir::Value> decodeBytes(mlir::Value bytes);
  llvm::SmallVector<mlir::Value> decodeWords(mlir::Value bytes,
                                             const BlockFactors &lanes);

  mlir::ImplicitLocOpBuilder &b;
  const MatmulOperand &weights;
  ScaledType type;
  Piece piece;
  ScalePlace place;
  int64_t codesInWord;
  /// The elements of a block that the piece has at most, and the factors of all
  /// blocks, those of 16 rows for each.
  int64_t block;
  BlockFactors factors;
};

/// The codes of a row of weights that have 32 bits.
int64_t getCodesInWord(ScaledType type);

/// The elements of a piece, of about `size`.
int64_t getPieceSize(ScaledType type, int64_t size);

/// Where scales are multiplied that are those of rows.
ScalePlace findRowsScalePlace(ScaledType type);

/// Adds the products of the same piece of each of some 16 rows to sums: vectors
/// for all rows of activations, for the first 16 rows, then those for the next.
using PiecesFn = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<Piece> pieces,
    mlir::ValueRange sums)>;

/// The indices of some 16 rows of weights: those of the batches, and the number
/// of the 16 rows.
using RowsIndices = llvm::SmallVector<mlir::Value>;

/// How few rows of activations go by rows of weights: `rows` of them at once,
/// by `streams` times 16 rows of weights, in pieces of `size` elements.
struct RowsPlan {
  int64_t rows, streams, size;
};

/// The plan for `rows` rows of activations, and `streams` where the weights are
/// as many.
RowsPlan planRows(const Matmul &matmul, int64_t rows, int64_t streams = 1);

/// The sums over the 16 rows of `matmul` at each of `all`, which are read at
/// once, by pieces and what is left: as many vectors as rows of activations for
/// the first of them, then those for the next.
llvm::SmallVector<mlir::Value> sumPieces(mlir::ImplicitLocOpBuilder &b,
                                         const Matmul &matmul,
                                         llvm::ArrayRef<RowsIndices> all,
                                         const RowsPlan &plan, PiecesFn add);

/// Makes totals of the sums over the 16 rows of weights at `indices`, one for
/// each row of activations.
using FinishSumsFn = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<mlir::Value> indices,
    llvm::ArrayRef<mlir::Value> sums)>;

/// Adds what `add` gives for pieces, and `finish` makes of the sums, to `init`,
/// of which at most `plan.rows` rows exist.
mlir::Value buildRowsLoop(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul,
                          const RowsPlan &plan, mlir::Value init, PiecesFn add,
                          FinishSumsFn finish);

/// `sums` times what each row of weights has one of: its scale, where `place`
/// says so, and the global one.
llvm::SmallVector<mlir::Value> scaleRowSums(mlir::ImplicitLocOpBuilder &b,
                                            const Matmul &matmul,
                                            llvm::ArrayRef<mlir::Value> indices,
                                            ScalePlace place,
                                            llvm::ArrayRef<mlir::Value> sums);

/// The sums of products of the elements `begin` to `end` of a piece, all in one
/// block, but for scales: a vector for each row of activations.
using BlockSumsFn = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::ImplicitLocOpBuilder &b, RowsReader &reader, int64_t begin,
    int64_t end)>;

/// `sums` and what `sum` gives for each block of `piece`, times its scales
/// where `place` says so.
llvm::SmallVector<mlir::Value> addBlocks(mlir::ImplicitLocOpBuilder &b,
                                         const Matmul &matmul,
                                         const Piece &piece, ScalePlace place,
                                         mlir::ValueRange sums,
                                         BlockSumsFn sum);

/// The activation number `inGroup` of the group `number` of the row `row`, as
/// f32.
using ReadActivationFn = llvm::function_ref<mlir::Value(
    mlir::ImplicitLocOpBuilder &b, mlir::Value number, mlir::Value inGroup,
    int64_t row)>;

/// `sums`, one for each row of activations, and the products of `piece`, in
/// f32. Activations have groups of `group`. Words are unrolled, or with
/// `inLoop` in loops over blocks, with the same bits.
llvm::SmallVector<mlir::Value> addProducts(mlir::ImplicitLocOpBuilder &b,
                                           const Matmul &matmul,
                                           const Piece &piece, ScalePlace place,
                                           mlir::ValueRange sums, int64_t group,
                                           ReadActivationFn read, bool inLoop);

/// Whether `size` is known to be a multiple of `factor`.
bool isMultiple(mlir::OpFoldResult size, int64_t factor);

/// Whether linear weights can be put side by side: their type allows that, and
/// sizes are static, whole groups of rows and lines of bytes.
bool mayBeSideBySide(const Matmul &matmul);

/// Some rows of weights, side by side: a matmul that has them, and the indices
/// of the first 16.
struct RowsSideBySide {
  /// Those of `all` from the row at `first` on; linear ones are copied.
  RowsSideBySide(mlir::ImplicitLocOpBuilder &b, const Matmul &all,
                 llvm::ArrayRef<mlir::Value> first, int64_t numRows);

  Matmul matmul;
  llvm::SmallVector<mlir::Value> indices;

  /// The indices of the 16 rows number `number`.
  llvm::SmallVector<mlir::Value> getGroup(mlir::ImplicitLocOpBuilder &b,
                                          mlir::Value number) const;
};

/// The totals of a tile of rows of activations, whose indices are those of the
/// batches and its own, by the 16 rows of weights number `group`: a vector for
/// each row.
using GroupTotalsFn = std::function<llvm::SmallVector<mlir::Value>(
    mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<mlir::Value> tile,
    mlir::Value group)>;

/// Adds what `prepare` gives for `columns` rows of weights at a time, 16 or
/// more, to `init`: products of all rows of activations, in tiles of `rows`.
/// Threads get columns.
mlir::Value
buildSumTiles(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul, int64_t rows,
              int64_t columns, mlir::Value init,
              llvm::function_ref<GroupTotalsFn(mlir::ImplicitLocOpBuilder &b,
                                               const RowsSideBySide &weights)>
                  prepare);

/// Whether many rows of activations may go in such tiles: the target has some,
/// K is static, and the weights are side by side or suit being put so.
bool mayHaveSumTiles(const Matmul &matmul);

/// The rows of weights that a tile goes by before the next one does.
int64_t countSumColumns(const Matmul &matmul);

/// `sums`, one for each row of the tile of activations at `tile`, and the
/// products of a piece of the weights of `weights`.
using AddPieceFn = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::ImplicitLocOpBuilder &b, const Matmul &weights,
    llvm::ArrayRef<mlir::Value> tile, const Piece &piece,
    mlir::ValueRange sums)>;

/// The same of tiles of `rows` whose products `add` adds, piece by piece.
mlir::Value buildPieceTiles(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul,
                            int64_t rows, mlir::Value init, AddPieceFn add);

/// `scalar` in the lanes of 16 rows.
mlir::Value broadcastToRows(mlir::ImplicitLocOpBuilder &b, mlir::Value scalar);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULROWS16_H
