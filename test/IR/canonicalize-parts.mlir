// assemble and disassemble undo each other, when nothing between them differs.
//
// RUN: quant-opt %s -canonicalize | FileCheck %s

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!mxint4 = !quantx.scaled<i4 : f32, f8E8M0FNU per 1x32>
!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>

// CHECK-LABEL: func.func @assemble_of_disassemble(
// CHECK-SAME: %[[Q:.*]]: tensor<?x64x!nvfp4>
func.func @assemble_of_disassemble(%q: tensor<?x64x!nvfp4>) -> tensor<?x64x!nvfp4> {
  // CHECK-NEXT: return %[[Q]]
  %p, %s, %g = quantx.disassemble %q : tensor<?x64x!nvfp4> to tensor<?x32xi8>, tensor<?x4xf8E4M3FN>, tensor<f32>
  %r = quantx.assemble %p, %s, %g : tensor<?x32xi8>, tensor<?x4xf8E4M3FN>, tensor<f32> to tensor<?x64x!nvfp4>
  return %r : tensor<?x64x!nvfp4>
}

// CHECK-LABEL: func.func @disassemble_of_assemble(
// CHECK-SAME: %[[P:.*]]: tensor<8x32xi8>, %[[S:.*]]: tensor<8x4xf8E4M3FN>, %[[G:.*]]: tensor<f32>
func.func @disassemble_of_assemble(%p: tensor<8x32xi8>, %s: tensor<8x4xf8E4M3FN>, %g: tensor<f32>) -> (tensor<f32>, tensor<8x4xf8E4M3FN>, tensor<8x32xi8>) {
  // CHECK-NEXT: return %[[G]], %[[S]], %[[P]]
  %q = quantx.assemble %p, %s, %g : tensor<8x32xi8>, tensor<8x4xf8E4M3FN>, tensor<f32> to tensor<8x64x!nvfp4>
  %p1, %s1, %g1 = quantx.disassemble %q : tensor<8x64x!nvfp4> to tensor<8x32xi8>, tensor<8x4xf8E4M3FN>, tensor<f32>
  return %g1, %s1, %p1 : tensor<f32>, tensor<8x4xf8E4M3FN>, tensor<8x32xi8>
}

// The same parts under another type are other values.
// CHECK-LABEL: func.func @other_type(
func.func @other_type(%q: tensor<8x64x!mxfp4>) -> tensor<8x64x!mxint4> {
  // CHECK: quantx.disassemble
  // CHECK: %[[R:.*]] = quantx.assemble
  // CHECK: return %[[R]]
  %p, %s = quantx.disassemble %q : tensor<8x64x!mxfp4> to tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>
  %r = quantx.assemble %p, %s : tensor<8x32xi8>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxint4>
  return %r : tensor<8x64x!mxint4>
}

// The same bytes with one code less a row are another tensor.
// CHECK-LABEL: func.func @other_shape(
func.func @other_shape(%q: tensor<8x64x!mxfp4>) -> tensor<8x63x!mxfp4> {
  // CHECK: quantx.disassemble
  // CHECK: %[[R:.*]] = quantx.assemble
  // CHECK: return %[[R]]
  %p, %s = quantx.disassemble %q : tensor<8x64x!mxfp4> to tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>
  %r = quantx.assemble %p, %s : tensor<8x32xi8>, tensor<8x2xf8E8M0FNU> to tensor<8x63x!mxfp4>
  return %r : tensor<8x63x!mxfp4>
}

// CHECK-LABEL: func.func @other_scales(
func.func @other_scales(%q: tensor<8x64x!mxfp4>, %t: tensor<8x2xf8E8M0FNU>) -> tensor<8x64x!mxfp4> {
  // CHECK: quantx.disassemble
  // CHECK: %[[R:.*]] = quantx.assemble
  // CHECK: return %[[R]]
  %p, %s = quantx.disassemble %q : tensor<8x64x!mxfp4> to tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>
  %r = quantx.assemble %p, %t : tensor<8x32xi8>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  return %r : tensor<8x64x!mxfp4>
}

// CHECK-LABEL: func.func @other_payload(
func.func @other_payload(%q: tensor<8x64x!mxfp4>, %p: tensor<8x32xi8>) -> tensor<8x64x!mxfp4> {
  // CHECK: quantx.disassemble
  // CHECK: %[[R:.*]] = quantx.assemble
  // CHECK: return %[[R]]
  %o, %s = quantx.disassemble %q : tensor<8x64x!mxfp4> to tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>
  %r = quantx.assemble %p, %s : tensor<8x32xi8>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  return %r : tensor<8x64x!mxfp4>
}

// A part whose type is more static than that of the result.
// CHECK-LABEL: func.func @more_static(
func.func @more_static(%p: tensor<8x?xi8>, %s: tensor<8x2xf8E8M0FNU>) -> tensor<8x32xi8> {
  // CHECK: %[[Q:.*]] = quantx.assemble
  // CHECK: quantx.disassemble %[[Q]]
  %q = quantx.assemble %p, %s : tensor<8x?xi8>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  %r, %t = quantx.disassemble %q : tensor<8x64x!mxfp4> to tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>
  return %r : tensor<8x32xi8>
}

// With a dynamic size, the assembled rows have the padding as codes too.
// CHECK-LABEL: func.func @dynamic_padding(
func.func @dynamic_padding(%q: tensor<8x?x!mxfp4>) -> tensor<8x?x!mxfp4> {
  // CHECK: quantx.disassemble
  // CHECK: %[[R:.*]] = quantx.assemble
  // CHECK: return %[[R]]
  %p, %s = quantx.disassemble %q : tensor<8x?x!mxfp4> to tensor<8x?xi8>, tensor<8x?xf8E8M0FNU>
  %r = quantx.assemble %p, %s : tensor<8x?xi8>, tensor<8x?xf8E8M0FNU> to tensor<8x?x!mxfp4>
  return %r : tensor<8x?x!mxfp4>
}

// Bytes have no padding.
!mxint8 = !quantx.scaled<i8 : f32, f8E8M0FNU per 1x32>
// CHECK-LABEL: func.func @dynamic_bytes(
// CHECK-SAME: %[[Q:.*]]: tensor<8x?x!mxint8>
func.func @dynamic_bytes(%q: tensor<8x?x!mxint8>) -> tensor<8x?x!mxint8> {
  // CHECK-NEXT: return %[[Q]]
  %p, %s = quantx.disassemble %q : tensor<8x?x!mxint8> to tensor<8x?xi8>, tensor<8x?xf8E8M0FNU>
  %r = quantx.assemble %p, %s : tensor<8x?xi8>, tensor<8x?xf8E8M0FNU> to tensor<8x?x!mxint8>
  return %r : tensor<8x?x!mxint8>
}
