// RUN: quant-opt %s --quantx-align-buffers | FileCheck %s

// CHECK-LABEL: func.func @buffers(
func.func @buffers(%n: index) -> (memref<?xi8>, memref<f32>, memref<4xf32>) {
  // CHECK: memref.alloc(%{{.+}}) {alignment = 64 : i64} : memref<?xi8>
  %a = memref.alloc(%n) : memref<?xi8>
  // CHECK: memref.alloc() {alignment = 64 : i64} : memref<f32>
  %b = memref.alloc() : memref<f32>
  // What is said already stays.
  // CHECK: memref.alloc() {alignment = 128 : i64} : memref<4xf32>
  %c = memref.alloc() {alignment = 128 : i64} : memref<4xf32>
  return %a, %b, %c : memref<?xi8>, memref<f32>, memref<4xf32>
}
