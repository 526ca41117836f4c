//===- LaneShuffles.h - Lanes of several vectors ----------------*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_LANESHUFFLES_H
#define QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_LANESHUFFLES_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace quantx {

/// The 32-bit lanes of 128 bits, in which shuffles are cheapest.
inline constexpr int64_t kSubvector = 4;

/// In each segment of `segment` lanes, the even or odd ones of the runs of
/// `run` lanes of `lhs`, then those of `rhs`.
mlir::Value takeRuns(mlir::ImplicitLocOpBuilder &b, mlir::Value lhs,
                     mlir::Value rhs, int64_t run, int64_t segment, bool odd);

/// Transposes as many vectors of 32-bit lanes as they have lanes, 8 or more:
/// lane i of the result j is lane j of vector i.
llvm::SmallVector<mlir::Value> transposeLanes(mlir::ImplicitLocOpBuilder &b,
                                              llvm::ArrayRef<mlir::Value> rows);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_LANESHUFFLES_H
