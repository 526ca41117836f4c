// tensor.dim of a scaled tensor in terms of its parts.
//
// RUN: quant-opt %s -quantx-lower-to-linalg -canonicalize -cse | FileCheck %s --implicit-check-not=quantx

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-DAG: #[[$TWICE:.*]] = affine_map<()[s0] -> (s0 * 2)>

// An argument's row counts the codes that its bytes hold; what was quantized
// counts as many as its input has.
// CHECK-LABEL: func.func @dim(
// CHECK-SAME: %[[P:.*]]: tensor<?x?xi8>, %{{.*}}: tensor<?x?xf8E8M0FNU>, %[[X:.*]]: tensor<?x?xf32>
// CHECK-DAG: %[[ROWS:.*]] = tensor.dim %[[P]], %c0
// CHECK-DAG: %[[BYTES:.*]] = tensor.dim %[[P]], %c1
// CHECK-DAG: %[[CODES:.*]] = affine.apply #[[$TWICE]]()[%[[BYTES]]]
// CHECK-DAG: %[[COLUMNS:.*]] = tensor.dim %[[X]], %c1
// CHECK-NEXT: return %[[ROWS]], %[[CODES]], %[[COLUMNS]]
func.func @dim(%q: tensor<?x?x!mxfp4>, %x: tensor<?x?xf32>) -> (index, index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = tensor.dim %q, %c0 : tensor<?x?x!mxfp4>
  %1 = tensor.dim %q, %c1 : tensor<?x?x!mxfp4>
  %d = quantx.dynamic_quantize %x using #quantx.floor : tensor<?x?xf32> to tensor<?x?x!mxfp4>
  %2 = tensor.dim %d, %c1 : tensor<?x?x!mxfp4>
  return %0, %1, %2 : index, index, index
}
