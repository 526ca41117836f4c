// A scaled_matmul of each kind, for as many tokens as one of the kernels takes.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
!mxfp8 = !quantx.scaled<f8E4M3FN : f32, f8E8M0FNU per 1x32>
!fp8 = !quantx.scaled<f8E4M3FN : f32, f32 per 1x*>
!int4 = !quantx.scaled<ui4 : f32, f16 per 1x32, zero_point ui4>
!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>
!mxfp6 = !quantx.scaled<f6E2M3FN : f32, f8E8M0FNU per 1x32>

func.func @mxfp4_one(%x: tensor<1x4096xbf16>, %w: tensor<14336x4096x!mxfp4>, %acc: tensor<1x14336xf32>) -> tensor<1x14336xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<1x4096xbf16>, tensor<14336x4096x!mxfp4>) outs(%acc : tensor<1x14336xf32>) -> tensor<1x14336xf32>
  return %r : tensor<1x14336xf32>
}

func.func @mxfp4_many(%x: tensor<256x?xbf16>, %w: tensor<?x?x!mxfp4>, %acc: tensor<256x?xf32>) -> tensor<256x?xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<256x?xbf16>, tensor<?x?x!mxfp4>) outs(%acc : tensor<256x?xf32>) -> tensor<256x?xf32>
  return %r : tensor<256x?xf32>
}

func.func @mxfp4_f32(%x: tensor<4x?xf32>, %w: tensor<?x?x!mxfp4>, %acc: tensor<4x?xf32>) -> tensor<4x?xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<4x?xf32>, tensor<?x?x!mxfp4>) outs(%acc : tensor<4x?xf32>) -> tensor<4x?xf32>
  return %r : tensor<4x?xf32>
}

func.func @nvfp4_few(%x: tensor<4x?xbf16>, %w: tensor<?x?x!nvfp4>, %acc: tensor<4x?xf32>) -> tensor<4x?xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<4x?xbf16>, tensor<?x?x!nvfp4>) outs(%acc : tensor<4x?xf32>) -> tensor<4x?xf32>
  return %r : tensor<4x?xf32>
}

func.func @mxfp8_some(%x: tensor<32x?xbf16>, %w: tensor<?x?x!mxfp8>, %acc: tensor<32x?xf32>) -> tensor<32x?xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<32x?xbf16>, tensor<?x?x!mxfp8>) outs(%acc : tensor<32x?xf32>) -> tensor<32x?xf32>
  return %r : tensor<32x?xf32>
}

func.func @fp8_f16(%x: tensor<1x?xf16>, %w: tensor<?x?x!fp8>, %acc: tensor<1x?xf32>) -> tensor<1x?xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<1x?xf16>, tensor<?x?x!fp8>) outs(%acc : tensor<1x?xf32>) -> tensor<1x?xf32>
  return %r : tensor<1x?xf32>
}

func.func @int4_one(%x: tensor<1x4096xbf16>, %w: tensor<14336x4096x!int4>, %acc: tensor<1x14336xf32>) -> tensor<1x14336xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<1x4096xbf16>, tensor<14336x4096x!int4>) outs(%acc : tensor<1x14336xf32>) -> tensor<1x14336xf32>
  return %r : tensor<1x14336xf32>
}

func.func @int4_many(%x: tensor<256x4096xbf16>, %w: tensor<?x4096x!int4>, %acc: tensor<256x?xf32>) -> tensor<256x?xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<256x4096xbf16>, tensor<?x4096x!int4>) outs(%acc : tensor<256x?xf32>) -> tensor<256x?xf32>
  return %r : tensor<256x?xf32>
}

func.func @int8_int8(%x: tensor<32x?x!int8>, %w: tensor<?x?x!int8>, %acc: tensor<32x?xf32>) -> tensor<32x?xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<32x?x!int8>, tensor<?x?x!int8>) outs(%acc : tensor<32x?xf32>) -> tensor<32x?xf32>
  return %r : tensor<32x?xf32>
}

func.func @mxfp6(%x: tensor<4x?xbf16>, %w: tensor<?x?x!mxfp6>, %acc: tensor<4x?xf32>) -> tensor<4x?xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<4x?xbf16>, tensor<?x?x!mxfp6>) outs(%acc : tensor<4x?xf32>) -> tensor<4x?xf32>
  return %r : tensor<4x?xf32>
}
