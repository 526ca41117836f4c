// RUN: quant-opt %s --quantx-lower-to-vector --canonicalize --cse | FileCheck %s
// RUN: quant-opt %s --quantx-lower-to-vector=chunk=16 --canonicalize --cse | FileCheck %s --check-prefix=SMALL

// Whole blocks of the other layouts: another order of the codes.

// CHECK-LABEL: func.func @split_half(
// CHECK:         vector.transfer_read {{.+}} : tensor<2x32xi8>, vector<32xi8>
// CHECK:         vector.shuffle {{.+}} [0, 16, 1, 17, {{.+}}, 15, 31] : vector<32xi8>
// CHECK:         vector.bitcast {{.+}} : vector<32xi8> to vector<16xi16>
// CHECK-LABEL: func.func @interleaved8(
// CHECK:         vector.bitcast {{.+}} : vector<16xi16> to vector<32xi8>
// CHECK:         vector.shuffle {{.+}} [0, 4, 1, 5, 2, 6, 3, 7, 8, 12, {{.+}}, 31] : vector<32xi8>
// A chunk has to hold a whole block.
// SMALL-LABEL: func.func @split_half(
// SMALL-NOT:     vector
// SMALL:         linalg.generic
// SMALL-LABEL: func.func @interleaved8(
// SMALL:         vector.shuffle
// CHECK-LABEL: func.func @partial_block(
// CHECK-NOT:     vector
// CHECK:         linalg.generic
// CHECK-LABEL: func.func @dynamic_blocks(
// CHECK-NOT:     vector
// CHECK:         linalg.generic
func.func @split_half(%c: tensor<2x32xi4>) -> tensor<2x16xi8> {
  %b = quantx.pack %c as #quantx.packing<split_half>
         : tensor<2x32xi4> to tensor<2x16xi8>
  return %b : tensor<2x16xi8>
}
func.func @interleaved8(%b: tensor<2x12xi8>) -> tensor<2x24xui4> {
  %c = quantx.unpack %b as #quantx.packing<interleaved8>
         : tensor<2x12xi8> to tensor<2x24xui4>
  return %c : tensor<2x24xui4>
}
func.func @partial_block(%b: tensor<2x10xi8>) -> tensor<2x20xui4> {
  %c = quantx.unpack %b as #quantx.packing<interleaved8>
         : tensor<2x10xi8> to tensor<2x20xui4>
  return %c : tensor<2x20xui4>
}
func.func @dynamic_blocks(%b: tensor<2x?xi8>) -> tensor<2x?xui4> {
  %c = quantx.unpack %b as #quantx.packing<interleaved8>
         : tensor<2x?xi8> to tensor<2x?xui4>
  return %c : tensor<2x?xui4>
}
