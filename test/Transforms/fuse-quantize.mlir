// RUN: quant-opt %s -quantx-fuse-quantize -canonicalize | FileCheck %s
// RUN: quant-opt %s -quantx-fuse-quantize=tile=64 -canonicalize | FileCheck %s --check-prefix=SMALL
// RUN: quant-opt %s -quantx-fuse-quantize=join-rows -canonicalize | FileCheck %s --check-prefix=JOIN
// RUN: not %quant_opt %s -quantx-fuse-quantize=tile=0 2>&1 | FileCheck %s --check-prefix=ZERO --implicit-check-not=note:
// ZERO: error: expected tile of at least 1, got 0

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
!fp8 = !quantx.scaled<f8E4M3FN : f32, f32 per *x*>
!fp8r = !quantx.scaled<f8E4M3FN : f32, f32 per 1x*>
!column = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 32x1>

// CHECK: #[[$MOST:.*]] = affine_map<()[s0] -> (16, s0)>

// A row is a tile; with smaller tiles, 64 elements of it are.
// CHECK-LABEL: func.func @rows(
// CHECK-SAME: %[[X:.*]]: tensor<8x4096xf32>
// SMALL-LABEL: func.func @rows(
func.func @rows(%x: tensor<8x4096xf32>) -> tensor<8x4096x!mxfp4> {
  // CHECK: %[[R:.*]] = scf.forall (%[[I:.*]]) in (8) shared_outs(%[[OUT:.*]] = %{{.*}}) -> (tensor<8x4096x!mxfp4>)
  // CHECK:   %[[T:.*]] = tensor.extract_slice %[[X]][%[[I]], 0] [1, 4096] [1, 1]
  // CHECK:   %[[Q:.*]] = quantx.dynamic_quantize %[[T]] using #quantx.optimal : tensor<1x4096xf32> to tensor<1x4096x!mxfp4>
  // CHECK:   tensor.parallel_insert_slice %[[Q]] into %[[OUT]][%[[I]], 0] [1, 4096] [1, 1]
  // CHECK: return %[[R]]
  // SMALL: scf.forall (%{{.*}}, %{{.*}}) = (0, 0) to (8, 128) step (1, 2)
  // SMALL: quantx.dynamic_quantize %{{.*}} : tensor<1x64xf32> to tensor<1x64x!mxfp4>
  %q = quantx.dynamic_quantize %x using #quantx.optimal : tensor<8x4096xf32> to tensor<8x4096x!mxfp4>
  return %q : tensor<8x4096x!mxfp4>
}

// The scales come from the scaled tensor; attributes are kept.
// SMALL-LABEL: func.func @merged(
func.func @merged(%x: tensor<8x64xf32>) -> (tensor<8x64x!mxfp4>, tensor<8x2xf8E8M0FNU>) {
  // SMALL-NOT: choose_qparams
  // SMALL: %[[R:.*]] = scf.forall
  // SMALL:   quantx.dynamic_quantize %{{.*}} using #quantx.even {rounding = #quantx.rounding<nearest_toward_zero>, saturate = false}
  // SMALL: %{{.*}}, %[[S:.*]] = quantx.disassemble %[[R]]
  // SMALL: return %[[R]], %[[S]]
  %s = quantx.choose_qparams %x using #quantx.even for !mxfp4 : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>
  %q = quantx.quantize %x, %s {rounding = #quantx.rounding<nearest_toward_zero>, saturate = false} : tensor<8x64xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  return %q, %s : tensor<8x64x!mxfp4>, tensor<8x2xf8E8M0FNU>
}

// Two passes: the global scale, then everything else. As many rows as there is
// room for.
// SMALL-LABEL: func.func @global(
// CHECK-LABEL: func.func @global(
// CHECK-SAME: %[[X:.*]]: tensor<?x64xf32>
func.func @global(%x: tensor<?x64xf32>) -> tensor<?x64x!nvfp4> {
  // CHECK: %[[G:.*]] = quantx.choose_global %[[X]] for !nvfp4 : tensor<?x64xf32>
  // CHECK: scf.forall (%{{.*}}) = (0) to (%{{.*}}) step (64)
  // CHECK:   quantx.dynamic_quantize %{{.*}} using #quantx.absmax under %[[G]] : tensor<?x64xf32> to tensor<?x64x!nvfp4>
  // SMALL: scf.forall (%{{.*}}) in (%{{.*}})
  // SMALL:   quantx.dynamic_quantize %{{.*}} : tensor<1x64xf32> to tensor<1x64x!nvfp4>
  %s, %g = quantx.choose_qparams %x using #quantx.absmax for !nvfp4 : tensor<?x64xf32> -> tensor<?x4xf8E4M3FN>, tensor<f32>
  %q = quantx.quantize %x, %s, %g : tensor<?x64xf32>, tensor<?x4xf8E4M3FN>, tensor<f32> to tensor<?x64x!nvfp4>
  return %q : tensor<?x64x!nvfp4>
}

// A given global scale stays.
// SMALL-LABEL: func.func @given(
// SMALL-SAME: %[[G:[a-z0-9]+]]: tensor<f32>
func.func @given(%g: tensor<f32>, %x: tensor<8x64xf32>) -> tensor<8x64x!nvfp4> {
  // SMALL-NOT: choose_global
  // SMALL: quantx.dynamic_quantize %{{.*}} using #quantx.optimal under %[[G]]
  %q = quantx.dynamic_quantize %x using #quantx.optimal under %g : tensor<8x64xf32> to tensor<8x64x!nvfp4>
  return %q : tensor<8x64x!nvfp4>
}

// A row in two equal tiles, where the rest would be smaller.
// CHECK-LABEL: func.func @halves(
func.func @halves(%x: tensor<4x6144xf32>) -> tensor<4x6144x!mxfp4> {
  // CHECK: scf.forall (%{{.*}}, %{{.*}}) = (0, 0) to (4, 192) step (1, 96)
  // CHECK:   quantx.dynamic_quantize %{{.*}} : tensor<1x3072xf32>
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<4x6144xf32> to tensor<4x6144x!mxfp4>
  return %q : tensor<4x6144x!mxfp4>
}

// Whole dimensions and blocks of several rows: of rows of dynamic size as many
// as a tile has room for, up to 16.
// CHECK-LABEL: func.func @shapes(
func.func @shapes(%x: tensor<64x?xf32>) -> (tensor<64x?x!fp8r>, tensor<64x?x!column>) {
  // CHECK: %[[K:.*]] = arith.maxui %{{.*}}, %c1
  // CHECK: %[[COUNT:.*]] = arith.divui %c4096{{.*}}, %[[K]]
  // CHECK: %[[ROWS:.*]] = arith.maxui %[[COUNT]], %c1
  // CHECK: %[[TILE:.*]] = affine.min #[[$MOST]]()[%[[ROWS]]]
  // CHECK: scf.forall (%{{.*}}) = (0) to (64) step (%[[TILE]])
  // CHECK:   quantx.dynamic_quantize %{{.*}} : tensor<?x?xf32> to tensor<?x?x!quantx.scaled<f8E4M3FN : f32, f32 per 1x*>>
  %r = quantx.dynamic_quantize %x using #quantx.absmax : tensor<64x?xf32> to tensor<64x?x!fp8r>
  // CHECK: scf.forall (%{{.*}}, %{{.*}}) = (0, 0) to (2, %{{.*}}) step (%{{.*}}, 64)
  // CHECK:   quantx.dynamic_quantize %{{.*}} : tensor<?x?xf32>
  %c = quantx.dynamic_quantize %x using #quantx.floor : tensor<64x?xf32> to tensor<64x?x!column>
  return %r, %c : tensor<64x?x!fp8r>, tensor<64x?x!column>
}

// A size may be known of the input alone, or of the result.
// CHECK-LABEL: func.func @refined(
// CHECK-SAME: %[[X:.*]]: tensor<?x64xf32>
func.func @refined(%x: tensor<?x64xf32>) -> (tensor<128x?x!mxfp4>, tensor<?x2xf8E8M0FNU>) {
  // CHECK: %[[Y:.*]] = tensor.cast %[[X]] : tensor<?x64xf32> to tensor<128x64xf32>
  // CHECK: %[[R:.*]] = scf.forall (%{{.*}}) = (0) to (128) step (64) {{.*}} -> (tensor<128x64x!mxfp4>)
  // CHECK:   tensor.extract_slice %[[Y]]
  // CHECK: tensor.cast %[[R]] : tensor<128x64x!mxfp4> to tensor<128x?x!mxfp4>
  // CHECK: quantx.disassemble %{{.*}} : tensor<128x?x!mxfp4> to tensor<128x?xi8>, tensor<128x?xf8E8M0FNU>
  %s = quantx.choose_qparams %x using #quantx.floor for !mxfp4 : tensor<?x64xf32> -> tensor<?x2xf8E8M0FNU>
  %q = quantx.quantize %x, %s : tensor<?x64xf32>, tensor<?x2xf8E8M0FNU> to tensor<128x?x!mxfp4>
  return %q, %s : tensor<128x?x!mxfp4>, tensor<?x2xf8E8M0FNU>
}

// An empty tensor has no tiles.
// CHECK-LABEL: func.func @empty(
func.func @empty(%x: tensor<?x0xf32>, %y: tensor<0x?xf32>) -> (tensor<?x?x!mxfp4>, tensor<0x?x!mxfp4>) {
  // CHECK-NOT: scf.forall
  %0 = quantx.dynamic_quantize %x using #quantx.floor : tensor<?x0xf32> to tensor<?x?x!mxfp4>
  %1 = quantx.dynamic_quantize %y using #quantx.floor : tensor<0x?xf32> to tensor<0x?x!mxfp4>
  return %0, %1 : tensor<?x?x!mxfp4>, tensor<0x?x!mxfp4>
}

// CHECK-LABEL: func.func @left(
func.func @left(%x: tensor<8x64xf32>, %y: tensor<1x64xf32>, %h: tensor<2x32x32xf32>, %seed: i64)
    -> (tensor<8x64x!fp8>, tensor<8x64x!mxfp4>, tensor<8x64x!mxfp4>, tensor<1x64x!mxfp4>, tensor<8x64xui4>, tensor<8x64x!mxfp4>, tensor<8x64x!mxfp4>) {
  // CHECK-NOT: scf.forall
  // One block; weights; random numbers by index; one tile; codes that an unpack
  // reads; two that share their scales.
  %0 = quantx.dynamic_quantize %x using #quantx.absmax : tensor<8x64xf32> to tensor<8x64x!fp8>
  %1 = quantx.dynamic_quantize %x using #quantx.hessian weighted_by %h : tensor<2x32x32xf32> : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  %2 = quantx.dynamic_quantize %x using #quantx.floor seed %seed {rounding = #quantx.rounding<stochastic>} : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  %3 = quantx.dynamic_quantize %y using #quantx.floor : tensor<1x64xf32> to tensor<1x64x!mxfp4>
  %4 = quantx.dynamic_quantize %x using #quantx.ceil : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  %p, %s = quantx.disassemble %4 : tensor<8x64x!mxfp4> to tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>
  %5 = quantx.unpack %p as #quantx.packing<linear> : tensor<8x32xi8> to tensor<8x64xui4>
  // CHECK: quantx.choose_qparams
  %t = quantx.choose_qparams %x using #quantx.rceil for !mxfp4 : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>
  // CHECK-COUNT-2: quantx.quantize
  %6 = quantx.quantize %x, %t : tensor<8x64xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  %7 = quantx.quantize %x, %t {rounding = #quantx.rounding<nearest_toward_zero>} : tensor<8x64xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  return %0, %1, %2, %3, %5, %6, %7 : tensor<8x64x!fp8>, tensor<8x64x!mxfp4>, tensor<8x64x!mxfp4>, tensor<1x64x!mxfp4>, tensor<8x64xui4>, tensor<8x64x!mxfp4>, tensor<8x64x!mxfp4>
}

// Rows that are a multiple of a block at run time are one; the parts have the
// shape of the result again.
// JOIN-LABEL: func.func @joined(
// JOIN-SAME: %[[X:.*]]: tensor<?x?xf32>
func.func @joined(%x: tensor<?x?xf32>) -> tensor<?x?x!mxfp4> {
  // JOIN-DAG: %[[ROWS:.*]] = tensor.dim %[[X]], %c0
  // JOIN-DAG: %[[K:.*]] = tensor.dim %[[X]], %c1
  // JOIN: %[[REST:.*]] = arith.remui %[[K]], %c32
  // JOIN: %[[WHOLE:.*]] = arith.cmpi eq, %[[REST]], %c0
  // JOIN: %[[ALL:.*]] = arith.muli %[[ROWS]], %[[K]]
  // JOIN: %[[I:.*]] = arith.select %[[WHOLE]], %c1, %[[ROWS]]
  // JOIN: %[[J:.*]] = arith.select %[[WHOLE]], %[[ALL]], %[[K]]
  // JOIN: %[[FLAT:.*]] = tensor.collapse_shape %[[X]] {{\[\[}}0, 1]]
  // JOIN: %[[Y:.*]] = tensor.expand_shape %[[FLAT]] {{\[\[}}0, 1]] output_shape [%[[I]], %[[J]]]
  // JOIN: scf.forall
  // JOIN:   tensor.extract_slice %[[Y]]
  // JOIN: %[[P:.*]], %[[S:.*]] = quantx.disassemble
  // JOIN: %[[PF:.*]] = tensor.collapse_shape %[[P]]
  // JOIN: %[[PE:.*]] = tensor.expand_shape %[[PF]] {{.*}} output_shape [%[[ROWS]], %{{.*}}] : tensor<?xi8> into tensor<?x?xi8>
  // JOIN: %[[SF:.*]] = tensor.collapse_shape %[[S]]
  // JOIN: %[[SE:.*]] = tensor.expand_shape %[[SF]] {{.*}} output_shape [%[[ROWS]], %{{.*}}] : tensor<?xf8E8M0FNU> into tensor<?x?xf8E8M0FNU>
  // JOIN: %[[Q:.*]] = quantx.assemble %[[PE]], %[[SE]]
  // JOIN: return %[[Q]]
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<?x?xf32> to tensor<?x?x!mxfp4>
  return %q : tensor<?x?x!mxfp4>
}

// Not so where elements may lie apart, where the length of rows is asked for, or
// where blocks are rows.
// JOIN-LABEL: func.func @not_joined(
// JOIN-NOT: tensor.expand_shape
func.func @not_joined(%x: tensor<?x?xf32>, %n: index)
    -> (tensor<?x?x!mxfp4>, tensor<?x?xf32>, tensor<?x?x!fp8r>) {
  %part = tensor.extract_slice %x[0, 0] [%n, %n] [1, 1] : tensor<?x?xf32> to tensor<?x?xf32>
  %p = quantx.dynamic_quantize %part using #quantx.floor : tensor<?x?xf32> to tensor<?x?x!mxfp4>
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<?x?xf32> to tensor<?x?x!mxfp4>
  %y = quantx.dequantize %q : tensor<?x?x!mxfp4> to tensor<?x?xf32>
  %r = quantx.dynamic_quantize %x using #quantx.absmax : tensor<?x?xf32> to tensor<?x?x!fp8r>
  return %p, %y, %r : tensor<?x?x!mxfp4>, tensor<?x?xf32>, tensor<?x?x!fp8r>
}
