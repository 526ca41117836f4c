// What changes how codes share bytes, and not the codes, becomes part of the loop
// that needs them: no tensor of unpacked codes is left, and no linear payload that
// nobody wants.
//
// RUN: quant-opt %s -quantx-lower-to-linalg | FileCheck %s --implicit-check-not=quantx --implicit-check-not=linalg.generic --implicit-check-not=tensor.empty

!int4 = !quantx.scaled<i4 : f32, f32 per 1x32>
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-DAG: #[[$ID2:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[$ID4:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// From bytes to bytes: two codes, one read each, and no code that does not exist.

// CHECK-LABEL: func.func @repack(
// CHECK-SAME: %[[B:.*]]: tensor<8x32xi8>) -> tensor<8x32xi8>
// CHECK: %[[O:.*]] = tensor.empty() : tensor<8x32xi8>
// CHECK-NEXT: %[[R:.*]] = linalg.generic {indexing_maps = [#[[$ID2]]], iterator_types = ["parallel", "parallel"]} outs(%[[O]] : tensor<8x32xi8>)
// CHECK-NOT: arith.minui
// CHECK: tensor.extract %[[B]]
// CHECK-NOT: arith.minui
// CHECK: tensor.extract %[[B]]
// CHECK-NOT: tensor.extract
// CHECK: return %[[R]]
func.func @repack(%b: tensor<8x32xi8>) -> tensor<8x32xi8> {
  %c = quantx.unpack %b as #quantx.packing<split_half> : tensor<8x32xi8> to tensor<8x64xi4>
  %p = quantx.pack %c as #quantx.packing<interleaved8> : tensor<8x64xi4> to tensor<8x32xi8>
  return %p : tensor<8x32xi8>
}

// A dynamic row has as many codes as its bytes hold, so all of them exist.
// CHECK-LABEL: func.func @repack_dynamic(
// CHECK-SAME: %[[B:.*]]: tensor<?x?xi8>) -> tensor<?x?xi8>
// CHECK: %[[O:.*]] = tensor.empty(%{{.*}}, %{{.*}}) : tensor<?x?xi8>
// CHECK-NEXT: linalg.generic {{.*}} outs(%[[O]] : tensor<?x?xi8>)
// CHECK-NOT: arith.select %{{.*}} : i8
// CHECK: tensor.extract %[[B]]
// CHECK-NOT: arith.select %{{.*}} : i8
// CHECK: tensor.extract %[[B]]
// CHECK-NOT: arith.select %{{.*}} : i8
// CHECK: return
func.func @repack_dynamic(%b: tensor<?x?xi8>) -> tensor<?x?xi8> {
  %c = quantx.unpack %b as #quantx.packing<interleaved8> : tensor<?x?xi8> to tensor<?x?xui4>
  %p = quantx.pack %c as #quantx.packing<linear> : tensor<?x?xui4> to tensor<?x?xi8>
  return %p : tensor<?x?xi8>
}

// Through casts, and any number of layouts.
// CHECK-LABEL: func.func @repack_twice(
// CHECK-SAME: %[[B:.*]]: tensor<8x?xi8>) -> tensor<8x32xi8>
// CHECK: %[[O:.*]] = tensor.empty() : tensor<8x32xi8>
// CHECK: linalg.generic {{.*}} outs(%[[O]] : tensor<8x32xi8>)
// CHECK-COUNT-2: tensor.extract %[[B]]
// CHECK-NOT: tensor.extract
func.func @repack_twice(%b: tensor<8x?xi8>) -> tensor<8x32xi8> {
  %c = quantx.unpack %b as #quantx.packing<split_half> : tensor<8x?xi8> to tensor<8x64xi4>
  %p = quantx.pack %c as #quantx.packing<interleaved8> : tensor<8x64xi4> to tensor<8x?xi8>
  %q = tensor.cast %p : tensor<8x?xi8> to tensor<8x32xi8>
  %d = quantx.unpack %q as #quantx.packing<interleaved8> : tensor<8x32xi8> to tensor<8x64xui4>
  %e = tensor.cast %d : tensor<8x64xui4> to tensor<?x?xui4>
  %r = quantx.pack %e as #quantx.packing<linear> : tensor<?x?xui4> to tensor<8x32xi8>
  return %r : tensor<8x32xi8>
}

// Another layout reads what the bytes are, not what was packed into them.
// CHECK-LABEL: func.func @reinterpret(
// CHECK: %[[E:.*]] = tensor.empty() : tensor<8x32xi8>
// CHECK: %[[P:.*]] = linalg.generic {{.*}} outs(%[[E]] :
// CHECK: tensor.empty() : tensor<8x64xi8>
// CHECK: linalg.generic {{.*}} : tensor<8x64xi8>)
// CHECK: tensor.extract %[[P]]
func.func @reinterpret(%c: tensor<8x64xi4>) -> tensor<8x64xi4> {
  %p = quantx.pack %c as #quantx.packing<split_half> : tensor<8x64xi4> to tensor<8x32xi8>
  %d = quantx.unpack %p as #quantx.packing<interleaved8> : tensor<8x32xi8> to tensor<8x64xi4>
  return %d : tensor<8x64xi4>
}

// Codes that are wanted unpacked too are in memory; the bytes are still read where
// they come from.
// CHECK-LABEL: func.func @other_use(
// CHECK-SAME: %[[B:.*]]: tensor<8x32xi8>
// CHECK: tensor.empty() : tensor<8x64xi8>
// CHECK: %[[C:.*]] = linalg.generic
// CHECK: tensor.extract %[[B]]
// CHECK: tensor.empty() : tensor<8x32xi8>
// CHECK: %[[P:.*]] = linalg.generic
// CHECK-COUNT-2: tensor.extract %[[B]]
// CHECK: return %[[C]], %[[P]]
func.func @other_use(%b: tensor<8x32xi8>) -> (tensor<8x64xi4>, tensor<8x32xi8>) {
  %c = quantx.unpack %b as #quantx.packing<split_half> : tensor<8x32xi8> to tensor<8x64xi4>
  %p = quantx.pack %c as #quantx.packing<linear> : tensor<8x64xi4> to tensor<8x32xi8>
  return %c, %p : tensor<8x64xi4>, tensor<8x32xi8>
}

// quantize encodes straight into the layout.

// CHECK-LABEL: func.func @encode(
// CHECK-SAME: %[[X:.*]]: tensor<8x64xf32>, %[[S:.*]]: tensor<8x2xf8E8M0FNU>) -> tensor<8x32xi8>
// CHECK: tensor.empty() : tensor<8x32xi8>
// CHECK-NEXT: %[[R:.*]] = linalg.generic
// CHECK: tensor.extract %[[X]]
// CHECK: tensor.extract %[[S]]
// CHECK: tensor.extract %[[X]]
// CHECK: tensor.extract %[[S]]
// CHECK: linalg.yield %{{.*}} : i8
// CHECK: return %[[R]]
func.func @encode(%x: tensor<8x64xf32>, %s: tensor<8x2xf8E8M0FNU>) -> tensor<8x32xi8> {
  %q = quantx.quantize %x, %s : tensor<8x64xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  %p, %t = quantx.disassemble %q : tensor<8x64x!mxfp4> to tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>
  %c = quantx.unpack %p as #quantx.packing<linear> : tensor<8x32xi8> to tensor<8x64xui4>
  %r = quantx.pack %c as #quantx.packing<interleaved8> : tensor<8x64xui4> to tensor<8x32xi8>
  return %r : tensor<8x32xi8>
}

// dynamic_quantize too: two loops choose the scales, one encodes.
// CHECK-LABEL: func.func @encode_dynamic(
// CHECK: tensor.empty(%{{.*}}) : tensor<8x?xi32>
// CHECK: linalg.generic
// CHECK: tensor.empty(%{{.*}}) : tensor<8x?xf32>
// CHECK: %[[S:.*]] = linalg.generic
// CHECK: tensor.empty(%{{.*}}) : tensor<8x?xi8>
// CHECK: %[[R:.*]] = linalg.generic
// CHECK: return %[[R]], %[[S]]
func.func @encode_dynamic(%x: tensor<8x?xf32>) -> (tensor<8x?xi8>, tensor<8x?xf32>) {
  %q = quantx.dynamic_quantize %x using #quantx.absmax : tensor<8x?xf32> to tensor<8x?x!int4>
  %p, %s = quantx.disassemble %q : tensor<8x?x!int4> to tensor<8x?xi8>, tensor<8x?xf32>
  %c = quantx.unpack %p as #quantx.packing<linear> : tensor<8x?xi8> to tensor<8x?xi4>
  %r = quantx.pack %c as #quantx.packing<split_half> : tensor<8x?xi4> to tensor<8x?xi8>
  return %r, %s : tensor<8x?xi8>, tensor<8x?xf32>
}

// Codes wanted unpacked are encoded one a byte.
// CHECK-LABEL: func.func @encode_unpacked(
// CHECK: tensor.empty() : tensor<8x64xi8>
// CHECK-NEXT: linalg.generic
// CHECK: return
func.func @encode_unpacked(%x: tensor<8x64xf32>, %s: tensor<8x2xf32>) -> tensor<8x64xi4> {
  %q = quantx.quantize %x, %s : tensor<8x64xf32>, tensor<8x2xf32> to tensor<8x64x!int4>
  %p, %t = quantx.disassemble %q : tensor<8x64x!int4> to tensor<8x32xi8>, tensor<8x2xf32>
  %c = quantx.unpack %p as #quantx.packing<linear> : tensor<8x32xi8> to tensor<8x64xi4>
  return %c : tensor<8x64xi4>
}

// A payload with other uses is made once, and read.
// CHECK-LABEL: func.func @payload_used(
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<8x64xf32>
// CHECK: tensor.empty() : tensor<8x32xi8>
// CHECK: %[[P:.*]] = linalg.generic
// CHECK-COUNT-2: tensor.extract %[[X]]
// CHECK: tensor.empty() : tensor<8x32xi8>
// CHECK: %[[R:.*]] = linalg.generic
// CHECK-COUNT-2: tensor.extract %[[P]]
// CHECK: return %[[P]], %[[R]]
func.func @payload_used(%x: tensor<8x64xf32>, %s: tensor<8x2xf32>) -> (tensor<8x32xi8>, tensor<8x32xi8>) {
  %q = quantx.quantize %x, %s : tensor<8x64xf32>, tensor<8x2xf32> to tensor<8x64x!int4>
  %p, %t = quantx.disassemble %q : tensor<8x64x!int4> to tensor<8x32xi8>, tensor<8x2xf32>
  %c = quantx.unpack %p as #quantx.packing<linear> : tensor<8x32xi8> to tensor<8x64xi4>
  %r = quantx.pack %c as #quantx.packing<split_half> : tensor<8x64xi4> to tensor<8x32xi8>
  return %p, %r : tensor<8x32xi8>, tensor<8x32xi8>
}

// In a loop that runs many times, what was encoded before it is read.
// CHECK-LABEL: func.func @encoded_outside(
// CHECK: tensor.empty() : tensor<8x32xi8>
// CHECK: %[[P:.*]] = linalg.generic
// CHECK: scf.for
// CHECK: tensor.empty() : tensor<8x32xi8>
// CHECK: linalg.generic
// CHECK-COUNT-2: tensor.extract %[[P]]
func.func @encoded_outside(%x: tensor<8x64xf32>, %s: tensor<8x2xf32>, %b: tensor<8x32xi8>, %n: index) -> tensor<8x32xi8> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %q = quantx.quantize %x, %s : tensor<8x64xf32>, tensor<8x2xf32> to tensor<8x64x!int4>
  %p, %t = quantx.disassemble %q : tensor<8x64x!int4> to tensor<8x32xi8>, tensor<8x2xf32>
  %last = scf.for %i = %c0 to %n step %c1 iter_args(%a = %b) -> tensor<8x32xi8> {
    %c = quantx.unpack %p as #quantx.packing<linear> : tensor<8x32xi8> to tensor<8x64xi4>
    %r = quantx.pack %c as #quantx.packing<split_half> : tensor<8x64xi4> to tensor<8x32xi8>
    scf.yield %r : tensor<8x32xi8>
  }
  return %last : tensor<8x32xi8>
}

// dequantize decodes straight from the layout, error_stats too.

// CHECK-LABEL: func.func @decode(
// CHECK-SAME: %[[B:.*]]: tensor<8x32xi8>, %[[S:.*]]: tensor<8x2xf32>) -> tensor<8x64xf32>
// CHECK: tensor.empty() : tensor<8x64xf32>
// CHECK-NEXT: %[[Y:.*]] = linalg.generic
// CHECK-NOT: arith.minui
// CHECK: tensor.extract %[[B]]
// CHECK: tensor.extract %[[S]]
// CHECK-NOT: tensor.extract
// CHECK: return %[[Y]]
func.func @decode(%b: tensor<8x32xi8>, %s: tensor<8x2xf32>) -> tensor<8x64xf32> {
  %c = quantx.unpack %b as #quantx.packing<interleaved8> : tensor<8x32xi8> to tensor<8x64xi4>
  %p = quantx.pack %c as #quantx.packing<linear> : tensor<8x64xi4> to tensor<8x32xi8>
  %q = quantx.assemble %p, %s : tensor<8x32xi8>, tensor<8x2xf32> to tensor<8x64x!int4>
  %y = quantx.dequantize %q : tensor<8x64x!int4> to tensor<8x64xf32>
  return %y : tensor<8x64xf32>
}

// 63 codes, of which the payload makes 64: the last is 0, and no code is read for
// it.
// CHECK-LABEL: func.func @decode_padding(
// CHECK: tensor.empty() : tensor<8x64xf32>
// CHECK: linalg.generic
// CHECK: arith.minui
// CHECK: arith.select
// CHECK: return
func.func @decode_padding(%b: tensor<8x32xi8>, %s: tensor<8x2xf32>) -> tensor<8x64xf32> {
  %c = quantx.unpack %b as #quantx.packing<split_half> : tensor<8x32xi8> to tensor<8x63xi4>
  %p = quantx.pack %c as #quantx.packing<linear> : tensor<8x63xi4> to tensor<8x32xi8>
  %q = quantx.assemble %p, %s : tensor<8x32xi8>, tensor<8x2xf32> to tensor<8x64x!int4>
  %y = quantx.dequantize %q : tensor<8x64x!int4> to tensor<8x64xf32>
  return %y : tensor<8x64xf32>
}

// CHECK-LABEL: func.func @decode_dynamic(
// CHECK-SAME: %[[B:.*]]: tensor<8x?xi8>
// CHECK: tensor.empty(%{{.*}}) : tensor<8x?xf32>
// CHECK-NEXT: linalg.generic
// CHECK: tensor.extract %[[B]]
// CHECK: return
func.func @decode_dynamic(%b: tensor<8x?xi8>, %s: tensor<8x?xf32>) -> tensor<8x?xf32> {
  %c = quantx.unpack %b as #quantx.packing<split_half> : tensor<8x?xi8> to tensor<8x?xi4>
  %p = quantx.pack %c as #quantx.packing<linear> : tensor<8x?xi4> to tensor<8x?xi8>
  %q = quantx.assemble %p, %s : tensor<8x?xi8>, tensor<8x?xf32> to tensor<8x?x!int4>
  %y = quantx.dequantize %q : tensor<8x?x!int4> to tensor<8x?xf32>
  return %y : tensor<8x?xf32>
}

// CHECK-LABEL: func.func @error_stats(
// CHECK-SAME: %[[X:.*]]: tensor<8x64xf32>, %[[B:.*]]: tensor<8x32xi8>
// CHECK-COUNT-4: tensor.empty() : tensor<
// CHECK: linalg.generic {{.*}} ins(%[[X]] : tensor<8x64xf32>)
// CHECK: tensor.extract %[[B]]
// CHECK: return
func.func @error_stats(%x: tensor<8x64xf32>, %b: tensor<8x32xi8>, %s: tensor<8x2xf32>) -> f32 {
  %c = quantx.unpack %b as #quantx.packing<interleaved8> : tensor<8x32xi8> to tensor<8x64xi4>
  %p = quantx.pack %c as #quantx.packing<linear> : tensor<8x64xi4> to tensor<8x32xi8>
  %q = quantx.assemble %p, %s : tensor<8x32xi8>, tensor<8x2xf32> to tensor<8x64x!int4>
  %e:4 = quantx.error_stats %x, %q : tensor<8x64xf32>, tensor<8x64x!int4> -> f32, f32, i64, i64
  return %e#0 : f32
}

// Scales: one loop each way. Padding is zero bits, for no f8E8M0FNU is zero.

// CHECK-LABEL: func.func @tile_scales(
// CHECK-SAME: %[[S:.*]]: tensor<300x8xf8E8M0FNU>) -> tensor<3x2x32x16xf8E8M0FNU>
// CHECK: %[[E:.*]] = tensor.empty() : tensor<3x2x32x16xf8E8M0FNU>
// CHECK: %[[T:.*]] = linalg.generic {indexing_maps = [#[[$ID4]]]{{.*}} outs(%[[E]] :
// Rows may be beyond the end, columns not.
// CHECK: arith.minui
// CHECK-NOT: arith.minui
// CHECK: %[[SCALE:.*]] = tensor.extract %[[S]]
// CHECK: %[[BYTE:.*]] = arith.bitcast %[[SCALE]] : f8E8M0FNU to i8
// CHECK: arith.select %{{.*}}, %[[BYTE]], %{{.*}} : i8
// CHECK: return %[[T]]
func.func @tile_scales(%s: tensor<300x8xf8E8M0FNU>) -> tensor<3x2x32x16xf8E8M0FNU> {
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : tensor<300x8xf8E8M0FNU> to tensor<3x2x32x16xf8E8M0FNU>
  return %t : tensor<3x2x32x16xf8E8M0FNU>
}

// CHECK-LABEL: func.func @tile_full(
// CHECK: tensor.empty() : tensor<3x2x32x16xf8E4M3FN>
// CHECK: linalg.generic
// CHECK-NOT: arith.select
// CHECK: return
func.func @tile_full(%s: tensor<384x8xf8E4M3FN>) -> tensor<3x2x32x16xf8E4M3FN> {
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : tensor<384x8xf8E4M3FN> to tensor<3x2x32x16xf8E4M3FN>
  return %t : tensor<3x2x32x16xf8E4M3FN>
}

// CHECK-LABEL: func.func @untile_scales(
// CHECK-SAME: %[[T:.*]]: tensor<2x?x?x32x16xf8E8M0FNU>, %[[R:.*]]: index, %[[C:.*]]: index) -> tensor<2x?x?xf8E8M0FNU>
// CHECK: tensor.empty(%[[R]], %[[C]]) : tensor<2x?x?xf8E8M0FNU>
// CHECK: %[[L:.*]] = linalg.generic
// CHECK: tensor.extract %[[T]]
// CHECK: return %[[L]]
func.func @untile_scales(%t: tensor<2x?x?x32x16xf8E8M0FNU>, %r: index, %c: index) -> tensor<2x?x?xf8E8M0FNU> {
  %l = quantx.relayout_scales %t to #quantx.scale_layout<linear> sizes(%r, %c) : tensor<2x?x?x32x16xf8E8M0FNU> to tensor<2x?x?xf8E8M0FNU>
  return %l : tensor<2x?x?xf8E8M0FNU>
}
