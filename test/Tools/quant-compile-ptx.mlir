// PTX of the kernels of a file, and a header that says how to launch them.
//
// RUN: rm -rf %t && mkdir -p %t && cd %t
// RUN: quant-compile %s -o k.ptx --header=k.h --target=nvvm --chip=sm_80
// RUN: FileCheck %s --check-prefix=PTX < k.ptx
// PTX: .target sm_80
// PTX: .visible .entry dequantize_dequantize_0(
// PTX-NOT: {{\\00}}
//
// RUN: FileCheck %s --check-prefix=HEADER < k.h
// HEADER: /* Kernels for sm_80, made by quant-compile.
// HEADER: #ifndef K_H
// HEADER: /* dequantize_dequantize_0: quantx.dequantize
// HEADER: * block: [[BLOCK:[0-9]+]] threads
// HEADER: * dynamic shared memory: 0 bytes
// HEADER: * parameters:
// HEADER-NEXT: *   payload: device memory of i8
// HEADER-NEXT: *   scales: device memory of f8E8M0FNU
// HEADER: #define DEQUANTIZE_DEQUANTIZE_0_NAME "dequantize_dequantize_0"
// HEADER-NEXT: #define DEQUANTIZE_DEQUANTIZE_0_BLOCK [[BLOCK]]
// HEADER-NEXT: #define DEQUANTIZE_DEQUANTIZE_0_SHARED_BYTES 0
// HEADER-NEXT: struct dequantize_dequantize_0_parameters {
// HEADER-NEXT: uint64_t payload;
// HEADER-NEXT: uint64_t scales;
// HEADER: };
//
// It is C.
// RUN: echo '#include "k.h"' > k.c && echo 'struct dequantize_dequantize_0_parameters p;' >> k.c
// RUN: %cc -std=c99 -Wall -Werror -c k.c
//
// The suffix says what the target is; sm_90 is the default.
// RUN: quant-compile %s -o l.ptx && FileCheck %s --check-prefix=SM90 < l.ptx
// SM90: .target sm_90
//
// An op without a kernel, and a file without any.
// RUN: not quant-compile %S/Inputs/only.mlir -o no.ptx 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: quant-compile: error:
// RUN: not ls no.ptx

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @dequantize(%q: tensor<?x?x!mxfp4>) -> tensor<?x?xf32> {
  %y = quantx.dequantize %q : tensor<?x?x!mxfp4> to tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
