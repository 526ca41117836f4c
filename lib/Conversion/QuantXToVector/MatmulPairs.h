//===- MatmulPairs.h - Codes and floats as pairs of bf16 --------*- C++ -*-===//
//
// bf16 holds what codes stand for, less their zero points. Activations that it
// does not hold are two of it, rounded to nearest: together they are within
// 2^-18 of the value.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULPAIRS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULPAIRS_H

#include "MatmulLanes.h"

namespace quantx {

/// Whether few rows of floats are multiplied by weights as pairs, but for the
/// places of blocks: codes have a form, scales multiply sums, and what pieces
/// lose is small beside the rounding of the sum.
bool havePairs(const Matmul &matmul);

/// The pieces of an activation.
int64_t countPieces(const Matmul &matmul);

/// The elements in 64 bytes of codes as vectors of pairs: in each of 16 lanes
/// of the part number i, the element number i of a lane and the one half a lane
/// behind.
llvm::SmallVector<int64_t> getPairOrder(ScaledType weights);

/// 64 bytes of codes as such vectors, i32, less `zeroPoints`, i8 in all bytes,
/// if there are any.
llvm::SmallVector<mlir::Value> decodePairs(mlir::ImplicitLocOpBuilder &b,
                                           ScaledType type, mlir::Value bytes,
                                           mlir::Value zeroPoints);

/// The pieces of `elements`, activations: vectors of bf16, the smallest first,
/// for small products to be added first.
llvm::SmallVector<mlir::Value> splitIntoPieces(mlir::ImplicitLocOpBuilder &b,
                                               mlir::Value elements);

/// A piece as the words that `order` makes of it.
mlir::Value orderPairs(mlir::ImplicitLocOpBuilder &b, mlir::Value piece,
                       llvm::ArrayRef<int64_t> order);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULPAIRS_H
