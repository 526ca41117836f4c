// Without a driver, --target=nvvm says so in one line, before anything is read.
//
// UNSUPPORTED: nvidia-gpu
// RUN: rm -rf %t && mkdir -p %t && cd %t
// RUN: not quant-run %s --target=nvvm 2>&1 | FileCheck %s --match-full-lines
// CHECK-NOT: {{.}}
// CHECK: quant-run: error: {{(cannot load NVIDIA's driver, which the target 'nvvm' needs: .*|cuInit failed: .*|NVIDIA's driver shows no GPU.*)}}
// CHECK-NOT: {{.}}
//
// A driver that is too old.
// RUN: echo 'int cuInit(unsigned f) { return 0; }' > old.c
// RUN: %cc -shared -fPIC old.c -o libcuda.so.1
// RUN: env LD_LIBRARY_PATH=%t not quant-run %s --target=nvvm 2>&1 \
// RUN:   | FileCheck %s --check-prefix=OLD
// OLD: quant-run: error: NVIDIA's driver has no 'cuGetErrorName': expected that of CUDA 11 or later
//
// Chips are checked first, and are for GPUs alone.
// RUN: not quant-run %s --target=nvvm --chip=sm_70 2>&1 \
// RUN:   | FileCheck %s --check-prefix=CHIP
// CHIP: quant-run: error: unknown chip 'sm_70': expected one of sm_80, sm_90, sm_90a, sm_100a, sm_120a
// RUN: not quant-run %s --chip=sm_90 2>&1 | FileCheck %s --check-prefix=CPU
// CPU: quant-run: error: --chip: expected --target=nvvm, found --target=cpu

func.func @f(%x: tensor<8xf32>) -> tensor<8xf32> {
  return %x : tensor<8xf32>
}
