// Numbers of tokens that show at run time.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!int4 = !quantx.scaled<ui4 : f32, f16 per 1x128, zero_point ui4>

func.func @mxfp4_any(%x: tensor<?x4096xbf16>, %w: tensor<14336x4096x!mxfp4>, %acc: tensor<?x14336xf32>) -> tensor<?x14336xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<?x4096xbf16>, tensor<14336x4096x!mxfp4>) outs(%acc : tensor<?x14336xf32>) -> tensor<?x14336xf32>
  return %r : tensor<?x14336xf32>
}

func.func @int4_any(%x: tensor<?x4096xbf16>, %w: tensor<14336x4096x!int4>, %acc: tensor<?x14336xf32>) -> tensor<?x14336xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<?x4096xbf16>, tensor<14336x4096x!int4>) outs(%acc : tensor<?x14336xf32>) -> tensor<?x14336xf32>
  return %r : tensor<?x14336xf32>
}
