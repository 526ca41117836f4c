!t = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @f(%b: tensor<?x?xi8>, %s: tensor<3x2x32x16xf8E8M0FNU>, %x: tensor<300x33xf32>, %n: index) -> (tensor<?x?xi8>, tensor<300x33xf32>, tensor<?x7xf8E8M0FNU>) {
  %c = quantx.unpack %b as #quantx.packing<split_half> : tensor<?x?xi8> to tensor<?x?xi4>
  %p = quantx.pack %c as #quantx.packing<interleaved8> : tensor<?x?xi4> to tensor<?x?xi8>
  %l = quantx.relayout_scales %s to #quantx.scale_layout<linear> sizes(%n) : tensor<3x2x32x16xf8E8M0FNU> to tensor<?x7xf8E8M0FNU>
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<300x33xf32> to tensor<300x33x!t>
  %h, %e = quantx.disassemble %q : tensor<300x33x!t> to tensor<300x17xi8>, tensor<300x2xf8E8M0FNU>
  %t = quantx.relayout_scales %e to #quantx.scale_layout<tile128x4> : tensor<300x2xf8E8M0FNU> to tensor<3x1x32x16xf8E8M0FNU>
  %r = quantx.relayout_scales %t to #quantx.scale_layout<linear> : tensor<3x1x32x16xf8E8M0FNU> to tensor<300x2xf8E8M0FNU>
  %a = quantx.assemble %h, %r : tensor<300x17xi8>, tensor<300x2xf8E8M0FNU> to tensor<300x33x!t>
  %y = quantx.dequantize %a : tensor<300x33x!t> to tensor<300x33xf32>
  return %p, %y, %l : tensor<?x?xi8>, tensor<300x33xf32>, tensor<?x7xf8E8M0FNU>
}
