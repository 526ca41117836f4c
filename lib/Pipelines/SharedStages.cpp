//===- SharedStages.cpp - Stages of more than one pipeline ----------------===//

#include "SharedStages.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "quantx/Target/CPU/Passes.h"

using namespace mlir;
using namespace quantx;

void quantx::addBufferization(OpPassManager &pm) {
  pm.addPass(createQuantXVerifyBufferizable());
  // Folding makes constants of tensors that were not.
  pm.addPass(createQuantXVerifySizes());
  pm.addPass(createQuantXProtectArguments());
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  options.allowReturnAllocsFromLoops = true;
  pm.addPass(bufferization::createOneShotBufferizePass(options));
}

void quantx::addDeallocation(OpPassManager &pm) {
  bufferization::buildBufferDeallocationPipeline(
      pm, bufferization::BufferDeallocationPipelineOptions());
  pm.addPass(createConvertBufferizationToMemRefPass());
}
