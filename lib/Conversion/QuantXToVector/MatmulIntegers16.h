//===- MatmulIntegers16.h - Integers by weights side by side ----*- C++ -*-===//
//
// Four products of bytes at once, whose sums are exact: in each lane, four
// codes of a row of weights by four integers of the activations. One side of
// such products has no sign, so that weights have an offset; the activations'
// sum, times that, is where the integers begin. What blocks have is multiplied
// after.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULINTEGERS16_H
#define QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULINTEGERS16_H

#include "MatmulIntegers.h"
#include "MatmulRows16.h"

namespace quantx {

/// The activations that are packed at once.
inline constexpr int64_t kIntegerGroup = 64;
/// The integers in an operand of a dot product.
inline constexpr int64_t kDotCodes = 4;

/// Whether groups are whole blocks of `type`, or within one.
bool suitsIntegerGroups(ScaledType type);

/// How codes become integers.
struct IntegerForm {
  /// For `rows` rows of activations at once: by the blocks of `rhs`, and of
  /// `lhs` where activations are scaled.
  IntegerForm(const Matmul &matmul, int64_t rows, int64_t terms = 1);

  ScaledType lhs, rhs;
  RowsPlan plan;
  IntegerCodes codes;
  /// The bytes of an activation, the highest first: what it counts is theirs
  /// together. With several, weights are less their zero point as they are
  /// multiplied.
  int64_t terms;
  /// The elements whose products have one sum of integers, within a piece.
  int64_t run;
  /// What a product of integers counts, but for scales.
  double unit;
  /// What weights as they are multiplied have more than they count.
  int64_t offset;

  bool hasRowScale() const {
    return lhs && lhs.isWholeDimension(lhs.getBlockRank() - 1);
  }
  int64_t getRunsInGroup() const { return kIntegerGroup / run; }
  bool subtractsZeroPoints() const { return terms > 1 && rhs.hasZeroPoint(); }

  /// Where a group of activations has what integers of weights, those of a word
  /// of each row, are multiplied by.
  llvm::SmallVector<int64_t> getOrder() const;

  /// The bytes `codes` of a group as operands of dot products, words.
  mlir::Value orderWords(mlir::ImplicitLocOpBuilder &b,
                         mlir::Value codes) const;
  /// The sums of the runs of a group of bytes, i32, times `factor`.
  mlir::Value sumRuns(mlir::ImplicitLocOpBuilder &b, mlir::Value codes,
                      int64_t factor) const;
};

/// What groups of activations have: tensors as packGroups gives, of some of
/// each for each term.
struct PackedIntegers {
  /// Operands of dot products, as words.
  mlir::Value words;
  /// For each run, the sum of its codes, where weights keep their zero points,
  /// and what integers begin with for it, where that is not 0.
  mlir::Value sums, offsets;
  /// For each run, its scale; the same for all terms.
  mlir::Value scales;
};

/// The codes of scaled activations.
PackedIntegers packCodes(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul,
                         const IntegerForm &form, PackedRows rows);

/// The products of the rows of activations at `batch`, the indices of the
/// batches, and of the tile if they are one, with the 16 rows of weights at
/// `indices`: a vector for each row.
llvm::SmallVector<mlir::Value>
sumIntegerRows(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul,
               const IntegerForm &form, const PackedIntegers &activations,
               llvm::ArrayRef<mlir::Value> batch,
               llvm::ArrayRef<mlir::Value> indices);

/// Adds the products of the rows of `activations` to `init`; to sums that have
/// no scales of rows yet, `addMore` may add.
mlir::Value buildIntegerRows(mlir::ImplicitLocOpBuilder &b,
                             const Matmul &matmul, const IntegerForm &form,
                             const PackedIntegers &activations,
                             mlir::Value init, FinishSumsFn addMore = nullptr);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULINTEGERS16_H
