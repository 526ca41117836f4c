!mxfp4 = !quantx.scaled<f4E2M1FN : bf16, f8E8M0FNU per 1x32>
!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
!fp8_blocks = !quantx.scaled<f8E4M3FN : f32, f32 per 128x128>
!int4 = !quantx.scaled<ui4 : f32, f16 per 1x128, zero_point ui4>

// The least error of several scales, in the registers of a warp.
func.func @optimal(%x: tensor<?x?xbf16>) -> tensor<?x?x!mxfp4> {
  %q = quantx.dynamic_quantize %x using #quantx.optimal
    : tensor<?x?xbf16> to tensor<?x?x!mxfp4>
  return %q : tensor<?x?x!mxfp4>
}

// Two kernels: the global scale first.
func.func @global(%x: tensor<?x4096xf32>) -> tensor<?x4096x!nvfp4> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax
    : tensor<?x4096xf32> to tensor<?x4096x!nvfp4>
  return %q : tensor<?x4096x!nvfp4>
}

// A block of threads for each block of values.
func.func @blocks(%x: tensor<?x4096xf32>) -> tensor<?x4096x!fp8_blocks> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax
    : tensor<?x4096xf32> to tensor<?x4096x!fp8_blocks>
  return %q : tensor<?x4096x!fp8_blocks>
}

func.func @minmax(%x: tensor<?x4096xf32>) -> tensor<?x4096x!int4> {
  %q = quantx.dynamic_quantize %x using #quantx.minmax
    : tensor<?x4096xf32> to tensor<?x4096x!int4>
  return %q : tensor<?x4096x!int4>
}

// A search in f64, with square roots.
func.func @search(%x: tensor<?x4096xf32>, %g: tensor<f32>) -> tensor<?x4096x!nvfp4> {
  %q = quantx.dynamic_quantize %x using #quantx.optimal under %g
    : tensor<?x4096xf32> to tensor<?x4096x!nvfp4>
  return %q : tensor<?x4096x!nvfp4>
}
