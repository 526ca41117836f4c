// RUN: quant-opt %s --quantx-cpu-pipeline | FileCheck %s
// CHECK: llvm.func @_mlir_ciface_quantize

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @quantize(%x: tensor<4x64xf32>) -> tensor<4x64x!mxfp4> {
  %q = quantx.dynamic_quantize %x using #quantx.floor
    : tensor<4x64xf32> to tensor<4x64x!mxfp4>
  return %q : tensor<4x64x!mxfp4>
}
