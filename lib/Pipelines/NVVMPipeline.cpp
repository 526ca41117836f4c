//===- NVVMPipeline.cpp - quantx-nvvm-pipeline ----------------------------===//

#include "SharedStages.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "quantx/Conversion/QuantXToGPU/QuantXToGPU.h"
#include "quantx/Pipelines/Passes.h"
#include "quantx/Pipelines/Pipelines.h"
#include "quantx/Target/CPU/Passes.h"
#include "quantx/Target/NVVM/NVVMChip.h"
#include "quantx/Target/NVVM/Passes.h"
#include "quantx/Target/NarrowFloats/Passes.h"
#include "quantx/Transforms/Passes.h"

using namespace mlir;
using namespace quantx;

static void addSetTarget(OpPassManager &pm, StringRef chip) {
  QuantXSetNVVMTargetOptions options;
  options.chip = chip.str();
  pm.addPass(createQuantXSetNVVMTarget(options));
}

/// From quantx to launches and kernels.
static void addKernels(OpPassManager &pm, const NVVMPipelineOptions &options) {
  QuantXLowerToGPUOptions lowering;
  llvm::Expected<NVVMChip> chip = NVVMChip::get(options.chip);
  if (chip) {
    lowering.blockScaledMma = chip->hasBlockScaledMma;
    lowering.tensorMemory = chip->hasTensorMemory;
    lowering.warpgroupMma = chip->hasWarpgroupMma;
  } else {
    // The first pass says so.
    llvm::consumeError(chip.takeError());
  }
  pm.addPass(createQuantXLowerToGPU(lowering));
  addCleanup<func::FuncOp>(pm);
}

/// The buffers of functions are in the memory of the GPU.
static void addDeviceBuffers(OpPassManager &pm) {
  addBufferization(pm);
  pm.addPass(createQuantXLoadConstants());
  addDeallocation(pm);
  pm.addPass(createQuantXUseDeviceMemory());
}

/// From kernels on buffers and vectors to the NVVM dialect.
static void addDeviceCode(OpPassManager &module, StringRef chip) {
  OpPassManager &pm = module.nest<gpu::GPUModuleOp>();
  QuantXExpandNarrowFloatsOptions narrowFloats;
  narrowFloats.target = chip.str();
  pm.addPass(createQuantXExpandNarrowFloats(narrowFloats));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createLoopInvariantCodeMotionPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createConvertNVGPUToNVVMPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createQuantXExpandMath());
  ConvertGpuOpsToNVVMOpsOptions nvvm;
  nvvm.useBarePtrCallConv = true;
  pm.addPass(createConvertGpuOpsToNVVMOps(nvvm));
  // Some ops are inline assembly.
  pm.addPass(createConvertNVVMToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

/// From launches to calls of the run time.
static void addHostCode(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createGpuAsyncRegionPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addNestedPass<func::FuncOp>(LLVM::createLLVMRequestCWrappersPass());
  GpuToLLVMConversionPassOptions llvm;
  llvm.kernelBarePtrCallConv = true;
  pm.addPass(createGpuToLLVMConversionPass(llvm));
  pm.addPass(createReconcileUnrealizedCastsPass());
  addCleanup<LLVM::LLVMFuncOp>(pm);
  pm.addPass(createQuantXVerifyNVVM());
}

void quantx::buildNVVMPipeline(OpPassManager &pm,
                               const NVVMPipelineOptions &options) {
  buildNVVMKernelPipeline(pm, options);
  addDeviceCode(pm, options.chip);
  GpuModuleToBinaryPassOptions binary;
  binary.compilationTarget = options.format;
  pm.addPass(createGpuModuleToBinaryPass(binary));
  addHostCode(pm);
}

void quantx::buildNVVMKernelPipeline(OpPassManager &pm,
                                     const NVVMPipelineOptions &options) {
  // Fails on an unknown chip before anything else is done.
  addSetTarget(pm, options.chip);
  pm.addPass(createQuantXVerifySizes());
  pm.addPass(createQuantXEvaluateConstants());
  pm.addPass(createQuantXFuseDequantize());
  addKernels(pm, options);
  addDeviceBuffers(pm);
  addSetTarget(pm, options.chip);
}
