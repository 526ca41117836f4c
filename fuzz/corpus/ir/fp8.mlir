!t = !quantx.scaled<f8E4M3FN : bf16, f32 per *x*>
func.func @f(%x: tensor<?x64xbf16>) -> tensor<?x64xbf16> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax<margin = 0.9, pow2> : tensor<?x64xbf16> to tensor<?x64x!t>
  %e:4 = quantx.error_stats %x, %q : tensor<?x64xbf16>, tensor<?x64x!t> -> f32, f32, i64, i64
  %y = quantx.dequantize %q : tensor<?x64x!t> to tensor<?x64xbf16>
  return %y : tensor<?x64xbf16>
}
