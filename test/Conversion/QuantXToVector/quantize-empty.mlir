// RUN: quant-opt %s --quantx-lower-to-vector="fma chunk=64" | FileCheck %s

// Rows without elements have no scales to look at first.

!int4 = !quantx.scaled<i4 : f32, f32 per 1x32>
!mxfp4 = !quantx.scaled<f4E2M1FN : bf16, f8E8M0FNU per 1x32>

// CHECK-LABEL: func.func @int4(
// CHECK:         return %{{.+}} : tensor<7x0xi8>, tensor<7x0xf32>
func.func @int4(%x: tensor<7x0xf32>) -> tensor<7x0x!int4> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax : tensor<7x0xf32> to tensor<7x0x!int4>
  return %q : tensor<7x0x!int4>
}

// CHECK-LABEL: func.func @mxfp4(
// CHECK:         return %{{.+}} : tensor<0x32xi8>, tensor<0x2xf8E8M0FNU>
func.func @mxfp4(%x: tensor<0x64xbf16>) -> tensor<0x64x!mxfp4> {
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<0x64xbf16> to tensor<0x64x!mxfp4>
  return %q : tensor<0x64x!mxfp4>
}
