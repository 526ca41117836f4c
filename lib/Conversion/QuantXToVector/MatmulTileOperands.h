//===- MatmulTileOperands.h - Operands of products of tiles -----*- C++ -*-===//
//
// What a matmul multiplies by tile registers, and how: in floats or in
// integers.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULTILEOPERANDS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULTILEOPERANDS_H

#include "MatmulTiles.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "quantx/Conversion/QuantXToVector/TileProduct.h"
#include <memory>

namespace quantx {

/// A slice of K of a panel, some rows of weights, and of a block of rows of
/// activations.
struct TileSlice {
  mlir::ValueRange batch;
  /// The number of the slice, and its chunks of the sum: `begin` to `end`.
  mlir::Value number, begin, end;
  /// The number of the first row of weights.
  mlir::Value firstColumn;
  /// The first of the activations, in what is multiplied at once, and how many
  /// of these there are.
  mlir::Value firstBlock;
  mlir::OpFoldResult numBlocks;

  /// The chunks times `each`: those of the last slice may be less.
  mlir::OpFoldResult countIn(mlir::ImplicitLocOpBuilder &b, int64_t each) const;
};

/// Both operands of a matmul, as tiles.
class TileOperands {
public:
  TileOperands(const Matmul &matmul) : matmul(matmul) {}
  virtual ~TileOperands() = default;

  /// Those of `matmul`; null where tiles do not suit it.
  static std::unique_ptr<TileOperands> find(mlir::ImplicitLocOpBuilder &b,
                                            const Matmul &matmul);

  /// Whether infinite activations would not give infinities.
  virtual bool needsFinite() const { return false; }
  /// Puts all activations into tiles: before anything is multiplied.
  virtual void packActivations(mlir::ImplicitLocOpBuilder &b) = 0;
  /// Buffers that a slice of weights is decoded into.
  virtual llvm::SmallVector<mlir::Value>
  createBuffers(mlir::ImplicitLocOpBuilder &b) const = 0;
  /// Decodes weights into `buffers`, which become those after that, and gives
  /// `sums` (blocks x tiles of weights x tiles of activations x 16 x 16) and
  /// the products.
  virtual mlir::Value addProducts(mlir::ImplicitLocOpBuilder &b,
                                  const TileSlice &slice,
                                  llvm::MutableArrayRef<mlir::Value> buffers,
                                  mlir::Value sums) const = 0;
  /// Whether sums are multiplied by factors of the rows of weights, and that of
  /// the row number `column`, a scalar.
  virtual bool hasFactors() const { return false; }
  virtual mlir::Value readFactor(mlir::ImplicitLocOpBuilder &b,
                                 mlir::ValueRange batch,
                                 mlir::Value column) const {
    return {};
  }

  const Matmul &getMatmul() const { return matmul; }
  int64_t getWeightRows() const { return weightTiles * TileProduct::rows; }
  int64_t getActivationRows() const {
    return activationTiles * TileProduct::columns;
  }

  /// The tiles of weights, and of activations, that are multiplied at once.
  int64_t weightTiles = 2, activationTiles = 2;
  /// The chunks of a slice: what is multiplied before other weights are
  /// decoded.
  int64_t groups = 1;

protected:
  /// A loop over the batches, tiles of rows of activations, and chunks of the
  /// sum, that makes the tensor `all`; what follows is inserted in it.
  mlir::scf::ForallOp createPackingLoop(mlir::ImplicitLocOpBuilder &b,
                                        mlir::Value all) const;
  /// Where the row of weights number `column` is, or the last one.
  llvm::SmallVector<mlir::Value> findRow(mlir::ImplicitLocOpBuilder &b,
                                         mlir::ValueRange batch,
                                         mlir::Value column) const;
  /// Prefetches the codes of `group`, a chunk of the sum, of the row of weights
  /// that is one panel after the one number `column`.
  void prefetchNext(mlir::ImplicitLocOpBuilder &b, mlir::ValueRange batch,
                    mlir::Value column, mlir::Value group) const;
  /// Calls `decode` for all rows of a panel of `slice`, numbers from 0 on, and
  /// all its chunks, which have `count` elements or all; `tensors` are carried.
  using DecodeFn = llvm::function_ref<void(
      mlir::ImplicitLocOpBuilder &b, mlir::Value row, mlir::Value group,
      mlir::Value count, llvm::MutableArrayRef<mlir::Value> tensors)>;
  void decodePanel(mlir::ImplicitLocOpBuilder &b, const TileSlice &slice,
                   llvm::MutableArrayRef<mlir::Value> tensors,
                   DecodeFn decode) const;
  /// Of `tiles`, whose first dimensions are batches x slices x blocks, those of
  /// `slice`; of the dimension number `dim` after these, `size`.
  mlir::Value sliceActivations(mlir::ImplicitLocOpBuilder &b,
                               const TileSlice &slice, mlir::Value tiles,
                               int64_t dim, mlir::OpFoldResult size) const;

  Matmul matmul;
};

/// The two kinds of them, where they suit `matmul`.
std::unique_ptr<TileOperands> findFloatTiles(const Matmul &matmul);
std::unique_ptr<TileOperands> findIntegerTiles(mlir::ImplicitLocOpBuilder &b,
                                               const Matmul &matmul);

/// All results, for many rows of activations, by the products of tiles: only
/// where the process has tile registers.
mlir::Value buildTileProducts(mlir::ImplicitLocOpBuilder &b,
                              TileOperands &operands, mlir::Value init);

/// Whether all activations of `matmul` are finite, as i1.
mlir::Value buildAreFinite(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul);

/// A loop from `lower` to `upper` that carries `tensors`, which `body` changes.
using TensorsFn =
    llvm::function_ref<void(mlir::ImplicitLocOpBuilder &b, mlir::Value i,
                            llvm::MutableArrayRef<mlir::Value> tensors)>;
void buildLoop(mlir::ImplicitLocOpBuilder &b, mlir::Value lower,
               mlir::Value upper, llvm::MutableArrayRef<mlir::Value> tensors,
               TensorsFn body);

/// `tensor` at `offsets`, of `sizes`, without its first `dropped` dimensions.
mlir::Value extractSlice(mlir::ImplicitLocOpBuilder &b, mlir::Value tensor,
                         llvm::ArrayRef<mlir::OpFoldResult> offsets,
                         llvm::ArrayRef<mlir::OpFoldResult> sizes,
                         int64_t dropped);

/// The leading part of `tensor` with `size` in place of that of the dimension
/// number `dim`.
mlir::Value limitDimension(mlir::ImplicitLocOpBuilder &b, mlir::Value tensor,
                           int64_t dim, mlir::OpFoldResult size);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULTILEOPERANDS_H
