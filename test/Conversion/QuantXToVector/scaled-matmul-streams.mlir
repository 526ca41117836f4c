// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector='byte-dots row-streams=4' --canonicalize --cse | FileCheck %s
//
// By default 16 rows of weights are multiplied at once.
// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector=byte-dots --canonicalize --cse | FileCheck %s --check-prefix=ONE
// ONE-LABEL: func.func @streams(
// ONE: scf.forall {{.+}} step (16)

// 64 rows of weights at once, 32 elements of each: an activation is read once
// for all four vectors of weights.

!i8 = !quantx.scaled<i8 : f32, f32 per 1x*>
!rows16 = !quantx.scaled<i8 : f32, f32 per 1x*, packing rows16>

// CHECK-LABEL: func.func @streams(
// CHECK-SAME:    %{{.+}}: tensor<1x128xi8>, %{{.+}}, %[[W:.+]]: tensor<32x2048xi8>,
// CHECK:         scf.forall {{.+}} = (0) to (512) step (64)
// CHECK:           scf.for %{{.+}} = %c0 to %c4 step %c1 iter_args({{.+}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK:             vector.transfer_read %[[W]]
// CHECK:             tensor.extract
// CHECK:             vector.contract
// CHECK-NOT:         tensor.extract
// CHECK:             vector.transfer_read %[[W]]
// CHECK-NOT:         tensor.extract
// CHECK:             vector.contract
// CHECK-NOT:         tensor.extract
// CHECK:             vector.transfer_read %[[W]]
// CHECK-NOT:         tensor.extract
// CHECK:             vector.contract
func.func @streams(%x: tensor<1x128x!i8>, %w: tensor<512x128x!rows16>,
                   %acc: tensor<1x512xf32>) -> tensor<1x512xf32> {
  %r = quantx.scaled_matmul
         ins(%x, %w : tensor<1x128x!i8>, tensor<512x128x!rows16>)
         outs(%acc : tensor<1x512xf32>) -> tensor<1x512xf32>
  return %r : tensor<1x512xf32>
}

// -----

// Too few of them, and activations that take more work: one stream.

!i8 = !quantx.scaled<i8 : f32, f32 per 1x*>
!rows16 = !quantx.scaled<i8 : f32, f32 per 1x*, packing rows16>

// CHECK-LABEL: func.func @few(
// CHECK:         scf.forall {{.+}} = (0) to (511) step (16)
func.func @few(%x: tensor<1x128x!i8>, %w: tensor<511x128x!rows16>,
               %acc: tensor<1x511xf32>) -> tensor<1x511xf32> {
  %r = quantx.scaled_matmul
         ins(%x, %w : tensor<1x128x!i8>, tensor<511x128x!rows16>)
         outs(%acc : tensor<1x511xf32>) -> tensor<1x511xf32>
  return %r : tensor<1x511xf32>
}

// CHECK-LABEL: func.func @many(
// CHECK:         scf.forall {{.+}} = (0) to (512) step (16)
func.func @many(%x: tensor<5x128x!i8>, %w: tensor<512x128x!rows16>,
                %acc: tensor<5x512xf32>) -> tensor<5x512xf32> {
  %r = quantx.scaled_matmul
         ins(%x, %w : tensor<5x128x!i8>, tensor<512x128x!rows16>)
         outs(%acc : tensor<5x512xf32>) -> tensor<5x512xf32>
  return %r : tensor<5x512xf32>
}
