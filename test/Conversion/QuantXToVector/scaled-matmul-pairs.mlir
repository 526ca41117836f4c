// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector='pair-dots sum-rows=12' --canonicalize --cse | FileCheck %s
// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector --canonicalize --cse | FileCheck %s --check-prefix=FLOATS

// 64 rows of weights are put side by side, and go by 10 rows of activations before
// others do: 30 are three such tiles, of at most 12. Codes are decoded for each tile.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func.func @mxfp4(
// CHECK:       %[[PAIRS:.+]] = scf.forall {{.+}} -> (tensor<3x4x10x32xi32>)
// CHECK:         vector.transfer_read {{.+}} vector<64xbf16>
// CHECK:       scf.forall (%{{.+}}) = (0) to (128) step (64)
// CHECK:         %[[WORDS:.+]] = scf.for {{.+}} -> (tensor<4x2048xi8>)
// CHECK:         scf.for {{.+}} = %c0 to %c30 step %c10
// CHECK:           %[[TILE:.+]] = arith.divui
// CHECK:           scf.for {{.+}} = %c0 to %c4 step %c1
// CHECK:             scf.for {{.+}} = %c0 to %c8 step %c1
// CHECK:               vector.transfer_read %[[WORDS]]
// CHECK:               tensor.extract %[[PAIRS]][%[[TILE]]
// CHECK:               arith.extf %{{.+}} : vector<16x2xbf16> to vector<16x2xf32>
// CHECK-COUNT-160:     vector.contract
// CHECK-NOT:       vector.contract
// FLOATS-LABEL: func.func @mxfp4(
// FLOATS-NOT:     vector.contract
func.func @mxfp4(%x: tensor<30x256xbf16>, %w: tensor<128x256x!mxfp4>, %acc: tensor<30x128xf32>)
    -> tensor<30x128xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<30x256xbf16>, tensor<128x256x!mxfp4>)
         outs(%acc : tensor<30x128xf32>) -> tensor<30x128xf32>
  return %r : tensor<30x128xf32>
}

// -----

// Integers of 8 bits are decoded once for all tiles, with the scales of their blocks.

!int8 = !quantx.scaled<i8 : f32, f32 per 1x32>

// CHECK-LABEL: func.func @int8(
// CHECK:       %[[PAIRS:.+]] = scf.forall {{.+}} -> (tensor<3x8x10x16xi32>)
// CHECK:         vector.transfer_read {{.+}} vector<32xbf16>
// CHECK:         vector.bitcast {{.+}} : vector<32xbf16> to vector<16xi32>
// CHECK:       scf.forall (%{{.+}}) = (0) to (128) step (64)
// CHECK:         scf.for {{.+}} -> (tensor<4x4096xi8>)
// CHECK:         %[[DECODED:.+]]:2 = scf.for {{.+}} -> (tensor<4x128x16xi32>, tensor<4x8x16xf32>)
// CHECK:         scf.for {{.+}} = %c0 to %c30 step %c10
// CHECK:           %[[TILE:.+]] = arith.divui
// CHECK:           scf.for {{.+}} = %c0 to %c4 step %c1
// CHECK:             scf.for
// CHECK:               %[[W:.+]] = vector.transfer_read %[[DECODED]]#0
// CHECK:               tensor.extract %[[PAIRS]][%[[TILE]]
// CHECK-COUNT-160:     vector.contract
// CHECK:               vector.transfer_read %[[DECODED]]#1
// CHECK-NOT:       vector.contract
// FLOATS-LABEL: func.func @int8(
// FLOATS-NOT:     vector.contract
func.func @int8(%x: tensor<30x256xbf16>, %w: tensor<128x256x!int8>, %acc: tensor<30x128xf32>)
    -> tensor<30x128xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<30x256xbf16>, tensor<128x256x!int8>)
         outs(%acc : tensor<30x128xf32>) -> tensor<30x128xf32>
  return %r : tensor<30x128xf32>
}

// -----

// Not of f32, of codes that bf16 does not hold less their zero points, nor of columns
// that are no multiple of 16.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!uint8 = !quantx.scaled<ui8 : f32, f32 per 1x32, zero_point ui8>

// CHECK-LABEL: func.func @floats(
// CHECK-NOT:     vector.contract
func.func @floats(%f: tensor<12x256xf32>, %x: tensor<12x256xbf16>, %w: tensor<16x256x!mxfp4>,
                  %w8: tensor<16x256x!uint8>, %w17: tensor<17x256x!mxfp4>,
                  %acc: tensor<12x16xf32>, %acc17: tensor<12x17xf32>)
    -> (tensor<12x16xf32>, tensor<12x16xf32>, tensor<12x17xf32>) {
  %0 = quantx.scaled_matmul ins(%f, %w : tensor<12x256xf32>, tensor<16x256x!mxfp4>)
         outs(%acc : tensor<12x16xf32>) -> tensor<12x16xf32>
  %1 = quantx.scaled_matmul ins(%x, %w8 : tensor<12x256xbf16>, tensor<16x256x!uint8>)
         outs(%acc : tensor<12x16xf32>) -> tensor<12x16xf32>
  %2 = quantx.scaled_matmul ins(%x, %w17 : tensor<12x256xbf16>, tensor<17x256x!mxfp4>)
         outs(%acc17 : tensor<12x17xf32>) -> tensor<12x17xf32>
  return %0, %1, %2 : tensor<12x16xf32>, tensor<12x16xf32>, tensor<12x17xf32>
}
