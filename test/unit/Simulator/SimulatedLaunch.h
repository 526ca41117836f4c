//===- SimulatedLaunch.h - Kernels for GPUs on a CPU ------------*- C++ -*-===//
//
// A module whose kernels are outlined becomes one that runs on a CPU, on the
// simulated device of SimulatedDevice.h:
//
//   simulateGPU(module, nan);        // cvt and NaN, as before
//   simulateLaunches(module);
//   ... the CPU pipeline, from buffers on ...
//   checkAccesses(module);           // the LLVM dialect
//   ... JITFunction::create ...
//
// SimulatedProgram.h does all of this.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDLAUNCH_H
#define QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDLAUNCH_H

#include "mlir/IR/BuiltinOps.h"
#include "quantx/Target/CPU/JIT.h"

namespace quantx::test {

/// Makes functions of kernels, calls of gpu.launch_func, and of each op that a
/// CPU does not have: ids, barriers, shuffles, workgroup memory, and those of
/// `nvgpu` and `nvvm` that kernels use. Device memory is `kDeviceMemory`. Ends
/// the test program at an op that is not known here.
void simulateLaunches(mlir::ModuleOp module);

/// Has each load and store in the kernels, and in the host's code, ask the
/// device first.
void checkAccesses(mlir::ModuleOp module);

/// What the host's code allocates is memory of the simulated device.
extern const HostMemory kDeviceMemory;

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDLAUNCH_H
