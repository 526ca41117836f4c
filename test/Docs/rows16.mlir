// RUN: quant-opt %s --quantx-cpu-pipeline=target=generic > /dev/null
// RUN: quant-opt %s --quantx-lower-to-vector=byte-dots | FileCheck %s

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!mxfp4_rows16 =
  !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>

// CHECK-LABEL: func.func @pack(
// CHECK-SAME:    -> (tensor<64x32768xi8>, tensor<64x2048xf8E8M0FNU>)
func.func @pack(%w: tensor<1024x4096x!mxfp4>)
    -> tensor<1024x4096x!mxfp4_rows16> {
  %r = quantx.relayout %w
    : tensor<1024x4096x!mxfp4> to tensor<1024x4096x!mxfp4_rows16>
  return %r : tensor<1024x4096x!mxfp4_rows16>
}

// CHECK-LABEL: func.func @decode(
// CHECK:         vector.contract {{.+}} : vector<16x4xi32>, vector<16x4xi32> into vector<16xi32>
func.func @decode(%x: tensor<1x4096xf32>, %w: tensor<1024x4096x!mxfp4_rows16>,
                  %acc: tensor<1x1024xf32>) -> tensor<1x1024xf32> {
  %a = quantx.dynamic_quantize %x using #quantx.absmax
    : tensor<1x4096xf32> to tensor<1x4096x!int8>
  %y = quantx.scaled_matmul
    ins(%a, %w : tensor<1x4096x!int8>, tensor<1024x4096x!mxfp4_rows16>)
    outs(%acc : tensor<1x1024xf32>) -> tensor<1x1024xf32>
  return %y : tensor<1x1024xf32>
}
