//===- Loops.h - The linalg loops over elements and blocks ------*- C++ -*-===//
//
// Every loop writes at the indices that it runs over, and reads whatever
// belongs to a block (its parameters, its elements, its packed codes) by
// tensor.extract at computed indices. A map with `floordiv` would be shorter,
// but upstream's tiling applies such maps to a tile's offset and to the indices
// within the tile apart, which is wrong for tiles that do not start on a block.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOLINALG_LOOPS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOLINALG_LOOPS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "quantx/Emit/Elements.h"

namespace quantx {

/// Computes the value of the element at `indices`.
using ElementFn = llvm::function_ref<mlir::Value(
    mlir::OpBuilder &b, mlir::Location loc, mlir::ValueRange indices)>;

/// A tensor of `sizes` whose elements `compute` computes, each on its own.
mlir::Value buildElements(mlir::OpBuilder &builder, mlir::Location loc,
                          llvm::ArrayRef<mlir::OpFoldResult> sizes,
                          mlir::Type elementType, ElementFn compute);

/// Reads the parameters of the block of the element at `indices`.
BlockParameters readParameters(mlir::OpBuilder &builder, mlir::Location loc,
                               ScaledType type, mlir::ValueRange parameters,
                               mlir::ValueRange indices);

/// The indices (linalg.index) of a loop over `rank` dimensions.
llvm::SmallVector<mlir::Value> createIndices(mlir::OpBuilder &builder,
                                             mlir::Location loc, unsigned rank);

/// The shape of the scales of a tensor of `sizes`.
llvm::SmallVector<mlir::OpFoldResult>
getBlockGrid(mlir::OpBuilder &builder, mlir::Location loc, ScaledType type,
             llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// `expr` of the symbol 0, `size`: folded, or an affine.apply.
mlir::OpFoldResult applyToSize(mlir::OpBuilder &builder, mlir::Location loc,
                               mlir::AffineExpr expr, mlir::OpFoldResult size);

/// A tensor of `sizes` filled with `value`.
mlir::Value createFilled(mlir::OpBuilder &builder, mlir::Location loc,
                         llvm::ArrayRef<mlir::OpFoldResult> sizes,
                         mlir::TypedAttr value);

/// `value` as `type`, which differs at most in what is static.
mlir::Value castTensor(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value value, mlir::Type type);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOLINALG_LOOPS_H
