// quant-run on a GPU, by a driver that runs no kernels but checks and records
// what it is asked for (scripts/lib/cuda_recorder.c): memory, copies, launches with their
// parameters, and that each failure of the driver is one diagnostic.
//
// REQUIRES: !asan
// RUN: rm -rf %t && mkdir -p %t && cd %t
// RUN: %cc -shared -fPIC %src_root/scripts/lib/cuda_recorder.c -o libcuda.so.1
// RUN: %python %S/Inputs/nvvm_inputs.py %t
// DEFINE: %{run} = env LD_LIBRARY_PATH=%t CUDA_RECORD=%t/log quant-run %s \
// DEFINE:   --target=nvvm --input=payload.npy --input=scales.npy \
// DEFINE:   --output=y.npy
//
// RUN: %{run} --repeat=3 | FileCheck %s --check-prefix=TIME
// TIME: median of 3: 1.0000 ms, {{[0-9.]+}} GB/s (725 bytes of inputs and outputs)
//
// The driver's log: the results of the three runs take the same memory.
// RUN: FileCheck %s --check-prefix=LOG < log
// LOG: module - sm_90a
// LOG: alloc [[#PAYLOAD:]] 80
// LOG: to-device [[#PAYLOAD]]+0 80 -
// LOG: alloc [[#SCALES:]] 5
// LOG: to-device [[#SCALES]]+0 5 -
// LOG: alloc [[#Y:]] 640
// LOG-NOT: alloc
// LOG: launch dequantize_dequantize_0 {{[0-9]+}}x1x1 {{[0-9]+}}x1x1 0 [[#PAYLOAD]]+0 [[#SCALES]]+0 [[#Y]]+0{{$}}
// LOG: synchronize
// LOG-NOT: alloc
// LOG: to-host [[#Y]]+0 640
// LOG-NOT: alloc
// LOG-COUNT-3: launch dequantize_dequantize_0
// LOG-NOT: launch
// LOG: unload
//
// Another chip than the GPU's.
// RUN: rm log && %{run} --chip=sm_80 && FileCheck %s --check-prefix=CHIP < log
// CHIP: module - sm_80
// RUN: rm log && env CUDA_RECORD_CAPABILITY=89 %{run}
// RUN: FileCheck %s --check-prefix=CHIP < log
//
// What fails.
// RUN: env CUDA_RECORD_DEVICES=0 not %{run} 2>&1 | FileCheck %s --check-prefix=NO-GPU
// NO-GPU: quant-run: error: NVIDIA's driver shows no GPU, which the target 'nvvm' needs
// RUN: env CUDA_RECORD_CAPABILITY=75 not %{run} 2>&1 | FileCheck %s --check-prefix=OLD
// OLD: quant-run: error: No GPU 0: expected a GPU of compute capability 8.0 or later, found 7.5
// RUN: env CUDA_RECORD_FAIL=cuInit not %{run} 2>&1 | FileCheck %s --check-prefix=INIT
// INIT: quant-run: error: cuInit failed: CUDA_ERROR_UNKNOWN (unknown error)
// RUN: env CUDA_RECORD_FAIL=cuModuleLoadDataEx not %{run} 2>&1 | FileCheck %s --check-prefix=MODULE
// MODULE: quant-run: error: cuModuleLoadDataEx failed: CUDA_ERROR_UNKNOWN (unknown error): ptxas fatal : what the log says
// RUN: env CUDA_RECORD_FAIL=cuModuleGetFunction not %{run} 2>&1 | FileCheck %s --check-prefix=FUNCTION
// FUNCTION: quant-run: error: cuModuleGetFunction failed:
// RUN: env CUDA_RECORD_FAIL=cuMemAlloc not %{run} 2>&1 | FileCheck %s --check-prefix=ALLOC
// ALLOC: quant-run: error: cuMemAlloc failed:
// RUN: env CUDA_RECORD_FAIL=cuMemcpyHtoD not %{run} 2>&1 | FileCheck %s --check-prefix=TO-DEVICE
// TO-DEVICE: quant-run: error: cuMemcpyHtoD failed:
// RUN: env CUDA_RECORD_FAIL=cuLaunchKernel not %{run} 2>&1 | FileCheck %s --check-prefix=LAUNCH
// LAUNCH: quant-run: error: cuLaunchKernel failed:
// RUN: env CUDA_RECORD_FAIL=cuStreamSynchronize not %{run} 2>&1 | FileCheck %s --check-prefix=SYNCHRONIZE
// SYNCHRONIZE: quant-run: error: cuStreamSynchronize failed:
// RUN: env CUDA_RECORD_FAIL=cuMemcpyDtoH not %{run} 2>&1 | FileCheck %s --check-prefix=TO-HOST
// TO-HOST: quant-run: error: cuMemcpyDtoH failed:
// RUN: env CUDA_RECORD_FAIL=cuEventCreate not %{run} --repeat=1 2>&1 | FileCheck %s --check-prefix=EVENT
// EVENT: quant-run: error: cuEventCreate failed:

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @dequantize(%q: tensor<5x32x!mxfp4>) -> tensor<5x32xf32> {
  %y = quantx.dequantize %q : tensor<5x32x!mxfp4> to tensor<5x32xf32>
  return %y : tensor<5x32xf32>
}
