// Kernels of functions whose names are none in PTX have names that are.
//
// RUN: quant-opt %s --quantx-nvvm-pipeline="chip=sm_90 format=isa" \
// RUN: | %python %S/Inputs/ptx.py | FileCheck %s --check-prefix=PTX
// RUN: quant-compile %s -o %t.ptx --header=%t.h
// RUN: FileCheck %s --check-prefix=HEADER < %t.h

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// PTX-DAG: .entry a_b_dequantize_0
// HEADER: struct a_b_dequantize_0_parameters {
func.func @"a b"(%q: tensor<4x64x!mxfp4>) -> tensor<4x64xf32> {
  %y = quantx.dequantize %q : tensor<4x64x!mxfp4> to tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

// PTX-DAG: .entry a_b_dequantize_1
// HEADER: struct a_b_dequantize_1_parameters {
func.func @a.b(%q: tensor<8x64x!mxfp4>) -> tensor<8x64xf32> {
  %y = quantx.dequantize %q : tensor<8x64x!mxfp4> to tensor<8x64xf32>
  return %y : tensor<8x64xf32>
}

// PTX-DAG: .entry _1st_dequantize_0
// HEADER: struct _1st_dequantize_0_parameters {
func.func @"1st"(%q: tensor<2x64x!mxfp4>) -> tensor<2x64xf32> {
  %y = quantx.dequantize %q : tensor<2x64x!mxfp4> to tensor<2x64xf32>
  return %y : tensor<2x64xf32>
}
