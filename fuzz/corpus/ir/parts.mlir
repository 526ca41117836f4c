!t = !quantx.scaled<f6E2M3FN : f16, f8E8M0FNU per 2x3>
func.func @f(%q: tensor<4x5x!t>, %x: tensor<4x5xf16>, %seed: i64) -> tensor<4x5x!t> {
  %p, %s = quantx.disassemble %q : tensor<4x5x!t> to tensor<4x4xi8>, tensor<2x2xf8E8M0FNU>
  %c = quantx.unpack %p as #quantx.packing<linear> : tensor<4x4xi8> to tensor<4x5xui6>
  %b = quantx.pack %c as #quantx.packing<linear> : tensor<4x5xui6> to tensor<4x4xi8>
  %a = quantx.assemble %b, %s : tensor<4x4xi8>, tensor<2x2xf8E8M0FNU> to tensor<4x5x!t>
  %k = quantx.choose_qparams %x using #quantx.even for !t : tensor<4x5xf16> -> tensor<2x2xf8E8M0FNU>
  %r = quantx.quantize %x, %k seed %seed {rounding = #quantx.rounding<stochastic>} : tensor<4x5xf16>, tensor<2x2xf8E8M0FNU> to tensor<4x5x!t>
  return %r : tensor<4x5x!t>
}
