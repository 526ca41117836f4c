// RUN: quant-opt %s -split-input-file -verify-diagnostics

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @dequantize_c1_type(%q: tensor<8x64x!mxfp4>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{inferred type(s) 'tensor<8x64xf32>' are incompatible with return type(s) of operation 'tensor<8x64xf16>'}}
  %y = quantx.dequantize %q : tensor<8x64x!mxfp4> to tensor<8x64xf16>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @dequantize_c1_shape(%q: tensor<8x64x!mxfp4>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{inferred type(s) 'tensor<8x64xf32>' are incompatible with return type(s) of operation 'tensor<8x32xf32>'}}
  %y = quantx.dequantize %q : tensor<8x64x!mxfp4> to tensor<8x32xf32>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @dequantize_c2(%q: tensor<4x64x8x!mxfp4>) {
  // expected-error@+1 {{expected a block of rank 3 for a tensor of shape 4x64x8, got 1x32}}
  %y = quantx.dequantize %q : tensor<4x64x8x!mxfp4> to tensor<4x64x8xf32>
  return
}

// -----

func.func @plain_operand(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of !quantx.scaled, but got 'tensor<8x64xf32>'}}
  %y = "quantx.dequantize"(%x) : (tensor<8x64xf32>) -> tensor<8x64xf32>
  return
}

// -----

!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
func.func @dequantize_c3(%q: tensor<8x64x!rows16>) {
  // expected-error@+1 {{expected a tensor without packing rows16, which quantx.relayout undoes, got 'tensor<8x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>>'}}
  %x = quantx.dequantize %q : tensor<8x64x!rows16> to tensor<8x64xf32>
  return
}
