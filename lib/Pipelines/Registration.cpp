//===- Registration.cpp - Dialects and passes by name ---------------------===//

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "quantx/Conversion/QuantToQuantX/QuantToQuantX.h"
#include "quantx/Conversion/QuantXToGPU/QuantXToGPU.h"
#include "quantx/Conversion/QuantXToLinalg/BufferizableOpInterfaceImpl.h"
#include "quantx/Conversion/QuantXToLinalg/QuantXToLinalg.h"
#include "quantx/Conversion/QuantXToVector/QuantXToVector.h"
#include "quantx/Emit/ScaleMethods.h"
#include "quantx/IR/QuantXDialect.h"
#include "quantx/Pipelines/Passes.h"
#include "quantx/Pipelines/Pipelines.h"
#include "quantx/Target/CPU/CPUTarget.h"
#include "quantx/Target/CPU/Passes.h"
#include "quantx/Target/NVVM/NVVMChip.h"
#include "quantx/Target/NVVM/Passes.h"
#include "quantx/Target/NarrowFloats/Passes.h"
#include "quantx/Transforms/PassOptions.h"
#include "quantx/Transforms/Passes.h"
#include "quantx/Transforms/TilingInterfaceImpl.h"

using namespace mlir;
using namespace quantx;

void quantx::registerQuantXDialect(DialectRegistry &registry) {
  registry.insert<QuantXDialect>();
  registerScaleMethods(registry);
  registerTilingInterfaceExternalModels(registry);
  registerBufferizableOpInterfaceExternalModels(registry);
  registerLaunchEffects(registry);
}

/// Adds the CPU pipeline with options given as text; fails on one that it
/// cannot have.
static LogicalResult
addCPUPipeline(OpPassManager &pm, StringRef text,
               function_ref<LogicalResult(const Twine &)> emitError) {
  CPUPipelineOptions options;
  if (failed(options.parseFromString(text)))
    return failure();
  if (options.chunk != 0 && !isChunkSize(options.chunk))
    return emitError("expected chunk of 0 or a power of two from 8 to " +
                     Twine(kLargestChunk) + ", got " + Twine(options.chunk));
  if (failed(checkOption(emitError, "threads", options.threads, /*least=*/1,
                         kMaxThreads)))
    return failure();
  for (const auto *option :
       {&options.prefetchDistance, &options.nontemporalThreshold})
    if (failed(checkOption(emitError, option->getArgStr(), *option,
                           /*least=*/0)))
      return failure();
  buildCPUPipeline(pm, options);
  return success();
}

/// The same for the NVVM pipeline.
static LogicalResult
addNVVMPipeline(OpPassManager &pm, StringRef text,
                function_ref<LogicalResult(const Twine &)> emitError) {
  NVVMPipelineOptions options;
  if (failed(options.parseFromString(text)))
    return failure();
  llvm::Expected<NVVMChip> chip = NVVMChip::get(options.chip);
  if (!chip)
    return emitError(llvm::toString(chip.takeError()));
  if (!llvm::is_contained({"isa", "bin", "fatbin"}, StringRef(options.format)))
    return emitError("unknown format '" + Twine(options.format) +
                     "': expected one of isa, bin, fatbin");
  buildNVVMPipeline(pm, options);
  return success();
}

void quantx::registerQuantXPasses() {
  registerQuantXTransformsPasses();
  registerQuantToQuantXPasses();
  registerQuantXToLinalgPasses();
  registerQuantXToVectorPasses();
  registerQuantXToGPUPasses();
  registerQuantXTargetCPUPasses();
  registerQuantXTargetNVVMPasses();
  registerQuantXNarrowFloatsPasses();
  registerQuantXPipelinesPasses();
  registerPassPipeline(
      "quantx-cpu-pipeline",
      "Functions on quantx ops to the LLVM dialect, for a CPU", addCPUPipeline,
      [](auto showOptions) { showOptions(CPUPipelineOptions()); });
  registerPassPipeline(
      "quantx-nvvm-pipeline",
      "Functions on quantx ops to the LLVM dialect, and their kernels to a "
      "binary for NVIDIA's GPUs",
      addNVVMPipeline,
      [](auto showOptions) { showOptions(NVVMPipelineOptions()); });
}

void quantx::registerAllDialects(DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllToLLVMIRTranslations(registry);
  registerQuantXDialect(registry);
}

void quantx::registerAllPasses() {
  mlir::registerAllPasses();
  registerQuantXPasses();
}
