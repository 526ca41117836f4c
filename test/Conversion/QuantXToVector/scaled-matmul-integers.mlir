// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector='byte-dots sum-rows=12' --canonicalize --cse | FileCheck %s
// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector --canonicalize --cse | FileCheck %s --check-prefix=FLOATS

// Twice an E2M1 value, plus 12, is a byte without sign: integers begin with -12
// times the sum of the activations of the block. The codes of a word are two
// operands, of every other code.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>

// CHECK-LABEL: func.func @mxfp4(
// CHECK-SAME:    %[[CODES:.+]]: tensor<1x256xi8>, %[[SCALE:.+]]: tensor<1x1xf32>, %[[W:.+]]: tensor<2x2048xi8>, %{{.+}}: tensor<2x128xf8E8M0FNU>
// CHECK:       %[[WORDS:.+]] = scf.forall {{.+}} -> (tensor<4x1x16xi32>)
// CHECK:         %[[GROUP:.+]] = vector.transfer_read %[[CODES]]{{.+}} vector<64xi8>
// CHECK:         vector.shuffle %[[GROUP]], %[[GROUP]] [0, 2, 4, 6, 1, 3, 5, 7, 8, 10,
// CHECK:       scf.forall {{.+}} -> (tensor<4x1x2xf32>)
// CHECK:         %[[S:.+]] = tensor.extract %[[SCALE]]
// CHECK:         arith.mulf %[[S]], %cst{{.*}} : f32
// CHECK:       %[[BEGINS:.+]] = scf.forall {{.+}} -> (tensor<4x1x2xi32>)
// CHECK:         %[[SUM:.+]] = vector.reduction <add>
// CHECK:         arith.muli %[[SUM]], %c-12_i32 : i32
// CHECK:       scf.forall
// CHECK:         scf.for
// CHECK:           %[[BEGIN:.+]] = tensor.extract %[[BEGINS]]
// CHECK:           %[[LANES:.+]] = vector.broadcast %[[BEGIN]] : i32 to vector<16xi32>
// CHECK:           arith.fptoui
// CHECK:           tensor.extract %[[WORDS]]
// CHECK:           vector.contract {{.+}} %{{.+}}, %{{.+}}, %[[LANES]]
// CHECK-COUNT-7:   vector.contract
// CHECK:           arith.sitofp %{{.+}} : vector<16xi32> to vector<16xf32>
// FLOATS-LABEL: func.func @mxfp4(
// FLOATS-NOT:     vector.contract
func.func @mxfp4(%a: tensor<1x256x!int8>, %w: tensor<32x256x!mxfp4>, %acc: tensor<1x32xf32>)
    -> tensor<1x32xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<1x256x!int8>, tensor<32x256x!mxfp4>)
         outs(%acc : tensor<1x32xf32>) -> tensor<1x32xf32>
  return %r : tensor<1x32xf32>
}

// -----

// A zero point multiplies the sum of the activations of its block. Codes without
// sign need no offset.

!int4 = !quantx.scaled<ui4 : f32, f16 per 1x32, zero_point ui4, packing rows16>
!int8 = !quantx.scaled<i8 : f32, f32 per 1x32>

// CHECK-LABEL: func.func @zero_points(
// CHECK-NOT:     arith.muli {{.+}} : i32
// CHECK:         %[[SUMS:.+]] = scf.forall {{.+}} -> (tensor<4x2x2xf32>)
// CHECK:         vector.contract {{.+}} %cst
// CHECK:         arith.negf
// CHECK:         tensor.extract %[[SUMS]]
func.func @zero_points(%a: tensor<2x256x!int8>, %w: tensor<32x256x!int4>, %acc: tensor<2x32xf32>)
    -> tensor<2x32xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<2x256x!int8>, tensor<32x256x!int4>)
         outs(%acc : tensor<2x32xf32>) -> tensor<2x32xf32>
  return %r : tensor<2x32xf32>
}

// -----

// What is no integer stays f32.

!mxfp8 = !quantx.scaled<f8E4M3FN : f32, f8E8M0FNU per 1x32, packing rows16>
!int8 = !quantx.scaled<i8 : f32, f32 per 1x32>

// CHECK-LABEL: func.func @mxfp8(
// CHECK-NOT:     vector.contract
func.func @mxfp8(%a: tensor<1x256x!int8>, %w: tensor<32x256x!mxfp8>, %acc: tensor<1x32xf32>)
    -> tensor<1x32xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<1x256x!int8>, tensor<32x256x!mxfp8>)
         outs(%acc : tensor<1x32xf32>) -> tensor<1x32xf32>
  return %r : tensor<1x32xf32>
}

// -----

// Weights in rows: the low and the high halves of 64 bytes are two operands, and a
// lane has 8 neighbours. Four groups have 16 scales, which are decoded together.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>

// CHECK-LABEL: func.func @rows(
// CHECK:       %[[WORDS:.+]] = scf.forall {{.+}} -> (tensor<4x1x32xi32>)
// CHECK:         vector.shuffle {{.+}} [0, 2, 4, 6, 8, 10, 12,
// CHECK:       %[[BEGINS:.+]] = scf.forall {{.+}} -> (tensor<4x1x16xi32>)
// CHECK:       scf.forall (%{{.+}}) in (2)
// CHECK:         %[[SCALES:.+]] = vector.transfer_read {{.+}} vector<16xf8E8M0FNU>
// CHECK:         %[[BEGIN:.+]] = vector.transfer_read %[[BEGINS]]
// CHECK:         vector.contract {{.+}} %[[BEGIN]]
// CHECK-COUNT-7: vector.contract
// CHECK-NOT:     vector.contract
// FLOATS-LABEL: func.func @rows(
// FLOATS-NOT: vector.contract
func.func @rows(%a: tensor<1x512x!int8>, %w: tensor<2x512x!mxfp4>, %acc: tensor<1x2xf32>)
    -> tensor<1x2xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<1x512x!int8>, tensor<2x512x!mxfp4>)
         outs(%acc : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %r : tensor<1x2xf32>
}

// -----

// Many rows of integers: 64 rows of weights are put side by side, 16 words of 16 rows
// at a time, and go by 10 rows of activations before others do: three such tiles are 30.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>

// CHECK-LABEL: func.func @many_rows(
// CHECK:       scf.forall {{.+}} -> (tensor<3x4x10x16xi32>)
// CHECK:       scf.forall (%{{.+}}) = (0) to (128) step (64)
// CHECK:         scf.for {{.+}} -> (tensor<4x2048xi8>)
// CHECK:           scf.for {{.+}} step %c64 {{.+}} -> (tensor<4x2048xi8>)
// CHECK-COUNT-16:    vector.transfer_read {{.+}} vector<64xi8>
// CHECK-COUNT-64:    vector.shuffle {{.+}} vector<16xi32>, vector<16xi32>
// CHECK-COUNT-16:    vector.transfer_write {{.+}} vector<64xi8>
// CHECK:         scf.for {{.+}} = %c0 to %c30 step %c10
// CHECK:           scf.for {{.+}} = %c0 to %c4 step %c1
// CHECK:             scf.for
// CHECK-COUNT-80:      vector.contract
// CHECK-NOT:       vector.contract
// FLOATS-LABEL: func.func @many_rows(
// FLOATS-NOT:     vector.contract
func.func @many_rows(%a: tensor<30x256x!int8>, %w: tensor<128x256x!mxfp4>, %acc: tensor<30x128xf32>)
    -> tensor<30x128xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<30x256x!int8>, tensor<128x256x!mxfp4>)
         outs(%acc : tensor<30x128xf32>) -> tensor<30x128xf32>
  return %r : tensor<30x128xf32>
}

// -----

// Rows that are side by side already.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>

// CHECK-LABEL: func.func @many_rows_side_by_side(
// CHECK-NOT:     vector.shuffle {{.+}} vector<16xi32>, vector<16xi32>
// CHECK-COUNT-120: vector.contract
func.func @many_rows_side_by_side(%a: tensor<24x72x!int8>, %w: tensor<16x72x!mxfp4>, %acc: tensor<24x16xf32>)
    -> tensor<24x16xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<24x72x!int8>, tensor<16x72x!mxfp4>)
         outs(%acc : tensor<24x16xf32>) -> tensor<24x16xf32>
  return %r : tensor<24x16xf32>
}
