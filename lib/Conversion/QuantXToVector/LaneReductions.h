//===- LaneReductions.h - Lanes of several vectors combined -----*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_LANEREDUCTIONS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_LANEREDUCTIONS_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace quantx {

/// Combines two vectors of lanes of 32 bits, or of two terms of 16 bits each.
using CombineFn = llvm::function_ref<mlir::Value(
    mlir::ImplicitLocOpBuilder &b, mlir::Value lhs, mlir::Value rhs)>;

/// The lanes, of 32 bits, of each of `vectors` combined: in lane i those of
/// vector i. There are as many vectors as lanes, 8 or more.
mlir::Value combineLanes(mlir::ImplicitLocOpBuilder &b, CombineFn combine,
                         llvm::SmallVector<mlir::Value> vectors);

/// The same of nonnegative integers of 16 bits, twice as many in each vector.
mlir::Value combineHalfLanes(mlir::ImplicitLocOpBuilder &b, CombineFn combine,
                             llvm::SmallVector<mlir::Value> vectors);

/// The same of the halves of vectors: lane i of the result has the lower half
/// of vector i / 2 combined, or where i is odd its upper half. There are half
/// as many vectors, 4 or 8.
mlir::Value combineHalfLanesOfHalves(mlir::ImplicitLocOpBuilder &b,
                                     CombineFn combine,
                                     llvm::SmallVector<mlir::Value> vectors);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_LANEREDUCTIONS_H
