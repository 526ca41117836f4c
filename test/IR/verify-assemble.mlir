// RUN: quant-opt %s -split-input-file -verify-diagnostics

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @assemble_c1(%p: tensor<8x64xi8>, %s: tensor<8x2xf8E8M0FNU>) {
  // expected-error@+1 {{expected a payload of shape 8x32 for 'tensor<8x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>>', got 8x64}}
  %q = quantx.assemble %p, %s : tensor<8x64xi8>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  return
}

// -----

// 33 codes of 4 bits need a 17th byte.
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @assemble_c1_odd(%p: tensor<8x16xi8>, %s: tensor<8x2xf8E8M0FNU>) {
  // expected-error@+1 {{expected a payload of shape 8x17 for}}
  %q = quantx.assemble %p, %s : tensor<8x16xi8>, tensor<8x2xf8E8M0FNU> to tensor<8x33x!mxfp4>
  return
}

// -----

// The size of a packed row does not overflow where the number of its bits does.
!fp6 = !quantx.scaled<f6E2M3FN : f32, f8E8M0FNU per *x*>
func.func @assemble_c1_huge(%p: tensor<1x8xi8>, %s: tensor<1x1xf8E8M0FNU>) {
  // expected-error@+1 {{expected a payload of shape 1x6917529027641081856 for}}
  %q = quantx.assemble %p, %s : tensor<1x8xi8>, tensor<1x1xf8E8M0FNU> to tensor<1x9223372036854775807x!fp6>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @assemble_c2_shape(%p: tensor<8x32xi8>, %s: tensor<2x8xf8E8M0FNU>) {
  // expected-error@+1 {{expected scales of shape 8x2 for tensor<8x64> per 1x32, got 2x8}}
  %q = quantx.assemble %p, %s : tensor<8x32xi8>, tensor<2x8xf8E8M0FNU> to tensor<8x64x!mxfp4>
  return
}

// -----

!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
func.func @assemble_c2_count(%p: tensor<8x32xi8>, %s: tensor<8x4xf8E4M3FN>) {
  // expected-error@+1 {{expected 2 parameters (scales, a global scale) for '!quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>', got 1}}
  %q = quantx.assemble %p, %s : tensor<8x32xi8>, tensor<8x4xf8E4M3FN> to tensor<8x64x!nvfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @assemble_c3(%p: tensor<4x64x4xi8>, %s: tensor<4x2x8xf8E8M0FNU>) {
  // expected-error@+1 {{expected a block of rank 3 for a tensor of shape 4x64x8, got 1x32}}
  %q = quantx.assemble %p, %s : tensor<4x64x4xi8>, tensor<4x2x8xf8E8M0FNU> to tensor<4x64x8x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @unsigned_payload(%p: tensor<8x32xui8>, %s: tensor<8x2xf8E8M0FNU>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of 8-bit signless integer values, but got 'tensor<8x32xui8>'}}
  %q = quantx.assemble %p, %s : tensor<8x32xui8>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  return
}

// -----

!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
func.func @assemble_c4(%p: tensor<?x512xi8>, %s: tensor<?x32xf8E8M0FNU>) {
  // expected-error@+1 {{expected static rows and columns with packing rows16, got 'tensor<?x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>>'}}
  %q = quantx.assemble %p, %s : tensor<?x512xi8>, tensor<?x32xf8E8M0FNU> to tensor<?x64x!rows16>
  return
}

// -----

!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
func.func @assemble_c1_rows16(%p: tensor<40x32xi8>, %s: tensor<3x32xf8E8M0FNU>) {
  // expected-error@+1 {{expected a payload of shape 3x512 for 'tensor<40x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>>', got 40x32}}
  %q = quantx.assemble %p, %s : tensor<40x32xi8>, tensor<3x32xf8E8M0FNU> to tensor<40x64x!rows16>
  return
}
