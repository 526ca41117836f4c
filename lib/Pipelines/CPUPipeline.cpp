//===- CPUPipeline.cpp - quantx-cpu-pipeline ------------------------------===//

#include "SharedStages.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"
#include "quantx/Conversion/QuantXToLinalg/QuantXToLinalg.h"
#include "quantx/Conversion/QuantXToVector/QuantXToVector.h"
#include "quantx/Pipelines/Passes.h"
#include "quantx/Pipelines/Pipelines.h"
#include "quantx/Target/CPU/CPUStrategy.h"
#include "quantx/Target/CPU/CPUTarget.h"
#include "quantx/Target/CPU/Passes.h"
#include "quantx/Target/NarrowFloats/Passes.h"
#include "quantx/Transforms/Passes.h"

using namespace mlir;
using namespace quantx;

/// The value of an option, or the one that is best on the target.
static int64_t getOr(const CPUPipelineOptions::Option<int64_t> &option,
                     int64_t strategy) {
  return option.hasValue() ? option.getValue() : strategy;
}

/// The fence after non-temporal stores is an instruction of x86.
static bool isX86(StringRef target) {
  llvm::Expected<CPUTarget> cpu = CPUTarget::get(target);
  if (cpu)
    return cpu->triple.isX86();
  llvm::consumeError(cpu.takeError());
  return false;
}

/// Whether a target, if it is one, has what `feature` asks for.
static bool has(StringRef target, bool (CPUTarget::*feature)() const) {
  llvm::Expected<CPUTarget> cpu = CPUTarget::get(target);
  if (cpu)
    return ((*cpu).*feature)();
  llvm::consumeError(cpu.takeError());
  return false;
}

static void addStreamMemory(OpPassManager &pm,
                            const CPUPipelineOptions &options) {
  const CPUStrategy &strategy = CPUStrategy::get(options.target);
  QuantXStreamMemoryOptions memory;
  memory.prefetchDistance =
      getOr(options.prefetchDistance, strategy.prefetchDistance);
  memory.prefetchLimit = strategy.prefetchLimit;
  if (isX86(options.target)) {
    memory.nontemporalThreshold =
        getOr(options.nontemporalThreshold, strategy.nontemporalThreshold);
  }
  pm.addPass(createQuantXStreamMemory(memory));
}

/// From structured ops on buffers to branches.
static void addLoops(OpPassManager &pm, const CPUPipelineOptions &options) {
  pm.addPass(createQuantXExpandCopies());
  if (options.threads > 1) {
    pm.addNestedPass<func::FuncOp>(createConvertLinalgToParallelLoopsPass());
    pm.addNestedPass<func::FuncOp>(createForallToParallelLoopPass());
    pm.addPass(createQuantXKeepOuterParallel());
    ConvertSCFToOpenMPPassOptions openMP;
    openMP.numThreads = options.threads;
    pm.addPass(createConvertSCFToOpenMPPass(openMP));
    // Branches cannot leave memref.alloca_scope.
    pm.addPass(createQuantXInlineAllocaScopes());
    pm.addNestedPass<func::FuncOp>(createCanonicalizerPass());
  } else {
    pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
    pm.addNestedPass<func::FuncOp>(createForallToForLoopPass());
  }
  pm.addNestedPass<func::FuncOp>(createConvertVectorToSCFPass());
  pm.addPass(createQuantXStackBuffers());
  addStreamMemory(pm, options);
  pm.addPass(createQuantXUnswitchLoops());
  pm.addPass(createQuantXExpandReshapes());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createLoopInvariantCodeMotionPass());
  pm.addPass(createSCFToControlFlowPass());
}

static void addSetTarget(OpPassManager &pm, StringRef target) {
  QuantXSetCPUTargetOptions options;
  options.target = target.str();
  pm.addPass(createQuantXSetCPUTarget(options));
}

static void addLLVM(OpPassManager &pm, StringRef target) {
  pm.addPass(createQuantXSaturateSizes());
  pm.addPass(memref::createExpandOpsPass());
  // LLVM calls a function for bf16 that many systems lack.
  pm.addPass(createQuantXComputeBF16InF32());
  arith::ArithExpandOpsPassOptions arithOptions;
  arithOptions.includeBf16 = true;
  pm.addPass(arith::createArithExpandOpsPass(arithOptions));
  // And for f16, where the target has no instructions.
  QuantXExpandHalfFloatsOptions halfFloats;
  halfFloats.target = target.str();
  pm.addPass(createQuantXExpandHalfFloats(halfFloats));
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  pm.addNestedPass<func::FuncOp>(LLVM::createLLVMRequestCWrappersPass());
  // Has the patterns for transfers that convert-to-llvm lacks.
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createQuantXMoveFloatsAsIntegers());
  addCleanup<LLVM::LLVMFuncOp>(pm);
  addSetTarget(pm, target);
  pm.addPass(createQuantXVerifyLLVM());
}

void quantx::buildCPUPipelineFromBuffers(OpPassManager &pm,
                                         const CPUPipelineOptions &options) {
  // The functions get it at the end; before all others, this one fails on what
  // is no CPU: quantx-expand-narrow-floats knows GPUs too.
  addSetTarget(pm, options.target);
  QuantXExpandNarrowFloatsOptions narrowFloats;
  narrowFloats.target = options.target;
  pm.addPass(createQuantXAMXTiles());
  pm.addPass(createQuantXExpandNarrowFloats(narrowFloats));
  if (has(options.target, &CPUTarget::hasByteDots))
    pm.addPass(createQuantXExpandByteDots());
  if (has(options.target, &CPUTarget::hasFastPairDots))
    pm.addPass(createQuantXExpandBF16Dots());
  addCleanup<func::FuncOp>(pm);
  addLoops(pm, options);
  addLLVM(pm, options.target);
}

/// 0 where the target has no tile registers.
static int64_t getTileProductRows(const CPUPipelineOptions &options) {
  llvm::Expected<CPUTarget> cpu = CPUTarget::get(options.target);
  if (cpu && cpu->hasTiles())
    return CPUStrategy::get(options.target).tileProductRows;
  llvm::consumeError(cpu.takeError());
  return 0;
}

static void addQuantXLowering(OpPassManager &pm,
                              const CPUPipelineOptions &options) {
  const CPUStrategy &strategy = CPUStrategy::get(options.target);
  QuantXLowerToVectorOptions lowering;
  lowering.chunk = getOr(options.chunk, strategy.chunk);
  if (lowering.chunk == 0) {
    pm.addPass(createQuantXLowerToLinalg());
    return;
  }
  lowering.hasFMA = has(options.target, &CPUTarget::hasFMA);
  lowering.convertsToBF16 = has(options.target, &CPUTarget::convertsToBF16);
  lowering.byteDots = has(options.target, &CPUTarget::hasByteDots);
  lowering.pairDots = has(options.target, &CPUTarget::hasFastPairDots);
  lowering.tileProductRows = getTileProductRows(options);
  lowering.rowStreams = strategy.rowStreams;
  lowering.sumRows = strategy.sumRows;
  pm.addPass(createQuantXLowerToVector(lowering));
}

void quantx::buildCPUPipeline(OpPassManager &pm,
                              const CPUPipelineOptions &options) {
  pm.addPass(createQuantXVerifySizes());
  pm.addPass(createQuantXEvaluateConstants());
  pm.addPass(createQuantXFuseDequantize());
  QuantXFuseQuantizeOptions fuseQuantize;
  fuseQuantize.joinRows = options.threads == 1;
  pm.addPass(createQuantXFuseQuantize(fuseQuantize));
  addQuantXLowering(pm, options);
  addCleanup<func::FuncOp>(pm);
  pm.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  addBufferization(pm);
  addDeallocation(pm);
  pm.addPass(createQuantXAlignBuffers());
  // Calls of intrinsics come after bufferization, which does not know what they
  // do.
  buildCPUPipelineFromBuffers(pm, options);
}
