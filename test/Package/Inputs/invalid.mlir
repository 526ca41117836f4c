!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @dequantize(%q: tensor<4x64x!mxfp4>) -> tensor<4x32xf32> {
  %y = quantx.dequantize %q : tensor<4x64x!mxfp4> to tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}
