//===- MatmulIntegers.h - Codes that are multiplied as integers -*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULINTEGERS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULINTEGERS_H

#include "MatmulTiles.h"

namespace quantx {

/// How the codes of weights become integers of 8 bits.
struct IntegerCodes {
  explicit IntegerCodes(ScaledType type);

  ScaledType type;
  /// What integers without sign have more than they count, and what they count:
  /// twice an E2M1 value is one.
  int64_t offset;
  double unit;

  /// The integers without sign of the codes in `bytes`: those of 8 bits; or of
  /// the low halves of all bytes, then those of the high halves.
  llvm::SmallVector<mlir::Value> getUnsigned(mlir::ImplicitLocOpBuilder &b,
                                             mlir::Value bytes) const;
  /// The same with sign, minus `zeroPoint`, i8 in all lanes, if that is given.
  llvm::SmallVector<mlir::Value> getSigned(mlir::ImplicitLocOpBuilder &b,
                                           mlir::Value bytes,
                                           mlir::Value zeroPoint) const;
};

/// Whether sums of products of the codes of weights are those of integers of 8
/// bits, which scales may multiply.
bool haveIntegers(ScaledType weights);

/// Whether products of the codes of `lhs`, activations, and `rhs`, weights, are
/// those of integers, which scales may multiply.
bool suitIntegers(ScaledType lhs, ScaledType rhs);

/// `sums` plus, in each lane, four products of bytes: `lhs` without sign, `rhs`
/// with it. quantx-expand-byte-dots knows it by this form.
mlir::Value addDot(mlir::ImplicitLocOpBuilder &b, mlir::Value lhs,
                   mlir::Value rhs, mlir::Value sums);

/// `sums` plus, in each lane, two products of bf16, of which words hold two.
/// quantx-expand-bf16-dots knows it by this form.
mlir::Value addPairs(mlir::ImplicitLocOpBuilder &b, mlir::Value lhs,
                     mlir::Value rhs, mlir::Value sums);

/// The factors of the blocks of `chunk`; zeros for those that are not there.
BlockFactors readPresentFactors(mlir::ImplicitLocOpBuilder &b, ScaledType type,
                                mlir::ValueRange parameters,
                                const Chunk &chunk);

/// The rows of activations that are multiplied together; `areTiles` if there
/// may be more of these.
struct PackedRows {
  int64_t count;
  bool areTiles = false;
};

/// Tensors, batches (x tiles, if rows are tiles) x groups x rows x the size of
/// a vector of `types`, of what `compute` makes of the elements of each group
/// of `group` activations: those of a plain type, or codes. They are 0 where
/// there are none.
llvm::SmallVector<mlir::Value>
packGroups(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul, int64_t group,
           PackedRows rows, llvm::ArrayRef<mlir::VectorType> types,
           llvm::function_ref<llvm::SmallVector<mlir::Value>(
               mlir::ImplicitLocOpBuilder &b, const Chunk &group,
               mlir::Value elements)>
               compute);

/// The same of one vector, as one tensor.
mlir::Value packGroups(
    mlir::ImplicitLocOpBuilder &b, const Matmul &matmul, int64_t group,
    PackedRows rows, mlir::VectorType type,
    llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &b,
                                   const Chunk &group, mlir::Value elements)>
        compute);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULINTEGERS_H
