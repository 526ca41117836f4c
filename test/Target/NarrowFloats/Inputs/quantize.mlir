!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!mxfp6 = !quantx.scaled<f6E3M2FN : f32, f8E8M0FNU per 1x32>
!int4 = !quantx.scaled<ui4 : f32, f16 per 1x32, zero_point ui4>

func.func @fp4(%x: tensor<4x64xf32>) -> (tensor<4x64x!mxfp4>, tensor<4x64xf32>) {
  %q = quantx.dynamic_quantize %x using #quantx.floor
    : tensor<4x64xf32> to tensor<4x64x!mxfp4>
  %y = quantx.dequantize %q : tensor<4x64x!mxfp4> to tensor<4x64xf32>
  return %q, %y : tensor<4x64x!mxfp4>, tensor<4x64xf32>
}

func.func @fp6(%x: tensor<4x64xf32>) -> (tensor<4x64x!mxfp6>, tensor<4x64xf32>) {
  %q = quantx.dynamic_quantize %x using #quantx.floor
    : tensor<4x64xf32> to tensor<4x64x!mxfp6>
  %y = quantx.dequantize %q : tensor<4x64x!mxfp6> to tensor<4x64xf32>
  return %q, %y : tensor<4x64x!mxfp6>, tensor<4x64xf32>
}

func.func @int4(%x: tensor<4x64xf32>) -> (tensor<4x64x!int4>, tensor<4x64xf32>) {
  %q = quantx.dynamic_quantize %x using #quantx.minmax
    : tensor<4x64xf32> to tensor<4x64x!int4>
  %y = quantx.dequantize %q : tensor<4x64x!int4> to tensor<4x64xf32>
  return %q, %y : tensor<4x64x!int4>, tensor<4x64xf32>
}
