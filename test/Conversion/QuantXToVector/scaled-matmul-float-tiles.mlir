// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector='fma sum-rows=12' --canonicalize --cse | FileCheck %s
// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector=fma --canonicalize --cse | FileCheck %s --check-prefix=BUFFER

// 30 rows of f32 are three tiles of 10, at most 12, whose sums by 16 rows of weights
// stay in registers. Weights in rows are put side by side 64 at a time, and decoded for
// each tile. Without such tiles they are decoded into a buffer.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func.func @linear(
// CHECK:       %[[X:.+]] = scf.forall {{.+}} -> (tensor<3x4x10x64xf32>)
// CHECK:       scf.forall (%{{.+}}) = (0) to (128) step (64)
// CHECK:         %[[WORDS:.+]] = scf.for {{.+}} -> (tensor<4x2048xi8>)
// CHECK:         scf.for {{.+}} = %c0 to %c30 step %c10
// CHECK:           %[[TILE:.+]] = arith.divui
// CHECK:           scf.for {{.+}} = %c0 to %c4 step %c1
// CHECK:             scf.for {{.+}} = %c0 to %c8 step %c1
// CHECK:               vector.transfer_read %[[WORDS]]
// CHECK:               tensor.extract %[[X]][%[[TILE]]
// CHECK-COUNT-320:     arith.addf %{{.+}} fastmath<contract> : vector<16xf32>
// CHECK-NOT:           arith.addf %{{.+}} fastmath<contract> : vector<16xf32>
// BUFFER-LABEL: func.func @linear(
// BUFFER:         scf.for {{.+}} -> (tensor<4x32x4x128xf32>)
func.func @linear(%x: tensor<30x256xf32>, %w: tensor<128x256x!mxfp4>, %acc: tensor<30x128xf32>)
    -> tensor<30x128xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<30x256xf32>, tensor<128x256x!mxfp4>)
         outs(%acc : tensor<30x128xf32>) -> tensor<30x128xf32>
  return %r : tensor<30x128xf32>
}

// -----

// Rows that are side by side already are not put back. Those of a dynamic number of
// activations are tiles of 12, of which the last has rows that are not written.

!int4 = !quantx.scaled<i4 : f32, f32 per 1x*, packing rows16>

// CHECK-LABEL: func.func @side_by_side(
// CHECK:       scf.if
// CHECK:         scf.if
// CHECK:           scf.if
// CHECK:           } else {
// CHECK-NOT:         vector.shuffle {{.+}} vector<16xi32>, vector<16xi32>
// CHECK:             scf.for {{.+}} = %c0 to %{{.+}} step %c12
// CHECK:             scf.if
func.func @side_by_side(%x: tensor<?x256xf32>, %w: tensor<128x256x!int4>, %acc: tensor<?x128xf32>)
    -> tensor<?x128xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<?x256xf32>, tensor<128x256x!int4>)
         outs(%acc : tensor<?x128xf32>) -> tensor<?x128xf32>
  return %r : tensor<?x128xf32>
}

// -----

// Floats of 8 bits in rows, and a dynamic K, keep the buffer.

!mxfp8 = !quantx.scaled<f8E4M3FN : f32, f8E8M0FNU per 1x32>
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func.func @others(
// CHECK-NOT:     step (64)
// CHECK:         scf.for {{.+}} -> (tensor<4x{{.+}}x4x{{.+}}xf32>)
// CHECK-NOT:     step (64)
// CHECK:         scf.for {{.+}} -> (tensor<{{.+}}x4x{{.+}}xf32>)
func.func @others(%x: tensor<30x256xf32>, %w8: tensor<128x256x!mxfp8>, %y: tensor<30x?xf32>,
                  %w: tensor<128x?x!mxfp4>, %acc: tensor<30x128xf32>)
    -> (tensor<30x128xf32>, tensor<30x128xf32>) {
  %0 = quantx.scaled_matmul ins(%x, %w8 : tensor<30x256xf32>, tensor<128x256x!mxfp8>)
         outs(%acc : tensor<30x128xf32>) -> tensor<30x128xf32>
  %1 = quantx.scaled_matmul ins(%y, %w : tensor<30x?xf32>, tensor<128x?x!mxfp4>)
         outs(%acc : tensor<30x128xf32>) -> tensor<30x128xf32>
  return %0, %1 : tensor<30x128xf32>, tensor<30x128xf32>
}
