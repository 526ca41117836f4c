//===- Hessian.h - Errors weighted by a Hessian, as IR ----------*- C++ -*-===//

#ifndef QUANTX_LIB_EMIT_SCALEMETHODS_HESSIAN_H
#define QUANTX_LIB_EMIT_SCALEMETHODS_HESSIAN_H

#include "Search.h"

namespace quantx {

using PositionFn =
    llvm::function_ref<Values(ElementwiseBuilder &b, mlir::Value position,
                              mlir::ValueRange accumulators)>;

/// Reduces over the positions 0 to `size` (index) from `init`.
Values emitFor(ElementwiseBuilder &b, mlir::Value size, mlir::ValueRange init,
               PositionFn body);

/// `count` zeros (f64).
Values emitZeros(ElementwiseBuilder &b, unsigned count);

/// The element (f32) of `block` at `position`.
mlir::Value emitElementAt(ElementwiseBuilder &b, const SearchedBlock &block,
                          mlir::Value position);

/// The entry (f64) of the Hessian of `block`.
mlir::Value emitWeightAt(ElementwiseBuilder &b, const SearchedBlock &block,
                         mlir::Value row, mlir::Value column);

/// r^T H r (f64) for the residual r = x - y under `parameters`: t_i is the sum
/// over j of H[i][j] * r[j], and the error the sum over i of r[i] * t_i, first
/// to last. Infinite where a y is.
mlir::Value emitHessianError(ElementwiseBuilder &b, const SearchedBlock &block,
                             const BlockParameters &parameters);

/// The sum of squares (f64) of what exceeds the range of the dequantized
/// values.
mlir::Value emitClipped(ElementwiseBuilder &b, const SearchedBlock &block,
                        const BlockParameters &parameters);

/// The sum of x^2 (f64) over the elements with code zero.
mlir::Value emitZeroed(ElementwiseBuilder &b, const SearchedBlock &block,
                       const BlockParameters &parameters);

/// The best of `best` and the f32, f16 or bf16 scales that neither clip nor
/// zero more than `limit` (f64); `naive` (its bits, i32) is between them.
Candidate emitHessianWalk(ElementwiseBuilder &b, const SearchedBlock &block,
                          mlir::Value naive, const Candidate &best,
                          mlir::Value limit);

} // namespace quantx

#endif // QUANTX_LIB_EMIT_SCALEMETHODS_HESSIAN_H
