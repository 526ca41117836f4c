// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector --canonicalize --cse | FileCheck %s

// Activations are put in the order in which words give their codes, once for all
// weights. Each weight is decoded once for all four rows of activations, of which
// each part is read once for the four rows of weights.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func.func @few_rows(
// CHECK-SAME:    %[[A:.+]]: tensor<4x256xf32>, %[[CODES:.+]]: tensor<8x128xi8>, %[[SCALES:.+]]: tensor<8x8xf8E8M0FNU>, %[[ACC:.+]]: tensor<4x8xf32>)
// CHECK:       %[[PACKED:.+]] = scf.forall (%[[M:.+]], %[[G:.+]]) in (4, 2) {{.+}} -> (tensor<1x2x4x128xf32>)
// CHECK:         %[[ROW:.+]] = vector.transfer_read %[[A]][%[[M]], %{{.+}}], {{.+}} vector<128xf32>
// CHECK:         vector.shuffle %[[ROW]], %[[ROW]] [0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 1, 9,
// CHECK:       scf.forall (%[[N:.+]]) = (0) to (8) step (4) shared_outs(%[[OUT:.+]] = %[[ACC]])
// CHECK:         %[[SLICE:.+]] = tensor.extract_slice %[[OUT]][0, %[[N]]] [4, 4] [1, 1]
// CHECK:         %[[SUMS:.+]]:16 = scf.for %[[K:.+]] = %c0 to %c2 step %c1
// CHECK:           vector.transfer_read %[[SCALES]][%[[N]], %{{.+}}], {{.+}} vector<4xf8E8M0FNU>
// CHECK:           %[[BYTES:.+]] = vector.transfer_read %[[CODES]][%[[N]], %{{.+}}], {{.+}} vector<64xi8>
// CHECK:           %[[WORDS:.+]] = vector.bitcast %[[BYTES]] : vector<64xi8> to vector<16xi32>
// CHECK:           %[[NARROW:.+]] = arith.trunci %[[WORDS]] : vector<16xi32> to vector<16xi4>
// CHECK:           %[[FLOATS:.+]] = arith.bitcast %[[NARROW]] : vector<16xi4> to vector<16xf4E2M1FN>
// CHECK:           %[[W:.+]] = arith.extf %[[FLOATS]] : vector<16xf4E2M1FN> to vector<16xf32>
// CHECK:           %[[PART:.+]] = vector.transfer_read %[[PACKED]][%c0, %[[K]], %c0, %c0], {{.+}} vector<16xf32>
// CHECK:           arith.mulf %[[PART]], %[[W]] : vector<16xf32>
// CHECK:           vector.transfer_read %[[PACKED]][%c0, %[[K]], %c3, %c0]
// CHECK-COUNT-31:  arith.extf {{.+}} vector<16xf4E2M1FN> to vector<16xf32>
// CHECK-NOT:       arith.extf
// CHECK:         vector.shuffle %[[SUMS]]#0, %[[SUMS]]#1 [0, 2, 16, 18,
// CHECK:         %[[RESULTS:.+]] = tensor.extract_slice %[[SLICE]][0, 0] [1, 4] [1, 1]
// CHECK:         vector.transfer_read %[[RESULTS]]
func.func @few_rows(%a: tensor<4x256xf32>, %w: tensor<8x256x!mxfp4>, %acc: tensor<4x8xf32>)
    -> tensor<4x8xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<4x256xf32>, tensor<8x256x!mxfp4>)
         outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// -----

// One row of activations goes by one row of weights after the other. The scale
// of a block multiplies the sum of its products.

!int4 = !quantx.scaled<ui4 : f32, f16 per 1x128, zero_point ui4>

// CHECK-LABEL: func.func @one_row(
// CHECK:       scf.forall (%[[N:.+]]) in (6)
// CHECK:         scf.for
// CHECK:           %[[SCALE:.+]] = arith.extf %{{.+}} : f16 to f32
// CHECK:           %[[ZERO:.+]] = arith.sitofp %{{.+}} : vector<16xi32> to vector<16xf32>
// CHECK:           %[[OFFSET:.+]] = arith.addf %[[ZERO]]
// CHECK-COUNT-8:   arith.subf %{{.+}}, %[[OFFSET]] : vector<16xf32>
// CHECK:           %[[LANES:.+]] = vector.broadcast %[[SCALE]] : f32 to vector<16xf32>
// CHECK-NEXT:      arith.mulf %{{.+}}, %[[LANES]] fastmath<contract>
// CHECK-NEXT:      arith.addf
// CHECK-NEXT:      scf.yield
func.func @one_row(%a: tensor<1x256xf32>, %w: tensor<6x256x!int4>, %acc: tensor<1x6xf32>)
    -> tensor<1x6xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<1x256xf32>, tensor<6x256x!int4>)
         outs(%acc : tensor<1x6xf32>) -> tensor<1x6xf32>
  return %r : tensor<1x6xf32>
}

// -----

// What is left of K is under a mask, and zeros; where a tile has more rows of
// weights than are left, the last one is read again, and not written.

!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>

// CHECK-LABEL: func.func @rests(
// CHECK:       scf.forall (%{{.+}}) in (2)
// CHECK:         vector.constant_mask [6] : vector<64xi1>
// CHECK:         arith.select %{{.+}}, %{{.+}}, %{{.+}} : vector<64xi1>, vector<64xf32>
// CHECK:       scf.forall (%[[N:.+]]) = (0) to (11) step (4)
// CHECK:         %[[LEFT:.+]] = arith.subi %c11, %[[N]]
// CHECK:         %[[COUNT:.+]] = arith.minui %[[LEFT]], %c4
// CHECK:         tensor.extract_slice %{{.+}}[0, %[[N]]] [2, %[[COUNT]]] [1, 1]
// CHECK:         %[[SECOND:.+]] = arith.addi %[[N]], %c1
// CHECK:         arith.minui %[[SECOND]], %c10
// CHECK:         vector.constant_mask [6] : vector<64xi1>
// CHECK:         arith.select %{{.+}}, %{{.+}}, %{{.+}} : vector<64xi1>, vector<64xf32>
// CHECK:         %[[LANES:.+]] = arith.minui %[[COUNT]], %c4
// CHECK:         vector.create_mask %[[LANES]] : vector<4xi1>
func.func @rests(%a: tensor<2x70xf32>, %w: tensor<11x70x!int8>,
                 %acc: tensor<2x11xf32>) -> tensor<2x11xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<2x70xf32>, tensor<11x70x!int8>)
         outs(%acc : tensor<2x11xf32>) -> tensor<2x11xf32>
  return %r : tensor<2x11xf32>
}

// -----

// Many rows: a block of weights is decoded into a buffer, where tiles of 6 rows
// of activations and 4 of weights read them.

!mxfp8 = !quantx.scaled<f8E4M3FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func.func @many_rows(
// CHECK:       %[[PACKED:.+]] = scf.forall {{.+}} -> (tensor<2x2x6x64xf32>)
// CHECK:       scf.forall (%[[N:.+]]) = (0) to (32) step (16)
// CHECK:         %[[BUFFER:.+]] = tensor.empty() : tensor<4x2x4x64xf32>
// CHECK:         %[[DECODED:.+]] = scf.for %{{.+}} = %c0 to %c16 {{.+}} iter_args(%{{.+}} = %[[BUFFER]])
// CHECK:           arith.extf {{.+}} vector<64xf8E4M3FN> to vector<64xf32>
// CHECK:         scf.for %[[TILE:.+]] = %c0 to %c2
// CHECK:           scf.for %[[COLUMN:.+]] = %c0 to %c16 step %c4
// CHECK:             scf.for %[[G:.+]] = %c0 to %c2
// CHECK-COUNT-4:       vector.transfer_read %[[DECODED]][%{{.+}}, %[[G]], %{{.+}}, %{{.+}}], {{.+}} vector<16xf32>
// CHECK:               vector.transfer_read %[[PACKED]][%[[TILE]], %[[G]], %{{.+}}, %{{.+}}], {{.+}} vector<16xf32>
// CHECK-NOT:           arith.extf
// CHECK:               scf.yield
func.func @many_rows(%a: tensor<12x128xf32>, %w: tensor<32x128x!mxfp8>,
                     %acc: tensor<12x32xf32>) -> tensor<12x32xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<12x128xf32>, tensor<32x128x!mxfp8>)
         outs(%acc : tensor<12x32xf32>) -> tensor<12x32xf32>
  return %r : tensor<12x32xf32>
}

// -----

// The number of rows decides at run time: tiles of 1, 4 or 8, or many.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func.func @any_rows(
// CHECK:       %[[ONE:.+]] = arith.cmpi ule, %[[M:.+]], %c1
// CHECK:       scf.if %[[ONE]]
// CHECK:         %[[FOUR:.+]] = arith.cmpi ule, %[[M]], %c4
// CHECK:         scf.if %[[FOUR]]
// CHECK:           %[[EIGHT:.+]] = arith.cmpi ule, %[[M]], %c8
// CHECK:           scf.if %[[EIGHT]]
func.func @any_rows(%a: tensor<?x256xf32>, %w: tensor<8x256x!mxfp4>, %acc: tensor<?x8xf32>)
    -> tensor<?x8xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<?x256xf32>, tensor<8x256x!mxfp4>)
         outs(%acc : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

// Blocks that no vector suits are left to linalg.

!odd = !quantx.scaled<i8 : f32, f32 per 1x12>

// CHECK-LABEL: func.func @odd_blocks(
// CHECK:       linalg.generic
// CHECK-NOT:   vector
func.func @odd_blocks(%a: tensor<4x72xf32>, %w: tensor<8x72x!odd>, %acc: tensor<4x8xf32>)
    -> tensor<4x8xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<4x72xf32>, tensor<8x72x!odd>)
         outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// -----

// 16 rows side by side: a word of each row is a lane, an activation one number. No
// mask, and nothing across lanes; what 11 rows of padding sum is not written.

!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>

// CHECK-LABEL: func.func @rows16(
// CHECK-SAME:    %[[A:.+]]: tensor<2x128xf32>, %[[CODES:.+]]: tensor<2x1024xi8>, %[[SCALES:.+]]: tensor<2x64xf8E8M0FNU>, %[[ACC:.+]]: tensor<2x21xf32>)
// CHECK:       %[[PACKED:.+]] = scf.forall {{.+}} -> (tensor<1x2x2x64xf32>)
// CHECK:       scf.forall (%[[N16:.+]]) = (0) to (21) step (16) shared_outs(%[[OUT:.+]] = %[[ACC]])
// CHECK:         %[[N:.+]] = arith.divui %[[N16]], %c16
// CHECK:         %[[SUMS:.+]]:2 = scf.for %[[K:.+]] = %c0 to %c2 step %c1
// CHECK:           vector.transfer_read %[[SCALES]][%[[N]], %{{.+}}], {{.+}} vector<32xf8E8M0FNU>
// CHECK:           %[[BYTES:.+]] = vector.transfer_read %[[CODES]][%[[N]], %{{.+}}], {{.+}} vector<64xi8>
// CHECK:           vector.bitcast %[[BYTES]] : vector<64xi8> to vector<16xi32>
// CHECK:           %[[X:.+]] = tensor.extract %[[PACKED]][%c0, %[[K]], %c0, %c0]
// CHECK:           vector.broadcast %[[X]] : f32 to vector<16xf32>
// CHECK-NOT:       vector.create_mask
// CHECK:           scf.yield
// CHECK:         arith.minui
// CHECK:         vector.create_mask
// CHECK-NOT:     vector.shuffle
func.func @rows16(%a: tensor<2x128xf32>, %w: tensor<21x128x!rows16>, %acc: tensor<2x21xf32>)
    -> tensor<2x21xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<2x128xf32>, tensor<21x128x!rows16>)
         outs(%acc : tensor<2x21xf32>) -> tensor<2x21xf32>
  return %r : tensor<2x21xf32>
}
