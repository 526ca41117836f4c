//===- SharedStages.h - Stages of more than one pipeline --------*- C++ -*-===//

#ifndef QUANTX_LIB_PIPELINES_SHAREDSTAGES_H
#define QUANTX_LIB_PIPELINES_SHAREDSTAGES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace quantx {

/// Function by function, which is linear in their number, and parallel.
template <typename FunctionT>
void addCleanup(mlir::OpPassManager &pm) {
  pm.addNestedPass<FunctionT>(mlir::createCanonicalizerPass());
  pm.addNestedPass<FunctionT>(mlir::createCSEPass());
}

/// From tensors to buffers. Arguments are not written to.
void addBufferization(mlir::OpPassManager &pm);

/// Frees buffers: results are owned by the caller.
void addDeallocation(mlir::OpPassManager &pm);

} // namespace quantx

#endif // QUANTX_LIB_PIPELINES_SHAREDSTAGES_H
