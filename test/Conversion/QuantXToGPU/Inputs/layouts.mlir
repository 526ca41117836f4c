func.func @pack_i4(%c: tensor<?x?xi4>) -> tensor<?x?xi8> {
  %b = quantx.pack %c as #quantx.packing<linear> : tensor<?x?xi4> to tensor<?x?xi8>
  return %b : tensor<?x?xi8>
}
func.func @pack_split(%c: tensor<?x?xui4>) -> tensor<?x?xi8> {
  %b = quantx.pack %c as #quantx.packing<split_half> : tensor<?x?xui4> to tensor<?x?xi8>
  return %b : tensor<?x?xi8>
}
func.func @pack_i6(%c: tensor<64x4096xi6>) -> tensor<64x3072xi8> {
  %b = quantx.pack %c as #quantx.packing<linear> : tensor<64x4096xi6> to tensor<64x3072xi8>
  return %b : tensor<64x3072xi8>
}
func.func @unpack_i4(%b: tensor<?x?xi8>) -> tensor<?x?xi4> {
  %c = quantx.unpack %b as #quantx.packing<linear> : tensor<?x?xi8> to tensor<?x?xi4>
  return %c : tensor<?x?xi4>
}
func.func @unpack_inter(%b: tensor<?x?xi8>) -> tensor<?x?xi4> {
  %c = quantx.unpack %b as #quantx.packing<interleaved8> : tensor<?x?xi8> to tensor<?x?xi4>
  return %c : tensor<?x?xi4>
}
func.func @unpack_i3(%b: tensor<64x1536xi8>) -> tensor<64x4096xi3> {
  %c = quantx.unpack %b as #quantx.packing<linear> : tensor<64x1536xi8> to tensor<64x4096xi3>
  return %c : tensor<64x4096xi3>
}
func.func @tile(%s: tensor<?x?xf8E8M0FNU>) -> tensor<?x?x32x16xf8E8M0FNU> {
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : tensor<?x?xf8E8M0FNU> to tensor<?x?x32x16xf8E8M0FNU>
  return %t : tensor<?x?x32x16xf8E8M0FNU>
}
func.func @untile(%t: tensor<?x?x32x16xf8E4M3FN>, %r: index, %c: index) -> tensor<?x?xf8E4M3FN> {
  %s = quantx.relayout_scales %t to #quantx.scale_layout<linear> sizes(%r, %c) : tensor<?x?x32x16xf8E4M3FN> to tensor<?x?xf8E4M3FN>
  return %s : tensor<?x?xf8E4M3FN>
}

// Units of no power of two.
!mxfp6 = !quantx.scaled<f6E2M3FN : f32, f8E8M0FNU per 1x32>
func.func @six_bits(%x: tensor<?x?xf32>) -> (tensor<?x?x!mxfp6>, tensor<?x?xf32>) {
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<?x?xf32> to tensor<?x?x!mxfp6>
  %y = quantx.dequantize %q : tensor<?x?x!mxfp6> to tensor<?x?xf32>
  return %q, %y : tensor<?x?x!mxfp6>, tensor<?x?xf32>
}

!mxfp4 = !quantx.scaled<f4E2M1FN : bf16, f8E8M0FNU per 1x32>
!mxfp4_rows16 = !quantx.scaled<f4E2M1FN : bf16, f8E8M0FNU per 1x32, packing rows16>
func.func @rows16(%w: tensor<40x64x!mxfp4>) -> tensor<40x64x!mxfp4_rows16> {
  %r = quantx.relayout %w : tensor<40x64x!mxfp4> to tensor<40x64x!mxfp4_rows16>
  return %r : tensor<40x64x!mxfp4_rows16>
}
