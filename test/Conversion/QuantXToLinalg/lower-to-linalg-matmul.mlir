// One loop nest, which reads codes and scales: no dequantized tensor.
//
// RUN: quant-opt %s --quantx-lower-to-linalg --canonicalize --cse | FileCheck %s
// RUN: quant-opt %s --quantx-lower-to-linalg \
// RUN:   | FileCheck %s --check-prefix=ONLY --implicit-check-not=quantx.
// ONLY: module

// CHECK-DAG: #[[$LHS:.+]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[$OUT:.+]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[$SUM:.+]] = affine_map<(d0, d1, d2) -> (d2)>
// CHECK-DAG: #[[$BATCH_LHS:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
// CHECK-DAG: #[[$BATCH_OUT:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!mxfp8 = !quantx.scaled<f8E4M3FN : f32, f8E8M0FNU per 1x32>
!int4 = !quantx.scaled<ui4 : f16, f16 per 1x1x64, zero_point ui4>
!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>

// CHECK-LABEL: func.func @plain(
// CHECK-SAME:    %[[A:.+]]: tensor<4x64xf32>, %[[P:.+]]: tensor<8x32xi8>, %[[S:.+]]: tensor<8x2xf8E8M0FNU>, %[[ACC:.+]]: tensor<4x8xf32>)
// CHECK:         %[[R:.+]] = linalg.generic {indexing_maps = [#[[$LHS]], #[[$OUT]]], iterator_types = ["parallel", "parallel", "reduction"]}
// CHECK-SAME:      ins(%[[A]] : tensor<4x64xf32>) outs(%[[ACC]] : tensor<4x8xf32>)
// CHECK-NEXT:    ^bb0(%[[X:.+]]: f32, %[[SUM:.+]]: f32):
// CHECK-DAG:       %[[N:.+]] = linalg.index 1
// CHECK-DAG:       %[[K:.+]] = linalg.index 2
// CHECK:           tensor.extract %[[P]][%[[N]], %{{.+}}]
// CHECK:           %[[BLOCK:.+]] = arith.divui %[[K]], %c32
// CHECK:           tensor.extract %[[S]][%[[N]], %[[BLOCK]]]
// CHECK:           %[[PRODUCT:.+]] = arith.mulf %[[X]], %{{.+}} : f32
// CHECK-NEXT:      %[[NEXT:.+]] = arith.addf %[[SUM]], %[[PRODUCT]] : f32
// CHECK-NEXT:      linalg.yield %[[NEXT]]
// CHECK:         return %[[R]]
func.func @plain(%a: tensor<4x64xf32>, %w: tensor<8x64x!mxfp4>, %acc: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<4x64xf32>, tensor<8x64x!mxfp4>)
         outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// The values of a type of f16 are rounded to it, as dequantize does.
// CHECK-LABEL: func.func @batched(
// CHECK-SAME:    %[[A:.+]]: tensor<?x?x?xbf16>, %[[P:.+]]: tensor<?x?x?xi8>, %[[S:.+]]: tensor<?x?x?xf16>, %[[Z:.+]]: tensor<?x?x?xi8>, %[[ACC:.+]]: tensor<?x?x?xf32>)
// CHECK:         linalg.generic {indexing_maps = [#[[$BATCH_LHS]], #[[$BATCH_OUT]]], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
// CHECK-SAME:      ins(%[[A]] : tensor<?x?x?xbf16>) outs(%[[ACC]] : tensor<?x?x?xf32>)
// CHECK-DAG:       %[[BITS:.+]] = arith.bitcast %in : bf16 to i16
// CHECK-DAG:       %[[B:.+]] = linalg.index 0
// CHECK-DAG:       %[[N:.+]] = linalg.index 2
// CHECK:           tensor.extract %[[P]][%[[B]], %[[N]], %{{.+}}]
// CHECK:           tensor.extract %[[S]][%[[B]], %[[N]], %{{.+}}]
// CHECK:           tensor.extract %[[Z]][%[[B]], %[[N]], %{{.+}}]
// CHECK:           arith.truncf %{{.+}} : f32 to f16
// CHECK:           %[[W:.+]] = arith.extf %{{.+}} : f16 to f32
// CHECK:           arith.mulf %{{.+}}, %[[W]]
func.func @batched(%a: tensor<?x?x?xbf16>, %w: tensor<?x?x?x!int4>, %acc: tensor<?x?x?xf32>) -> tensor<?x?x?xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<?x?x?xbf16>, tensor<?x?x?x!int4>)
         outs(%acc : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  return %r : tensor<?x?x?xf32>
}

// Scaled activations: an operand that is not read has the size of the sum.
// CHECK-LABEL: func.func @both(
// CHECK-SAME:    %[[PA:.+]]: tensor<?x64xi8>, %[[SA:.+]]: tensor<?x2xf8E8M0FNU>, %[[PW:.+]]: tensor<8x64xi8>, %[[SW:.+]]: tensor<8x1xf32>, %[[ACC:.+]]: tensor<?x8xf32>)
// CHECK:         %[[SIZE:.+]] = tensor.empty() : tensor<64xi8>
// CHECK:         linalg.generic {indexing_maps = [#[[$SUM]], #[[$OUT]]], iterator_types = ["parallel", "parallel", "reduction"]}
// CHECK-SAME:      ins(%[[SIZE]] : tensor<64xi8>) outs(%[[ACC]] : tensor<?x8xf32>)
// CHECK-DAG:       %[[M:.+]] = linalg.index 0
// CHECK-DAG:       %[[N:.+]] = linalg.index 1
// CHECK-DAG:       %[[K:.+]] = linalg.index 2
// CHECK:           tensor.extract %[[PA]][%[[M]], %[[K]]]
// CHECK:           tensor.extract %[[SA]][%[[M]], %{{.+}}]
// CHECK:           tensor.extract %[[PW]][%[[N]], %[[K]]]
// CHECK:           tensor.extract %[[SW]][%[[N]], %c0]
func.func @both(%a: tensor<?x64x!mxfp8>, %w: tensor<8x64x!int8>, %acc: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<?x64x!mxfp8>, tensor<8x64x!int8>)
         outs(%acc : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// Bytes of FP4 may hold one code too many: FP8 tells the size.
// CHECK-LABEL: func.func @dynamic_sum(
// CHECK-SAME:    %[[PA:.+]]: tensor<?x?xi8>, %{{.+}}: tensor<?x?xf8E8M0FNU>, %[[PW:.+]]: tensor<?x?xi8>,
// CHECK-DAG:     %[[BYTES:.+]] = tensor.dim %[[PA]], %c1
// CHECK-DAG:     %[[CODES:.+]] = tensor.dim %[[PW]], %c1
// CHECK:         %[[SIZE:.+]] = affine.min #{{.+}}()[%[[BYTES]], %[[CODES]]]
// CHECK:         tensor.empty(%[[SIZE]]) : tensor<?xi8>
func.func @dynamic_sum(%a: tensor<?x?x!mxfp4>, %w: tensor<?x?x!mxfp8>, %acc: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %r = quantx.scaled_matmul ins(%a, %w : tensor<?x?x!mxfp4>, tensor<?x?x!mxfp8>)
         outs(%acc : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %r : tensor<?x?xf32>
}

// Codes in another layout are read where they are.
// CHECK-LABEL: func.func @layout(
// CHECK-SAME:    %[[BYTES:[a-z0-9]+]]: tensor<8x32xi8>
// CHECK-NOT:     linalg.generic
// CHECK:         linalg.generic {{.*}}"reduction"]
// CHECK:           tensor.extract %[[BYTES]][
// CHECK-NOT:     linalg.generic
// CHECK:         return
func.func @layout(%a: tensor<4x64xf32>, %bytes: tensor<8x32xi8>, %s: tensor<8x2xf8E8M0FNU>, %acc: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %c = quantx.unpack %bytes as #quantx.packing<split_half> : tensor<8x32xi8> to tensor<8x64xi4>
  %p = quantx.pack %c as #quantx.packing<linear> : tensor<8x64xi4> to tensor<8x32xi8>
  %w = quantx.assemble %p, %s : tensor<8x32xi8>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  %r = quantx.scaled_matmul ins(%a, %w : tensor<4x64xf32>, tensor<8x64x!mxfp4>)
         outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// Codes are encoded once, not for every row.
// CHECK-LABEL: func.func @encoded_once(
// CHECK:         %[[P:.+]] = linalg.generic {{.*}} outs(%{{.+}} : tensor<8x32xi8>)
// CHECK:           tensor.extract %arg1
// CHECK:         linalg.generic {{.*}}"reduction"]
// CHECK:           tensor.extract %[[P]]
// CHECK-NOT:       tensor.extract %arg1
// CHECK:         return
func.func @encoded_once(%a: tensor<4x64xf32>, %x: tensor<8x64xf32>, %s: tensor<8x2xf8E8M0FNU>, %acc: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %q = quantx.quantize %x, %s : tensor<8x64xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  %p, %t = quantx.disassemble %q : tensor<8x64x!mxfp4> to tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>
  %c = quantx.unpack %p as #quantx.packing<linear> : tensor<8x32xi8> to tensor<8x64xi4>
  %l = quantx.pack %c as #quantx.packing<linear> : tensor<8x64xi4> to tensor<8x32xi8>
  %w = quantx.assemble %l, %t : tensor<8x32xi8>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  %r = quantx.scaled_matmul ins(%a, %w : tensor<4x64xf32>, tensor<8x64x!mxfp4>)
         outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}
