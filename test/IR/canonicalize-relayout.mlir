// The two directions undo each other, padding or not: both types say how many rows
// and columns there are.
//
// RUN: quant-opt %s -canonicalize | FileCheck %s

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>

// CHECK-LABEL: func.func @there_and_back(
// CHECK-SAME: %[[W:.*]]: tensor<40x70x!mxfp4>
func.func @there_and_back(%w: tensor<40x70x!mxfp4>) -> tensor<40x70x!mxfp4> {
  // CHECK-NEXT: return %[[W]]
  %r = quantx.relayout %w : tensor<40x70x!mxfp4> to tensor<40x70x!rows16>
  %l = quantx.relayout %r : tensor<40x70x!rows16> to tensor<40x70x!mxfp4>
  return %l : tensor<40x70x!mxfp4>
}

// CHECK-LABEL: func.func @back_and_there(
// CHECK-SAME: %[[R:.*]]: tensor<40x70x!mxfp4_rows16>
func.func @back_and_there(%r: tensor<40x70x!rows16>) -> tensor<40x70x!rows16> {
  // CHECK-NEXT: return %[[R]]
  %l = quantx.relayout %r : tensor<40x70x!rows16> to tensor<40x70x!mxfp4>
  %s = quantx.relayout %l : tensor<40x70x!mxfp4> to tensor<40x70x!rows16>
  return %s : tensor<40x70x!rows16>
}

// CHECK-LABEL: func.func @no_change(
// CHECK-SAME: %[[R:.*]]: tensor<40x70x!mxfp4_rows16>
func.func @no_change(%r: tensor<40x70x!rows16>) -> tensor<40x70x!rows16> {
  // CHECK-NEXT: return %[[R]]
  %s = quantx.relayout %r : tensor<40x70x!rows16> to tensor<40x70x!rows16>
  return %s : tensor<40x70x!rows16>
}

// Another number of static sizes is another type.
// CHECK-LABEL: func.func @one_way(
func.func @one_way(%w: tensor<?x40x64x!quantx.scaled<i8 : f32, f32 per 1x1x*>>) -> tensor<2x40x64x!quantx.scaled<i8 : f32, f32 per 1x1x*>> {
  // CHECK-COUNT-2: quantx.relayout
  %r = quantx.relayout %w : tensor<?x40x64x!quantx.scaled<i8 : f32, f32 per 1x1x*>> to tensor<2x40x64x!quantx.scaled<i8 : f32, f32 per 1x1x*, packing rows16>>
  %l = quantx.relayout %r : tensor<2x40x64x!quantx.scaled<i8 : f32, f32 per 1x1x*, packing rows16>> to tensor<2x40x64x!quantx.scaled<i8 : f32, f32 per 1x1x*>>
  return %l : tensor<2x40x64x!quantx.scaled<i8 : f32, f32 per 1x1x*>>
}
