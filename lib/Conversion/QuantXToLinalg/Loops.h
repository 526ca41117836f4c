//===- Loops.h - The linalg loops over elements and blocks ------*- C++ -*-===//
//
// The iteration spaces that the lowerings share. An element loop runs over the
// elements of a tensor; the parameters of an element's block are read through
// maps with `floordiv`, so partial last blocks and dynamic sizes need no case
// of their own.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOLINALG_LOOPS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOLINALG_LOOPS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "quantx/IR/BlockComputation.h"

namespace quantx {

/// From the indices of an element to those of its block.
mlir::AffineMap getBlockMap(ScaledType type);

/// One map for each parameter of `type`, from the indices of an element to the
/// parameter's: the block map for scales and zero points, rank 0 for the global
/// scale.
llvm::SmallVector<mlir::AffineMap> getParameterMaps(ScaledType type);

/// The shape of the scales of a tensor of `sizes`.
llvm::SmallVector<mlir::OpFoldResult>
getBlockGrid(mlir::OpBuilder &builder, mlir::Location loc, ScaledType type,
             llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// `map` with `symbols[0]` folded or as an affine.apply.
mlir::OpFoldResult applyToSize(mlir::OpBuilder &builder, mlir::Location loc,
                               mlir::AffineExpr expr, mlir::OpFoldResult size);

/// A tensor of `sizes` filled with `value`.
mlir::Value createFilled(mlir::OpBuilder &builder, mlir::Location loc,
                         llvm::ArrayRef<mlir::OpFoldResult> sizes,
                         mlir::TypedAttr value);

/// `value` as `type`, which differs at most in what is static.
mlir::Value castTensor(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value value, mlir::Type type);

/// The loops of a scale method as linalg.generic: a value of a block is a
/// tensor over the grid of blocks, a value of the tensor has rank 0.
class LinalgBlockComputation : public BlockComputation {
public:
  /// Runs over `input`, a tensor of the expressed type of `type`.
  LinalgBlockComputation(mlir::OpBuilder &builder, mlir::Location loc,
                         ScaledType type, mlir::Value input);

  Values reduceBlocks(llvm::ArrayRef<mlir::TypedAttr> init,
                      mlir::ValueRange given, CombineFn combine) override;
  Values reduceTensor(llvm::ArrayRef<mlir::TypedAttr> init,
                      CombineFn combine) override;
  Values mapBlocks(mlir::TypeRange types, mlir::ValueRange given,
                   MapFn map) override;
  Values mapTensor(mlir::TypeRange types, mlir::ValueRange given,
                   MapFn map) override;

private:
  /// Reduces over all elements into `accumulators`, indexed by
  /// `accumulatorMap`; a dimension of the loop is parallel where `isParallel`.
  Values reduce(llvm::ArrayRef<mlir::TypedAttr> init,
                llvm::ArrayRef<mlir::OpFoldResult> accumulatorSizes,
                mlir::AffineMap accumulatorMap,
                llvm::ArrayRef<mlir::utils::IteratorType> iterators,
                mlir::ValueRange given, CombineFn combine);
  Values map(llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::TypeRange types,
             mlir::ValueRange given, MapFn map);
  /// How a loop over blocks or elements reads a value: by `blockMap`, or, for a
  /// value of the tensor, at rank 0.
  llvm::SmallVector<mlir::AffineMap> getGivenMaps(mlir::ValueRange given,
                                                  mlir::AffineMap blockMap);

  mlir::OpBuilder &builder;
  mlir::Value input;
  llvm::SmallVector<mlir::OpFoldResult> sizes;
  llvm::SmallVector<mlir::OpFoldResult> grid;
};

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOLINALG_LOOPS_H
