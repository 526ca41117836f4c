// The bytes of buffers of dynamic size, which do not wrap around.
//
// RUN: quant-opt %s -quantx-saturate-sizes | FileCheck %s

// CHECK-LABEL: func.func @dynamic(
// CHECK-SAME:    %[[M:.*]]: index, %[[N:.*]]: index)
// CHECK-DAG:     %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG:     %[[C3:.*]] = arith.constant 3 : index
// CHECK:         %[[LOW:.*]], %[[HIGH:.*]] = arith.mului_extended %[[C2]], %[[C3]]
// CHECK:         %[[MOST:.*]] = arith.constant 4611686018427387904 : index
// CHECK:         %[[WRAPS:.*]] = arith.cmpi ne, %[[HIGH]]
// CHECK:         %[[MORE:.*]] = arith.cmpi ugt, %[[LOW]], %[[MOST]]
// CHECK:         %[[ANY:.*]] = arith.ori %[[WRAPS]], %[[MORE]]
// CHECK:         %[[S:.*]] = arith.select %[[ANY]], %[[MOST]], %[[LOW]]
// CHECK:         arith.mului_extended %[[S]], %[[M]]
// CHECK:         arith.mului_extended %{{.*}}, %[[N]]
// CHECK:         %[[BYTES:.*]] = arith.select
// CHECK:         %[[RAW:.*]] = memref.alloc(%[[BYTES]]) {alignment = 64 : i64} : memref<?xi8>
// CHECK:         memref.view %[[RAW]][%{{.*}}][%[[M]], %[[N]]] : memref<?xi8> to memref<?x3x?xf16>
func.func @dynamic(%m: index, %n: index) -> memref<?x3x?xf16> {
  %b = memref.alloc(%m, %n) {alignment = 64} : memref<?x3x?xf16>
  return %b : memref<?x3x?xf16>
}

// CHECK-LABEL: func.func @static(
// CHECK-NEXT:    memref.alloc() : memref<4xf32>
func.func @static() -> memref<4xf32> {
  %b = memref.alloc() : memref<4xf32>
  return %b : memref<4xf32>
}
