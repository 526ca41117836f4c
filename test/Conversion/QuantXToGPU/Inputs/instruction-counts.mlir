// The kernels whose instructions are counted: see docs/gpu-instructions.md.

!mxfp4_bf16 = !quantx.scaled<f4E2M1FN : bf16, f8E8M0FNU per 1x32>
!mxfp4_f32 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!mxfp8_bf16 = !quantx.scaled<f8E4M3FN : bf16, f8E8M0FNU per 1x32>
!mxfp8_f32 = !quantx.scaled<f8E4M3FN : f32, f8E8M0FNU per 1x32>
!nvfp4_bf16 = !quantx.scaled<f4E2M1FN : bf16, f8E4M3FN per 1x16, global f32>
!nvfp4_f32 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
!fp8_bf16 = !quantx.scaled<f8E4M3FN : bf16, f32 per 1x*>
!fp8_f32 = !quantx.scaled<f8E4M3FN : f32, f32 per 1x*>
!int8_bf16 = !quantx.scaled<i8 : bf16, f32 per 1x*>
!int8_f32 = !quantx.scaled<i8 : f32, f32 per 1x*>
!int4_bf16 = !quantx.scaled<ui4 : bf16, f16 per 1x128, zero_point ui4>
!int4_f32 = !quantx.scaled<ui4 : f32, f16 per 1x128, zero_point ui4>

func.func @mxfp4_of_bf16(%x: tensor<?x?xbf16>) -> tensor<?x?x!mxfp4_bf16> {
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<?x?xbf16> to tensor<?x?x!mxfp4_bf16>
  return %q : tensor<?x?x!mxfp4_bf16>
}

func.func @mxfp4_of_f32(%x: tensor<?x?xf32>) -> tensor<?x?x!mxfp4_f32> {
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<?x?xf32> to tensor<?x?x!mxfp4_f32>
  return %q : tensor<?x?x!mxfp4_f32>
}

func.func @mxfp8_of_bf16(%x: tensor<?x?xbf16>) -> tensor<?x?x!mxfp8_bf16> {
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<?x?xbf16> to tensor<?x?x!mxfp8_bf16>
  return %q : tensor<?x?x!mxfp8_bf16>
}

func.func @mxfp8_of_f32(%x: tensor<?x?xf32>) -> tensor<?x?x!mxfp8_f32> {
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<?x?xf32> to tensor<?x?x!mxfp8_f32>
  return %q : tensor<?x?x!mxfp8_f32>
}

func.func @nvfp4_of_bf16(%x: tensor<?x?xbf16>, %global: tensor<f32>) -> tensor<?x?x!nvfp4_bf16> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax under %global : tensor<?x?xbf16> to tensor<?x?x!nvfp4_bf16>
  return %q : tensor<?x?x!nvfp4_bf16>
}

func.func @nvfp4_of_f32(%x: tensor<?x?xf32>, %global: tensor<f32>) -> tensor<?x?x!nvfp4_f32> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax under %global : tensor<?x?xf32> to tensor<?x?x!nvfp4_f32>
  return %q : tensor<?x?x!nvfp4_f32>
}

func.func @fp8_of_bf16(%x: tensor<?x?xbf16>) -> tensor<?x?x!fp8_bf16> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax : tensor<?x?xbf16> to tensor<?x?x!fp8_bf16>
  return %q : tensor<?x?x!fp8_bf16>
}

func.func @fp8_of_f32(%x: tensor<?x?xf32>) -> tensor<?x?x!fp8_f32> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax : tensor<?x?xf32> to tensor<?x?x!fp8_f32>
  return %q : tensor<?x?x!fp8_f32>
}

func.func @int8_of_bf16(%x: tensor<?x?xbf16>) -> tensor<?x?x!int8_bf16> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax : tensor<?x?xbf16> to tensor<?x?x!int8_bf16>
  return %q : tensor<?x?x!int8_bf16>
}

func.func @int8_of_f32(%x: tensor<?x?xf32>) -> tensor<?x?x!int8_f32> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax : tensor<?x?xf32> to tensor<?x?x!int8_f32>
  return %q : tensor<?x?x!int8_f32>
}

func.func @int4_of_bf16(%x: tensor<?x?xbf16>) -> tensor<?x?x!int4_bf16> {
  %q = quantx.dynamic_quantize %x using #quantx.minmax : tensor<?x?xbf16> to tensor<?x?x!int4_bf16>
  return %q : tensor<?x?x!int4_bf16>
}

func.func @int4_of_f32(%x: tensor<?x?xf32>) -> tensor<?x?x!int4_f32> {
  %q = quantx.dynamic_quantize %x using #quantx.minmax : tensor<?x?xf32> to tensor<?x?x!int4_f32>
  return %q : tensor<?x?x!int4_f32>
}

func.func @bf16_of_mxfp4(%q: tensor<8192x8192x!mxfp4_bf16>) -> tensor<8192x8192xbf16> {
  %y = quantx.dequantize %q : tensor<8192x8192x!mxfp4_bf16> to tensor<8192x8192xbf16>
  return %y : tensor<8192x8192xbf16>
}

func.func @bf16_of_mxfp8(%q: tensor<8192x8192x!mxfp8_bf16>) -> tensor<8192x8192xbf16> {
  %y = quantx.dequantize %q : tensor<8192x8192x!mxfp8_bf16> to tensor<8192x8192xbf16>
  return %y : tensor<8192x8192xbf16>
}

func.func @bf16_of_nvfp4(%q: tensor<8192x8192x!nvfp4_bf16>) -> tensor<8192x8192xbf16> {
  %y = quantx.dequantize %q : tensor<8192x8192x!nvfp4_bf16> to tensor<8192x8192xbf16>
  return %y : tensor<8192x8192xbf16>
}

func.func @bf16_of_fp8(%q: tensor<8192x8192x!fp8_bf16>) -> tensor<8192x8192xbf16> {
  %y = quantx.dequantize %q : tensor<8192x8192x!fp8_bf16> to tensor<8192x8192xbf16>
  return %y : tensor<8192x8192xbf16>
}

func.func @bf16_of_int8(%q: tensor<8192x8192x!int8_bf16>) -> tensor<8192x8192xbf16> {
  %y = quantx.dequantize %q : tensor<8192x8192x!int8_bf16> to tensor<8192x8192xbf16>
  return %y : tensor<8192x8192xbf16>
}

func.func @bf16_of_int4(%q: tensor<8192x8192x!int4_bf16>) -> tensor<8192x8192xbf16> {
  %y = quantx.dequantize %q : tensor<8192x8192x!int4_bf16> to tensor<8192x8192xbf16>
  return %y : tensor<8192x8192xbf16>
}

func.func @bf16_by_mxfp4(%x: tensor<1x4096xbf16>, %w: tensor<14336x4096x!mxfp4_f32>, %acc: tensor<1x14336xf32>) -> tensor<1x14336xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<1x4096xbf16>, tensor<14336x4096x!mxfp4_f32>) outs(%acc : tensor<1x14336xf32>) -> tensor<1x14336xf32>
  return %r : tensor<1x14336xf32>
}

func.func @bf16_by_nvfp4(%x: tensor<1x4096xbf16>, %w: tensor<14336x4096x!nvfp4_f32>, %acc: tensor<1x14336xf32>) -> tensor<1x14336xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<1x4096xbf16>, tensor<14336x4096x!nvfp4_f32>) outs(%acc : tensor<1x14336xf32>) -> tensor<1x14336xf32>
  return %r : tensor<1x14336xf32>
}

func.func @bf16_by_int4(%x: tensor<1x4096xbf16>, %w: tensor<14336x4096x!int4_f32>, %acc: tensor<1x14336xf32>) -> tensor<1x14336xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<1x4096xbf16>, tensor<14336x4096x!int4_f32>) outs(%acc : tensor<1x14336xf32>) -> tensor<1x14336xf32>
  return %r : tensor<1x14336xf32>
}

func.func @bf16x8_by_mxfp4(%x: tensor<8x4096xbf16>, %w: tensor<14336x4096x!mxfp4_f32>, %acc: tensor<8x14336xf32>) -> tensor<8x14336xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<8x4096xbf16>, tensor<14336x4096x!mxfp4_f32>) outs(%acc : tensor<8x14336xf32>) -> tensor<8x14336xf32>
  return %r : tensor<8x14336xf32>
}

func.func @bf16x8_by_nvfp4(%x: tensor<8x4096xbf16>, %w: tensor<14336x4096x!nvfp4_f32>, %acc: tensor<8x14336xf32>) -> tensor<8x14336xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<8x4096xbf16>, tensor<14336x4096x!nvfp4_f32>) outs(%acc : tensor<8x14336xf32>) -> tensor<8x14336xf32>
  return %r : tensor<8x14336xf32>
}

func.func @bf16x8_by_int4(%x: tensor<8x4096xbf16>, %w: tensor<14336x4096x!int4_f32>, %acc: tensor<8x14336xf32>) -> tensor<8x14336xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<8x4096xbf16>, tensor<14336x4096x!int4_f32>) outs(%acc : tensor<8x14336xf32>) -> tensor<8x14336xf32>
  return %r : tensor<8x14336xf32>
}
