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

// The last block of a row has 4 codes in 2 bytes: another order of them.

// CHECK-LABEL: func.func @partial_block(
// CHECK-NOT:     linalg
// CHECK:         vector.shuffle {{.+}} [0, 4, 1, 5, 2, 6, 3, 7, {{.+}}, 15, 16, 18, 17, 19, 20, 21, {{.+}}, 31] : vector<32xi8>
// CHECK-NOT:     linalg
// CHECK:         return
func.func @partial_block(%b: tensor<2x10xi8>) -> tensor<2x20xui4> {
  %c = quantx.unpack %b as #quantx.packing<interleaved8>
         : tensor<2x10xi8> to tensor<2x20xui4>
  return %c : tensor<2x20xui4>
}

// A row of less than a block is one chunk, which need not hold a block.

// CHECK-LABEL: func.func @short(
// CHECK-NOT:     linalg
// CHECK:         vector.shuffle {{.+}} [0, 5, 1, 6, 2, 7, 3, 8, 4, 9, 10, {{.+}}, 15] : vector<16xi8>
// SMALL-LABEL: func.func @short(
// SMALL:         vector.shuffle
func.func @short(%c: tensor<2x10xi4>) -> tensor<2x5xi8> {
  %b = quantx.pack %c as #quantx.packing<split_half>
         : tensor<2x10xi4> to tensor<2x5xi8>
  return %b : tensor<2x5xi8>
}

// An odd code is the last of the even ones; the place behind it is padding.

// CHECK-LABEL: func.func @odd(
// CHECK:         %[[MASK:.+]] = vector.constant_mask [5] : vector<8xi1>
// CHECK:         %[[CODES:.+]] = vector.shuffle {{.+}} [0, 2, 4, 1, 3, 5, 6, 7] : vector<8xi8>
// CHECK:         arith.select %[[MASK]], %[[CODES]], %{{.+}} : vector<8xi1>, vector<8xi8>
func.func @odd(%c: tensor<2x5xi4>) -> tensor<2x3xi8> {
  %b = quantx.pack %c as #quantx.packing<interleaved8>
         : tensor<2x5xi4> to tensor<2x3xi8>
  return %b : tensor<2x3xi8>
}

// A row of dynamic size may end after any code of a block. The odd codes follow
// the even ones of the last block: they are moved by as many lanes as there are
// of these, 1 to 4.

// CHECK-LABEL: func.func @dynamic_blocks(
// CHECK-SAME:    %[[C:.+]]: tensor<2x?xi8>)
// CHECK-NOT:     linalg
// CHECK-DAG:     %[[SIZE:.+]] = tensor.dim %[[C]], %c1
// CHECK-DAG:     %[[COUNT:.+]] = arith.andi %[[SIZE]], %c63
// CHECK:         scf.forall
// CHECK:           vector.shuffle {{.+}} [0, 2, 4, 6, 1, 3, 5, 7, 8, 10, {{.+}}, 63] : vector<64xi8>
// CHECK-NOT:       vector.shuffle
// CHECK:         scf.forall
// CHECK:           %[[REST:.+]] = arith.andi %[[COUNT]], %c7
// CHECK:           %[[SUM:.+]] = arith.addi %[[REST]], %c1
// CHECK:           %[[HALF:.+]] = arith.divui %[[SUM]], %c2
// CHECK:           %[[ODD0:.+]] = vector.shuffle %[[LINEAR:.+]], %{{.+}} [1, 3, 5, 7, 1, 3, 5, 7, 9, {{.+}}] : vector<64xi8>
// CHECK:           %[[BIT0:.+]] = arith.andi %[[HALF]], %c1
// CHECK:           %[[BY1:.+]] = arith.cmpi ne, %[[BIT0]], %c0
// CHECK:           %[[MOVED1:.+]] = vector.shuffle %[[ODD0]], %[[ODD0]] [-1, 0, 1, {{.+}}, 62]
// CHECK:           %[[ODD1:.+]] = arith.select %[[BY1]], %[[MOVED1]], %[[ODD0]]
// CHECK:           arith.andi %[[HALF]], %c2
// CHECK:           vector.shuffle %[[ODD1]], %[[ODD1]] [-1, -1, 0, {{.+}}, 61]
// CHECK:           arith.andi %[[HALF]], %c4
// CHECK:           %[[ODD:.+]] = arith.select {{.+}} : vector<64xi8>
// CHECK:           %[[IS_EVEN:.+]] = arith.cmpi ugt, %{{.+}}, %{{.+}} : vector<64xi8>
// CHECK:           %[[EVEN:.+]] = vector.shuffle %[[LINEAR]], %{{.+}} [0, 2, 4, 6, 0, 2, 4, 6, 8, {{.+}}]
// CHECK:           %[[PARTIAL:.+]] = arith.select %[[IS_EVEN]], %[[EVEN]], %[[ODD]]
// CHECK:           %[[WHOLE:.+]] = vector.shuffle %[[LINEAR]], %{{.+}} [0, 2, 4, 6, 1, 3, 5, 7, 8, 10, {{.+}}, 63]
// CHECK:           %[[NUM_WHOLE:.+]] = arith.subi %[[COUNT]], %[[REST]]
// CHECK:           %[[IS_WHOLE:.+]] = vector.create_mask %[[NUM_WHOLE]] : vector<64xi1>
// CHECK:           arith.select %[[IS_WHOLE]], %[[WHOLE]], %[[PARTIAL]]
func.func @dynamic_blocks(%c: tensor<2x?xui4>) -> tensor<2x?xi8> {
  %b = quantx.pack %c as #quantx.packing<interleaved8>
         : tensor<2x?xui4> to tensor<2x?xi8>
  return %b : tensor<2x?xi8>
}

// Back, the last block is what its lower and its upper half give in turn.

// CHECK-LABEL: func.func @dynamic_back(
// CHECK:         scf.forall
// CHECK:         scf.forall
// CHECK:           %[[MOVED:.+]] = arith.select {{.+}} : vector<64xi8>
// CHECK:           arith.andi %{{.+}}, %c4
// CHECK:           %[[UPPER:.+]] = arith.select {{.+}} : vector<64xi8>
// CHECK:           vector.shuffle %{{.+}}, %[[UPPER]] [0, 64, 1, 65, 2, 66, 3, 67, 8, 72, {{.+}}] : vector<64xi8>
// A chunk has to hold a block of rows that go on.
// SMALL-LABEL: func.func @dynamic_back(
// SMALL:         vector.shuffle
// SMALL-LABEL: func.func @dynamic_split_half(
// SMALL-NOT:     vector
func.func @dynamic_back(%b: tensor<2x?xi8>) -> tensor<2x?xui4> {
  %c = quantx.unpack %b as #quantx.packing<interleaved8>
         : tensor<2x?xi8> to tensor<2x?xui4>
  return %c : tensor<2x?xui4>
}
func.func @dynamic_split_half(%b: tensor<2x?xi8>) -> tensor<2x?xui4> {
  %c = quantx.unpack %b as #quantx.packing<split_half>
         : tensor<2x?xi8> to tensor<2x?xui4>
  return %c : tensor<2x?xui4>
}
