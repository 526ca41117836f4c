// RUN: quant-opt %s --quantx-expand-reshapes | FileCheck %s
//
// What the pass is for: upstream takes the rest.
// RUN: quant-opt %s --quantx-expand-reshapes --expand-strided-metadata \
// RUN:   | FileCheck %s --check-prefix=ALL --implicit-check-not=expand_shape
// ALL: func.func @several

// CHECK-DAG: #[[$TIMES40:.+]] = affine_map<()[s0] -> (s0 * 40)>
// CHECK-DAG: #[[$PRODUCT:.+]] = affine_map<()[s0, s1] -> (s0 * s1)>

// CHECK-LABEL: func.func @several(
// CHECK-SAME:    %[[X:.+]]: memref<?x40xf32>, %[[M:.+]]: index, %[[N:.+]]: index)
// CHECK-NEXT:    %[[BASE:.+]], %{{.+}}, %{{.+}}:2, %{{.+}}:2 = memref.extract_strided_metadata %[[X]]
// CHECK-NEXT:    %[[STRIDE:.+]] = affine.apply #[[$TIMES40]]()[%[[N]]]
// CHECK-NEXT:    memref.reinterpret_cast %[[BASE]] to offset: [0], sizes: [%[[M]], %[[N]], 5, 8], strides: [%[[STRIDE]], 40, 8, 1] : memref<f32> to memref<?x?x5x8xf32>
func.func @several(%x: memref<?x40xf32>, %m: index, %n: index) -> memref<?x?x5x8xf32> {
  %y = memref.expand_shape %x [[0, 1], [2, 3]] output_shape [%m, %n, 5, 8]
    : memref<?x40xf32> into memref<?x?x5x8xf32>
  return %y : memref<?x?x5x8xf32>
}

// Of a part of a buffer.
// CHECK-LABEL: func.func @strided(
// CHECK-SAME:    %[[X:.+]]: memref<?xf32, strided<[?], offset: ?>>, %[[M:.+]]: index, %[[N:.+]]: index)
// CHECK-NEXT:    %[[BASE:.+]], %[[OFFSET:.+]], %{{.+}}, %[[INNER:.+]] = memref.extract_strided_metadata %[[X]]
// CHECK-NEXT:    %[[OUTER:.+]] = affine.apply #[[$PRODUCT]]()[%[[INNER]], %[[N]]]
// CHECK-NEXT:    memref.reinterpret_cast %[[BASE]] to offset: [%[[OFFSET]]], sizes: [%[[M]], %[[N]]], strides: [%[[OUTER]], %[[INNER]]]
func.func @strided(%x: memref<?xf32, strided<[?], offset: ?>>, %m: index, %n: index)
    -> memref<?x?xf32, strided<[?, ?], offset: ?>> {
  %y = memref.expand_shape %x [[0, 1]] output_shape [%m, %n]
    : memref<?xf32, strided<[?], offset: ?>> into memref<?x?xf32, strided<[?, ?], offset: ?>>
  return %y : memref<?x?xf32, strided<[?, ?], offset: ?>>
}

// CHECK-LABEL: func.func @one(
// CHECK-NEXT:    memref.expand_shape
func.func @one(%x: memref<?xf32>, %m: index) -> memref<?x4xf32> {
  %y = memref.expand_shape %x [[0, 1]] output_shape [%m, 4] : memref<?xf32> into memref<?x4xf32>
  return %y : memref<?x4xf32>
}
