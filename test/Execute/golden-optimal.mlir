// The searches against vectors computed in float64 by brute force over every
// scale: all scales, bit for bit, for each target and thread count.
//
// DEFINE: %{tasks} = \
// DEFINE:   optimal_b16=mxfp4_b16_{}_optimal:scale \
// DEFINE:   optimal_b32=mxfp4_b32_{}_optimal:scale \
// DEFINE:   hessian_b16=mxfp4_b16_{}:hessian_scale@H \
// DEFINE:   hessian_b32=mxfp4_b32_{}:hessian_scale@H \
// DEFINE:   optimal_nvfp4=nvfp4_{}:optimal_scale,global
// DEFINE: %{check} = %python %S/Inputs/check_golden.py %s %{tasks}
//
// RUN: %{check} | FileCheck %s
// RUN: %{check} -- --target=generic | FileCheck %s
// RUN: %{check} -- --threads=2 | FileCheck %s
//
// CHECK: optimal_b16: 2048 values equal
// CHECK: optimal_b32: 1024 values equal
// CHECK: hessian_b16: 2048 values equal
// CHECK: hessian_b32: 1024 values equal
// CHECK: optimal_nvfp4: 2052 values equal

!mxfp4_b16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x16>
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>

func.func @optimal_b16(%x: tensor<32x256xf32>) -> tensor<32x16xf8E8M0FNU> {
  %s = quantx.choose_qparams %x using #quantx.optimal for !mxfp4_b16
    : tensor<32x256xf32> -> tensor<32x16xf8E8M0FNU>
  return %s : tensor<32x16xf8E8M0FNU>
}

func.func @optimal_b32(%x: tensor<32x256xf32>) -> tensor<32x8xf8E8M0FNU> {
  %s = quantx.choose_qparams %x using #quantx.optimal for !mxfp4
    : tensor<32x256xf32> -> tensor<32x8xf8E8M0FNU>
  return %s : tensor<32x8xf8E8M0FNU>
}

func.func @hessian_b16(%x: tensor<32x256xf32>, %h: tensor<16x16x16xf32>)
    -> tensor<32x16xf8E8M0FNU> {
  %s = quantx.choose_qparams %x using #quantx.hessian for !mxfp4_b16
    weighted_by %h : tensor<16x16x16xf32>
    : tensor<32x256xf32> -> tensor<32x16xf8E8M0FNU>
  return %s : tensor<32x16xf8E8M0FNU>
}

func.func @hessian_b32(%x: tensor<32x256xf32>, %h: tensor<8x32x32xf32>)
    -> tensor<32x8xf8E8M0FNU> {
  %s = quantx.choose_qparams %x using #quantx.hessian for !mxfp4
    weighted_by %h : tensor<8x32x32xf32>
    : tensor<32x256xf32> -> tensor<32x8xf8E8M0FNU>
  return %s : tensor<32x8xf8E8M0FNU>
}

func.func @optimal_nvfp4(%x: tensor<32x256xf32>)
    -> (tensor<32x16xf8E4M3FN>, tensor<f32>) {
  %s, %g = quantx.choose_qparams %x using #quantx.optimal for !nvfp4
    : tensor<32x256xf32> -> tensor<32x16xf8E4M3FN>, tensor<f32>
  return %s, %g : tensor<32x16xf8E4M3FN>, tensor<f32>
}
