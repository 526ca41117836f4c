//===- TileProduct.h - Products that tile registers compute -----*- C++ -*-===//
//
// Tile registers hold 16 rows of 64 bytes. One instruction multiplies a tile of
// 16 rows of weights by one of 16 rows of activations; pairs of neighbours in a
// row of weights, bf16 both, are beneath each other there:
//
//   weights            activations         sums
//   row 0:  k0 k1 ...  k0, k1 of row 0, k0, k1 of row 1, ...
//   row 1:  k0 k1 ...  k2, k3 of row 0, k2, k3 of row 1, ...
//
// On tensors and buffers alike, such products are one linalg.generic of a form
// that a target with such registers knows again.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_CONVERSION_QUANTXTOVECTOR_TILEPRODUCT_H
#define QUANTX_CONVERSION_QUANTXTOVECTOR_TILEPRODUCT_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace quantx {

/// Adds products of tiles to sums. Operands are sums of several pieces where
/// one bf16 does not hold them: each piece of one is multiplied by each of the
/// other.
///
/// ```
/// sums[b, i, j, m, n] += sum over p, q, t, k of
///     weights[p, t, i, m, k] * activations[b, q, t, j, k div 2, 2 n + k mod 2]
/// ```
struct TileProduct {
  /// The rows of a tile, its columns in f32, and in bf16.
  static constexpr int64_t rows = 16, columns = 16, elements = 32;

  /// pieces x steps x tiles x 16 x 32 of bf16
  mlir::Value weights;
  /// blocks x pieces x steps x tiles x 16 x 32 of bf16
  mlir::Value activations;
  /// blocks x tiles of weights x tiles of activations x 16 x 16 of f32; rows
  /// are those of weights
  mlir::Value sums;

  /// Builds the op that stands for it; on tensors its result is the new sums.
  mlir::linalg::GenericOp build(mlir::ImplicitLocOpBuilder &b) const;

  /// The product that `op` stands for, if that is one.
  static std::optional<TileProduct> match(mlir::linalg::GenericOp op);
};

/// Adds products of tiles of integers, 8 bits each, to sums. Runs of a row have
/// scales; what is summed under one may be summed as integers, exactly: it is
/// less than 2^31 for the at most 2^16 elements of a run.
///
/// ```
/// sums[b, i, j, m, n] += sum over r, s, k of
///     weights[r, s, i, m, k] * activations[b, r, s, j, k div 4, 4 n + k mod 4]
///     * weightScales[r, i, m] * activationScales[b, r, j, n]
/// ```
struct IntegerTileProduct {
  /// The integers in a word: these of a row are beneath each other.
  static constexpr int64_t inWord = 4;

  /// runs x steps x tiles x 16 x E of i8: E integers at once, at most 64
  mlir::Value weights;
  /// blocks x runs x steps x tiles x E / 4 x 64 of i8
  mlir::Value activations;
  /// runs x tiles x 16, and blocks x runs x tiles x 16, of f32
  mlir::Value weightScales, activationScales;
  /// As those of a TileProduct.
  mlir::Value sums;

  /// Builds the op that stands for it; on tensors its result is the new sums.
  mlir::linalg::GenericOp build(mlir::ImplicitLocOpBuilder &b) const;

  /// The product that `op` stands for, if that is one.
  static std::optional<IntegerTileProduct> match(mlir::linalg::GenericOp op);
};

/// The name of the function without arguments that says, as i1, whether tile
/// registers may be used in this process. Code that multiplies by tiles asks it
/// first, and has another form.
inline constexpr llvm::StringLiteral kRequestTiles = "quantx_request_tiles";

/// Declares that function in `module`, if it is not there.
mlir::func::FuncOp declareRequestTiles(mlir::ModuleOp module);

} // namespace quantx

#endif // QUANTX_CONVERSION_QUANTXTOVECTOR_TILEPRODUCT_H
