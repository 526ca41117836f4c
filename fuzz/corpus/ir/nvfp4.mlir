!t = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
func.func @f(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax : tensor<?x64xf32> to tensor<?x64x!t>
  %e:4 = quantx.error_stats %x, %q : tensor<?x64xf32>, tensor<?x64x!t> -> f32, f32, i64, i64
  %y = quantx.dequantize %q : tensor<?x64x!t> to tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}
