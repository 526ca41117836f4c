//===- IntervalSums.h - Bounds the errors of many scales --------*- C++ -*-===//
//
// The sums of the Format layer's IntervalSums, as IR: one pass over a block
// bounds the error of every scale of an interval. docs/optimal-scales.md has
// the proof.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_EMIT_SCALEMETHODS_INTERVALSUMS_H
#define QUANTX_LIB_EMIT_SCALEMETHODS_INTERVALSUMS_H

#include "Search.h"

namespace quantx {

/// What holds for all scales of an interval; f64 but for `isConstant`.
struct IntervalBound {
  mlir::Value error;      ///< no scale has a smaller one
  mlir::Value vertex;     ///< where the quadratic is least; in the interval
  mlir::Value clipped;    ///< error of clipping alone, up to the largest scale
  mlir::Value isConstant; ///< i1: whether no code changes
};

/// The bound for the scales of bits `bottom` to `top` (i32), under `zeroPoint`
/// (i32, or null).
IntervalBound emitIntervalBound(ElementwiseBuilder &b,
                                const SearchedBlock &block, mlir::Value bottom,
                                mlir::Value top, mlir::Value zeroPoint);

} // namespace quantx

#endif // QUANTX_LIB_EMIT_SCALEMETHODS_INTERVALSUMS_H
