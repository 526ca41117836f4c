// Weights in MXFP4 to f32, for the programs beside this file.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @dequantize(%q: tensor<?x?x!mxfp4>) -> tensor<?x?xf32> {
  %y = quantx.dequantize %q : tensor<?x?x!mxfp4> to tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
