// pack and unpack undo each other, when no bits are lost.
//
// RUN: quant-opt %s -canonicalize | FileCheck %s

// The bytes that a caller has for codes may hold more than these: unpack extends
// them.
// CHECK-LABEL: func.func @unpack_of_pack(
func.func @unpack_of_pack(%c: tensor<8x64xi4>) -> tensor<8x64xi4> {
  // CHECK: quantx.pack
  // CHECK: %[[R:.*]] = quantx.unpack
  // CHECK: return %[[R]]
  %b = quantx.pack %c as #quantx.packing<linear> : tensor<8x64xi4> to tensor<8x32xi8>
  %r = quantx.unpack %b as #quantx.packing<linear> : tensor<8x32xi8> to tensor<8x64xi4>
  return %r : tensor<8x64xi4>
}

// What unpack has made comes back, whatever the padding.
// CHECK-LABEL: func.func @unpack_of_pack_odd(
// CHECK-SAME: %[[X:.*]]: tensor<8x24xi8>
func.func @unpack_of_pack_odd(%x: tensor<8x24xi8>) -> tensor<8x63xui3> {
  // CHECK-NEXT: %[[C:.*]] = quantx.unpack %[[X]]
  // CHECK-NEXT: return %[[C]]
  %c = quantx.unpack %x as #quantx.packing<linear> : tensor<8x24xi8> to tensor<8x63xui3>
  %b = quantx.pack %c as #quantx.packing<linear> : tensor<8x63xui3> to tensor<8x24xi8>
  %r = quantx.unpack %b as #quantx.packing<linear> : tensor<8x24xi8> to tensor<8x63xui3>
  return %r : tensor<8x63xui3>
}

// CHECK-LABEL: func.func @unpack_of_pack_constant(
func.func @unpack_of_pack_constant() -> tensor<4xi4> {
  // CHECK-NEXT: %[[C:.*]] = arith.constant dense<[-8, -1, 0, 7]>
  // CHECK-NEXT: return %[[C]]
  %c = arith.constant dense<[-8, -1, 0, 7]> : tensor<4xi4>
  %b = quantx.pack %c as #quantx.packing<linear> : tensor<4xi4> to tensor<2xi8>
  %r = quantx.unpack %b as #quantx.packing<linear> : tensor<2xi8> to tensor<4xi4>
  return %r : tensor<4xi4>
}

// CHECK-LABEL: func.func @pack_of_unpack(
// CHECK-SAME: %[[B:.*]]: tensor<?x48xi8>
func.func @pack_of_unpack(%b: tensor<?x48xi8>) -> tensor<?x48xi8> {
  // CHECK-NEXT: return %[[B]]
  %c = quantx.unpack %b as #quantx.packing<linear> : tensor<?x48xi8> to tensor<?x64xi6>
  %r = quantx.pack %c as #quantx.packing<linear> : tensor<?x64xi6> to tensor<?x48xi8>
  return %r : tensor<?x48xi8>
}

// pack clears the padding bits, which `bytes` may have set.
// CHECK-LABEL: func.func @padding(
func.func @padding(%b: tensor<8x32xi8>) -> tensor<8x32xi8> {
  // CHECK: %[[C:.*]] = quantx.unpack
  // CHECK: %[[R:.*]] = quantx.pack %[[C]]
  // CHECK: return %[[R]]
  %c = quantx.unpack %b as #quantx.packing<linear> : tensor<8x32xi8> to tensor<8x63xi4>
  %r = quantx.pack %c as #quantx.packing<linear> : tensor<8x63xi4> to tensor<8x32xi8>
  return %r : tensor<8x32xi8>
}

// A dynamic number of codes may leave padding, and here bytes.
// CHECK-LABEL: func.func @dynamic_padding(
func.func @dynamic_padding(%b: tensor<?xi8>) -> tensor<?xi8> {
  // CHECK: %[[C:.*]] = quantx.unpack
  // CHECK: %[[R:.*]] = quantx.pack %[[C]]
  // CHECK: return %[[R]]
  %c = quantx.unpack %b as #quantx.packing<linear> : tensor<?xi8> to tensor<?xi6>
  %r = quantx.pack %c as #quantx.packing<linear> : tensor<?xi6> to tensor<?xi8>
  return %r : tensor<?xi8>
}

// Signed and unsigned codes, and codes of another width, are other values.
// CHECK-LABEL: func.func @other_sign(
func.func @other_sign(%c: tensor<8x64xi4>) -> tensor<8x64xui4> {
  // CHECK: quantx.pack
  // CHECK: quantx.unpack
  %b = quantx.pack %c as #quantx.packing<linear> : tensor<8x64xi4> to tensor<8x32xi8>
  %r = quantx.unpack %b as #quantx.packing<linear> : tensor<8x32xi8> to tensor<8x64xui4>
  return %r : tensor<8x64xui4>
}

// CHECK-LABEL: func.func @other_width(
func.func @other_width(%c: tensor<8x64xi4>) -> tensor<8x32xi8> {
  // CHECK: quantx.pack
  // CHECK: quantx.unpack
  %b = quantx.pack %c as #quantx.packing<linear> : tensor<8x64xi4> to tensor<8x32xi8>
  %r = quantx.unpack %b as #quantx.packing<linear> : tensor<8x32xi8> to tensor<8x32xi8>
  return %r : tensor<8x32xi8>
}

// The other layouts undo each other too, each itself alone.
// CHECK-LABEL: func.func @layouts(
// CHECK-SAME: %[[B:.*]]: tensor<8x32xi8>
func.func @layouts(%b: tensor<8x32xi8>) -> (tensor<8x63xi4>, tensor<8x32xi8>) {
  // CHECK-NEXT: %[[C:.*]] = quantx.unpack
  // CHECK-NEXT: return %[[C]], %[[B]]
  %c = quantx.unpack %b as #quantx.packing<split_half> : tensor<8x32xi8> to tensor<8x63xi4>
  %0 = quantx.pack %c as #quantx.packing<split_half> : tensor<8x63xi4> to tensor<8x32xi8>
  %1 = quantx.unpack %0 as #quantx.packing<split_half> : tensor<8x32xi8> to tensor<8x63xi4>
  %2 = quantx.unpack %b as #quantx.packing<interleaved8> : tensor<8x32xi8> to tensor<8x64xui4>
  %3 = quantx.pack %2 as #quantx.packing<interleaved8> : tensor<8x64xui4> to tensor<8x32xi8>
  return %1, %3 : tensor<8x63xi4>, tensor<8x32xi8>
}

// CHECK-LABEL: func.func @other_layout(
func.func @other_layout(%c: tensor<8x64xi4>, %b: tensor<8x32xi8>) -> (tensor<8x64xi4>, tensor<8x32xi8>) {
  // CHECK: quantx.pack %{{.*}} as #quantx.packing<linear>
  // CHECK: quantx.unpack %{{.*}} as #quantx.packing<split_half>
  // CHECK: quantx.unpack %{{.*}} as #quantx.packing<split_half>
  // CHECK: quantx.pack %{{.*}} as #quantx.packing<interleaved8>
  %0 = quantx.pack %c as #quantx.packing<linear> : tensor<8x64xi4> to tensor<8x32xi8>
  %1 = quantx.unpack %0 as #quantx.packing<split_half> : tensor<8x32xi8> to tensor<8x64xi4>
  %2 = quantx.unpack %b as #quantx.packing<split_half> : tensor<8x32xi8> to tensor<8x64xi4>
  %3 = quantx.pack %2 as #quantx.packing<interleaved8> : tensor<8x64xi4> to tensor<8x32xi8>
  return %1, %3 : tensor<8x64xi4>, tensor<8x32xi8>
}

// The bytes' type has to stay what it was.
// CHECK-LABEL: func.func @other_type_of_bytes(
func.func @other_type_of_bytes(%b: tensor<?x32xi8>) -> tensor<8x32xi8> {
  // CHECK: quantx.unpack
  // CHECK: quantx.pack
  %c = quantx.unpack %b as #quantx.packing<linear> : tensor<?x32xi8> to tensor<8x64xi4>
  %r = quantx.pack %c as #quantx.packing<linear> : tensor<8x64xi4> to tensor<8x32xi8>
  return %r : tensor<8x32xi8>
}

// With a dynamic size, the padding is unpacked as codes: 3 become 4.
// CHECK-LABEL: func.func @dynamic_codes(
func.func @dynamic_codes(%c: tensor<?xi4>) -> tensor<?xi4> {
  // CHECK: quantx.pack
  // CHECK: %[[R:.*]] = quantx.unpack
  // CHECK: return %[[R]]
  %b = quantx.pack %c as #quantx.packing<linear> : tensor<?xi4> to tensor<?xi8>
  %r = quantx.unpack %b as #quantx.packing<linear> : tensor<?xi8> to tensor<?xi4>
  return %r : tensor<?xi4>
}

// Bytes have no padding.
// CHECK-LABEL: func.func @dynamic_bytes(
// CHECK-SAME: %[[C:.*]]: tensor<?xui8>
func.func @dynamic_bytes(%c: tensor<?xui8>) -> tensor<?xui8> {
  // CHECK-NEXT: return %[[C]]
  %b = quantx.pack %c as #quantx.packing<linear> : tensor<?xui8> to tensor<?xi8>
  %r = quantx.unpack %b as #quantx.packing<linear> : tensor<?xi8> to tensor<?xui8>
  return %r : tensor<?xui8>
}
