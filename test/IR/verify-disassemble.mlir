// RUN: quant-opt %s -split-input-file -verify-diagnostics

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @disassemble_c1_payload(%q: tensor<8x64x!mxfp4>) {
  // expected-error@+1 {{expected a payload of shape 8x32 for 'tensor<8x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>>', got 8x64}}
  %p, %s = quantx.disassemble %q : tensor<8x64x!mxfp4> to tensor<8x64xi8>, tensor<8x2xf8E8M0FNU>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @disassemble_c1_scales(%q: tensor<8x64x!mxfp4>) {
  // expected-error@+1 {{expected scales of shape 8x2 for tensor<8x64> per 1x32, got 8x4}}
  %p, %s = quantx.disassemble %q : tensor<8x64x!mxfp4> to tensor<8x32xi8>, tensor<8x4xf8E8M0FNU>
  return
}

// -----

!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
func.func @disassemble_c1_count(%q: tensor<8x64x!nvfp4>) {
  // expected-error@+1 {{expected 2 parameters (scales, a global scale) for '!quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>', got 1}}
  %p, %s = quantx.disassemble %q : tensor<8x64x!nvfp4> to tensor<8x32xi8>, tensor<8x4xf8E4M3FN>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @disassemble_c2(%q: tensor<4x64x8x!mxfp4>) {
  // expected-error@+1 {{expected a block of rank 3 for a tensor of shape 4x64x8, got 1x32}}
  %p, %s = quantx.disassemble %q : tensor<4x64x8x!mxfp4> to tensor<4x64x4xi8>, tensor<4x2x8xf8E8M0FNU>
  return
}

// -----

func.func @plain_operand(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of !quantx.scaled, but got 'tensor<8x64xf32>'}}
  %p, %s = "quantx.disassemble"(%x) : (tensor<8x64xf32>) -> (tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>)
  return
}

// -----

!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
func.func @disassemble_c3(%q: tensor<40x?x!rows16>) {
  // expected-error@+1 {{expected static rows and columns with packing rows16, got 'tensor<40x?x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>>'}}
  %p, %s = quantx.disassemble %q : tensor<40x?x!rows16> to tensor<3x?xi8>, tensor<3x?xf8E8M0FNU>
  return
}
