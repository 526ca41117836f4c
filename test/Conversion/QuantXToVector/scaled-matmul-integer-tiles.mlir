// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector=tile-product-rows=16 --canonicalize --cse | FileCheck %s

// Blocks of 32 are half steps, 16 runs in a slice of 512.

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>

// CHECK-LABEL: func.func @blocks(
// CHECK:       %[[GRANTED:.+]] = call @quantx_request_tiles()
// CHECK:       scf.if %[[GRANTED]]
// CHECK:         scf.forall {{.+}} -> (tensor<2x1x16x1x2x8x64xi8>)
// CHECK:           vector.shuffle {{.+}} [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 1, 3,
// CHECK:         linalg.generic {{.+}} outs(%{{.+}} : tensor<2x1x16x2x16xf32>)
// CHECK:         linalg.generic {{.+}} ins({{.+}} : tensor<?x1x2x16x32xi8>, tensor<1x?x1x2x8x64xi8>, tensor<?x2x16xf32>, tensor<1x?x2x16xf32>)
// CHECK:           arith.muli
// CHECK:           arith.sitofp
func.func @blocks(%a: tensor<32x1024x!int8>, %w: tensor<32x1024x!mxfp4>, %acc: tensor<32x32xf32>)
    -> tensor<32x32xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<32x1024x!int8>, tensor<32x1024x!mxfp4>)
         outs(%acc : tensor<32x32xf32>) -> tensor<32x32xf32>
  return %r : tensor<32x32xf32>
}

// -----

// Rows under one scale: a slice is one run. Weights of 8 bits stay as they are.

!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>

// CHECK-LABEL: func.func @rows(
// CHECK:         linalg.generic {{.+}} ins({{.+}} : tensor<1x?x2x16x64xi8>, tensor<1x1x?x1x16x64xi8>, tensor<1x2x16xf32>, tensor<1x1x1x16xf32>)
func.func @rows(%a: tensor<16x600x!int8>, %w: tensor<32x600x!int8>, %acc: tensor<16x32xf32>)
    -> tensor<16x32xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<16x600x!int8>, tensor<32x600x!int8>)
         outs(%acc : tensor<16x32xf32>) -> tensor<16x32xf32>
  return %r : tensor<16x32xf32>
}

// -----

// Blocks of 16 leave most of a tile empty, and codes of 8 bits minus zero points
// have more bits: floats.

!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
!uint8 = !quantx.scaled<ui8 : f32, f32 per 1x*, zero_point ui8>
!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>

// CHECK-LABEL: func.func @floats(
// CHECK-COUNT-2: linalg.generic {{.+}} ins({{.+}}x32xbf16>
// CHECK-NOT:   arith.muli {{.+}} : i32
func.func @floats(%a: tensor<16x512x!int8>, %v: tensor<32x512x!nvfp4>, %w: tensor<32x512x!uint8>,
                  %acc: tensor<16x32xf32>) -> tensor<16x32xf32> {
  %r = quantx.scaled_matmul ins(%a, %v : tensor<16x512x!int8>, tensor<32x512x!nvfp4>)
         outs(%acc : tensor<16x32xf32>) -> tensor<16x32xf32>
  %s = quantx.scaled_matmul ins(%a, %w : tensor<16x512x!int8>, tensor<32x512x!uint8>)
         outs(%r : tensor<16x32xf32>) -> tensor<16x32xf32>
  return %s : tensor<16x32xf32>
}
