// The size of every result in terms of the operands: no op is left but the sizes
// of arguments, and static sizes are constants.
//
// RUN: quant-opt %s -resolve-ranked-shaped-type-result-dims -canonicalize -cse | FileCheck %s

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
!fp6 = !quantx.scaled<f6E2M3FN : f32, f32 per *x128>
!int4 = !quantx.scaled<ui4 : f32, f16 per 2x128, zero_point ui4>

// CHECK-DAG: #[[$PER16:.*]] = affine_map<()[s0] -> (s0 ceildiv 16)>
// CHECK-DAG: #[[$PER2:.*]] = affine_map<()[s0] -> (s0 ceildiv 2)>
// CHECK-DAG: #[[$PER128:.*]] = affine_map<()[s0] -> (s0 ceildiv 128)>
// Bytes of 6-bit codes, and 6-bit codes in bytes.
// CHECK-DAG: #[[$PACK6:.*]] = affine_map<()[s0] -> ((s0 * 3) ceildiv 4)>
// CHECK-DAG: #[[$UNPACK6:.*]] = affine_map<()[s0] -> ((s0 * 4) floordiv 3)>
// CHECK-DAG: #[[$PACK3:.*]] = affine_map<()[s0] -> ((s0 * 3) ceildiv 8)>
// CHECK-DAG: #[[$PER4:.*]] = affine_map<()[s0] -> (s0 ceildiv 4)>
// CHECK-DAG: #[[$UNPACK5:.*]] = affine_map<()[s0] -> ((s0 * 8) floordiv 5)>

// CHECK-LABEL: func.func @choose_qparams(
// CHECK-SAME: %[[X:.*]]: tensor<?x?xf32>
// CHECK-DAG: %[[ROWS:.*]] = tensor.dim %[[X]], %c0
// CHECK-DAG: %[[COLUMNS:.*]] = tensor.dim %[[X]], %c1
// CHECK-DAG: %[[BLOCKS:.*]] = affine.apply #[[$PER16]]()[%[[COLUMNS]]]
// CHECK: return %[[ROWS]], %[[BLOCKS]]
func.func @choose_qparams(%x: tensor<?x?xf32>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %s, %g = quantx.choose_qparams %x using #quantx.absmax for !nvfp4 : tensor<?x?xf32> -> tensor<?x?xf8E4M3FN>, tensor<f32>
  %rows = tensor.dim %s, %c0 : tensor<?x?xf8E4M3FN>
  %blocks = tensor.dim %s, %c1 : tensor<?x?xf8E4M3FN>
  return %rows, %blocks : index, index
}

// Zero points are one a block, as the scales are.
// CHECK-LABEL: func.func @choose_qparams_zero_points(
// CHECK-SAME: %[[X:.*]]: tensor<?x?xf32>
// CHECK-DAG: %[[ROWS:.*]] = tensor.dim %[[X]], %c0
// CHECK-DAG: %[[COLUMNS:.*]] = tensor.dim %[[X]], %c1
// CHECK-DAG: %[[DOWN:.*]] = affine.apply #[[$PER2]]()[%[[ROWS]]]
// CHECK-DAG: %[[ALONG:.*]] = affine.apply #[[$PER128]]()[%[[COLUMNS]]]
// CHECK: return %[[DOWN]], %[[ALONG]]
func.func @choose_qparams_zero_points(%x: tensor<?x?xf32>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %s, %z = quantx.choose_qparams %x using #quantx.minmax for !int4 : tensor<?x?xf32> -> tensor<?x?xf16>, tensor<?x?xui4>
  %down = tensor.dim %z, %c0 : tensor<?x?xui4>
  %along = tensor.dim %s, %c1 : tensor<?x?xf16>
  return %down, %along : index, index
}

// A whole dimension is one block, whatever its size, also where the type of the
// result leaves that open.
// CHECK-LABEL: func.func @whole_dimension(
// CHECK: return %c1
func.func @whole_dimension(%x: tensor<?x?xf32>) -> index {
  %c0 = arith.constant 0 : index
  %s = quantx.choose_qparams %x using #quantx.absmax for !fp6 : tensor<?x?xf32> -> tensor<?x?xf32>
  %rows = tensor.dim %s, %c0 : tensor<?x?xf32>
  return %rows : index
}

// CHECK-LABEL: func.func @elementwise(
// CHECK-SAME: %[[X:.*]]: tensor<?x?xf32>, %[[S:.*]]: tensor<?x?xf8E8M0FNU>
// CHECK-DAG: %[[ROWS:.*]] = tensor.dim %[[X]], %c0
// CHECK-DAG: %[[COLUMNS:.*]] = tensor.dim %[[X]], %c1
// CHECK: return %[[COLUMNS]], %[[ROWS]], %[[COLUMNS]]
func.func @elementwise(%x: tensor<?x?xf32>, %s: tensor<?x?xf8E8M0FNU>) -> (index, index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %q = quantx.quantize %x, %s : tensor<?x?xf32>, tensor<?x?xf8E8M0FNU> to tensor<?x?x!mxfp4>
  %d = quantx.dynamic_quantize %x using #quantx.floor : tensor<?x?xf32> to tensor<?x?x!mxfp4>
  %y = quantx.dequantize %d : tensor<?x?x!mxfp4> to tensor<?x?xf32>
  %0 = tensor.dim %q, %c1 : tensor<?x?x!mxfp4>
  %1 = tensor.dim %y, %c0 : tensor<?x?xf32>
  %2 = tensor.dim %d, %c1 : tensor<?x?x!mxfp4>
  return %0, %1, %2 : index, index, index
}

// CHECK-LABEL: func.func @assemble(
// CHECK-SAME: %[[P:.*]]: tensor<?x?xi8>
// CHECK-DAG: %[[ROWS:.*]] = tensor.dim %[[P]], %c0
// CHECK-DAG: %[[BYTES:.*]] = tensor.dim %[[P]], %c1
// CHECK-DAG: %[[CODES:.*]] = affine.apply #[[$UNPACK6]]()[%[[BYTES]]]
// CHECK: return %[[ROWS]], %[[CODES]]
func.func @assemble(%p: tensor<?x?xi8>, %s: tensor<1x?xf32>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %q = quantx.assemble %p, %s : tensor<?x?xi8>, tensor<1x?xf32> to tensor<?x?x!fp6>
  %rows = tensor.dim %q, %c0 : tensor<?x?x!fp6>
  %codes = tensor.dim %q, %c1 : tensor<?x?x!fp6>
  return %rows, %codes : index, index
}

// CHECK-LABEL: func.func @disassemble(
// CHECK-SAME: %[[Q:.*]]: tensor<?x?x!quantx
// CHECK-DAG: %[[CODES:.*]] = tensor.dim %[[Q]], %c1
// CHECK-DAG: %[[BYTES:.*]] = affine.apply #[[$PACK6]]()[%[[CODES]]]
// CHECK-DAG: %[[BLOCKS:.*]] = affine.apply #[[$PER128]]()[%[[CODES]]]
// CHECK: return %[[BYTES]], %[[BLOCKS]]
func.func @disassemble(%q: tensor<?x?x!fp6>) -> (index, index) {
  %c1 = arith.constant 1 : index
  %p, %s = quantx.disassemble %q : tensor<?x?x!fp6> to tensor<?x?xi8>, tensor<1x?xf32>
  %bytes = tensor.dim %p, %c1 : tensor<?x?xi8>
  %blocks = tensor.dim %s, %c1 : tensor<1x?xf32>
  return %bytes, %blocks : index, index
}

// CHECK-LABEL: func.func @pack(
// CHECK-SAME: %[[C:.*]]: tensor<?x?xi3>
// CHECK-DAG: %[[ROWS:.*]] = tensor.dim %[[C]], %c0
// CHECK-DAG: %[[CODES:.*]] = tensor.dim %[[C]], %c1
// CHECK-DAG: %[[BYTES:.*]] = affine.apply #[[$PACK3]]()[%[[CODES]]]
// CHECK: return %[[ROWS]], %[[BYTES]]
func.func @pack(%c: tensor<?x?xi3>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = quantx.pack %c as #quantx.packing<linear> : tensor<?x?xi3> to tensor<?x?xi8>
  %rows = tensor.dim %b, %c0 : tensor<?x?xi8>
  %bytes = tensor.dim %b, %c1 : tensor<?x?xi8>
  return %rows, %bytes : index, index
}

// CHECK-LABEL: func.func @unpack(
// CHECK-SAME: %[[B:.*]]: tensor<?x?xi8>
// CHECK-DAG: %[[ROWS:.*]] = tensor.dim %[[B]], %c0
// CHECK-DAG: %[[BYTES:.*]] = tensor.dim %[[B]], %c1
// CHECK-DAG: %[[CODES:.*]] = affine.apply #[[$UNPACK5]]()[%[[BYTES]]]
// CHECK: return %[[ROWS]], %[[CODES]]
func.func @unpack(%b: tensor<?x?xi8>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c = quantx.unpack %b as #quantx.packing<linear> : tensor<?x?xi8> to tensor<?x?xui5>
  %rows = tensor.dim %c, %c0 : tensor<?x?xui5>
  %codes = tensor.dim %c, %c1 : tensor<?x?xui5>
  return %rows, %codes : index, index
}

// CHECK-LABEL: func.func @tile_scales(
// CHECK-SAME: %[[S:.*]]: tensor<?x?x?xf8E8M0FNU>
// CHECK-DAG: %[[BATCHES:.*]] = tensor.dim %[[S]], %c0
// CHECK-DAG: %[[ROWS:.*]] = tensor.dim %[[S]], %c1
// CHECK-DAG: %[[COLUMNS:.*]] = tensor.dim %[[S]], %c2
// CHECK-DAG: %[[DOWN:.*]] = affine.apply #[[$PER128]]()[%[[ROWS]]]
// CHECK-DAG: %[[ACROSS:.*]] = affine.apply #[[$PER4]]()[%[[COLUMNS]]]
// CHECK: return %[[BATCHES]], %[[DOWN]], %[[ACROSS]], %c32
func.func @tile_scales(%s: tensor<?x?x?xf8E8M0FNU>) -> (index, index, index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : tensor<?x?x?xf8E8M0FNU> to tensor<?x?x?x?x?xf8E8M0FNU>
  %batches = tensor.dim %t, %c0 : tensor<?x?x?x?x?xf8E8M0FNU>
  %down = tensor.dim %t, %c1 : tensor<?x?x?x?x?xf8E8M0FNU>
  %across = tensor.dim %t, %c2 : tensor<?x?x?x?x?xf8E8M0FNU>
  %lines = tensor.dim %t, %c3 : tensor<?x?x?x?x?xf8E8M0FNU>
  return %batches, %down, %across, %lines : index, index, index, index
}

// Rows and columns are given, batches are those of the operand.
// CHECK-LABEL: func.func @untile_scales(
// CHECK-SAME: %[[T:.*]]: tensor<?x?x?x32x16xf8E8M0FNU>, %[[COLUMNS:.*]]: index
// CHECK-DAG: %[[BATCHES:.*]] = tensor.dim %[[T]], %c0
// CHECK: return %[[BATCHES]], %c300, %[[COLUMNS]]
func.func @untile_scales(%t: tensor<?x?x?x32x16xf8E8M0FNU>, %n: index) -> (index, index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %s = quantx.relayout_scales %t to #quantx.scale_layout<linear> sizes(%n) : tensor<?x?x?x32x16xf8E8M0FNU> to tensor<?x300x?xf8E8M0FNU>
  %batches = tensor.dim %s, %c0 : tensor<?x300x?xf8E8M0FNU>
  %rows = tensor.dim %s, %c1 : tensor<?x300x?xf8E8M0FNU>
  %columns = tensor.dim %s, %c2 : tensor<?x300x?xf8E8M0FNU>
  return %batches, %rows, %columns : index, index, index
}

// A static size in a result's type wins over the operand's.
// CHECK-LABEL: func.func @static_result(
// CHECK: %[[C63:.*]] = arith.constant 63
// CHECK: return %[[C63]]
func.func @static_result(%x: tensor<?x?xf32>) -> index {
  %c1 = arith.constant 1 : index
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<?x?xf32> to tensor<?x63x!mxfp4>
  %codes = tensor.dim %q, %c1 : tensor<?x63x!mxfp4>
  return %codes : index
}

// CHECK-LABEL: func.func @scaled_matmul(
// CHECK-SAME: %[[ACC:[a-z0-9]+]]: tensor<?x8xf32>)
// CHECK-DAG: %[[C8:.*]] = arith.constant 8
// CHECK-DAG: %[[ROWS:.*]] = tensor.dim %[[ACC]], %c0
// CHECK-NEXT: return %[[ROWS]], %[[C8]]
func.func @scaled_matmul(%a: tensor<?x?xf32>, %w: tensor<8x?x!mxfp4>, %acc: tensor<?x8xf32>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = quantx.scaled_matmul ins(%a, %w : tensor<?x?xf32>, tensor<8x?x!mxfp4>) outs(%acc : tensor<?x8xf32>) -> tensor<?x8xf32>
  %rows = tensor.dim %r, %c0 : tensor<?x8xf32>
  %columns = tensor.dim %r, %c1 : tensor<?x8xf32>
  return %rows, %columns : index, index
}
