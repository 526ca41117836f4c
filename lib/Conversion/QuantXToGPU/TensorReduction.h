//===- TensorReduction.h - Kernels that reduce whole tensors ----*- C++ -*-===//
//
// A whole tensor is reduced by a kernel of its own, whose blocks of threads put
// what they found together by atomic maxima of integers: that is the same in
// any order. The kernel after it reads the result, and computes from it what
// there is one of: in every thread, which is less than to launch one more.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOGPU_TENSORREDUCTION_H
#define QUANTX_LIB_CONVERSION_QUANTXTOGPU_TENSORREDUCTION_H

#include "Blocks.h"
#include "Patterns.h"

namespace quantx {

/// A reduction that was launched.
struct LaunchedReduction {
  /// Tensors of i32, one for each reduction.
  llvm::SmallVector<mlir::Value> results;
  llvm::SmallVector<Reduction> reductions;

  /// The values in a kernel that comes after: adds them to its inputs.
  ReducedTensor load(KernelBuilder &kernel) const;
};

/// Launches the reductions that the global scale of `type` needs.
LaunchedReduction launchGlobalReduction(KernelContext &kernels,
                                        mlir::OpBuilder &builder,
                                        mlir::Operation *op, ScaledType type,
                                        mlir::Value input);

/// Launches the reductions that `method` needs of a tensor that is one block.
LaunchedReduction launchReduction(KernelContext &kernels,
                                  mlir::OpBuilder &builder, mlir::Operation *op,
                                  ScaledType type,
                                  ScaleMethodAttrInterface method,
                                  mlir::Value input);

/// Whether `method` needs no more of a block than reductions that are launched.
bool needsReductionsAlone(ScaleMethodAttrInterface method);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOGPU_TENSORREDUCTION_H
