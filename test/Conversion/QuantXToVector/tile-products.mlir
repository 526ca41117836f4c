// RUN: quant-opt %s --quantx-lower-to-vector=tile-product-rows=16 --canonicalize \
// RUN:   --cse | FileCheck %s
// RUN: quant-opt %s --quantx-lower-to-vector | FileCheck %s --check-prefix=WITHOUT

// WITHOUT-NOT: quantx_request_tiles

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!int4 = !quantx.scaled<ui4 : f32, f16 per 1x64, zero_point ui4>
!fp8 = !quantx.scaled<f8E5M2 : f32, f32 per 1x*>

// CHECK-DAG: #[[$WEIGHTS:.+]] = affine_map<(d0, d1, d2, d3, d4, d5, d6, d7, d8) -> (d5, d7, d1, d3, d8)>
// CHECK-DAG: #[[$ACTIVATIONS:.+]] = affine_map<(d0, d1, d2, d3, d4, d5, d6, d7, d8) -> (d0, d6, d7, d2, d8 floordiv 2, d4 * 2 + d8 mod 2)>
// CHECK-DAG: #[[$SUMS:.+]] = affine_map<(d0, d1, d2, d3, d4, d5, d6, d7, d8) -> (d0, d1, d2, d3, d4)>
// CHECK: func.func private @quantx_request_tiles() -> i1

// A piece of each, for bf16 and MXFP4. The other form is there as well.

// CHECK-LABEL: func.func @static
// CHECK: %[[GRANTED:.+]] = call @quantx_request_tiles() : () -> i1
// CHECK: scf.if %[[GRANTED]]
// CHECK: scf.forall (%{{.+}}, %{{.+}}) in (4, 4)
// CHECK: memref.prefetch
// CHECK: linalg.generic {indexing_maps = [#[[$WEIGHTS]], #[[$ACTIVATIONS]], #[[$SUMS]]]
// CHECK-SAME: ins(%{{.+}}, %{{.+}} : tensor<1x?x2x16x32xbf16>, tensor<2x1x?x2x16x32xbf16>)
// CHECK-SAME: outs(%{{.+}} : tensor<?x2x2x16x16xf32>)
// CHECK: } else {
// CHECK: arith.mulf {{.+}} fastmath<contract>
func.func @static(%x: tensor<64x512xbf16>, %w: tensor<96x512x!mxfp4>,
                  %acc: tensor<64x96xf32>) -> tensor<64x96xf32> {
  %y = quantx.scaled_matmul
    ins(%x, %w : tensor<64x512xbf16>, tensor<96x512x!mxfp4>)
    outs(%acc : tensor<64x96xf32>) -> tensor<64x96xf32>
  return %y : tensor<64x96xf32>
}

// Three pieces of f32, and two of a 4-bit code times an f16: these only by
// finite activations. One tile of rows.

// CHECK-LABEL: func.func @pieces
// CHECK: %[[GRANTED:.+]] = call @quantx_request_tiles() : () -> i1
// CHECK: %[[SUITS:.+]] = scf.if %[[GRANTED]]
// CHECK: vector.reduction <maxsi>
// CHECK: scf.if %[[SUITS]]
// CHECK: ins(%{{.+}}, %{{.+}} : tensor<2x?x2x16x32xbf16>, tensor<1x3x?x1x16x32xbf16>)
func.func @pieces(%x: tensor<16x512xf32>, %w: tensor<96x512x!int4>,
                  %acc: tensor<16x96xf32>) -> tensor<16x96xf32> {
  %y = quantx.scaled_matmul
    ins(%x, %w : tensor<16x512xf32>, tensor<96x512x!int4>)
    outs(%acc : tensor<16x96xf32>) -> tensor<16x96xf32>
  return %y : tensor<16x96xf32>
}

// Dynamic rows: as many as there must be.

// CHECK-LABEL: func.func @dynamic
// CHECK: %[[GRANTED:.+]] = func.call @quantx_request_tiles() : () -> i1
// CHECK: %[[ENOUGH:.+]] = arith.cmpi uge, %{{.+}}, %c16
// CHECK: %[[SUITS:.+]] = arith.andi %[[GRANTED]], %[[ENOUGH]]
// CHECK: scf.if %[[SUITS]]
func.func @dynamic(%x: tensor<?x512xbf16>, %w: tensor<96x512x!mxfp4>,
                   %acc: tensor<?x96xf32>) -> tensor<?x96xf32> {
  %y = quantx.scaled_matmul
    ins(%x, %w : tensor<?x512xbf16>, tensor<96x512x!mxfp4>)
    outs(%acc : tensor<?x96xf32>) -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// Too few rows; infinite weights by pieces, of which some are 0; too short a
// row.

// CHECK-LABEL: func.func @others
// CHECK-NOT: call @quantx_request_tiles
func.func @others(%x: tensor<15x512xf32>, %w: tensor<96x512x!mxfp4>,
                  %a: tensor<32x512xf32>, %v: tensor<96x512x!fp8>,
                  %b: tensor<32x16xf32>, %u: tensor<96x16x!fp8>,
                  %acc: tensor<15x96xf32>, %sum: tensor<32x96xf32>)
    -> (tensor<15x96xf32>, tensor<32x96xf32>) {
  %y = quantx.scaled_matmul
    ins(%x, %w : tensor<15x512xf32>, tensor<96x512x!mxfp4>)
    outs(%acc : tensor<15x96xf32>) -> tensor<15x96xf32>
  %z = quantx.scaled_matmul
    ins(%a, %v : tensor<32x512xf32>, tensor<96x512x!fp8>)
    outs(%sum : tensor<32x96xf32>) -> tensor<32x96xf32>
  %r = quantx.scaled_matmul
    ins(%b, %u : tensor<32x16xf32>, tensor<96x16x!fp8>)
    outs(%z : tensor<32x96xf32>) -> tensor<32x96xf32>
  return %y, %r : tensor<15x96xf32>, tensor<32x96xf32>
}
