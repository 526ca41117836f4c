// The loops run over blocks; tiles are cut, in elements, at the tensor's end.
//
// RUN: quant-opt %s --transform-preload-library=transform-library-paths=%S/Inputs/tile-for.mlir --transform-interpreter --canonicalize --cse | FileCheck %s

// CHECK-DAG: #[[$BLOCKS:.+]] = affine_map<()[s0] -> (s0 ceildiv 32)>
// CHECK-DAG: #[[$ELEMENT:.+]] = affine_map<()[s0] -> (s0 * 32)>
// CHECK-DAG: #[[$CUT80:.+]] = affine_map<()[s0, s1] -> (s1 * -32 + 80, s0 * 32)>
// CHECK-DAG: #[[$TIMES4:.+]] = affine_map<()[s0] -> (s0 * 4)>
// CHECK-DAG: #[[$TIMES8:.+]] = affine_map<()[s0] -> (s0 * 8)>
// CHECK-DAG: #[[$TIMES16:.+]] = affine_map<()[s0] -> (s0 * 16)>
// CHECK-DAG: #[[$TIMES128:.+]] = affine_map<()[s0] -> (s0 * 128)>
// CHECK-DAG: #[[$BY128:.+]] = affine_map<()[s0] -> (s0 ceildiv 128)>
// CHECK-DAG: #[[$BYTES:.+]] = affine_map<()[s0] -> (s0 * 3)>

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!row = !quantx.scaled<f8E4M3FN : f32, f32 per 1x*>
!b2 = !quantx.scaled<f8E4M3FN : f32, f32 per 4x16>

// Whole blocks only: every size is static.
// CHECK-LABEL: func @choose_qparams(
// CHECK-SAME:    %[[X:.*]]: tensor<8x128xf32>
func.func @choose_qparams(%x: tensor<8x128xf32>) -> tensor<8x4xf8E8M0FNU> {
  // CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
  // CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
  // CHECK: scf.for %[[I:.*]] = %{{.*}} to %[[C8]] step %c1
  // CHECK: scf.for %[[J:.*]] = %{{.*}} to %[[C4]] step %c2 iter_args(%[[OUT:.*]] = %{{.*}})
  // CHECK: %[[K:.*]] = affine.apply #[[$ELEMENT]]()[%[[J]]]
  // CHECK: %[[TILE:.*]] = tensor.extract_slice %[[X]][%[[I]], %[[K]]] [1, 64] [1, 1]
  // CHECK: %[[S:.*]] = quantx.choose_qparams %[[TILE]] using #quantx.floor for !mxfp4 : tensor<1x64xf32> -> tensor<1x2xf8E8M0FNU>
  // CHECK: tensor.insert_slice %[[S]] into %[[OUT]][%[[I]], %[[J]]] [1, 2] [1, 1]
  %s = quantx.choose_qparams %x using #quantx.floor for !mxfp4
    : tensor<8x128xf32> -> tensor<8x4xf8E8M0FNU>
  return %s : tensor<8x4xf8E8M0FNU>
}

// CHECK-LABEL: func @quantize(
// CHECK-SAME:    %[[X:.*]]: tensor<8x80xf32>, %[[S:.*]]: tensor<8x3xf8E8M0FNU>
func.func @quantize(%x: tensor<8x80xf32>, %s: tensor<8x3xf8E8M0FNU>) -> tensor<8x80x!mxfp4> {
  // CHECK: tensor.empty() : tensor<8x80x!mxfp4>
  // CHECK: scf.for %[[I:.*]] = %{{.*}} to %c8 step %c1
  // CHECK: scf.for %[[J:.*]] = %{{.*}} to %c3 step %c2 iter_args(%[[OUT:.*]] = %{{.*}})
  // CHECK: %[[N:.*]] = affine.min #{{.*}}(%[[J]])
  // CHECK: %[[K:.*]] = affine.apply #[[$ELEMENT]]()[%[[J]]]
  // CHECK: %[[SIZE:.*]] = affine.min #[[$CUT80]]()[%[[N]], %[[J]]]
  // CHECK: %[[TILE:.*]] = tensor.extract_slice %[[X]][%[[I]], %[[K]]] [1, %[[SIZE]]] [1, 1]
  // CHECK: %[[COUNT:.*]] = affine.apply #[[$BLOCKS]]()[%[[SIZE]]]
  // CHECK: %[[SCALES:.*]] = tensor.extract_slice %[[S]][%[[I]], %[[J]]] [1, %[[COUNT]]] [1, 1]
  // CHECK: %[[Q:.*]] = quantx.quantize %[[TILE]], %[[SCALES]]
  // CHECK-SAME: {rounding = #quantx.rounding<nearest_toward_zero>}
  // CHECK-SAME: tensor<1x?xf32>, tensor<1x?xf8E8M0FNU> to tensor<1x?x!mxfp4>
  // CHECK: tensor.insert_slice %[[Q]] into %[[OUT]][%[[I]], %[[K]]] [1, %[[SIZE]]] [1, 1]
  %q = quantx.quantize %x, %s {rounding = #quantx.rounding<nearest_toward_zero>}
    : tensor<8x80xf32>, tensor<8x3xf8E8M0FNU> to tensor<8x80x!mxfp4>
  return %q : tensor<8x80x!mxfp4>
}

// A whole dimension is one step: the loop over it is none.
// CHECK-LABEL: func @rows(
// CHECK-SAME:    %[[X:.*]]: tensor<8x?xf32>
func.func @rows(%x: tensor<8x?xf32>) -> tensor<8x?x!row> {
  // CHECK: %[[K:.*]] = tensor.dim %[[X]], %c1
  // CHECK: scf.for %[[I:.*]] = %{{.*}} to %c8 step %c1
  // CHECK-NOT: scf.for
  // CHECK: tensor.extract_slice %[[X]][%[[I]], 0] [1, %[[K]]] [1, 1]
  // CHECK: quantx.dynamic_quantize
  %q = quantx.dynamic_quantize %x using #quantx.absmax : tensor<8x?xf32> to tensor<8x?x!row>
  return %q : tensor<8x?x!row>
}

// To read it, a whole dimension is cut anywhere: its slices share the scale.
// CHECK-LABEL: func @dequantize_rows(
func.func @dequantize_rows(%q: tensor<8x10x!row>) -> tensor<8x10xf32> {
  // CHECK: scf.for %[[I:.*]] = %{{.*}} to %c8 step %c1
  // CHECK: scf.for %[[J:.*]] = %{{.*}} to %c10 step %c2
  // CHECK: tensor.extract_slice %{{.*}}[%[[I]], %[[J]]] [1, 2] [1, 1] : tensor<8x10x!quantx.scaled<f8E4M3FN : f32, f32 per 1x*>>
  // CHECK: quantx.dequantize %{{.*}} to tensor<1x2xf32>
  %y = quantx.dequantize %q : tensor<8x10x!row> to tensor<8x10xf32>
  return %y : tensor<8x10xf32>
}

// CHECK-LABEL: func @blocks_2d(
func.func @blocks_2d(%x: tensor<10x64xf32>) -> tensor<10x64x!b2> {
  // CHECK: scf.for %{{.*}} to %c3 step %c1
  // CHECK: scf.for %{{.*}} to %c4 step %c2
  // CHECK: tensor.extract_slice %{{.*}} [%{{.*}}, 32] [1, 1] : tensor<10x64xf32> to tensor<?x32xf32>
  %q = quantx.dynamic_quantize %x using #quantx.absmax : tensor<10x64xf32> to tensor<10x64x!b2>
  return %q : tensor<10x64x!b2>
}

// CHECK-LABEL: func @dynamic(
// CHECK-SAME:    %[[Q:.*]]: tensor<?x?x!mxfp4>
func.func @dynamic(%q: tensor<?x?x!mxfp4>) -> tensor<?x?xf32> {
  // CHECK: %[[M:.*]] = tensor.dim %[[Q]], %c0
  // CHECK: %[[K:.*]] = tensor.dim %[[Q]], %c1
  // CHECK: %[[B:.*]] = affine.apply #[[$BLOCKS]]()[%[[K]]]
  // CHECK: scf.for %{{.*}} to %[[M]] step %c1
  // CHECK: scf.for %{{.*}} to %[[B]] step %c2
  %y = quantx.dequantize %q : tensor<?x?x!mxfp4> to tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// Four codes of six bits fill three bytes.
// CHECK-LABEL: func @pack(
func.func @pack(%c: tensor<8x16xi6>) -> tensor<8x12xi8> {
  // CHECK: scf.for %{{.*}} to %c8 step %c1
  // CHECK: scf.for %[[J:.*]] = %{{.*}} to %c4 step %c2
  // CHECK: tensor.extract_slice %{{.*}}[%{{.*}}, %{{.*}}] [1, 8] [1, 1] : tensor<8x16xi6> to tensor<1x8xi6>
  // CHECK: quantx.pack %{{.*}} : tensor<1x8xi6> to tensor<1x6xi8>
  // CHECK: %[[BYTE:.*]] = affine.apply #[[$BYTES]]()[%[[J]]]
  // CHECK: tensor.insert_slice %{{.*}}[%{{.*}}, %[[BYTE]]] [1, 6] [1, 1]
  %p = quantx.pack %c as #quantx.packing<linear> : tensor<8x16xi6> to tensor<8x12xi8>
  return %p : tensor<8x12xi8>
}

// The bytes of the last tile hold one code more than the row has.
// CHECK-LABEL: func @unpack(
func.func @unpack(%b: tensor<8x5xi8>) -> tensor<8x9xi4> {
  // CHECK: scf.for %{{.*}} to %c5 step %c2
  // CHECK: %[[SIZE:.*]] = affine.min
  // CHECK: quantx.unpack %{{.*}} : tensor<1x?xi8> to tensor<1x?xi4>
  // CHECK: tensor.extract_slice %{{.*}}[0, 0] [1, %[[SIZE2:.*]]] [1, 1] : tensor<1x?xi4> to tensor<1x?xi4>
  // CHECK: tensor.insert_slice %{{.*}} [1, %[[SIZE2]]] [1, 1] : tensor<1x?xi4> into tensor<8x9xi4>
  %c = quantx.unpack %b as #quantx.packing<linear> : tensor<8x5xi8> to tensor<8x9xi4>
  return %c : tensor<8x9xi4>
}

// A step is a block of the layout: 32 codes, 16 bytes. The last block is partial.
// CHECK-LABEL: func @pack_split_half(
// CHECK-SAME:    %[[C:.*]]: tensor<8x80xi4>
func.func @pack_split_half(%c: tensor<8x80xi4>) -> tensor<8x40xi8> {
  // CHECK: scf.for %[[I:.*]] = %{{.*}} to %c8 step %c1
  // CHECK: scf.for %[[J:.*]] = %{{.*}} to %c3 step %c2
  // CHECK: %[[CODE:.*]] = affine.apply #[[$ELEMENT]]()[%[[J]]]
  // CHECK: %[[SIZE:.*]] = affine.min #[[$CUT80]]()
  // CHECK: %[[TILE:.*]] = tensor.extract_slice %[[C]][%[[I]], %[[CODE]]] [1, %[[SIZE]]] [1, 1]
  // CHECK: %[[P:.*]] = quantx.pack %[[TILE]] as #quantx.packing<split_half> : tensor<1x?xi4> to tensor<1x?xi8>
  // CHECK: %[[BYTE:.*]] = affine.apply #[[$TIMES16]]()[%[[J]]]
  // CHECK: tensor.insert_slice %[[P]] into %{{.*}}[%[[I]], %[[BYTE]]]
  %p = quantx.pack %c as #quantx.packing<split_half> : tensor<8x80xi4> to tensor<8x40xi8>
  return %p : tensor<8x40xi8>
}

// 8 codes, 4 bytes.
// CHECK-LABEL: func @unpack_interleaved8(
// CHECK-SAME:    %[[B:.*]]: tensor<8x32xi8>
func.func @unpack_interleaved8(%b: tensor<8x32xi8>) -> tensor<8x64xui4> {
  // CHECK: scf.for %[[J:.*]] = %{{.*}} to %c8 step %c2
  // CHECK: %[[BYTE:.*]] = affine.apply #[[$TIMES4]]()[%[[J]]]
  // CHECK: %[[TILE:.*]] = tensor.extract_slice %[[B]][%{{.*}}, %[[BYTE]]] [1, 8] [1, 1]
  // CHECK: %[[C:.*]] = quantx.unpack %[[TILE]] as #quantx.packing<interleaved8> : tensor<1x8xi8> to tensor<1x16xui4>
  // CHECK: %[[CODE:.*]] = affine.apply #[[$TIMES8]]()[%[[J]]]
  // CHECK: tensor.insert_slice %[[C]] into %{{.*}}[%{{.*}}, %[[CODE]]] [1, 16] [1, 1]
  %c = quantx.unpack %b as #quantx.packing<interleaved8> : tensor<8x32xi8> to tensor<8x64xui4>
  return %c : tensor<8x64xui4>
}

// A step is a tile of the scales.
// CHECK-LABEL: func @tile_scales(
// CHECK-SAME:    %[[S:.*]]: tensor<300x9xf8E8M0FNU>
func.func @tile_scales(%s: tensor<300x9xf8E8M0FNU>) -> tensor<3x3x32x16xf8E8M0FNU> {
  // CHECK: scf.for %[[I:.*]] = %{{.*}} to %c3 step %c1
  // CHECK: scf.for %[[J:.*]] = %{{.*}} to %c3 step %c2
  // CHECK: %[[TILES:.*]] = affine.min #{{.*}}(%[[J]])
  // CHECK: %[[ROW:.*]] = affine.apply #[[$TIMES128]]()[%[[I]]]
  // CHECK: %[[ROWS:.*]] = affine.min #{{.*}}()[%[[I]]]
  // CHECK: %[[COLUMN:.*]] = affine.apply #[[$TIMES4]]()[%[[J]]]
  // CHECK: tensor.extract_slice %[[S]][%[[ROW]], %[[COLUMN]]] [%[[ROWS]], %{{.*}}] [1, 1]
  // CHECK: %[[T:.*]] = quantx.relayout_scales %{{.*}} : tensor<?x?xf8E8M0FNU> to tensor<1x?x32x16xf8E8M0FNU>
  // CHECK: tensor.insert_slice %[[T]] into %{{.*}}[%[[I]], %[[J]], 0, 0] [1, %[[TILES]], 32, 16] [1, 1, 1, 1]
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : tensor<300x9xf8E8M0FNU> to tensor<3x3x32x16xf8E8M0FNU>
  return %t : tensor<3x3x32x16xf8E8M0FNU>
}

// Each tile is given its own sizes.
// CHECK-LABEL: func @untile_scales(
// CHECK-SAME:    %[[T:.*]]: tensor<?x3x32x16xf8E8M0FNU>, %[[R:.*]]: index
func.func @untile_scales(%t: tensor<?x3x32x16xf8E8M0FNU>, %r: index) -> tensor<?x12xf8E8M0FNU> {
  // CHECK: %[[DOWN:.*]] = affine.apply #[[$BY128]]()[%[[R]]]
  // CHECK: scf.for %[[I:.*]] = %{{.*}} to %[[DOWN]] step %c1
  // CHECK: scf.for %[[J:.*]] = %{{.*}} to %c3 step %c2
  // CHECK: %[[ROWS:.*]] = affine.min #{{.*}}()[%[[R]], %[[I]]]
  // CHECK: %[[COLUMNS:.*]] = affine.apply #[[$TIMES4]]()
  // CHECK: %[[TILE:.*]] = tensor.extract_slice %[[T]][%[[I]], %[[J]], 0, 0] [%{{.*}}, %{{.*}}, 32, 16] [1, 1, 1, 1]
  // CHECK: %[[S:.*]] = quantx.relayout_scales %[[TILE]] to #quantx.scale_layout<linear> sizes(%[[ROWS]], %[[COLUMNS]]) :
  // CHECK: tensor.insert_slice %[[S]] into %{{.*}} [%[[ROWS]], %[[COLUMNS]]] [1, 1]
  %s = quantx.relayout_scales %t to #quantx.scale_layout<linear> sizes(%r) : tensor<?x3x32x16xf8E8M0FNU> to tensor<?x12xf8E8M0FNU>
  return %s : tensor<?x12xf8E8M0FNU>
}

// Rows of weights in steps of a block, and sums whole.
// CHECK-LABEL: func @scaled_matmul(
// CHECK-SAME:    %[[A:.*]]: tensor<5x80xf32>, %[[W:.*]]: tensor<9x80x!{{.*}}>, %[[ACC:.*]]: tensor<5x9xf32>
func.func @scaled_matmul(%a: tensor<5x80xf32>, %w: tensor<9x80x!b2>, %acc: tensor<5x9xf32>) -> tensor<5x9xf32> {
  // CHECK: scf.for %[[I:.*]] = %{{.*}} to %c5 step %c1 iter_args(%{{.*}} = %[[ACC]])
  // CHECK: scf.for %[[J:.*]] = %{{.*}} to %c3 step %c2 iter_args(%[[OUT:.*]] = %{{.*}})
  // CHECK: %[[N:.*]] = affine.apply #[[$TIMES4]]()[%[[J]]]
  // CHECK: %[[ROWS:.*]] = affine.min #{{.*}}()[%{{.*}}, %[[J]]]
  // CHECK: %[[AT:.*]] = tensor.extract_slice %[[A]][%[[I]], 0] [1, 80] [1, 1]
  // CHECK: %[[WT:.*]] = tensor.extract_slice %[[W]][%[[N]], 0] [%[[ROWS]], 80] [1, 1]
  // CHECK: %[[SUMS:.*]] = tensor.extract_slice %[[OUT]][%[[I]], %[[N]]] [1, %[[ROWS]]] [1, 1]
  // CHECK: %[[R:.*]] = quantx.scaled_matmul ins(%[[AT]], %[[WT]] : tensor<1x80xf32>, tensor<?x80x!{{.*}}>) outs(%[[SUMS]] : tensor<1x?xf32>)
  // CHECK: tensor.insert_slice %[[R]] into %[[OUT]][%[[I]], %[[N]]] [1, %[[ROWS]]] [1, 1]
  %r = quantx.scaled_matmul ins(%a, %w : tensor<5x80xf32>, tensor<9x80x!b2>) outs(%acc : tensor<5x9xf32>) -> tensor<5x9xf32>
  return %r : tensor<5x9xf32>
}
