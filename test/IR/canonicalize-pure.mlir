// No op has side effects: what nobody uses is gone, and equal ops are one.
//
// RUN: quant-opt %s -canonicalize -cse | FileCheck %s

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func.func @unused(
func.func @unused(%x: tensor<8x64xf32>, %s: tensor<8x2xf8E8M0FNU>, %c: tensor<8x64xi4>, %acc: tensor<8x8xf32>) {
  // CHECK-NEXT: return
  %0 = quantx.choose_qparams %x using #quantx.floor for !mxfp4 : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>
  %1 = quantx.dynamic_quantize %x using #quantx.floor : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  %2 = quantx.quantize %x, %s : tensor<8x64xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  %3 = quantx.dequantize %2 : tensor<8x64x!mxfp4> to tensor<8x64xf32>
  %4:4 = quantx.error_stats %x, %2 : tensor<8x64xf32>, tensor<8x64x!mxfp4> -> f32, f32, i64, i64
  %6 = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : tensor<8x2xf8E8M0FNU> to tensor<1x1x32x16xf8E8M0FNU>
  %8 = quantx.relayout %2 : tensor<8x64x!mxfp4> to tensor<8x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>>
  %7 = quantx.scaled_matmul ins(%x, %2 : tensor<8x64xf32>, tensor<8x64x!mxfp4>) outs(%acc : tensor<8x8xf32>) -> tensor<8x8xf32>
  %5 = quantx.pack %c as #quantx.packing<linear> : tensor<8x64xi4> to tensor<8x32xi8>
  return
}

// CHECK-LABEL: func.func @equal(
func.func @equal(%x: tensor<8x64xf32>, %seed: i64) -> (tensor<8x64x!mxfp4>, tensor<8x64x!mxfp4>, tensor<8x64x!mxfp4>, tensor<8x64x!mxfp4>) {
  // CHECK-NEXT: %[[A:.*]] = quantx.dynamic_quantize %{{.*}} using #quantx.floor seed
  // CHECK-NEXT: %[[B:.*]] = quantx.dynamic_quantize %{{.*}} using #quantx.ceil :
  // CHECK-NEXT: %[[C:.*]] = quantx.dynamic_quantize %{{.*}} using #quantx.ceil {saturate = false}
  // CHECK-NEXT: return %[[A]], %[[A]], %[[B]], %[[C]]
  %0 = quantx.dynamic_quantize %x using #quantx.floor seed %seed {rounding = #quantx.rounding<stochastic>} : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  %1 = quantx.dynamic_quantize %x using #quantx.floor seed %seed {rounding = #quantx.rounding<stochastic>} : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  %2 = quantx.dynamic_quantize %x using #quantx.ceil : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  %3 = quantx.dynamic_quantize %x using #quantx.ceil {saturate = false} : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return %0, %1, %2, %3 : tensor<8x64x!mxfp4>, tensor<8x64x!mxfp4>, tensor<8x64x!mxfp4>, tensor<8x64x!mxfp4>
}

// dequantize of quantize rounds: it is not its input.
// CHECK-LABEL: func.func @round_trip(
func.func @round_trip(%x: tensor<8x64xf32>) -> tensor<8x64xf32> {
  // CHECK: %[[Q:.*]] = quantx.dynamic_quantize
  // CHECK: %[[Y:.*]] = quantx.dequantize %[[Q]]
  // CHECK: return %[[Y]]
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  %y = quantx.dequantize %q : tensor<8x64x!mxfp4> to tensor<8x64xf32>
  return %y : tensor<8x64xf32>
}
