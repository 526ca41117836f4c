//===- Pipelines.h - The passes chained, and registration -------*- C++ -*-===//

#ifndef QUANTX_PIPELINES_PIPELINES_H
#define QUANTX_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace quantx {

/// Options of quantx-cpu-pipeline.
struct CPUPipelineOptions
    : public mlir::PassPipelineOptions<CPUPipelineOptions> {
  Option<std::string> target{
      *this, "target",
      llvm::cl::desc("The CPU: native, x86-64-v4+amx, x86-64-v4+avx512vbmi, "
                     "x86-64-v4, x86-64-v3, generic or aarch64"),
      llvm::cl::init("native")};
  Option<int64_t> threads{
      *this, "threads",
      llvm::cl::desc("How many threads run a loop over rows, by OpenMP"),
      llvm::cl::init(1)};
  /// The options from here on have the target's `CPUStrategy` where they are
  /// not given.
  Option<int64_t> chunk{
      *this, "chunk",
      llvm::cl::desc("Elements of the vectors that quantx ops become at "
                     "most, a power of two from 8 to 1024; 0 to leave vectors "
                     "to LLVM")};
  Option<int64_t> prefetchDistance{
      *this, "prefetch-distance",
      llvm::cl::desc("How many bytes ahead of a loop to prefetch what it "
                     "reads; 0 for no prefetches")};
  Option<int64_t> nontemporalThreshold{
      *this, "nontemporal-threshold",
      llvm::cl::desc("Bytes of a result from which on it is written past the "
                     "caches; 0 for never")};
};

/// Takes a module of functions on quantx, linalg, tensor, arith and scf ops to
/// the LLVM dialect. Public functions get C wrappers (`_mlir_ciface_NAME`);
/// results are buffers that the caller owns and frees, and that never alias an
/// argument. Fails on an op that it cannot lower, and names it. With more than
/// one thread, the code calls the OpenMP run time.
void buildCPUPipeline(mlir::OpPassManager &pm,
                      const CPUPipelineOptions &options);

/// The end of the CPU pipeline: from functions on memrefs, scalars and vectors,
/// without quantx ops or tensors, to the LLVM dialect. Calls of intrinsics may
/// be in them already.
void buildCPUPipelineFromBuffers(mlir::OpPassManager &pm,
                                 const CPUPipelineOptions &options);

/// Options of quantx-nvvm-pipeline.
struct NVVMPipelineOptions
    : public mlir::PassPipelineOptions<NVVMPipelineOptions> {
  Option<std::string> chip{
      *this, "chip",
      llvm::cl::desc("The GPU: sm_80, sm_90, sm_90a, sm_100a or sm_120a"),
      llvm::cl::init("sm_90")};
  Option<std::string> format{
      *this, "format",
      llvm::cl::desc("What gpu.binary holds: isa (PTX), which the driver "
                     "compiles, or bin or fatbin, which need ptxas"),
      llvm::cl::init("isa")};
};

/// Takes a module of functions on quantx ops to the LLVM dialect, and their
/// kernels to a `gpu.binary`. The functions have the signatures of the CPU
/// pipeline, but all buffers are in the memory of the GPU; they call the run
/// time functions of upstream's GPU runners (`mgpu...`). Fails on an op that
/// has no kernel, and names it.
void buildNVVMPipeline(mlir::OpPassManager &pm,
                       const NVVMPipelineOptions &options);

/// The beginning of the NVVM pipeline: to functions that launch kernels on
/// buffers, and kernels (`gpu.func`) in arith, vector, memref, scf and gpu.
void buildNVVMKernelPipeline(mlir::OpPassManager &pm,
                             const NVVMPipelineOptions &options);

/// Registers the quantx dialect with everything that its ops and passes need:
/// the scale methods, external interface models.
void registerQuantXDialect(mlir::DialectRegistry &registry);

/// Registers the quantx passes and pipelines by name.
void registerQuantXPasses();

/// Registers upstream's dialects, extensions and translations, and ours.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Registers upstream's passes, and ours.
void registerAllPasses();

} // namespace quantx

#endif // QUANTX_PIPELINES_PIPELINES_H
