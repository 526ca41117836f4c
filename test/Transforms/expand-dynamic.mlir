// RUN: quant-opt %s -quantx-expand-dynamic | FileCheck %s

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
!int4 = !quantx.scaled<ui4 : f32, f16 per 1x128, zero_point ui4>
!fp8 = !quantx.scaled<f8E4M3FN : bf16, f32 per *x*>

// CHECK-LABEL: func.func @scales(
// CHECK-SAME: %[[X:.*]]: tensor<8x64xf32>
func.func @scales(%x: tensor<8x64xf32>) -> tensor<8x64x!mxfp4> {
  // CHECK-NEXT: %[[S:.*]] = quantx.choose_qparams %[[X]] using #quantx.floor for !mxfp4 : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>
  // CHECK-NEXT: %[[Q:.*]] = quantx.quantize %[[X]], %[[S]] : tensor<8x64xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  // CHECK-NEXT: return %[[Q]]
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return %q : tensor<8x64x!mxfp4>
}

// Every attribute and the seed go to quantize, none to choose_qparams.
// CHECK-LABEL: func.func @attributes(
// CHECK-SAME: %[[X:.*]]: tensor<8x64xf32>, %[[SEED:.*]]: i64
func.func @attributes(%x: tensor<8x64xf32>, %seed: i64) -> (tensor<8x64x!mxfp4>, tensor<8x64x!mxfp4>) {
  // CHECK-NEXT: %[[S:.*]] = quantx.choose_qparams %[[X]] using #quantx.rceil for !mxfp4 : tensor
  // CHECK-NEXT: %[[Q:.*]] = quantx.quantize %[[X]], %[[S]] seed %[[SEED]] {rounding = #quantx.rounding<stochastic>, saturate = false} : tensor
  %q = quantx.dynamic_quantize %x using #quantx.rceil seed %seed {rounding = #quantx.rounding<stochastic>, saturate = false} : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  // CHECK-NEXT: %[[T:.*]] = quantx.choose_qparams %[[X]] using #quantx.even for !mxfp4 : tensor
  // CHECK-NEXT: %[[R:.*]] = quantx.quantize %[[X]], %[[T]] {rounding = #quantx.rounding<nearest_toward_zero>} : tensor
  %r = quantx.dynamic_quantize %x using #quantx.even {rounding = #quantx.rounding<nearest_toward_zero>} : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  // CHECK-NEXT: return %[[Q]], %[[R]]
  return %q, %r : tensor<8x64x!mxfp4>, tensor<8x64x!mxfp4>
}

// The global scale and zero points are parameters like the scales.
// CHECK-LABEL: func.func @global(
// CHECK-SAME: %[[X:.*]]: tensor<?x?xf32>
func.func @global(%x: tensor<?x?xf32>) -> tensor<?x?x!nvfp4> {
  // CHECK-NEXT: %[[S:.*]]:2 = quantx.choose_qparams %[[X]] using #quantx.absmax for !nvfp4 : tensor<?x?xf32> -> tensor<?x?xf8E4M3FN>, tensor<f32>
  // CHECK-NEXT: quantx.quantize %[[X]], %[[S]]#0, %[[S]]#1 : tensor<?x?xf32>, tensor<?x?xf8E4M3FN>, tensor<f32> to tensor<?x?x!nvfp4>
  %q = quantx.dynamic_quantize %x using #quantx.absmax : tensor<?x?xf32> to tensor<?x?x!nvfp4>
  return %q : tensor<?x?x!nvfp4>
}

// CHECK-LABEL: func.func @zero_points(
// CHECK-SAME: %[[X:.*]]: tensor<8x300xf32>
func.func @zero_points(%x: tensor<8x300xf32>) -> tensor<8x300x!int4> {
  // CHECK-NEXT: %[[S:.*]]:2 = quantx.choose_qparams %[[X]] using #quantx.minmax for !int4_g128 : tensor<8x300xf32> -> tensor<8x3xf16>, tensor<8x3xui4>
  // CHECK-NEXT: quantx.quantize %[[X]], %[[S]]#0, %[[S]]#1 : tensor<8x300xf32>, tensor<8x3xf16>, tensor<8x3xui4> to tensor<8x300x!int4_g128>
  %q = quantx.dynamic_quantize %x using #quantx.minmax : tensor<8x300xf32> to tensor<8x300x!int4>
  return %q : tensor<8x300x!int4>
}

// The method keeps its parameters; nested regions are reached.
// CHECK-LABEL: func.func @nested(
func.func @nested(%x: tensor<4x4xbf16>, %c: i1) -> tensor<4x4x!fp8> {
  // CHECK: scf.if
  %q = scf.if %c -> tensor<4x4x!fp8> {
    // CHECK-NEXT: quantx.choose_qparams %{{.*}} using #quantx.absmax<margin = 5.000000e-01, pow2> for
    // CHECK-NEXT: quantx.quantize
    // CHECK-NEXT: scf.yield
    %0 = quantx.dynamic_quantize %x using #quantx.absmax<margin = 0.5, pow2> : tensor<4x4xbf16> to tensor<4x4x!fp8>
    scf.yield %0 : tensor<4x4x!fp8>
  } else {
    // CHECK: quantx.choose_qparams %{{.*}} using #quantx.absmax for
    // CHECK-NEXT: quantx.quantize
    %0 = quantx.dynamic_quantize %x using #quantx.absmax : tensor<4x4xbf16> to tensor<4x4x!fp8>
    scf.yield %0 : tensor<4x4x!fp8>
  }
  // CHECK-NOT: dynamic_quantize
  return %q : tensor<4x4x!fp8>
}

// CHECK-LABEL: func.func @weights(
// CHECK-SAME: %[[X:.*]]: tensor<8x64xf32>, %[[H:.*]]: tensor<2x32x32xf32>
func.func @weights(%x: tensor<8x64xf32>, %h: tensor<2x32x32xf32>) -> tensor<8x64x!mxfp4> {
  // CHECK-NEXT: %[[S:.*]] = quantx.choose_qparams %[[X]] using #quantx.hessian for !mxfp4 weighted_by %[[H]] : tensor<2x32x32xf32> : tensor
  // CHECK-NEXT: quantx.quantize %[[X]], %[[S]] : tensor
  %q = quantx.dynamic_quantize %x using #quantx.hessian weighted_by %h : tensor<2x32x32xf32> : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return %q : tensor<8x64x!mxfp4>
}
