// RUN: quant-opt %s -split-input-file -verify-diagnostics

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @scaled_matmul_c1(%a: tensor<2x4x64xf32>, %w: tensor<8x64x!mxfp4>, %acc: tensor<4x8xf32>) {
  // expected-error@+1 {{expected operands of one rank, 2 or more, got 'tensor<2x4x64xf32>', 'tensor<8x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>>' and 'tensor<4x8xf32>'}}
  %r = quantx.scaled_matmul ins(%a, %w : tensor<2x4x64xf32>, tensor<8x64x!mxfp4>) outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @scaled_matmul_c1_init(%a: tensor<4x64xf32>, %w: tensor<8x64x!mxfp4>, %acc: tensor<1x4x8xf32>) {
  // expected-error@+1 {{expected operands of one rank, 2 or more, got 'tensor<4x64xf32>', 'tensor<8x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>>' and 'tensor<1x4x8xf32>'}}
  %r = quantx.scaled_matmul ins(%a, %w : tensor<4x64xf32>, tensor<8x64x!mxfp4>) outs(%acc : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return
}

// -----

!v = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 32>
func.func @scaled_matmul_c1_vectors(%a: tensor<64xf32>, %w: tensor<64x!v>, %acc: tensor<8xf32>) {
  // expected-error@+1 {{expected operands of one rank, 2 or more, got 'tensor<64xf32>', 'tensor<64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 32>>' and 'tensor<8xf32>'}}
  %r = quantx.scaled_matmul ins(%a, %w : tensor<64xf32>, tensor<64x!v>) outs(%acc : tensor<8xf32>) -> tensor<8xf32>
  return
}

// -----

// Sums in f16 or bf16 would lose what the weights have.
!mxfp4 = !quantx.scaled<f4E2M1FN : bf16, f8E8M0FNU per 1x32>
func.func @scaled_matmul_c2(%a: tensor<4x64xbf16>, %w: tensor<8x64x!mxfp4>, %acc: tensor<4x8xbf16>) {
  // expected-error@+1 {{expected an accumulator of f32, the type of the sums, got 'tensor<4x8xbf16>'}}
  %r = quantx.scaled_matmul ins(%a, %w : tensor<4x64xbf16>, tensor<8x64x!mxfp4>) outs(%acc : tensor<4x8xbf16>) -> tensor<4x8xbf16>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @scaled_matmul_c3_rhs(%a: tensor<2x4x64xf32>, %w: tensor<2x8x64x!mxfp4>, %acc: tensor<2x4x8xf32>) {
  // expected-error@+1 {{expected a block of rank 3 for a tensor of shape 2x8x64, got 1x32}}
  %r = quantx.scaled_matmul ins(%a, %w : tensor<2x4x64xf32>, tensor<2x8x64x!mxfp4>) outs(%acc : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!rows = !quantx.scaled<i8 : f32, f32 per *>
func.func @scaled_matmul_c3_lhs(%a: tensor<4x64x!rows>, %w: tensor<8x64x!mxfp4>, %acc: tensor<4x8xf32>) {
  // expected-error@+1 {{expected a block of rank 2 for a tensor of shape 4x64, got *}}
  %r = quantx.scaled_matmul ins(%a, %w : tensor<4x64x!rows>, tensor<8x64x!mxfp4>) outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

// Weights of K x N.
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @scaled_matmul_c4(%a: tensor<4x64xf32>, %w: tensor<64x32x!mxfp4>, %acc: tensor<4x32xf32>) {
  // expected-error@+1 {{expected the last dimension of 'tensor<4x64xf32>', 64, in 'tensor<64x32x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>>' too, got 32}}
  %r = quantx.scaled_matmul ins(%a, %w : tensor<4x64xf32>, tensor<64x32x!mxfp4>) outs(%acc : tensor<4x32xf32>) -> tensor<4x32xf32>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x1x32>
func.func @scaled_matmul_c5_batches(%a: tensor<2x4x64xf32>, %w: tensor<3x8x64x!mxfp4>, %acc: tensor<2x4x8xf32>) {
  // expected-error@+1 {{expected the same batches, got 2 in 'tensor<2x4x64xf32>' and 3 in 'tensor<3x8x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x1x32>>'}}
  %r = quantx.scaled_matmul ins(%a, %w : tensor<2x4x64xf32>, tensor<3x8x64x!mxfp4>) outs(%acc : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @scaled_matmul_c5_init(%a: tensor<4x64xf32>, %w: tensor<8x64x!mxfp4>, %acc: tensor<8x4xf32>) {
  // expected-error@+1 {{expected an accumulator of shape 4x8 for 'tensor<4x64xf32>' and 'tensor<8x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>>', got 8x4}}
  %r = quantx.scaled_matmul ins(%a, %w : tensor<4x64xf32>, tensor<8x64x!mxfp4>) outs(%acc : tensor<8x4xf32>) -> tensor<8x4xf32>
  return
}

// -----

// Batches that the weights alone have.
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x1x32>
func.func @scaled_matmul_c5_init_batches(%a: tensor<?x4x64xf32>, %w: tensor<3x8x64x!mxfp4>, %acc: tensor<2x4x8xf32>) {
  // expected-error@+1 {{expected an accumulator of shape 3x4x8 for 'tensor<?x4x64xf32>' and 'tensor<3x8x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x1x32>>', got 2x4x8}}
  %r = quantx.scaled_matmul ins(%a, %w : tensor<?x4x64xf32>, tensor<3x8x64x!mxfp4>) outs(%acc : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @scaled_matmul_c6(%a: tensor<4x64xf32>, %w: tensor<8x64x!mxfp4>, %acc: tensor<4x8xf32>) {
  // expected-error@+1 {{failed to verify that all of {init, result} have same type}}
  %r = quantx.scaled_matmul ins(%a, %w : tensor<4x64xf32>, tensor<8x64x!mxfp4>) outs(%acc : tensor<4x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @lhs_type(%a: tensor<4x64xf64>, %w: tensor<8x64x!mxfp4>, %acc: tensor<4x8xf32>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of f32, f16, bf16 or !quantx.scaled, but got 'tensor<4x64xf64>'}}
  %r = quantx.scaled_matmul ins(%a, %w : tensor<4x64xf64>, tensor<8x64x!mxfp4>) outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @rhs_type(%a: tensor<4x64x!mxfp4>, %w: tensor<8x64xf32>, %acc: tensor<4x8xf32>) {
  // expected-error@+1 {{operand #1 must be ranked tensor of !quantx.scaled, but got 'tensor<8x64xf32>'}}
  %r = quantx.scaled_matmul ins(%a, %w : tensor<4x64x!mxfp4>, tensor<8x64xf32>) outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
func.func @scaled_matmul_c7(%a: tensor<4x64xf32>, %w: tensor<?x64x!rows16>, %acc: tensor<4x?xf32>) {
  // expected-error@+1 {{expected static rows and columns with packing rows16, got 'tensor<?x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>>'}}
  %r = quantx.scaled_matmul ins(%a, %w : tensor<4x64xf32>, tensor<?x64x!rows16>) outs(%acc : tensor<4x?xf32>) -> tensor<4x?xf32>
  return
}

// -----

!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
func.func @scaled_matmul_c7_lhs(%a: tensor<4x64x!rows16>, %w: tensor<8x64x!rows16>, %acc: tensor<4x8xf32>) {
  // expected-error@+1 {{expected a tensor without packing rows16, which quantx.relayout undoes, got 'tensor<4x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>>'}}
  %r = quantx.scaled_matmul ins(%a, %w : tensor<4x64x!rows16>, tensor<8x64x!rows16>) outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}
