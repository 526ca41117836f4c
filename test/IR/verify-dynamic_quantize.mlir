// RUN: quant-opt %s -split-input-file -verify-diagnostics

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @dynamic_quantize_c1_type(%x: tensor<8x64xf16>) {
  // expected-error@+1 {{expected input of type 'f32', the expressed type of}}
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<8x64xf16> to tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @dynamic_quantize_c1_shape(%x: tensor<8x32xf32>) {
  // expected-error@+1 {{expected input of the scaled tensor's shape 8x64, got 8x32}}
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<8x32xf32> to tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @dynamic_quantize_c1_rank(%x: tensor<64xf32>) {
  // expected-error@+1 {{expected a block of rank 1 for a tensor of shape 64, got 1x32}}
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<64xf32> to tensor<64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @dynamic_quantize_c2(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{#quantx.minmax expects a zero point and an f32, f16 or bf16 scale, got '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>'}}
  %q = quantx.dynamic_quantize %x using #quantx.minmax : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @dynamic_quantize_c3_no_seed(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected a seed for stochastic rounding, got none}}
  %q = quantx.dynamic_quantize %x using #quantx.floor {rounding = #quantx.rounding<stochastic>} : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @dynamic_quantize_c3_seed(%x: tensor<8x64xf32>, %seed: i64) {
  // expected-error@+1 {{expected no seed for nearest_even rounding, got one}}
  %q = quantx.dynamic_quantize %x using #quantx.floor seed %seed : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @unranked(%x: tensor<*xf32>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of 32-bit float or 16-bit float or bfloat16 type values, but got 'tensor<*xf32>'}}
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<*xf32> to tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @vector(%x: vector<8x64xf32>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of 32-bit float or 16-bit float or bfloat16 type values, but got 'vector<8x64xf32>'}}
  %q = quantx.dynamic_quantize %x using #quantx.floor : vector<8x64xf32> to tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @generic_no_method(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{requires attribute 'method'}}
  %q = "quantx.dynamic_quantize"(%x) {operandSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<8x64xf32>) -> tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @dynamic_quantize_c4_no_weights(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected weights for #quantx.hessian, got none}}
  %q = quantx.dynamic_quantize %x using #quantx.hessian : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @dynamic_quantize_c4_shape(%x: tensor<8x64xf32>, %h: tensor<2x64x64xf32>) {
  // expected-error@+1 {{expected weights of shape 2x32x32 for 8x64 per 1x32, got 2x64x64}}
  %q = quantx.dynamic_quantize %x using #quantx.hessian weighted_by %h : tensor<2x64x64xf32> : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @dynamic_quantize_c5(%x: tensor<8x64xf32>, %g: tensor<f32>) {
  // expected-error@+1 {{expected no global scale for '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>', which has none, got one}}
  %q = quantx.dynamic_quantize %x using #quantx.floor under %g : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return
}

// -----

!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
func.func @dynamic_quantize_c6(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected a tensor without packing rows16, which quantx.relayout undoes, got 'tensor<8x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>>'}}
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<8x64xf32> to tensor<8x64x!rows16>
  return
}
