// RUN: quant-opt %s --quantx-lower-to-linalg --canonicalize --cse | FileCheck %s

// CHECK-DAG: #[[$HALF:.+]] = affine_map<()[s0] -> (s0 ceildiv 2)>
// CHECK-DAG: #[[$BY5:.+]] = affine_map<()[s0] -> (s0 ceildiv 5)>
// CHECK-DAG: #[[$BY32:.+]] = affine_map<()[s0] -> (s0 ceildiv 32)>
// CHECK-DAG: #[[$BY16:.+]] = affine_map<()[s0] -> (s0 ceildiv 16)>

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!mxfp6 = !quantx.scaled<f6E2M3FN : f32, f8E8M0FNU per 1x32>
!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
!int4 = !quantx.scaled<ui4 : f32, f16 per 1x5, zero_point ui4>
!row = !quantx.scaled<i4 : f32, f32 per 1x*>

// CHECK-LABEL: func @empty(
// CHECK-SAME:    %[[M:.*]]: index, %[[K:.*]]: index
func.func @empty(%m: index, %k: index) -> tensor<?x?x!int4> {
  // CHECK-DAG: %[[BYTES:.*]] = affine.apply #[[$HALF]]()[%[[K]]]
  // CHECK-DAG: %[[BLOCKS:.*]] = affine.apply #[[$BY5]]()[%[[K]]]
  // CHECK-DAG: %[[PAYLOAD:.*]] = tensor.empty(%[[M]], %[[BYTES]]) : tensor<?x?xi8>
  // CHECK-DAG: %[[SCALES:.*]] = tensor.empty(%[[M]], %[[BLOCKS]]) : tensor<?x?xf16>
  // CHECK-DAG: %[[ZEROS:.*]] = tensor.empty(%[[M]], %[[BLOCKS]]) : tensor<?x?xi8>
  // CHECK: return %[[PAYLOAD]], %[[SCALES]], %[[ZEROS]]
  %e = tensor.empty(%m, %k) : tensor<?x?x!int4>
  return %e : tensor<?x?x!int4>
}

// CHECK-LABEL: func @empty_global
func.func @empty_global() -> tensor<4x32x!nvfp4> {
  // CHECK-DAG: tensor.empty() : tensor<4x16xi8>
  // CHECK-DAG: tensor.empty() : tensor<4x2xf8E4M3FN>
  // CHECK-DAG: tensor.empty() : tensor<f32>
  %e = tensor.empty() : tensor<4x32x!nvfp4>
  return %e : tensor<4x32x!nvfp4>
}

// CHECK-LABEL: func @alloc(
// CHECK-SAME:    %[[P:.*]]: tensor<4x16xi8>, %[[S:.*]]: tensor<4x1xf8E8M0FNU>
func.func @alloc(%q: tensor<4x32x!mxfp4>)
    -> (tensor<4x32x!mxfp4>, tensor<4x32x!mxfp4>) {
  // CHECK-DAG: bufferization.alloc_tensor() : tensor<4x16xi8>
  // CHECK-DAG: bufferization.alloc_tensor() : tensor<4x1xf8E8M0FNU>
  // CHECK-DAG: bufferization.alloc_tensor() copy(%[[P]]) : tensor<4x16xi8>
  // CHECK-DAG: bufferization.alloc_tensor() copy(%[[S]]) : tensor<4x1xf8E8M0FNU>
  %a = bufferization.alloc_tensor() : tensor<4x32x!mxfp4>
  %b = bufferization.alloc_tensor() copy(%q) : tensor<4x32x!mxfp4>
  return %a, %b : tensor<4x32x!mxfp4>, tensor<4x32x!mxfp4>
}

// Six bits: 64 codes are 48 bytes.
// CHECK-LABEL: func @extract_static(
// CHECK-SAME:    %[[P:.*]]: tensor<8x96xi8>, %[[S:.*]]: tensor<8x4xf8E8M0FNU>
func.func @extract_static(%q: tensor<8x128x!mxfp6>) -> tensor<2x40x!mxfp6> {
  // CHECK: tensor.extract_slice %[[P]][3, 48] [2, 30] [1, 1]
  // CHECK: tensor.extract_slice %[[S]][3, 2] [2, 2] [1, 1]
  %s = tensor.extract_slice %q[3, 64] [2, 40] [1, 1]
    : tensor<8x128x!mxfp6> to tensor<2x40x!mxfp6>
  return %s : tensor<2x40x!mxfp6>
}

// The offset is a multiple of the block: computed by arith, a loop, affine ops.
// CHECK-LABEL: func @extract_dynamic(
// CHECK-SAME:    %[[P:.*]]: tensor<?x?xi8>, %[[S:.*]]: tensor<?x?xf8E8M0FNU>, %[[I:.*]]: index,
func.func @extract_dynamic(%q: tensor<?x?x!mxfp4>, %i: index, %n: index)
    -> tensor<1x?xf32> {
  // CHECK: %[[OFFSET:.*]] = arith.muli %[[I]], %{{.*}}
  // CHECK-DAG: %[[BYTE:.*]] = affine.apply #[[$HALF]]()[%[[OFFSET]]]
  // CHECK-DAG: %[[BLOCK:.*]] = affine.apply #[[$BY32]]()[%[[OFFSET]]]
  // CHECK: tensor.extract_slice %[[P]][%[[I]], %[[BYTE]]] [1, %{{.*}}] [1, 1]
  // CHECK: tensor.extract_slice %[[S]][%[[I]], %[[BLOCK]]] [1, %{{.*}}] [1, 1]
  // The row has as many codes as the slice says, not as its bytes hold.
  // CHECK: tensor.empty(%{{.*}}) : tensor<1x?xf32>
  %c64 = arith.constant 64 : index
  %offset = arith.muli %i, %c64 : index
  %s = tensor.extract_slice %q[%i, %offset] [1, %n] [1, 1]
    : tensor<?x?x!mxfp4> to tensor<1x?x!mxfp4>
  %y = quantx.dequantize %s : tensor<1x?x!mxfp4> to tensor<1x?xf32>
  return %y : tensor<1x?xf32>
}

// A slice of a whole dimension keeps its one scale; the global scale is that of
// the whole.
// CHECK-LABEL: func @extract_row(
// CHECK-SAME:    %[[P:.*]]: tensor<8x64xi8>, %[[S:.*]]: tensor<8x1xf32>
func.func @extract_row(%q: tensor<8x128x!row>) -> tensor<4x6x!row> {
  // CHECK: tensor.extract_slice %[[P]][2, 5] [4, 3] [1, 1]
  // CHECK: tensor.extract_slice %[[S]][2, 0] [4, 1] [1, 1]
  %s = tensor.extract_slice %q[2, 10] [4, 6] [1, 1]
    : tensor<8x128x!row> to tensor<4x6x!row>
  return %s : tensor<4x6x!row>
}

// CHECK-LABEL: func @insert(
// CHECK-SAME:    %[[DP:.*]]: tensor<8x24xi8>, %[[DS:.*]]: tensor<8x3xf8E4M3FN>, %[[DG:.*]]: tensor<f32>,
// CHECK-SAME:    %[[P:.*]]: tensor<8x16xi8>, %[[S:.*]]: tensor<8x2xf8E4M3FN>, %[[G:.*]]: tensor<f32>
func.func @insert(%d: tensor<8x48x!nvfp4>, %s: tensor<8x32x!nvfp4>)
    -> tensor<8x48x!nvfp4> {
  // CHECK: %[[RP:.*]] = tensor.insert_slice %[[P]] into %[[DP]][0, 8] [8, 16] [1, 1]
  // CHECK: %[[RS:.*]] = tensor.insert_slice %[[S]] into %[[DS]][0, 1] [8, 2] [1, 1]
  // CHECK: return %[[RP]], %[[RS]], %[[G]]
  %r = tensor.insert_slice %s into %d[0, 16] [8, 32] [1, 1]
    : tensor<8x32x!nvfp4> into tensor<8x48x!nvfp4>
  return %r : tensor<8x48x!nvfp4>
}

// The last slice ends with the tensor, not on a block.
// CHECK-LABEL: func @insert_last(
func.func @insert_last(%d: tensor<8x80x!mxfp4>, %s: tensor<8x16x!mxfp4>)
    -> tensor<8x80x!mxfp4> {
  // CHECK: tensor.insert_slice %{{.*}}[0, 32] [8, 8] [1, 1]
  // CHECK: tensor.insert_slice %{{.*}}[0, 2] [8, 1] [1, 1]
  %r = tensor.insert_slice %s into %d[0, 64] [8, 16] [1, 1]
    : tensor<8x16x!mxfp4> into tensor<8x80x!mxfp4>
  return %r : tensor<8x80x!mxfp4>
}

// CHECK-LABEL: func @loop(
func.func @loop(%q: tensor<4x?x!mxfp4>) -> tensor<4x?x!mxfp4> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %k = tensor.dim %q, %c1 : tensor<4x?x!mxfp4>
  %e = tensor.empty(%k) : tensor<4x?x!mxfp4>
  // CHECK: scf.for %{{.*}} iter_args(%{{.*}}, %{{.*}}) -> (tensor<4x?xi8>, tensor<4x?xf8E8M0FNU>)
  // CHECK-COUNT-2: tensor.extract_slice
  // CHECK-COUNT-2: tensor.insert_slice
  // CHECK-NOT: quantx
  %r = scf.for %i = %c0 to %k step %c32 iter_args(%acc = %e) -> (tensor<4x?x!mxfp4>) {
    %size = affine.min affine_map<(d0)[s0] -> (32, s0 - d0)>(%i)[%k]
    %s = tensor.extract_slice %q[0, %i] [4, %size] [1, 1]
      : tensor<4x?x!mxfp4> to tensor<4x?x!mxfp4>
    %next = tensor.insert_slice %s into %acc[0, %i] [4, %size] [1, 1]
      : tensor<4x?x!mxfp4> into tensor<4x?x!mxfp4>
    scf.yield %next : tensor<4x?x!mxfp4>
  }
  return %r : tensor<4x?x!mxfp4>
}

// The global scale is the one from before the loop.
// CHECK-LABEL: func @forall(
// CHECK-SAME: %[[GLOBAL:[a-z0-9]+]]: tensor<f32>
func.func @forall(%q: tensor<8x64x!nvfp4>, %other: tensor<8xf32>)
    -> (tensor<8x64x!nvfp4>, tensor<8xf32>) {
  %e = tensor.empty() : tensor<8x64x!nvfp4>
  // CHECK: %[[R:.*]]:3 = scf.forall (%[[I:.*]], %[[J:.*]]) = (0, 0) to (8, 64) step (2, 16)
  // CHECK-SAME: shared_outs(%[[P:[^ ]+]] = %{{[^ ]+}}, %[[S:[^ ]+]] = %{{[^ ]+}}, %{{[^ ]+}} = %{{[^ ]+}})
  // CHECK-SAME: -> (tensor<8x32xi8>, tensor<8x4xf8E4M3FN>, tensor<8xf32>)
  // CHECK-DAG: %[[BYTE:.*]] = affine.apply #[[$HALF]]()[%[[J]]]
  // CHECK-DAG: %[[BLOCK:.*]] = affine.apply #[[$BY16]]()[%[[J]]]
  // CHECK: scf.forall.in_parallel
  // CHECK-NEXT: tensor.parallel_insert_slice %{{.*}} into %[[P]][%[[I]], %[[BYTE]]] [2, 8] [1, 1]
  // CHECK-NEXT: tensor.parallel_insert_slice %{{.*}} into %[[S]][%[[I]], %[[BLOCK]]] [2, 1] [1, 1]
  // CHECK-NEXT: tensor.parallel_insert_slice %{{.*}} : tensor<2xf32> into tensor<8xf32>
  // CHECK: return %[[R]]#0, %[[R]]#1, %[[GLOBAL]], %[[R]]#2
  %r:2 = scf.forall (%i, %j) = (0, 0) to (8, 64) step (2, 16)
      shared_outs(%o = %e, %p = %other) -> (tensor<8x64x!nvfp4>, tensor<8xf32>) {
    %s = tensor.extract_slice %q[%i, %j] [2, 16] [1, 1]
      : tensor<8x64x!nvfp4> to tensor<2x16x!nvfp4>
    %t = tensor.extract_slice %other[%i] [2] [1] : tensor<8xf32> to tensor<2xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s into %o[%i, %j] [2, 16] [1, 1]
        : tensor<2x16x!nvfp4> into tensor<8x64x!nvfp4>
      tensor.parallel_insert_slice %t into %p[%i] [2] [1]
        : tensor<2xf32> into tensor<8xf32>
    }
  }
  return %r#0, %r#1 : tensor<8x64x!nvfp4>, tensor<8xf32>
}

// Tensors of small integers move as bytes.
// CHECK-LABEL: func @bytes(
// CHECK-SAME:    %[[C:.*]]: tensor<8x9xi8>, %[[D:.*]]: tensor<8x9xi8>, %[[IF:.*]]: i1
func.func @bytes(%c: tensor<8x9xui4>, %d: tensor<8x9xui4>, %if: i1) -> tensor<8x?xui4> {
  // CHECK: %[[SLICE:.*]] = tensor.extract_slice %[[C]][0, 3] [8, 2] [1, 1] : tensor<8x9xi8>
  // CHECK: %[[ALL:.*]] = tensor.insert_slice %[[SLICE]] into %[[D]]
  // CHECK: arith.select %[[IF]], %[[ALL]], %[[C]] : tensor<8x9xi8>
  %s = tensor.extract_slice %c[0, 3] [8, 2] [1, 1] : tensor<8x9xui4> to tensor<8x2xui4>
  %i = tensor.insert_slice %s into %d[0, 1] [8, 2] [1, 1] : tensor<8x2xui4> into tensor<8x9xui4>
  %r = arith.select %if, %i, %c : tensor<8x9xui4>
  %t = tensor.cast %r : tensor<8x9xui4> to tensor<8x?xui4>
  return %t : tensor<8x?xui4>
}
