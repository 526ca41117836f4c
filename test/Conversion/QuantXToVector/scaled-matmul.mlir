// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector --canonicalize --cse | FileCheck %s

// Each chunk of weights is decoded once for the four rows of activations, which
// are read once for the four rows of weights.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func.func @tile(
// CHECK-SAME:    %[[A:.+]]: tensor<4x128xf32>, %[[CODES:.+]]: tensor<8x64xi8>, %[[SCALES:.+]]: tensor<8x4xf8E8M0FNU>, %[[ACC:.+]]: tensor<4x8xf32>)
// CHECK:       scf.forall (%[[N:.+]]) = (0) to (8) step (4) shared_outs(%[[OUT:.+]] = %[[ACC]])
// CHECK:         %[[SUMS:.+]]:16 = scf.for %[[K:.+]] = %c0 to %c128 step %c64
// CHECK-COUNT-4:   vector.transfer_read %[[A]][%{{.+}}, %[[K]]], {{.+}} vector<64xf32>
// CHECK-NOT:       transfer_read %[[A]]
// CHECK:           vector.transfer_read %[[CODES]][%[[N]], %{{.+}}], {{.+}} vector<32xi8>
// CHECK:           arith.extf {{.+}} vector<64xf4E2M1FN> to vector<64xf32>
// CHECK:           arith.mulf %{{.+}}, %{{.+}} fastmath<contract> : vector<16xf32>
// CHECK:           arith.addf %{{.+}}, %{{.+}} fastmath<contract> : vector<16xf32>
// CHECK-COUNT-3:   arith.extf {{.+}} vector<64xf4E2M1FN> to vector<64xf32>
// CHECK-NOT:       arith.extf
// CHECK:         %[[SLICE:.+]] = tensor.extract_slice %[[OUT]][0, %[[N]]] [4, 4] [1, 1]
// CHECK:         vector.reduction <add>, %[[SUMS]]#0, %{{.+}} fastmath<reassoc> : vector<16xf32> into f32
// CHECK:         vector.transfer_read %[[SLICE]]
func.func @tile(%a: tensor<4x128xf32>, %w: tensor<8x128x!mxfp4>, %acc: tensor<4x8xf32>)
    -> tensor<4x8xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<4x128xf32>, tensor<8x128x!mxfp4>)
         outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// -----

// What is left of rows and columns has loops of its own; what is left of K is
// under a mask, and zeros.

!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>

// CHECK-LABEL: func.func @rests(
// CHECK:       scf.forall (%{{.+}}, %{{.+}}) = (0, 0) to (8, 8) step (4, 4)
// CHECK:         vector.constant_mask [6] : vector<64xi1>
// CHECK:         arith.select %{{.+}}, %{{.+}}, %{{.+}} : vector<64xi1>, vector<64xf32>
// CHECK:       scf.forall (%{{.+}}) = (0) to (8) step (4)
// CHECK:         tensor.extract_slice %{{.+}}[%{{.+}}, 8] [4, 3] [1, 1]
// CHECK:       scf.forall (%{{.+}}) = (0) to (8) step (4)
// CHECK:         tensor.extract_slice %{{.+}}[8, %{{.+}}] [1, 4] [1, 1]
// CHECK:       tensor.extract_slice %{{.+}}[8, 8] [1, 3] [1, 1]
func.func @rests(%a: tensor<9x70xf32>, %w: tensor<11x70x!int8>,
                 %acc: tensor<9x11xf32>) -> tensor<9x11xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<9x70xf32>, tensor<11x70x!int8>)
         outs(%acc : tensor<9x11xf32>) -> tensor<9x11xf32>
  return %r : tensor<9x11xf32>
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
