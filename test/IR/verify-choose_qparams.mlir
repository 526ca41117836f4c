// RUN: quant-opt %s -split-input-file -verify-diagnostics

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @choose_qparams_c1(%x: tensor<8x64xf16>) {
  // expected-error@+1 {{expected input of type 'f32', the expressed type of '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>', got 'f16'}}
  %s = quantx.choose_qparams %x using #quantx.floor for !mxfp4 : tensor<8x64xf16> -> tensor<8x2xf8E8M0FNU>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @choose_qparams_c2(%x: tensor<8x64x4xf32>) {
  // expected-error@+1 {{expected a block of rank 3 for a tensor of shape 8x64x4, got 1x32}}
  %s = quantx.choose_qparams %x using #quantx.floor for !mxfp4 : tensor<8x64x4xf32> -> tensor<8x2x4xf8E8M0FNU>
  return
}

// -----

// A tensor without dimensions has no blocks.
!row = !quantx.scaled<i8 : f32, f32 per 32>
func.func @choose_qparams_c2_scalar(%x: tensor<f32>) {
  // expected-error@+1 {{expected a block of rank 0 for a tensor of shape scalar, got 32}}
  %s = quantx.choose_qparams %x using #quantx.absmax for !row : tensor<f32> -> tensor<f32>
  return
}

// -----

// choose_qparams_c3, each method on a type that it does not suit.
!fp8 = !quantx.scaled<f8E4M3FN : f32, f32 per 1x*>
func.func @choose_qparams_c3_floor(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{#quantx.floor expects an f8E8M0FNU scale without a global scale, got '!quantx.scaled<f8E4M3FN : f32, f32 per 1x*>'}}
  %s = quantx.choose_qparams %x using #quantx.floor for !fp8 : tensor<8x64xf32> -> tensor<8x1xf32>
  return
}

// -----

!fp8 = !quantx.scaled<f8E4M3FN : f32, f32 per 1x*>
func.func @choose_qparams_c3_ceil(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{#quantx.ceil expects an f8E8M0FNU scale}}
  %s = quantx.choose_qparams %x using #quantx.ceil for !fp8 : tensor<8x64xf32> -> tensor<8x1xf32>
  return
}

// -----

!fp8 = !quantx.scaled<f8E4M3FN : f32, f32 per 1x*>
func.func @choose_qparams_c3_even(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{#quantx.even expects an f8E8M0FNU scale}}
  %s = quantx.choose_qparams %x using #quantx.even for !fp8 : tensor<8x64xf32> -> tensor<8x1xf32>
  return
}

// -----

!global = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, global f32>
func.func @choose_qparams_c3_rceil(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{#quantx.rceil expects an f8E8M0FNU scale without a global scale}}
  %s:2 = quantx.choose_qparams %x using #quantx.rceil for !global : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>, tensor<f32>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @choose_qparams_c3_absmax_e8m0(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{#quantx.absmax expects an f32, f16 or bf16 scale without a global scale, or an f8E4M3FN scale, got '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>'}}
  %s = quantx.choose_qparams %x using #quantx.absmax for !mxfp4 : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>
  return
}

// -----

!int4 = !quantx.scaled<ui4 : f32, f16 per 1x128, zero_point ui4>
func.func @choose_qparams_c3_absmax_zero_point(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{#quantx.absmax expects a type without a zero point}}
  %s:2 = quantx.choose_qparams %x using #quantx.absmax for !int4 : tensor<8x64xf32> -> tensor<8x1xf16>, tensor<8x1xui4>
  return
}

// -----

!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
func.func @choose_qparams_c3_absmax_parameters(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected neither margin nor pow2 with an f8E4M3FN scale, got #quantx.absmax<pow2>}}
  %s:2 = quantx.choose_qparams %x using #quantx.absmax<pow2> for !nvfp4 : tensor<8x64xf32> -> tensor<8x4xf8E4M3FN>, tensor<f32>
  return
}

// -----

!both = !quantx.scaled<ui4 : f32, f16 per 1x32, global f32, zero_point ui4>
func.func @choose_qparams_c3_both(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected a type without a zero point or without a global scale for #quantx.minmax, got '!quantx.scaled<ui4 : f32, f16 per 1x32, global f32, zero_point ui4>'}}
  %s:3 = quantx.choose_qparams %x using #quantx.minmax for !both : tensor<8x64xf32> -> tensor<8x2xf16>, tensor<8x2xui4>, tensor<f32>
  return
}

// -----

!fp8 = !quantx.scaled<f8E4M3FN : f32, f32 per 1x*>
func.func @choose_qparams_c3_minmax(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{#quantx.minmax expects a zero point and an f32, f16 or bf16 scale, got '!quantx.scaled<f8E4M3FN : f32, f32 per 1x*>'}}
  %s = quantx.choose_qparams %x using #quantx.minmax for !fp8 : tensor<8x64xf32> -> tensor<8x1xf32>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @choose_qparams_c4_shape(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected scales of shape 8x2 for tensor<8x64> per 1x32, got 8x4}}
  %s = quantx.choose_qparams %x using #quantx.floor for !mxfp4 : tensor<8x64xf32> -> tensor<8x4xf8E8M0FNU>
  return
}

// -----

// A partial last block has a scale of its own: 65 elements are 3 blocks.
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @choose_qparams_c4_partial_block(%x: tensor<8x65xf32>) {
  // expected-error@+1 {{expected scales of shape 8x3 for tensor<8x65> per 1x32, got 8x2}}
  %s = quantx.choose_qparams %x using #quantx.floor for !mxfp4 : tensor<8x65xf32> -> tensor<8x2xf8E8M0FNU>
  return
}

// -----

!fp8 = !quantx.scaled<f8E4M3FN : f32, f32 per *x128>
func.func @choose_qparams_c4_whole_dimension(%x: tensor<?x256xf32>) {
  // expected-error@+1 {{expected scales of shape 1x2 for tensor<?x256> per *x128, got 2x2}}
  %s = quantx.choose_qparams %x using #quantx.absmax for !fp8 : tensor<?x256xf32> -> tensor<2x2xf32>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @choose_qparams_c4_rank(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected scales of shape 8x2 for tensor<8x64> per 1x32, got 16}}
  %s = quantx.choose_qparams %x using #quantx.floor for !mxfp4 : tensor<8x64xf32> -> tensor<16xf8E8M0FNU>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @choose_qparams_c4_type(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected scales of type 'f8E8M0FNU' for '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>', got 'f32'}}
  %s = quantx.choose_qparams %x using #quantx.floor for !mxfp4 : tensor<8x64xf32> -> tensor<8x2xf32>
  return
}

// -----

!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
func.func @choose_qparams_c4_count(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected 2 parameters (scales, a global scale) for '!quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>', got 1}}
  %s = quantx.choose_qparams %x using #quantx.absmax for !nvfp4 : tensor<8x64xf32> -> tensor<8x4xf8E4M3FN>
  return
}

// -----

!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
func.func @choose_qparams_c4_global_shape(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected a global scale of shape scalar for tensor<8x64> per 1x16, got 1}}
  %s:2 = quantx.choose_qparams %x using #quantx.absmax for !nvfp4 : tensor<8x64xf32> -> tensor<8x4xf8E4M3FN>, tensor<1xf32>
  return
}

// -----

!int4 = !quantx.scaled<ui4 : f32, f16 per 1x128, zero_point ui4>
func.func @choose_qparams_c4_zero_point_type(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected zero points of type 'ui4' for '!quantx.scaled<ui4 : f32, f16 per 1x128, zero_point ui4>', got 'i4'}}
  %s:2 = quantx.choose_qparams %x using #quantx.minmax for !int4 : tensor<8x64xf32> -> tensor<8x1xf16>, tensor<8x1xi4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @choose_qparams_c5_no_weights(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected weights for #quantx.hessian, got none}}
  %s = quantx.choose_qparams %x using #quantx.hessian for !mxfp4 : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @choose_qparams_c5_weights(%x: tensor<8x64xf32>, %h: tensor<2x32x32xf32>) {
  // expected-error@+1 {{expected no weights for #quantx.optimal, got some}}
  %s = quantx.choose_qparams %x using #quantx.optimal for !mxfp4 weighted_by %h : tensor<2x32x32xf32> : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @choose_qparams_c6_count(%x: tensor<8x64xf32>, %h: tensor<3x32x32xf32>) {
  // expected-error@+1 {{expected weights of shape 2x32x32 for 8x64 per 1x32, got 3x32x32}}
  %s = quantx.choose_qparams %x using #quantx.hessian for !mxfp4 weighted_by %h : tensor<3x32x32xf32> : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>
  return
}

// -----

!column = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 4x1>
func.func @choose_qparams_c6_columns(%x: tensor<10x64xf32>, %h: tensor<16x4x4xf32>) {
  // expected-error@+1 {{expected weights of shape 3x4x4 for 10x64 per 4x1, got 16x4x4}}
  %s = quantx.choose_qparams %x using #quantx.hessian for !column weighted_by %h : tensor<16x4x4xf32> : tensor<10x64xf32> -> tensor<3x64xf8E8M0FNU>
  return
}

// -----

!row = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x*>
func.func @choose_qparams_c6_whole(%x: tensor<8x64xf32>, %h: tensor<1x32x32xf32>) {
  // expected-error@+1 {{expected weights of shape 1x64x64 for 8x64 per 1x*, got 1x32x32}}
  %s = quantx.choose_qparams %x using #quantx.hessian for !row weighted_by %h : tensor<1x32x32xf32> : tensor<8x64xf32> -> tensor<8x1xf8E8M0FNU>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @choose_qparams_weights_f64(%x: tensor<8x64xf32>, %h: tensor<2x32x32xf64>) {
  // expected-error@+1 {{operand #1 must be 3D tensor of 32-bit float values, but got 'tensor<2x32x32xf64>'}}
  %s = quantx.choose_qparams %x using #quantx.hessian for !mxfp4 weighted_by %h : tensor<2x32x32xf64> : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>
  return
}

// -----

!square = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 4x8>
func.func @choose_qparams_c3_hessian_square(%x: tensor<8x64xf32>, %h: tensor<8x32x32xf32>) {
  // expected-error@+1 {{#quantx.hessian expects blocks along one dimension}}
  %s = quantx.choose_qparams %x using #quantx.hessian for !square weighted_by %h : tensor<8x32x32xf32> : tensor<8x64xf32> -> tensor<2x8xf8E8M0FNU>
  return
}

// -----

!nvfp6 = !quantx.scaled<f6E2M3FN : f32, f8E4M3FN per 1x16, global f32>
func.func @choose_qparams_c3_four_over_six(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{#quantx.four_over_six expects f4E2M1FN storage and an f8E4M3FN scale, got '!quantx.scaled<f6E2M3FN}}
  %s, %g = quantx.choose_qparams %x using #quantx.four_over_six for !nvfp6 : tensor<8x64xf32> -> tensor<8x4xf8E4M3FN>, tensor<f32>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @choose_qparams_c7(%x: tensor<8x64xf32>, %g: tensor<f32>) {
  // expected-error@+1 {{expected no global scale for '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>', which has none, got one}}
  %s = quantx.choose_qparams %x using #quantx.floor for !mxfp4 under %g : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>
  return
}

// -----

!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
// expected-note@+1 {{prior use here}}
func.func @choose_qparams_global_type(%x: tensor<8x64xf32>, %g: tensor<1xf32>) {
  // expected-error@+1 {{expects different type than prior uses: 'tensor<f32>' vs 'tensor<1xf32>'}}
  %s, %k = quantx.choose_qparams %x using #quantx.absmax for !nvfp4 under %g : tensor<8x64xf32> -> tensor<8x4xf8E4M3FN>, tensor<f32>
  return
}

// -----

!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
func.func @choose_qparams_c8(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected a type without packing rows16, got '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>'}}
  %s = quantx.choose_qparams %x using #quantx.floor for !rows16 : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>
  return
}
