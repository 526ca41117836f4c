// RUN: quant-opt %s -split-input-file -verify-diagnostics

!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
func.func @choose_global_c1(%x: tensor<8x64xf16>) {
  // expected-error@+1 {{expected input of type 'f32', the expressed type of '!quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>', got 'f16'}}
  %g = quantx.choose_global %x for !nvfp4 : tensor<8x64xf16>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @choose_global_c2(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected a type with a global scale, got '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>'}}
  %g = quantx.choose_global %x for !mxfp4 : tensor<8x64xf32>
  return
}

// -----

func.func @not_scaled(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{attribute 'scaled' failed to satisfy constraint: type attribute of element type of a tensor of codes with their scales}}
  %g = quantx.choose_global %x for f32 : tensor<8x64xf32>
  return
}
