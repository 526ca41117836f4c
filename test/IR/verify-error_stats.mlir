// RUN: quant-opt %s -split-input-file -verify-diagnostics

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @error_stats_c1_type(%x: tensor<8x64xf16>, %q: tensor<8x64x!mxfp4>) {
  // expected-error@+1 {{expected original of type 'f32', the expressed type of '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>', got 'f16'}}
  %e:4 = quantx.error_stats %x, %q : tensor<8x64xf16>, tensor<8x64x!mxfp4> -> f32, f32, i64, i64
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @error_stats_c1_shape(%x: tensor<8x32xf32>, %q: tensor<8x64x!mxfp4>) {
  // expected-error@+1 {{expected original of the scaled tensor's shape 8x64, got 8x32}}
  %e:4 = quantx.error_stats %x, %q : tensor<8x32xf32>, tensor<8x64x!mxfp4> -> f32, f32, i64, i64
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @error_stats_c2(%x: tensor<4x64x8xf32>, %q: tensor<4x64x8x!mxfp4>) {
  // expected-error@+1 {{expected a block of rank 3 for a tensor of shape 4x64x8, got 1x32}}
  %e:4 = quantx.error_stats %x, %q : tensor<4x64x8xf32>, tensor<4x64x8x!mxfp4> -> f32, f32, i64, i64
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @result_type(%x: tensor<8x64xf32>, %q: tensor<8x64x!mxfp4>) {
  // expected-error@+1 {{result #0 must be 32-bit float, but got 'f64'}}
  %e:4 = quantx.error_stats %x, %q : tensor<8x64xf32>, tensor<8x64x!mxfp4> -> f64, f32, i64, i64
  return
}

// -----

!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
func.func @error_stats_c3(%x: tensor<8x64xf32>, %q: tensor<8x64x!rows16>) {
  // expected-error@+1 {{expected a tensor without packing rows16, which quantx.relayout undoes, got 'tensor<8x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>>'}}
  %e:4 = quantx.error_stats %x, %q : tensor<8x64xf32>, tensor<8x64x!rows16> -> f32, f32, i64, i64
  return
}
