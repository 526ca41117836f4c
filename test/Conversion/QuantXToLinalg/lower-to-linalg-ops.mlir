// Every op on tensors of every kind of shape: what the loops run over, what they
// read, and the types that come out. What the formulas compute is for the tests
// that execute them.
//
// RUN: quant-opt %s -quantx-lower-to-linalg | FileCheck %s --implicit-check-not=quantx

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
!int4 = !quantx.scaled<ui4 : f32, f16 per 1x128, zero_point ui4>
!fp8 = !quantx.scaled<f8E4M3FN : bf16, f32 per *x*>
!row = !quantx.scaled<i8 : f16, f32 per 32>
!cube = !quantx.scaled<f6E2M3FN : f32, bf16 per 2x*x16>

// CHECK-DAG: #[[$ID1:.*]] = affine_map<(d0) -> (d0)>
// CHECK-DAG: #[[$ID2:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[$ID3:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG: #[[$TENSOR2:.*]] = affine_map<(d0, d1) -> ()>
// CHECK-DAG: #[[$PER16:.*]] = affine_map<()[s0] -> (s0 ceildiv 16)>
// CHECK-DAG: #[[$BYTES4:.*]] = affine_map<()[s0] -> (s0 ceildiv 2)>

// choose_qparams: a loop over the grid of blocks.

// CHECK-LABEL: func.func @choose_qparams(
// CHECK-SAME: %[[X:.*]]: tensor<8x65xf32>) -> tensor<8x3xf8E8M0FNU>
// CHECK: %[[AMAX:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<8x3xi32>)
// CHECK: tensor.extract %[[X]]
// CHECK: %[[S:.*]] = linalg.generic {indexing_maps = [#[[$ID2]], #[[$ID2]]], iterator_types = ["parallel", "parallel"]} ins(%[[AMAX]] : tensor<8x3xi32>) outs(%{{.*}} : tensor<8x3xf8E8M0FNU>)
// CHECK: return %[[S]]
func.func @choose_qparams(%x: tensor<8x65xf32>) -> tensor<8x3xf8E8M0FNU> {
  %s = quantx.choose_qparams %x using #quantx.floor for !mxfp4 : tensor<8x65xf32> -> tensor<8x3xf8E8M0FNU>
  return %s : tensor<8x3xf8E8M0FNU>
}

// A global scale is a value of the tensor, which every block reads.
// CHECK-LABEL: func.func @choose_qparams_global(
// CHECK-SAME: %[[X:.*]]: tensor<?x?xf32>) -> (tensor<?x?xf8E4M3FN>, tensor<f32>)
// CHECK: %[[COLUMNS:.*]] = tensor.dim %[[X]], %c1
// CHECK: affine.apply #[[$PER16]]()[%[[COLUMNS]]]
// CHECK: %[[G:.*]] = linalg.generic {{.*}} iterator_types = []} ins(%{{.*}} : tensor<i32>) outs(%{{.*}} : tensor<f32>)
// CHECK: %[[S:.*]] = linalg.generic {indexing_maps = [#[[$ID2]], #[[$TENSOR2]], #[[$ID2]]]{{.*}} ins(%{{.*}}, %[[G]] : tensor<?x?xi32>, tensor<f32>) outs(%{{.*}} : tensor<?x?xf8E4M3FN>)
// CHECK: return %[[S]], %[[G]]
func.func @choose_qparams_global(%x: tensor<?x?xf32>) -> (tensor<?x?xf8E4M3FN>, tensor<f32>) {
  %s, %g = quantx.choose_qparams %x using #quantx.absmax for !nvfp4 : tensor<?x?xf32> -> tensor<?x?xf8E4M3FN>, tensor<f32>
  return %s, %g : tensor<?x?xf8E4M3FN>, tensor<f32>
}

// Zero points come second, as bytes.
// CHECK-LABEL: func.func @choose_qparams_zero_points(
// CHECK-SAME: -> (tensor<8x3xf16>, tensor<8x3xi8>)
// CHECK: %[[R:.*]]:2 = linalg.generic {{.*}} outs(%{{.*}}, %{{.*}} : tensor<8x3xf16>, tensor<8x3xi8>)
// CHECK: return %[[R]]#0, %[[R]]#1
func.func @choose_qparams_zero_points(%x: tensor<8x300xf32>) -> (tensor<8x3xf16>, tensor<8x3xui4>) {
  %s, %z = quantx.choose_qparams %x using #quantx.minmax for !int4 : tensor<8x300xf32> -> tensor<8x3xf16>, tensor<8x3xui4>
  return %s, %z : tensor<8x3xf16>, tensor<8x3xui4>
}

// Rank 1 and 3; a block in the first and a whole middle dimension.
// CHECK-LABEL: func.func @choose_qparams_row(
// CHECK: linalg.generic {indexing_maps = [#[[$ID1]], #[[$ID1]]]{{.*}} outs(%{{.*}} : tensor<3xf32>)
func.func @choose_qparams_row(%x: tensor<65xf16>) -> tensor<3xf32> {
  %s = quantx.choose_qparams %x using #quantx.absmax for !row : tensor<65xf16> -> tensor<3xf32>
  return %s : tensor<3xf32>
}
// CHECK-LABEL: func.func @choose_qparams_cube(
// CHECK: linalg.generic {indexing_maps = [#[[$ID3]], #[[$ID3]]]{{.*}} outs(%{{.*}} : tensor<2x1x2xbf16>)
func.func @choose_qparams_cube(%x: tensor<3x5x20xf32>) -> tensor<2x1x2xbf16> {
  %s = quantx.choose_qparams %x using #quantx.absmax for !cube : tensor<3x5x20xf32> -> tensor<2x1x2xbf16>
  return %s : tensor<2x1x2xbf16>
}

// quantize: a loop over the bytes; parameters pass through.

// CHECK-LABEL: func.func @quantize(
// CHECK-SAME: %[[X:.*]]: tensor<8x64xf32>, %[[S:.*]]: tensor<8x2xf8E8M0FNU>) -> (tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>)
// CHECK: %[[P:.*]] = linalg.generic {indexing_maps = [#[[$ID2]]], iterator_types = ["parallel", "parallel"]} outs(%{{.*}} : tensor<8x32xi8>)
// Two codes a byte.
// CHECK-COUNT-2: tensor.extract %[[X]]
// CHECK-NOT: tensor.extract %[[X]]
// CHECK: linalg.yield %{{.*}} : i8
// CHECK: return %[[P]], %[[S]]
func.func @quantize(%x: tensor<8x64xf32>, %s: tensor<8x2xf8E8M0FNU>) -> tensor<8x64x!mxfp4> {
  %q = quantx.quantize %x, %s : tensor<8x64xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  return %q : tensor<8x64x!mxfp4>
}

// A dynamic row has as many bytes as its codes fill, the last in part.
// CHECK-LABEL: func.func @quantize_dynamic(
// CHECK-SAME: %[[X:.*]]: tensor<?x?xf32>, %[[S:.*]]: tensor<?x?xf8E4M3FN>, %[[G:.*]]: tensor<f32>) -> (tensor<?x?xi8>, tensor<?x?xf8E4M3FN>, tensor<f32>)
// CHECK: %[[COLUMNS:.*]] = tensor.dim %[[X]], %c1
// CHECK: %[[BYTES:.*]] = affine.apply #[[$BYTES4]]()[%[[COLUMNS]]]
// CHECK: tensor.empty(%{{.*}}, %[[BYTES]]) : tensor<?x?xi8>
// CHECK: %[[P:.*]] = linalg.generic
// Beyond the row's end nothing is read.
// CHECK: arith.minui
// CHECK: return %[[P]], %[[S]], %[[G]]
func.func @quantize_dynamic(%x: tensor<?x?xf32>, %s: tensor<?x?xf8E4M3FN>, %g: tensor<f32>) -> tensor<?x?x!nvfp4> {
  %q = quantx.quantize %x, %s, %g : tensor<?x?xf32>, tensor<?x?xf8E4M3FN>, tensor<f32> to tensor<?x?x!nvfp4>
  return %q : tensor<?x?x!nvfp4>
}

// CHECK-LABEL: func.func @quantize_zero_points(
// CHECK-SAME: %[[S:[a-z0-9]+]]: tensor<8x3xf16>, %[[Z:[a-z0-9]+]]: tensor<8x3xi8>) -> (tensor<8x150xi8>, tensor<8x3xf16>, tensor<8x3xi8>)
// CHECK: tensor.extract %[[S]]
// CHECK: tensor.extract %[[Z]]
// CHECK: return %{{.*}}, %[[S]], %[[Z]]
func.func @quantize_zero_points(%x: tensor<8x300xf32>, %s: tensor<8x3xf16>, %z: tensor<8x3xui4>) -> tensor<8x300x!int4> {
  %q = quantx.quantize %x, %s, %z : tensor<8x300xf32>, tensor<8x3xf16>, tensor<8x3xui4> to tensor<8x300x!int4>
  return %q : tensor<8x300x!int4>
}

// Stochastic rounding mixes the seed in: ten rounds of two products.
// CHECK-LABEL: func.func @quantize_stochastic(
// CHECK-SAME: %[[SEED:[a-z0-9]+]]: i64
// CHECK: arith.trunci %[[SEED]] : i64 to i32
// CHECK-COUNT-20: arith.muli %{{.*}} : i64
func.func @quantize_stochastic(%x: tensor<4x4xbf16>, %s: tensor<1x1xf32>, %seed: i64) -> tensor<4x4x!fp8> {
  %q = quantx.quantize %x, %s seed %seed {rounding = #quantx.rounding<stochastic>} : tensor<4x4xbf16>, tensor<1x1xf32> to tensor<4x4x!fp8>
  return %q : tensor<4x4x!fp8>
}

// dynamic_quantize: both.

// CHECK-LABEL: func.func @dynamic_quantize(
// CHECK-SAME: -> (tensor<65xi8>, tensor<3xf32>)
// CHECK: %[[S:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<3xf32>)
// CHECK: %[[P:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<65xi8>)
// CHECK: return %[[P]], %[[S]]
func.func @dynamic_quantize(%x: tensor<65xf16>) -> tensor<65x!row> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax : tensor<65xf16> to tensor<65x!row>
  return %q : tensor<65x!row>
}

// dequantize: a loop over the elements.

// CHECK-LABEL: func.func @dequantize(
// CHECK-SAME: %[[P:[a-z0-9]+]]: tensor<3x5x15xi8>, %[[S:[a-z0-9]+]]: tensor<2x1x2xbf16>) -> tensor<3x5x20xf32>
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel"]}{{.*}} outs(%{{.*}} : tensor<3x5x20xf32>)
// A 6-bit code can lie in two bytes.
// CHECK-COUNT-2: tensor.extract %[[P]]
// CHECK: tensor.extract %[[S]]
// CHECK: return %[[Y]]
func.func @dequantize(%q: tensor<3x5x20x!cube>) -> tensor<3x5x20xf32> {
  %y = quantx.dequantize %q : tensor<3x5x20x!cube> to tensor<3x5x20xf32>
  return %y : tensor<3x5x20xf32>
}

// The values are in f32 until the end.
// CHECK-LABEL: func.func @dequantize_bf16(
// CHECK: arith.mulf %{{.*}}, %{{.*}} : f32
// CHECK: linalg.yield %{{.*}} : bf16
func.func @dequantize_bf16(%q: tensor<?x?x!fp8>) -> tensor<?x?xbf16> {
  %y = quantx.dequantize %q : tensor<?x?x!fp8> to tensor<?x?xbf16>
  return %y : tensor<?x?xbf16>
}

// assemble, disassemble: nothing but casts.

// CHECK-LABEL: func.func @assemble(
// CHECK-SAME: %[[P:.*]]: tensor<8x?xi8>, %[[S:.*]]: tensor<8x2xf8E8M0FNU>) -> (tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>)
// CHECK-NEXT: %[[C:.*]] = tensor.cast %[[P]] : tensor<8x?xi8> to tensor<8x32xi8>
// CHECK-NEXT: return %[[C]], %[[S]]
func.func @assemble(%p: tensor<8x?xi8>, %s: tensor<8x2xf8E8M0FNU>) -> tensor<8x64x!mxfp4> {
  %q = quantx.assemble %p, %s : tensor<8x?xi8>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  return %q : tensor<8x64x!mxfp4>
}

// CHECK-LABEL: func.func @disassemble(
// CHECK-SAME: %[[P:.*]]: tensor<8x150xi8>, %[[S:.*]]: tensor<8x3xf16>, %[[Z:.*]]: tensor<8x3xi8>) -> (tensor<8x3xi8>, tensor<8x150xi8>, tensor<8x3xf16>)
// CHECK-NEXT: return %[[Z]], %[[P]], %[[S]]
func.func @disassemble(%q: tensor<8x300x!int4>) -> (tensor<8x3xui4>, tensor<8x150xi8>, tensor<8x3xf16>) {
  %p, %s, %z = quantx.disassemble %q : tensor<8x300x!int4> to tensor<8x150xi8>, tensor<8x3xf16>, tensor<8x3xui4>
  return %z, %p, %s : tensor<8x3xui4>, tensor<8x150xi8>, tensor<8x3xf16>
}

// error_stats: four scalars, the sum in f64 until the end.

// CHECK-LABEL: func.func @error_stats(
// CHECK-SAME: -> (f32, f32, i64, i64)
// CHECK: linalg.generic
// CHECK: arith.addf {{.*}} : f64
// CHECK: arith.truncf {{.*}} : f64 to f32
// CHECK: return
func.func @error_stats(%x: tensor<8x64xf32>, %q: tensor<8x64x!mxfp4>) -> (f32, f32, i64, i64) {
  %e:4 = quantx.error_stats %x, %q : tensor<8x64xf32>, tensor<8x64x!mxfp4> -> f32, f32, i64, i64
  return %e#0, %e#1, %e#2, %e#3 : f32, f32, i64, i64
}
