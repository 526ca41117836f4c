// A scaled_matmul of each pair of types that a matrix instruction takes.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
!mxfp8 = !quantx.scaled<f8E4M3FN : f32, f8E8M0FNU per 1x32>
!fp8 = !quantx.scaled<f8E4M3FN : f32, f32 per 1x*>
!mxfp8_e5m2 = !quantx.scaled<f8E5M2 : f32, f8E8M0FNU per 1x32>

func.func @mxfp8_some(%x: tensor<32x?x!mxfp8>, %w: tensor<?x?x!mxfp8_e5m2>, %acc: tensor<32x?xf32>) -> tensor<32x?xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<32x?x!mxfp8>, tensor<?x?x!mxfp8_e5m2>) outs(%acc : tensor<32x?xf32>) -> tensor<32x?xf32>
  return %r : tensor<32x?xf32>
}

func.func @mxfp4_one(%x: tensor<1x4096x!mxfp4>, %w: tensor<14336x4096x!mxfp4>, %acc: tensor<1x14336xf32>) -> tensor<1x14336xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<1x4096x!mxfp4>, tensor<14336x4096x!mxfp4>) outs(%acc : tensor<1x14336xf32>) -> tensor<1x14336xf32>
  return %r : tensor<1x14336xf32>
}

func.func @nvfp4_many(%x: tensor<256x4096xf32>, %w: tensor<14336x4096x!nvfp4>, %acc: tensor<256x14336xf32>, %g: tensor<f32>) -> tensor<256x14336xf32> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax under %g : tensor<256x4096xf32> to tensor<256x4096x!nvfp4>
  %r = quantx.scaled_matmul ins(%q, %w : tensor<256x4096x!nvfp4>, tensor<14336x4096x!nvfp4>) outs(%acc : tensor<256x14336xf32>) -> tensor<256x14336xf32>
  return %r : tensor<256x14336xf32>
}

func.func @fp8_few(%x: tensor<4x?x!fp8>, %w: tensor<?x?x!fp8>, %acc: tensor<4x?xf32>) -> tensor<4x?xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<4x?x!fp8>, tensor<?x?x!fp8>) outs(%acc : tensor<4x?xf32>) -> tensor<4x?xf32>
  return %r : tensor<4x?xf32>
}

func.func @mxfp8_many(%x: tensor<256x?x!mxfp8>, %w: tensor<?x?x!mxfp8_e5m2>, %acc: tensor<256x?xf32>) -> tensor<256x?xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<256x?x!mxfp8>, tensor<?x?x!mxfp8_e5m2>) outs(%acc : tensor<256x?xf32>) -> tensor<256x?xf32>
  return %r : tensor<256x?xf32>
}

func.func @mxfp4_any(%x: tensor<?x4096x!mxfp4>, %w: tensor<14336x4096x!mxfp4>, %acc: tensor<?x14336xf32>) -> tensor<?x14336xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<?x4096x!mxfp4>, tensor<14336x4096x!mxfp4>) outs(%acc : tensor<?x14336xf32>) -> tensor<?x14336xf32>
  return %r : tensor<?x14336xf32>
}

func.func @fp8_many(%x: tensor<256x4096x!fp8>, %w: tensor<14336x4096x!fp8>, %acc: tensor<256x14336xf32>) -> tensor<256x14336xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<256x4096x!fp8>, tensor<14336x4096x!fp8>) outs(%acc : tensor<256x14336xf32>) -> tensor<256x14336xf32>
  return %r : tensor<256x14336xf32>
}
