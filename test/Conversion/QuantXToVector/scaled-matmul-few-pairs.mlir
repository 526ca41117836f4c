// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector=pair-dots --canonicalize --cse | FileCheck %s
// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector --canonicalize --cse | FileCheck %s --check-prefix=FLOATS

// Four products of pairs for 128 codes, whose lanes have one scale each.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func.func @bf16(
// CHECK-SAME:    %[[X:.+]]: tensor<1x1024xbf16>, %[[W:.+]]: tensor<32x512xi8>
// CHECK:       %[[PACKED:.+]] = scf.forall {{.+}} -> (tensor<8x1x64xi32>)
// CHECK:         vector.shuffle {{.+}} [0, 4, 8, 12, 16, 20, {{.+}}, 123, 127] : vector<128xbf16>
// CHECK:       scf.forall
// CHECK:         scf.for
// CHECK:           %[[HALVES:.+]] = vector.bitcast %{{.+}} : vector<64xi8> to vector<32xi16>
// CHECK:           %[[LOW:.+]] = arith.trunci %[[HALVES]] : vector<32xi16> to vector<32xi4>
// CHECK:           arith.extf %{{.+}} : vector<32xf4E2M1FN> to vector<32xbf16>
// CHECK-COUNT-3:   arith.shrui %[[HALVES]]
// CHECK-COUNT-4:   vector.contract
// CHECK:           vector.shuffle {{.+}} [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3] : vector<16xf32>
// FLOATS-LABEL: func.func @bf16(
// FLOATS-NOT:     vector.contract
func.func @bf16(%x: tensor<1x1024xbf16>, %w: tensor<32x1024x!mxfp4>, %acc: tensor<1x32xf32>)
    -> tensor<1x32xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<1x1024xbf16>, tensor<32x1024x!mxfp4>)
         outs(%acc : tensor<1x32xf32>) -> tensor<1x32xf32>
  return %r : tensor<1x32xf32>
}

// -----

// An f32 is two bf16, the smaller one first. Integers are less their zero points
// before they are bf16.

!int4 = !quantx.scaled<ui4 : f32, f16 per 1x32, zero_point ui4>

// CHECK-LABEL: func.func @f32(
// CHECK:       scf.forall {{.+}} -> (tensor<3x2x128xi32>)
// CHECK:         %[[UPPER:.+]] = arith.truncf %[[X:.+]] : vector<128xf32> to vector<128xbf16>
// CHECK:         arith.subf %[[X]]
// CHECK:         arith.truncf
// CHECK:       scf.forall
// CHECK:         arith.subi %{{.+}} : vector<64xi8>
// CHECK:         arith.trunci %{{.+}} : vector<32xi16> to vector<32xi5>
// CHECK-COUNT-4: arith.sitofp %{{.+}} : vector<32xi5> to vector<32xbf16>
// CHECK-COUNT-16: vector.contract
// FLOATS-LABEL: func.func @f32(
// FLOATS-NOT:     vector.contract
func.func @f32(%x: tensor<2x300xf32>, %w: tensor<32x300x!int4>, %acc: tensor<2x32xf32>)
    -> tensor<2x32xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<2x300xf32>, tensor<32x300x!int4>)
         outs(%acc : tensor<2x32xf32>) -> tensor<2x32xf32>
  return %r : tensor<2x32xf32>
}

// -----

// Side by side, one word of activations multiplies 16 rows: one row in place of bytes
// where blocks are short.

!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, packing rows16>

// CHECK-LABEL: func.func @sideBySide(
// CHECK:       scf.forall {{.+}} -> (tensor<4x1x32xi32>)
// CHECK:         vector.shuffle {{.+}} [0, 4, 1, 5, 2, 6, 3, 7, 8, 12, {{.+}}, 59, 63] : vector<64xbf16>
// CHECK:       scf.forall
// CHECK:         scf.for
// CHECK:           arith.extf %{{.+}} : vector<32xf4E2M1FN> to vector<32xbf16>
// CHECK:           %[[WORD:.+]] = tensor.extract
// CHECK-NEXT:      vector.broadcast %[[WORD]] : i32 to vector<16xi32>
// CHECK-COUNT-64:  vector.contract
// CHECK-NOT:       vector.contract
// FLOATS-LABEL: func.func @sideBySide(
// FLOATS-NOT:     vector.contract
func.func @sideBySide(%x: tensor<1x256xbf16>, %w: tensor<32x256x!nvfp4>, %acc: tensor<1x32xf32>)
    -> tensor<1x32xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<1x256xbf16>, tensor<32x256x!nvfp4>)
         outs(%acc : tensor<1x32xf32>) -> tensor<1x32xf32>
  return %r : tensor<1x32xf32>
}

// -----

// A short sum, or one whose length is not known, has no room for what two pieces
// lose; infinite codes none for a piece of 0; 6 bits and integers of 8 have no pairs.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!e5m2 = !quantx.scaled<f8E5M2 : f32, f8E8M0FNU per 1x32>
!mxfp6 = !quantx.scaled<f6E2M3FN : f32, f8E8M0FNU per 1x32>
!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>

// CHECK-LABEL: func.func @none(
// CHECK-NOT:     vector.contract
// CHECK:         return
func.func @none(%s: tensor<1x224xf32>, %ws: tensor<32x224x!mxfp4>,
                %d: tensor<1x?xf32>, %wd: tensor<32x?x!mxfp4>,
                %x: tensor<1x512xf32>, %w5: tensor<32x512x!e5m2>,
                %b: tensor<1x512xbf16>, %w6: tensor<32x512x!mxfp6>,
                %w8: tensor<32x512x!int8>, %acc: tensor<1x32xf32>) -> tensor<1x32xf32> {
  %0 = quantx.scaled_matmul ins(%s, %ws : tensor<1x224xf32>, tensor<32x224x!mxfp4>)
         outs(%acc : tensor<1x32xf32>) -> tensor<1x32xf32>
  %1 = quantx.scaled_matmul ins(%d, %wd : tensor<1x?xf32>, tensor<32x?x!mxfp4>)
         outs(%0 : tensor<1x32xf32>) -> tensor<1x32xf32>
  %2 = quantx.scaled_matmul ins(%x, %w5 : tensor<1x512xf32>, tensor<32x512x!e5m2>)
         outs(%1 : tensor<1x32xf32>) -> tensor<1x32xf32>
  %3 = quantx.scaled_matmul ins(%b, %w6 : tensor<1x512xbf16>, tensor<32x512x!mxfp6>)
         outs(%2 : tensor<1x32xf32>) -> tensor<1x32xf32>
  %4 = quantx.scaled_matmul ins(%b, %w8 : tensor<1x512xbf16>, tensor<32x512x!int8>)
         outs(%3 : tensor<1x32xf32>) -> tensor<1x32xf32>
  return %4 : tensor<1x32xf32>
}

// CHECK-LABEL: func.func @bytes(
// CHECK:         vector.contract
// CHECK:         return
func.func @bytes(%b: tensor<1x512xbf16>, %w5: tensor<32x512x!e5m2>, %acc: tensor<1x32xf32>)
    -> tensor<1x32xf32> {
  %0 = quantx.scaled_matmul ins(%b, %w5 : tensor<1x512xbf16>, tensor<32x512x!e5m2>)
         outs(%acc : tensor<1x32xf32>) -> tensor<1x32xf32>
  return %0 : tensor<1x32xf32>
}
