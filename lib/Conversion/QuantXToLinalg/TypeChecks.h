//===- TypeChecks.h - Scaled types that cannot be lowered -------*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOLINALG_TYPECHECKS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOLINALG_TYPECHECKS_H

#include "mlir/IR/Operation.h"

namespace quantx {

/// Fails, naming the op, where a tensor of `!quantx.scaled` does not have the
/// rank of its block, in any type or attribute below `root`.
llvm::LogicalResult verifyScaledRanks(mlir::Operation *root);

/// Fails, naming the op, where one that there is no lowering for takes or gives
/// a scaled tensor.
llvm::LogicalResult verifyScaledUses(mlir::Operation *root);

/// Fails, naming the op and the type, where `!quantx.scaled` is left in any
/// type or attribute below `root`: in a memref, an unranked tensor, a tuple,
/// ...
llvm::LogicalResult verifyNoScaledTypes(mlir::Operation *root);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOLINALG_TYPECHECKS_H
