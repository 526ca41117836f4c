// What docs/gpu-instructions.md counts of many rows of activations.

!mxfp4 = !quantx.scaled<f4E2M1FN : bf16, f8E8M0FNU per 1x32>
!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
!fp8 = !quantx.scaled<f8E4M3FN : f32, f32 per 1x*>
!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>
!int4 = !quantx.scaled<ui4 : f32, f16 per 1x128, zero_point ui4>

func.func @many_by_mxfp4(%x: tensor<8192x8192xbf16>, %w: tensor<8192x8192x!mxfp4>, %acc: tensor<8192x8192xf32>) -> tensor<8192x8192xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<8192x8192xbf16>, tensor<8192x8192x!mxfp4>) outs(%acc : tensor<8192x8192xf32>) -> tensor<8192x8192xf32>
  return %r : tensor<8192x8192xf32>
}

func.func @many_by_nvfp4(%x: tensor<8192x8192xbf16>, %w: tensor<8192x8192x!nvfp4>, %acc: tensor<8192x8192xf32>) -> tensor<8192x8192xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<8192x8192xbf16>, tensor<8192x8192x!nvfp4>) outs(%acc : tensor<8192x8192xf32>) -> tensor<8192x8192xf32>
  return %r : tensor<8192x8192xf32>
}

func.func @many_by_fp8(%x: tensor<8192x8192xbf16>, %w: tensor<8192x8192x!fp8>, %acc: tensor<8192x8192xf32>) -> tensor<8192x8192xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<8192x8192xbf16>, tensor<8192x8192x!fp8>) outs(%acc : tensor<8192x8192xf32>) -> tensor<8192x8192xf32>
  return %r : tensor<8192x8192xf32>
}

func.func @many_by_int8(%x: tensor<8192x8192xbf16>, %w: tensor<8192x8192x!int8>, %acc: tensor<8192x8192xf32>) -> tensor<8192x8192xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<8192x8192xbf16>, tensor<8192x8192x!int8>) outs(%acc : tensor<8192x8192xf32>) -> tensor<8192x8192xf32>
  return %r : tensor<8192x8192xf32>
}

func.func @many_by_int4(%x: tensor<8192x8192xbf16>, %w: tensor<8192x8192x!int4>, %acc: tensor<8192x8192xf32>) -> tensor<8192x8192xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<8192x8192xbf16>, tensor<8192x8192x!int4>) outs(%acc : tensor<8192x8192xf32>) -> tensor<8192x8192xf32>
  return %r : tensor<8192x8192xf32>
}
