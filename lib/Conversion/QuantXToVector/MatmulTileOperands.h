//===- MatmulTileOperands.h - Rows of a matmul in tiles ---------*- C++ -*-===//
//
// The operands of a TileProduct: bf16 in steps of 32 elements, in an order that
// both have. Values that bf16 does not hold exactly are sums of pieces that it
// holds.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULTILEOPERANDS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULTILEOPERANDS_H

#include "MatmulTiles.h"
#include "quantx/Conversion/QuantXToVector/TileProduct.h"

namespace quantx {

/// How tiles hold the values of both operands.
struct TileForm {
  /// The pieces of a value of each.
  int64_t weightPieces, activationPieces;
  /// What is multiplied by the scales of weights, but a global scale if
  /// `globalOnSums`: that multiplies the sums.
  ScalePlace place;
  bool globalOnSums;
  /// The tiles of weights, and of activations, that are multiplied at once.
  int64_t weightTiles, activationTiles;
  /// The groups of a slice of K: what is multiplied before other weights are
  /// decoded.
  int64_t groups;

  /// The form of `matmul`; none where tiles do not suit it.
  static std::optional<TileForm> find(const Matmul &matmul);

  /// Whether infinite activations would not give infinities: of several pieces
  /// of a weight one is 0 maybe.
  bool needsFinite() const { return weightPieces > 1; }

  int64_t getWeightRows() const { return weightTiles * TileProduct::rows; }
  int64_t getActivationRows() const {
    return activationTiles * TileProduct::columns;
  }
};

/// The steps of a group.
int64_t getStepsInGroup(const ChunkOrder &order);

/// The pieces of the elements of a step, from two parts: a vector of bf16 for
/// each piece, the smallest first. Neighbours are of one lane each.
llvm::SmallVector<mlir::Value> buildPieces(mlir::ImplicitLocOpBuilder &b,
                                           mlir::Value even, mlir::Value odd,
                                           int64_t count);

/// `rows`, 16 vectors of 16 lanes, with rows and lanes exchanged.
llvm::SmallVector<mlir::Value> transposeRows(mlir::ImplicitLocOpBuilder &b,
                                             mlir::ArrayRef<mlir::Value> rows);

/// Whether all activations of `matmul` are finite, as i1.
mlir::Value buildAreFinite(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul);

/// All activations of `matmul` in tiles: batches x slices x blocks of rows x
/// pieces x steps x tiles x 16 x 32. What is beyond their rows is anything.
mlir::Value packActivationTiles(mlir::ImplicitLocOpBuilder &b,
                                const Matmul &matmul, const TileForm &form);

/// Rows of weights, which are decoded.
struct WeightRows {
  const Matmul &matmul;
  const TileForm &form;
  mlir::ValueRange batch;
  /// The number of the first.
  mlir::Value first;

  WeightRows(const Matmul &matmul, const TileForm &form, mlir::ValueRange batch,
             mlir::Value first);

  /// Decodes the groups number `begin` to `end` of `form.getWeightRows()` rows
  /// into `tiles`: pieces x steps x tiles x 16 x 32. Rows beyond the last one
  /// repeat it.
  mlir::Value decode(mlir::ImplicitLocOpBuilder &b, mlir::Value begin,
                     mlir::Value end, mlir::Value tiles) const;

  /// Whether sums are multiplied by factors.
  bool hasFactors() const;
  /// The factor of the row number `row`, a scalar.
  mlir::Value readFactor(mlir::ImplicitLocOpBuilder &b, mlir::Value row) const;

private:
  /// Where the row number `row` is, or the last one.
  llvm::SmallVector<mlir::Value> findRow(mlir::ImplicitLocOpBuilder &b,
                                         mlir::Value row) const;
  /// Prefetches the codes of `group` of the row number `row` of the next rows.
  void prefetchNext(mlir::ImplicitLocOpBuilder &b, mlir::Value row,
                    mlir::Value group) const;
  mlir::Value decodeGroup(mlir::ImplicitLocOpBuilder &b, mlir::Value row,
                          mlir::Value group, mlir::Value begin,
                          mlir::Value count, mlir::Value tiles) const;

  /// Without the global scale, if that multiplies sums.
  MatmulOperand weights;
};

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULTILEOPERANDS_H
