// The two directions undo each other, where the sizes are known to be the same and
// no padding is lost.
//
// RUN: quant-opt %s -canonicalize | FileCheck %s

!linear = tensor<300x9xf8E8M0FNU>
!tiles = tensor<3x3x32x16xf8E8M0FNU>

// CHECK-LABEL: func.func @back_to_linear(
// CHECK-SAME: %[[S:.*]]: tensor<300x9xf8E8M0FNU>
func.func @back_to_linear(%s: !linear) -> !linear {
  // CHECK-NEXT: return %[[S]]
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : !linear to !tiles
  %r = quantx.relayout_scales %t to #quantx.scale_layout<linear> : !tiles to !linear
  return %r : !linear
}

// CHECK-LABEL: func.func @back_to_dynamic(
// CHECK-SAME: %[[S:.*]]: tensor<?x?x?xf8E4M3FN>
func.func @back_to_dynamic(%s: tensor<?x?x?xf8E4M3FN>) -> tensor<?x?x?xf8E4M3FN> {
  // CHECK-NEXT: return %[[S]]
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %r = tensor.dim %s, %c1 : tensor<?x?x?xf8E4M3FN>
  %c = tensor.dim %s, %c2 : tensor<?x?x?xf8E4M3FN>
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : tensor<?x?x?xf8E4M3FN> to tensor<?x?x?x32x16xf8E4M3FN>
  %l = quantx.relayout_scales %t to #quantx.scale_layout<linear> sizes(%r, %c) : tensor<?x?x?x32x16xf8E4M3FN> to tensor<?x?x?xf8E4M3FN>
  return %l : tensor<?x?x?xf8E4M3FN>
}

// Columns for rows: another size.
// CHECK-LABEL: func.func @other_sizes(
func.func @other_sizes(%s: tensor<?x?xf8E4M3FN>, %n: index) -> (tensor<?x?xf8E4M3FN>, tensor<?x?xf8E4M3FN>) {
  // CHECK: quantx.relayout_scales
  // CHECK: quantx.relayout_scales %{{.*}} sizes
  // CHECK: quantx.relayout_scales %{{.*}} sizes
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = tensor.dim %s, %c0 : tensor<?x?xf8E4M3FN>
  %c = tensor.dim %s, %c1 : tensor<?x?xf8E4M3FN>
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : tensor<?x?xf8E4M3FN> to tensor<?x?x32x16xf8E4M3FN>
  %swapped = quantx.relayout_scales %t to #quantx.scale_layout<linear> sizes(%c, %r) : tensor<?x?x32x16xf8E4M3FN> to tensor<?x?xf8E4M3FN>
  %given = quantx.relayout_scales %t to #quantx.scale_layout<linear> sizes(%r, %n) : tensor<?x?x32x16xf8E4M3FN> to tensor<?x?xf8E4M3FN>
  return %swapped, %given : tensor<?x?xf8E4M3FN>, tensor<?x?xf8E4M3FN>
}

// CHECK-LABEL: func.func @other_type(
func.func @other_type(%s: !linear) -> tensor<299x9xf8E8M0FNU> {
  // CHECK: quantx.relayout_scales
  // CHECK: quantx.relayout_scales
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : !linear to !tiles
  %r = quantx.relayout_scales %t to #quantx.scale_layout<linear> : !tiles to tensor<299x9xf8E8M0FNU>
  return %r : tensor<299x9xf8E8M0FNU>
}

// CHECK-LABEL: func.func @back_to_tiles(
// CHECK-SAME: %[[T:.*]]: tensor<3x2x32x16xf8E8M0FNU>
func.func @back_to_tiles(%t: tensor<3x2x32x16xf8E8M0FNU>) -> tensor<3x2x32x16xf8E8M0FNU> {
  // CHECK-NEXT: return %[[T]]
  %s = quantx.relayout_scales %t to #quantx.scale_layout<linear> : tensor<3x2x32x16xf8E8M0FNU> to tensor<384x8xf8E8M0FNU>
  %r = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : tensor<384x8xf8E8M0FNU> to tensor<3x2x32x16xf8E8M0FNU>
  return %r : tensor<3x2x32x16xf8E8M0FNU>
}

// Padding becomes zero, whatever it was.
// CHECK-LABEL: func.func @padding(
func.func @padding(%t: !tiles, %u: tensor<?x1x32x16xf8E8M0FNU>, %n: index) -> (!tiles, !tiles, tensor<?x1x32x16xf8E8M0FNU>) {
  // CHECK-COUNT-6: quantx.relayout_scales
  %a = quantx.relayout_scales %t to #quantx.scale_layout<linear> : !tiles to tensor<384x9xf8E8M0FNU>
  %b = quantx.relayout_scales %a to #quantx.scale_layout<tile128x4> : tensor<384x9xf8E8M0FNU> to !tiles
  %c = quantx.relayout_scales %t to #quantx.scale_layout<linear> : !tiles to tensor<300x12xf8E8M0FNU>
  %d = quantx.relayout_scales %c to #quantx.scale_layout<tile128x4> : tensor<300x12xf8E8M0FNU> to !tiles
  %e = quantx.relayout_scales %u to #quantx.scale_layout<linear> sizes(%n) : tensor<?x1x32x16xf8E8M0FNU> to tensor<?x4xf8E8M0FNU>
  %f = quantx.relayout_scales %e to #quantx.scale_layout<tile128x4> : tensor<?x4xf8E8M0FNU> to tensor<?x1x32x16xf8E8M0FNU>
  return %b, %d, %f : !tiles, !tiles, tensor<?x1x32x16xf8E8M0FNU>
}
