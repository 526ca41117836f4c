// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector=chunk=16 --canonicalize --cse | FileCheck %s

// 5 bits: groups of 8 codes in 5 bytes.

// CHECK-LABEL: func.func @pack(
// CHECK:         scf.forall (%[[I:.+]], %[[J:.+]]) = (0, 0) to (8, 32) step (1, 16)
// CHECK:           vector.transfer_read {{.+}} : tensor<8x32xi8>, vector<16xi8>
// CHECK:           vector.shuffle
// CHECK:           %[[BITS:.+]] = arith.muli %[[J]], %c5
// CHECK:           %[[BYTE:.+]] = arith.divui %[[BITS]], %c8
// CHECK:           tensor.extract_slice {{.+}}[%[[I]], %[[BYTE]]] [1, 10] [1, 1]
// CHECK:           vector.transfer_write {{.+}} : vector<10xi8>, tensor<1x10xi8>
func.func @pack(%c: tensor<8x32xi5>) -> tensor<8x20xi8> {
  %b = quantx.pack %c as #quantx.packing<linear>
         : tensor<8x32xi5> to tensor<8x20xi8>
  return %b : tensor<8x20xi8>
}

// -----

// Rows shorter than a chunk: the smallest power of two that holds them, from 8
// on.

// CHECK-LABEL: func.func @short(
// CHECK-NOT:     step
// CHECK:         scf.forall (%{{.+}}) in (3)
// CHECK:           vector.constant_mask [2] : vector<4xi1>
// CHECK:           vector.transfer_read {{.+}} : tensor<3x2xi8>, vector<4xi8>
// CHECK:           arith.subi {{.+}} : vector<8xi8>
// CHECK:           vector.constant_mask [3] : vector<8xi1>
func.func @short(%b: tensor<3x2xi8>) -> tensor<3x3xi4> {
  %c = quantx.unpack %b as #quantx.packing<linear>
         : tensor<3x2xi8> to tensor<3x3xi4>
  return %c : tensor<3x3xi4>
}

// -----

// One code is left over, in one byte: written without a mask.

// CHECK-LABEL: func.func @one(
// CHECK:         scf.forall
// CHECK:         scf.forall
// CHECK:           vector.constant_mask [1] : vector<16xi1>
// CHECK:           vector.extract_strided_slice {{.+}} : vector<8xi8> to vector<1xi8>
// CHECK-NEXT:      vector.transfer_write %{{[^,]+}}, %{{[^,]+}}[%c0, %c0] {in_bounds = [true]} : vector<1xi8>, tensor<1x1xi8>
func.func @one(%c: tensor<2x33xui4>) -> tensor<2x17xi8> {
  %b = quantx.pack %c as #quantx.packing<linear>
         : tensor<2x33xui4> to tensor<2x17xi8>
  return %b : tensor<2x17xi8>
}

// -----

// A chain is one loop, as it is in linalg: its codes are in registers.

// CHECK-LABEL: func.func @chain(
// CHECK-NOT:     linalg
// CHECK:         scf.forall
// CHECK:         vector.transfer_read
// CHECK:         vector.transfer_write
// CHECK-NOT:     transfer
// CHECK:         return
func.func @chain(%b: tensor<8x16xi8>) -> tensor<8x16xi8> {
  %c = quantx.unpack %b as #quantx.packing<linear>
         : tensor<8x16xi8> to tensor<8x32xi4>
  %r = quantx.pack %c as #quantx.packing<interleaved8>
         : tensor<8x32xi4> to tensor<8x16xi8>
  return %r : tensor<8x16xi8>
}

// -----

// So is one of any size: bytes hold as many codes as are unpacked from them. The
// sizes are those of the bytes that are read.

// CHECK-LABEL: func.func @dynamic_chain(
// CHECK-SAME:    %[[B:.+]]: tensor<?x?xi8>)
// CHECK-NOT:     linalg
// CHECK:         tensor.dim %[[B]], %c0
// CHECK:         tensor.dim %[[B]], %c1
// CHECK-NOT:     linalg
// CHECK-NOT:     tensor.dim
// CHECK:         scf.forall
// CHECK:           vector.transfer_read %[[B]]
// CHECK:           vector.transfer_write
// CHECK:         scf.forall
// CHECK:           vector.transfer_read %[[B]]
// CHECK:           vector.transfer_write
// CHECK-NOT:     scf.forall (
// CHECK:         return
func.func @dynamic_chain(%b: tensor<?x?xi8>) -> tensor<?x?xi8> {
  %c = quantx.unpack %b as #quantx.packing<linear>
         : tensor<?x?xi8> to tensor<?x?xi4>
  %p = quantx.pack %c as #quantx.packing<split_half>
         : tensor<?x?xi4> to tensor<?x?xi8>
  %d = quantx.unpack %p as #quantx.packing<split_half>
         : tensor<?x?xi8> to tensor<?x?xi4>
  %r = quantx.pack %d as #quantx.packing<interleaved8>
         : tensor<?x?xi4> to tensor<?x?xi8>
  return %r : tensor<?x?xi8>
}

// -----

// CHECK-LABEL: func.func @dynamic_unpacked(
// CHECK-NOT:     linalg
// CHECK:         return
func.func @dynamic_unpacked(%b: tensor<?x?xi8>) -> tensor<?x?xi4> {
  %c = quantx.unpack %b as #quantx.packing<linear>
         : tensor<?x?xi8> to tensor<?x?xi4>
  %p = quantx.pack %c as #quantx.packing<interleaved8>
         : tensor<?x?xi4> to tensor<?x?xi8>
  %d = quantx.unpack %p as #quantx.packing<interleaved8>
         : tensor<?x?xi8> to tensor<?x?xi4>
  return %d : tensor<?x?xi4>
}

// -----

// Codes that are there, or encoded, may be fewer than their bytes hold: left to
// linalg.

!int4 = !quantx.scaled<i4 : f32, f32 per 1x32>

// CHECK-LABEL: func.func @fewer_codes(
// CHECK:         linalg.generic
// CHECK-NOT:     vector
// CHECK-LABEL: func.func @fewer_encoded(
// CHECK:         linalg.generic
// CHECK-NOT:     vector
func.func @fewer_codes(%c: tensor<?x?xi4>) -> tensor<?x?xi4> {
  %p = quantx.pack %c as #quantx.packing<linear>
         : tensor<?x?xi4> to tensor<?x?xi8>
  %d = quantx.unpack %p as #quantx.packing<linear>
         : tensor<?x?xi8> to tensor<?x?xi4>
  return %d : tensor<?x?xi4>
}
func.func @fewer_encoded(%x: tensor<?x?xf32>, %s: tensor<?x?xf32>) -> tensor<?x?xi8> {
  %q = quantx.quantize %x, %s
         : tensor<?x?xf32>, tensor<?x?xf32> to tensor<?x?x!int4>
  %p, %t = quantx.disassemble %q
         : tensor<?x?x!int4> to tensor<?x?xi8>, tensor<?x?xf32>
  %c = quantx.unpack %p as #quantx.packing<linear>
         : tensor<?x?xi8> to tensor<?x?xi4>
  %r = quantx.pack %c as #quantx.packing<interleaved8>
         : tensor<?x?xi4> to tensor<?x?xi8>
  return %r : tensor<?x?xi8>
}

// -----

!int4 = !quantx.scaled<i4 : f32, f32 per 1x32>

// CHECK-LABEL: func.func @decoded_chain(
// CHECK-NOT:     linalg
// CHECK:         scf.forall
// CHECK:         vector.transfer_read
// CHECK:         vector.transfer_write
// CHECK-NOT:     transfer
// CHECK:         return
func.func @decoded_chain(%b: tensor<8x16xi8>, %s: tensor<8x1xf32>)
    -> tensor<8x32xf32> {
  %c = quantx.unpack %b as #quantx.packing<interleaved8>
         : tensor<8x16xi8> to tensor<8x32xi4>
  %p = quantx.pack %c as #quantx.packing<linear>
         : tensor<8x32xi4> to tensor<8x16xi8>
  %q = quantx.assemble %p, %s
         : tensor<8x16xi8>, tensor<8x1xf32> to tensor<8x32x!int4>
  %y = quantx.dequantize %q : tensor<8x32x!int4> to tensor<8x32xf32>
  return %y : tensor<8x32xf32>
}

// -----

!int4 = !quantx.scaled<i4 : f32, f32 per 1x32>

// CHECK-LABEL: func.func @encoded_chain(
// CHECK-NOT:     linalg
// CHECK:         scf.forall
// CHECK:         vector.transfer_read
// CHECK:         vector.transfer_write
// CHECK-NOT:     transfer
// CHECK:         return
func.func @encoded_chain(%x: tensor<8x32xf32>, %s: tensor<8x1xf32>)
    -> tensor<8x16xi8> {
  %q = quantx.quantize %x, %s
         : tensor<8x32xf32>, tensor<8x1xf32> to tensor<8x32x!int4>
  %p, %t = quantx.disassemble %q
         : tensor<8x32x!int4> to tensor<8x16xi8>, tensor<8x1xf32>
  %c = quantx.unpack %p as #quantx.packing<linear>
         : tensor<8x16xi8> to tensor<8x32xi4>
  %r = quantx.pack %c as #quantx.packing<interleaved8>
         : tensor<8x32xi4> to tensor<8x16xi8>
  return %r : tensor<8x16xi8>
}

// -----

!int4 = !quantx.scaled<i4 : f32, f32 per 1x32>

// Chunks that end within a block of a layout are left to linalg, with all of
// their chain.

// CHECK-LABEL: func.func @partial_chain(
// CHECK-NOT:     vector
// CHECK:         linalg.generic
// CHECK-NOT:     linalg.generic
// CHECK-NOT:     vector
// CHECK:         return
func.func @partial_chain(%b: tensor<8x10xi8>) -> tensor<8x10xi8> {
  %c = quantx.unpack %b as #quantx.packing<split_half>
         : tensor<8x10xi8> to tensor<8x20xi4>
  %r = quantx.pack %c as #quantx.packing<linear>
         : tensor<8x20xi4> to tensor<8x10xi8>
  return %r : tensor<8x10xi8>
}

// -----

!int4 = !quantx.scaled<i4 : f32, f32 per 1x32>

// Codes that somebody else needs too are read, not made again.

// CHECK-LABEL: func.func @shared_chain(
// CHECK:         linalg.generic
// CHECK:         vector.transfer_read %{{.*}} : tensor<8x16xi8>, vector<8xi8>
// CHECK:         return
func.func @shared_chain(%x: tensor<8x32xf32>, %s: tensor<8x1xf32>)
    -> (tensor<8x16xi8>, tensor<8x32xi4>) {
  %q = quantx.quantize %x, %s
         : tensor<8x32xf32>, tensor<8x1xf32> to tensor<8x32x!int4>
  %p, %t = quantx.disassemble %q
         : tensor<8x32x!int4> to tensor<8x16xi8>, tensor<8x1xf32>
  %c = quantx.unpack %p as #quantx.packing<linear>
         : tensor<8x16xi8> to tensor<8x32xi4>
  return %p, %c : tensor<8x16xi8>, tensor<8x32xi4>
}

// -----

!int4 = !quantx.scaled<i4 : f32, f32 per 1x32>

// No chain: nothing in the program made these bytes.

// CHECK-LABEL: func.func @given(
// CHECK-NOT:     linalg
// CHECK:         vector.transfer_write
func.func @given(%q: tensor<8x32x!int4>) -> tensor<8x32xi4> {
  %p, %s = quantx.disassemble %q
         : tensor<8x32x!int4> to tensor<8x16xi8>, tensor<8x1xf32>
  %c = quantx.unpack %p as #quantx.packing<linear>
         : tensor<8x16xi8> to tensor<8x32xi4>
  return %c : tensor<8x32xi4>
}
