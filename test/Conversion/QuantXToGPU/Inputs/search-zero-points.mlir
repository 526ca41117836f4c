!int4 = !quantx.scaled<ui4 : bf16, f16 per 1x128, zero_point ui4>

// Scales and zero points are searched for, in the registers of a warp.
func.func @search(%x: tensor<?x?xbf16>) -> tensor<?x?x!int4> {
  %q = quantx.dynamic_quantize %x using #quantx.optimal
    : tensor<?x?xbf16> to tensor<?x?x!int4>
  return %q : tensor<?x?x!int4>
}
