// RUN: quant-opt %s -split-input-file -verify-diagnostics

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
func.func @relayout_c1(%w: tensor<40x64x!mxfp4>) {
  // expected-error@+1 {{expected a result of the input's shape 40x64, got 48x64}}
  %r = quantx.relayout %w : tensor<40x64x!mxfp4> to tensor<48x64x!rows16>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
func.func @relayout_c1_rank(%w: tensor<40x64x!mxfp4>) {
  // expected-error@+1 {{expected a result of the input's shape 40x64, got 1x40x64}}
  %r = quantx.relayout %w : tensor<40x64x!mxfp4> to tensor<1x40x64x!rows16>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x16, packing rows16>
func.func @relayout_c2(%w: tensor<40x64x!mxfp4>) {
  // expected-error@+1 {{expected a result of '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>', the input's type in another packing, got '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x16, packing rows16>'}}
  %r = quantx.relayout %w : tensor<40x64x!mxfp4> to tensor<40x64x!rows16>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
func.func @relayout_c3(%w: tensor<2x40x64x!mxfp4>) {
  // expected-error@+1 {{expected a block of rank 3 for a tensor of shape 2x40x64, got 1x32}}
  %r = quantx.relayout %w : tensor<2x40x64x!mxfp4> to tensor<2x40x64x!rows16>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
func.func @relayout_c4(%w: tensor<?x64x!mxfp4>) {
  // expected-error@+1 {{expected static rows and columns with packing rows16, got 'tensor<?x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>>'}}
  %r = quantx.relayout %w : tensor<?x64x!mxfp4> to tensor<?x64x!rows16>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
func.func @relayout_c4_back(%r: tensor<40x?x!rows16>) {
  // expected-error@+1 {{expected static rows and columns with packing rows16, got 'tensor<40x?x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>>'}}
  %w = quantx.relayout %r : tensor<40x?x!rows16> to tensor<40x?x!mxfp4>
  return
}
