// What has no kernel is named, and the exit code is 1.
//
// RUN: quant-opt %s --quantx-nvvm-pipeline -split-input-file -verify-diagnostics
// RUN: not %quant_opt %s --quantx-nvvm-pipeline -split-input-file > /dev/null 2>&1
// RUN: not %quant_opt %s --quantx-nvvm-pipeline=chip=sm_75 2>&1 \
// RUN: | FileCheck %s --check-prefix=CHIP
// RUN: not %quant_opt %s --quantx-nvvm-pipeline=format=elf 2>&1 \
// RUN: | FileCheck %s --check-prefix=FORMAT

// CHIP: unknown chip 'sm_75': expected one of sm_80, sm_90, sm_90a, sm_100a, sm_120a
// FORMAT: unknown format 'elf': expected one of isa, bin, fatbin

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @computes_on_the_host(%x: tensor<4xf32>) -> tensor<4xf32> {
  %empty = tensor.empty() : tensor<4xf32>
  // expected-error@+1 {{'linalg.generic' op has no GPU kernel: the host cannot compute on tensors, which are in the memory of the GPU}}
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%empty : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %sum = arith.addf %in, %in : f32
    linalg.yield %sum : f32
  } -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @reads_on_the_host(%x: tensor<4xf32>) -> f32 {
  %c0 = arith.constant 0 : index
  // expected-error@+1 {{'memref.load' op has no GPU kernel}}
  %y = tensor.extract %x[%c0] : tensor<4xf32>
  return %y : f32
}
