// RUN: quant-opt %s -split-input-file -verify-diagnostics

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @quantize_c1_type(%x: tensor<8x64xbf16>, %s: tensor<8x2xf8E8M0FNU>) {
  // expected-error@+1 {{expected input of type 'f32', the expressed type of '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>', got 'bf16'}}
  %q = quantx.quantize %x, %s : tensor<8x64xbf16>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @quantize_c1_shape(%x: tensor<8x32xf32>, %s: tensor<8x2xf8E8M0FNU>) {
  // expected-error@+1 {{expected input of the scaled tensor's shape 8x64, got 8x32}}
  %q = quantx.quantize %x, %s : tensor<8x32xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @quantize_c1_rank(%x: tensor<512xf32>, %s: tensor<8x2xf8E8M0FNU>) {
  // expected-error@+1 {{expected input of the scaled tensor's shape 8x64, got 512}}
  %q = quantx.quantize %x, %s : tensor<512xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @quantize_c2(%x: tensor<4x64x8xf32>, %s: tensor<4x2x8xf8E8M0FNU>) {
  // expected-error@+1 {{expected a block of rank 3 for a tensor of shape 4x64x8, got 1x32}}
  %q = quantx.quantize %x, %s : tensor<4x64x8xf32>, tensor<4x2x8xf8E8M0FNU> to tensor<4x64x8x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @quantize_c3(%x: tensor<4x64xf32>, %s: tensor<4x4xf8E8M0FNU>) {
  // expected-error@+1 {{expected scales of shape 4x2 for tensor<4x64> per 1x32, got 4x4}}
  %q = quantx.quantize %x, %s : tensor<4x64xf32>, tensor<4x4xf8E8M0FNU> to tensor<4x64x!mxfp4>
  return
}

// -----

// Zero points come before a global scale; here there is one of them at most.
!int4 = !quantx.scaled<ui4 : f32, f16 per 1x128, zero_point ui4>
func.func @quantize_c3_order(%x: tensor<8x64xf32>, %s: tensor<8x1xf16>, %z: tensor<8x1xui4>) {
  // expected-error@+1 {{expected scales of type 'f16' for '!quantx.scaled<ui4 : f32, f16 per 1x128, zero_point ui4>', got 'ui4'}}
  %q = quantx.quantize %x, %z, %s : tensor<8x64xf32>, tensor<8x1xui4>, tensor<8x1xf16> to tensor<8x64x!int4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @quantize_c3_count(%x: tensor<4x64xf32>, %s: tensor<4x2xf8E8M0FNU>, %g: tensor<f32>) {
  // expected-error@+1 {{expected 1 parameter (scales) for '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>', got 2}}
  %q = quantx.quantize %x, %s, %g : tensor<4x64xf32>, tensor<4x2xf8E8M0FNU>, tensor<f32> to tensor<4x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @quantize_c4_no_seed(%x: tensor<4x64xf32>, %s: tensor<4x2xf8E8M0FNU>) {
  // expected-error@+1 {{expected a seed for stochastic rounding, got none}}
  %q = quantx.quantize %x, %s {rounding = #quantx.rounding<stochastic>} : tensor<4x64xf32>, tensor<4x2xf8E8M0FNU> to tensor<4x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @quantize_c4_seed(%x: tensor<4x64xf32>, %s: tensor<4x2xf8E8M0FNU>, %seed: i64) {
  // expected-error@+1 {{expected no seed for nearest_even rounding, got one}}
  %q = quantx.quantize %x, %s seed %seed : tensor<4x64xf32>, tensor<4x2xf8E8M0FNU> to tensor<4x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @quantize_c4_seed_toward_zero(%x: tensor<4x64xf32>, %s: tensor<4x2xf8E8M0FNU>, %seed: i64) {
  // expected-error@+1 {{expected no seed for nearest_toward_zero rounding, got one}}
  %q = quantx.quantize %x, %s seed %seed {rounding = #quantx.rounding<nearest_toward_zero>} : tensor<4x64xf32>, tensor<4x2xf8E8M0FNU> to tensor<4x64x!mxfp4>
  return
}

// -----

func.func @plain_result(%x: tensor<4x64xf32>, %s: tensor<4x2xf8E8M0FNU>) {
  // expected-error@+1 {{result #0 must be ranked tensor of !quantx.scaled, but got 'tensor<4x64xf4E2M1FN>'}}
  %q = quantx.quantize %x, %s : tensor<4x64xf32>, tensor<4x2xf8E8M0FNU> to tensor<4x64xf4E2M1FN>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @generic_segments(%x: tensor<4x64xf32>, %s: tensor<4x2xf8E8M0FNU>) {
  // expected-error@+1 {{operand count (2) does not match with the total size (3) specified in attribute 'operandSegmentSizes'}}
  %q = "quantx.quantize"(%x, %s) <{operandSegmentSizes = array<i32: 1, 1, 1>}> : (tensor<4x64xf32>, tensor<4x2xf8E8M0FNU>) -> tensor<4x64x!mxfp4>
  return
}

// -----

!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
func.func @quantize_c5(%x: tensor<8x64xf32>, %s: tensor<1x32xf8E8M0FNU>) {
  // expected-error@+1 {{expected a tensor without packing rows16, which quantx.relayout undoes, got 'tensor<8x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>>'}}
  %q = quantx.quantize %x, %s : tensor<8x64xf32>, tensor<1x32xf8E8M0FNU> to tensor<8x64x!rows16>
  return
}
