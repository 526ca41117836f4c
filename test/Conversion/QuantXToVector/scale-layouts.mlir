// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector --canonicalize --cse | FileCheck %s
// RUN: quant-opt %s --split-input-file --quantx-lower-to-vector=chunk=8 --canonicalize --cse | FileCheck %s --check-prefix=SMALL

// A line of a tile: 4 neighbours each from rows 32 apart.

// CHECK-LABEL: func.func @tile(
// CHECK-SAME:    %[[S:.+]]: tensor<2x256x8xf8E4M3FN>
// CHECK:         scf.forall (%[[B:.+]], %[[I:.+]], %[[J:.+]], %[[LINE:.+]]) in (2, 2, 2, 32)
// CHECK-DAG:       %[[TOP:.+]] = arith.muli %[[I]], %c128
// CHECK-DAG:       %[[LEFT:.+]] = arith.muli %[[J]], %c4
// CHECK:           %[[ROW0:.+]] = arith.addi %[[TOP]], %[[LINE]]
// CHECK:           %[[GROUP0:.+]] = vector.transfer_read %[[S]][%[[B]], %[[ROW0]], %[[LEFT]]], {{.+}}, vector<4xf8E4M3FN>
// CHECK:           %[[STRIP1:.+]] = arith.addi %[[LINE]], %c32
// CHECK:           %[[ROW1:.+]] = arith.addi %[[TOP]], %[[STRIP1]]
// CHECK:           vector.transfer_read %[[S]][%[[B]], %[[ROW1]], %[[LEFT]]]
// CHECK:           %[[STRIP2:.+]] = arith.addi %[[LINE]], %c64
// CHECK:           %[[STRIP3:.+]] = arith.addi %[[LINE]], %c96
// CHECK:           vector.insert_strided_slice %[[GROUP0]], {{.+}} {offsets = [0], strides = [1]} : vector<4xf8E4M3FN> into vector<16xf8E4M3FN>
// CHECK-COUNT-3:   vector.insert_strided_slice
// CHECK:           tensor.extract_slice {{.+}}[%[[B]], %[[I]], %[[J]], %[[LINE]], 0] [1, 1, 1, 1, 16]
// CHECK:           vector.transfer_write {{.+}} : vector<16xf8E4M3FN>
// CHECK-NOT:     scf.{{if|forall \(}}
// CHECK:         return
// A vector has to hold a line.
// SMALL-LABEL: func.func @tile(
// SMALL-NOT:     vector
// SMALL:         linalg.generic
func.func @tile(%s: tensor<2x256x8xf8E4M3FN>) -> tensor<2x2x2x32x16xf8E4M3FN> {
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4>
         : tensor<2x256x8xf8E4M3FN> to tensor<2x2x2x32x16xf8E4M3FN>
  return %t : tensor<2x2x2x32x16xf8E4M3FN>
}

// -----

// Partial tiles: rows beyond the last are read there and made zeros, columns
// beyond the last are masked.

// CHECK-LABEL: func.func @tile_partial(
// CHECK-SAME:    %[[S:.+]]: tensor<?x?xf8E8M0FNU>
// CHECK-DAG:     %[[ZERO:.+]] = arith.constant 5.877470e-39 : f8E8M0FNU
// CHECK-DAG:     %[[ZEROS:.+]] = arith.constant dense<5.877470e-39> : vector<4xf8E8M0FNU>
// CHECK-DAG:     %[[ROWS:.+]] = tensor.dim %[[S]], %c0
// CHECK-DAG:     %[[COLUMNS:.+]] = tensor.dim %[[S]], %c1
// CHECK:         scf.forall (%[[I:.+]], %[[J:.+]], %[[LINE:.+]]) in (%{{.+}}, %{{.+}}, 32)
// CHECK:           %[[IN_ROWS:.+]] = arith.cmpi ule, %{{.+}}, %[[ROWS]]
// CHECK:           %[[IN_COLUMNS:.+]] = arith.cmpi ule, %{{.+}}, %[[COLUMNS]]
// CHECK:           %[[WHOLE:.+]] = arith.andi %[[IN_ROWS]], %[[IN_COLUMNS]]
// CHECK:           scf.if %[[WHOLE]]
// CHECK-NOT:         create_mask
// CHECK-NOT:         arith.select
// CHECK:           } else {
// CHECK:             %[[COUNT:.+]] = arith.subi %[[COLUMNS]], %{{.+}}
// CHECK:             %[[ROW:.+]] = arith.addi
// CHECK:             %[[EXISTS:.+]] = arith.cmpi ult, %[[ROW]], %[[ROWS]]
// CHECK:             %[[LAST:.+]] = arith.subi %[[ROWS]], %c1
// CHECK:             %[[CLAMPED:.+]] = arith.minui %[[ROW]], %[[LAST]]
// CHECK:             %[[MASK:.+]] = vector.create_mask %[[COUNT]] : vector<4xi1>
// CHECK:             %[[GROUP:.+]] = vector.transfer_read %[[S]][%[[CLAMPED]], %{{.+}}], %[[ZERO]], %[[MASK]]
// CHECK:             arith.select %[[EXISTS]], %[[GROUP]], %[[ZEROS]] : vector<4xf8E8M0FNU>
func.func @tile_partial(%s: tensor<?x?xf8E8M0FNU>) -> tensor<?x?x32x16xf8E8M0FNU> {
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4>
         : tensor<?x?xf8E8M0FNU> to tensor<?x?x32x16xf8E8M0FNU>
  return %t : tensor<?x?x32x16xf8E8M0FNU>
}

// -----

// Only the rows may end within a tile.

// CHECK-LABEL: func.func @tile_some_rows(
// CHECK:         scf.if
// CHECK-NOT:       create_mask
// CHECK:         } else {
// CHECK:           arith.minui
// CHECK-NOT:       create_mask
// CHECK:         return
func.func @tile_some_rows(%s: tensor<300x8xf8E8M0FNU>) -> tensor<3x2x32x16xf8E8M0FNU> {
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4>
         : tensor<300x8xf8E8M0FNU> to tensor<3x2x32x16xf8E8M0FNU>
  return %t : tensor<3x2x32x16xf8E8M0FNU>
}

// -----

// 16 neighbours in a row come from 4 tiles. The 3 left over are one group.

// CHECK-LABEL: func.func @untile(
// CHECK-SAME:    %[[T:.+]]: tensor<3x9x32x16xf8E8M0FNU>
// CHECK:         scf.forall (%[[ROW:.+]], %[[COLUMN:.+]]) = (0, 0) to (300, 32) step (1, 16)
// CHECK:           %[[LINE:.+]] = arith.remui %[[ROW]], %c32
// CHECK:           %[[IN_TILE:.+]] = arith.remui %[[ROW]], %c128
// CHECK:           %[[STRIP:.+]] = arith.divui %[[IN_TILE]], %c32
// CHECK:           %[[TILE:.+]] = arith.divui %[[COLUMN]], %c4
// CHECK:           %[[I:.+]] = arith.divui %[[ROW]], %c128
// CHECK:           %[[PLACE:.+]] = arith.muli %[[STRIP]], %c4
// CHECK:           vector.transfer_read %[[T]][%[[I]], %[[TILE]], %[[LINE]], %[[PLACE]]], {{.+}}, vector<4xf8E8M0FNU>
// CHECK:           %[[NEXT:.+]] = arith.addi %[[TILE]], %c1
// CHECK:           vector.transfer_read %[[T]][%[[I]], %[[NEXT]], %[[LINE]], %[[PLACE]]]
// CHECK:           arith.addi %[[TILE]], %c2
// CHECK:           arith.addi %[[TILE]], %c3
// CHECK:           vector.transfer_write {{.+}} : vector<16xf8E8M0FNU>, tensor<1x16xf8E8M0FNU>
// CHECK:         scf.forall (%{{.+}}) in (300)
// CHECK:           vector.transfer_read %[[T]][%{{.+}}, %c8, %{{.+}}, %{{.+}}]
// CHECK-NOT:       vector.transfer_read
// CHECK:           vector.constant_mask [3]
// CHECK:           vector.transfer_write {{.+}} : vector<16xf8E8M0FNU>, tensor<1x3xf8E8M0FNU>
// SMALL-LABEL: func.func @untile(
// SMALL-NOT:     vector
func.func @untile(%t: tensor<3x9x32x16xf8E8M0FNU>) -> tensor<300x35xf8E8M0FNU> {
  %l = quantx.relayout_scales %t to #quantx.scale_layout<linear>
         : tensor<3x9x32x16xf8E8M0FNU> to tensor<300x35xf8E8M0FNU>
  return %l : tensor<300x35xf8E8M0FNU>
}

// -----

// CHECK-LABEL: func.func @untile_dynamic(
// CHECK-SAME:    index, %[[C:.+]]: index)
// CHECK:         %[[REST:.+]] = arith.andi %[[C]], %c15
// CHECK:         %[[WHOLE:.+]] = arith.subi %[[C]], %[[REST]]
// CHECK:         scf.forall {{.+}} = (0, 0, 0) to (2, %{{.+}}, %[[WHOLE]]) step (1, 1, 16)
// CHECK:         scf.forall {{.+}} = (0, 0, %[[WHOLE]]) to (2, %{{.+}}, %[[C]]) step (1, 1, 16)
// CHECK-COUNT-4:   arith.minui
// CHECK:           vector.create_mask %[[REST]] : vector<16xi1>
func.func @untile_dynamic(%t: tensor<2x?x?x32x16xf8E8M0FNU>, %r: index, %c: index)
    -> tensor<2x?x?xf8E8M0FNU> {
  %l = quantx.relayout_scales %t to #quantx.scale_layout<linear> sizes(%r, %c)
         : tensor<2x?x?x32x16xf8E8M0FNU> to tensor<2x?x?xf8E8M0FNU>
  return %l : tensor<2x?x?xf8E8M0FNU>
}
