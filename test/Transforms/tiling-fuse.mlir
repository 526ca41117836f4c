// Tile and fuse: quantx ops as producers of tiled consumers, and the other way.
//
// RUN: quant-opt %s --transform-interpreter --resolve-ranked-shaped-type-result-dims --canonicalize --cse --split-input-file | FileCheck %s

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// The decoded weights exist only as tiles.
// CHECK-LABEL: func @matmul(
// CHECK-SAME:    %[[A:.*]]: tensor<4x256xf32>, %[[Q:.*]]: tensor<128x256x!mxfp4>
func.func @matmul(%a: tensor<4x256xf32>, %q: tensor<128x256x!mxfp4>, %acc: tensor<4x128xf32>) -> tensor<4x128xf32> {
  // CHECK: scf.for %[[N:.*]] = %c0 to %c128 step %c32
  // CHECK: scf.for %[[K:.*]] = %c0 to %c256 step %c64
  // CHECK: %[[QT:.*]] = tensor.extract_slice %[[Q]][%[[N]], %[[K]]] [32, 64] [1, 1]
  // CHECK: %[[W:.*]] = quantx.dequantize %[[QT]] : tensor<32x64x!mxfp4> to tensor<32x64xf32>
  // CHECK: linalg.matmul {{.*}} ins(%{{.*}}, %[[W]]
  %w = quantx.dequantize %q : tensor<128x256x!mxfp4> to tensor<128x256xf32>
  %r = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
    ins(%a, %w : tensor<4x256xf32>, tensor<128x256xf32>) outs(%acc : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %r : tensor<4x128xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["linalg.matmul"]} in %m : (!transform.any_op) -> !transform.any_op
    %t, %l:2 = transform.structured.fuse %0 tile_sizes [0, 32, 64] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Tiles of 48 do not lie on blocks of 32: the producer stays where it is.
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func @misaligned(
func.func @misaligned(%q: tensor<8x96x!mxfp4>, %o: tensor<8x96xf32>) -> tensor<8x96xf32> {
  // CHECK: quantx.dequantize %{{.*}} to tensor<8x96xf32>
  // CHECK: scf.for
  // CHECK-NOT: quantx
  // CHECK: linalg.exp
  %y = quantx.dequantize %q : tensor<8x96x!mxfp4> to tensor<8x96xf32>
  %r = linalg.exp ins(%y : tensor<8x96xf32>) outs(%o : tensor<8x96xf32>) -> tensor<8x96xf32>
  return %r : tensor<8x96xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["linalg.exp"]} in %m : (!transform.any_op) -> !transform.any_op
    %t, %l = transform.structured.fuse %0 tile_sizes [0, 48] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Under given scales a whole dimension can be cut: per-tensor fake quantization
// fuses at any tile size.
!fp8 = !quantx.scaled<f8E4M3FN : f32, f32 per *x*>

// CHECK-LABEL: func @fake_quant(
// CHECK-SAME:    %[[X:.*]]: tensor<?x?xf32>, %[[S:.*]]: tensor<1x1xf32>
func.func @fake_quant(%x: tensor<?x?xf32>, %s: tensor<1x1xf32>, %o: tensor<?x?xf32>) -> tensor<?x?xf32> {
  // CHECK-NOT: quantx.
  // CHECK: scf.for %[[I:.*]] = %c0
  // CHECK: scf.for %[[J:.*]] = %c0
  // CHECK: %[[T:.*]] = tensor.extract_slice %[[X]][%[[I]], %[[J]]] [1, %{{.*}}] [1, 1]
  // CHECK: %[[Q:.*]] = quantx.quantize %[[T]], %[[S]]
  // CHECK: %[[Y:.*]] = quantx.dequantize %[[Q]]
  // CHECK: linalg.exp ins(%[[Y]]
  %q = quantx.quantize %x, %s : tensor<?x?xf32>, tensor<1x1xf32> to tensor<?x?x!fp8>
  %y = quantx.dequantize %q : tensor<?x?x!fp8> to tensor<?x?xf32>
  %r = linalg.exp ins(%y : tensor<?x?xf32>) outs(%o : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %r : tensor<?x?xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["linalg.exp"]} in %m : (!transform.any_op) -> !transform.any_op
    %t, %l:2 = transform.structured.fuse %0 tile_sizes [1, 10] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// What makes the input, and what chooses the scales, are computed once a tile.
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func @chain(
func.func @chain(%x: tensor<?x?xf32>, %o: tensor<?x?xf32>) -> tensor<?x?x!mxfp4> {
  // CHECK: scf.for
  // CHECK: scf.for
  // CHECK: %[[E:.*]] = linalg.exp
  // CHECK-NEXT: %[[S:.*]] = quantx.choose_qparams %[[E]]
  // CHECK-NEXT: quantx.quantize %[[E]], %[[S]]
  %e = linalg.exp ins(%x : tensor<?x?xf32>) outs(%o : tensor<?x?xf32>) -> tensor<?x?xf32>
  %s = quantx.choose_qparams %e using #quantx.floor for !mxfp4 : tensor<?x?xf32> -> tensor<?x?xf8E8M0FNU>
  %q = quantx.quantize %e, %s : tensor<?x?xf32>, tensor<?x?xf8E8M0FNU> to tensor<?x?x!mxfp4>
  return %q : tensor<?x?x!mxfp4>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["quantx.quantize"]} in %m : (!transform.any_op) -> !transform.any_op
    %t, %l:2 = transform.structured.fuse %0 tile_sizes [1, 4] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Unpacking and choosing into a parallel loop.
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func @into_forall(
func.func @into_forall(%x: tensor<8x64xf32>) -> tensor<8x64xf32> {
  // CHECK: scf.forall
  // CHECK: %[[T:.*]] = tensor.extract_slice %{{.*}} [2, 32] [1, 1] : tensor<8x64xf32> to tensor<2x32xf32>
  // CHECK: %[[Q:.*]] = quantx.dynamic_quantize %[[T]] using #quantx.floor : tensor<2x32xf32> to tensor<2x32x!mxfp4>
  // CHECK: quantx.dequantize %[[Q]]
  // CHECK: scf.forall.in_parallel
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  %y = quantx.dequantize %q : tensor<8x64x!mxfp4> to tensor<8x64xf32>
  return %y : tensor<8x64xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["quantx.dequantize"]} in %m : (!transform.any_op) -> !transform.any_op
    %t, %loop = transform.structured.tile_using_forall %0 tile_sizes [2, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %1 = transform.structured.match ops{["quantx.dynamic_quantize"]} in %m : (!transform.any_op) -> !transform.any_op
    %fused, %new = transform.structured.fuse_into_containing_op %1 into %loop : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// From layout to layout: a tile of the last is tiles of both, on blocks of 32.

// CHECK-LABEL: func @repack(
// CHECK-SAME:    %[[B:.*]]: tensor<8x48xi8>
func.func @repack(%b: tensor<8x48xi8>) -> tensor<8x48xi8> {
  // CHECK: scf.for
  // CHECK: scf.for
  // CHECK: %[[T:.*]] = tensor.extract_slice %[[B]][%{{.*}}, %{{.*}}] [1, 16] [1, 1]
  // CHECK: %[[C:.*]] = quantx.unpack %[[T]] as #quantx.packing<split_half> : tensor<1x16xi8> to tensor<1x32xi4>
  // CHECK: quantx.pack %[[C]] as #quantx.packing<interleaved8> {tile} : tensor<1x32xi4> to tensor<1x16xi8>
  %c = quantx.unpack %b as #quantx.packing<split_half> : tensor<8x48xi8> to tensor<8x96xi4>
  %p = quantx.pack %c as #quantx.packing<interleaved8> {tile} : tensor<8x96xi4> to tensor<8x48xi8>
  return %p : tensor<8x48xi8>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match attributes{tile} in %m : (!transform.any_op) -> !transform.any_op
    %t, %l:2 = transform.structured.fuse %0 tile_sizes [1, 4] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Three groups of 8 codes are no block of 32.

// CHECK-LABEL: func @repack_misaligned(
func.func @repack_misaligned(%b: tensor<8x48xi8>) -> tensor<8x48xi8> {
  // CHECK: quantx.unpack %{{.*}} as #quantx.packing<split_half> : tensor<8x48xi8> to tensor<8x96xi4>
  // CHECK: scf.for
  // CHECK-NOT: quantx.unpack
  // CHECK: quantx.pack
  %c = quantx.unpack %b as #quantx.packing<split_half> : tensor<8x48xi8> to tensor<8x96xi4>
  %p = quantx.pack %c as #quantx.packing<interleaved8> {tile} : tensor<8x96xi4> to tensor<8x48xi8>
  return %p : tensor<8x48xi8>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match attributes{tile} in %m : (!transform.any_op) -> !transform.any_op
    %t, %l:2 = transform.structured.fuse %0 tile_sizes [1, 3] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// The same tiles from linear bytes: any that begin on a byte.

// CHECK-LABEL: func @repack_linear(
func.func @repack_linear(%b: tensor<8x48xi8>) -> tensor<8x48xi8> {
  // CHECK: scf.for
  // CHECK: %[[C:.*]] = quantx.unpack %{{.*}} as #quantx.packing<linear> : tensor<1x12xi8> to tensor<1x24xi4>
  // CHECK: quantx.pack %[[C]]
  %c = quantx.unpack %b as #quantx.packing<linear> : tensor<8x48xi8> to tensor<8x96xi4>
  %p = quantx.pack %c as #quantx.packing<interleaved8> {tile} : tensor<8x96xi4> to tensor<8x48xi8>
  return %p : tensor<8x48xi8>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match attributes{tile} in %m : (!transform.any_op) -> !transform.any_op
    %t, %l:2 = transform.structured.fuse %0 tile_sizes [1, 3] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Scales are chosen for the tiles that they go to.
!mxfp8 = !quantx.scaled<f8E4M3FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func @tiled_scales(
// CHECK-SAME:    %[[X:.*]]: tensor<256x256xf32>
func.func @tiled_scales(%x: tensor<256x256xf32>) -> tensor<2x2x32x16xf8E8M0FNU> {
  // CHECK: scf.for
  // CHECK: scf.for
  // CHECK: %[[T:.*]] = tensor.extract_slice %[[X]][%{{.*}}, %{{.*}}] [128, 128] [1, 1]
  // CHECK: %[[S:.*]] = quantx.choose_qparams %[[T]] {{.*}} -> tensor<128x4xf8E8M0FNU>
  // CHECK: quantx.relayout_scales %[[S]] {{.*}} : tensor<128x4xf8E8M0FNU> to tensor<1x1x32x16xf8E8M0FNU>
  %s = quantx.choose_qparams %x using #quantx.floor for !mxfp8 : tensor<256x256xf32> -> tensor<256x8xf8E8M0FNU>
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> {tile} : tensor<256x8xf8E8M0FNU> to tensor<2x2x32x16xf8E8M0FNU>
  return %t : tensor<2x2x32x16xf8E8M0FNU>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match attributes{tile} in %m : (!transform.any_op) -> !transform.any_op
    %t, %l:2 = transform.structured.fuse %0 tile_sizes [1, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Tiles of scales are read where a consumer's tile begins on one; it may end
// anywhere.
!mxfp8 = !quantx.scaled<f8E4M3FN : f32, f8E8M0FNU per 1x32>

// CHECK: #[[$DOWN:.*]] = affine_map<()[s0] -> (s0 floordiv 128)>
// CHECK-LABEL: func @untiled_scales(
// CHECK-SAME:    %[[X:.*]]: tensor<200x224xf32>, %[[T:.*]]: tensor<2x2x32x16xf8E8M0FNU>
func.func @untiled_scales(%x: tensor<200x224xf32>, %t: tensor<2x2x32x16xf8E8M0FNU>) -> tensor<200x224x!mxfp8> {
  // CHECK: scf.for
  // CHECK: scf.for
  // CHECK: %[[X_TILE:.*]] = tensor.extract_slice %[[X]][%[[I:.*]], %{{.*}}] [%[[ROWS:.*]], %{{.*}}] [1, 1]
  // CHECK: %[[TILE_ROW:.*]] = affine.apply #[[$DOWN]]()[%[[I]]]
  // CHECK: %[[TILE:.*]] = tensor.extract_slice %[[T]][%[[TILE_ROW]], %{{.*}}, 0, 0] [%{{.*}}, %{{.*}}, 32, 16] [1, 1, 1, 1]
  // CHECK: %[[S:.*]] = quantx.relayout_scales %[[TILE]] to #quantx.scale_layout<linear> sizes(%[[ROWS]], %{{.*}}) :
  // CHECK: quantx.quantize %[[X_TILE]], %[[S]]
  %s = quantx.relayout_scales %t to #quantx.scale_layout<linear> : tensor<2x2x32x16xf8E8M0FNU> to tensor<200x7xf8E8M0FNU>
  %q = quantx.quantize %x, %s {tile} : tensor<200x224xf32>, tensor<200x7xf8E8M0FNU> to tensor<200x224x!mxfp8>
  return %q : tensor<200x224x!mxfp8>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match attributes{tile} in %m : (!transform.any_op) -> !transform.any_op
    %t, %l:2 = transform.structured.fuse %0 tile_sizes [128, 4] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A tile that ends within a block of linear codes can be unpacked alone.

// CHECK-LABEL: func @first_codes(
func.func @first_codes(%b: tensor<8x48xi8>) -> tensor<8x10xi8> {
  // CHECK: scf.forall
  // CHECK: tensor.extract_slice %{{.*}} [1, 10] [1, 1] : tensor<8x48xi8> to tensor<1x10xi8>
  // CHECK: quantx.unpack %{{.*}} : tensor<1x10xi8> to tensor<1x20xi4>
  %c = quantx.unpack %b as #quantx.packing<linear> : tensor<8x48xi8> to tensor<8x96xi4>
  %o = tensor.empty() : tensor<8x10xi8>
  %r = scf.forall (%i) in (8) shared_outs(%acc = %o) -> tensor<8x10xi8> {
    %x = tensor.extract_slice %c[%i, 0] [1, 20] [1, 1] : tensor<8x96xi4> to tensor<1x20xi4>
    %p = quantx.pack %x as #quantx.packing<interleaved8> : tensor<1x20xi4> to tensor<1x10xi8>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %p into %acc[%i, 0] [1, 10] [1, 1] : tensor<1x10xi8> into tensor<8x10xi8>
    }
  }
  return %r : tensor<8x10xi8>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["quantx.unpack"]} in %m : (!transform.any_op) -> !transform.any_op
    %1 = transform.structured.match ops{["scf.forall"]} in %m : (!transform.any_op) -> !transform.any_op
    %fused, %new = transform.structured.fuse_into_containing_op %0 into %1 : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Of 32 codes that share bytes, 20 cannot: all is unpacked for each tile.

// CHECK-LABEL: func @first_codes_of_block(
func.func @first_codes_of_block(%b: tensor<8x48xi8>) -> tensor<8x10xi8> {
  // CHECK: scf.forall
  // CHECK: quantx.unpack %{{.*}} : tensor<8x48xi8> to tensor<8x96xi4>
  %c = quantx.unpack %b as #quantx.packing<split_half> : tensor<8x48xi8> to tensor<8x96xi4>
  %o = tensor.empty() : tensor<8x10xi8>
  %r = scf.forall (%i) in (8) shared_outs(%acc = %o) -> tensor<8x10xi8> {
    %x = tensor.extract_slice %c[%i, 0] [1, 20] [1, 1] : tensor<8x96xi4> to tensor<1x20xi4>
    %p = quantx.pack %x as #quantx.packing<interleaved8> : tensor<1x20xi4> to tensor<1x10xi8>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %p into %acc[%i, 0] [1, 10] [1, 1] : tensor<1x10xi8> into tensor<8x10xi8>
    }
  }
  return %r : tensor<8x10xi8>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["quantx.unpack"]} in %m : (!transform.any_op) -> !transform.any_op
    %1 = transform.structured.match ops{["scf.forall"]} in %m : (!transform.any_op) -> !transform.any_op
    %fused, %new = transform.structured.fuse_into_containing_op %0 into %1 : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A matmul of packed weights goes where its result is used; no tile of an
// operand makes tiles of it.
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: func @scaled_matmul(
// CHECK-SAME:    %[[A:.*]]: tensor<4x256xf32>, %[[Q:.*]]: tensor<128x256x!mxfp4>, %[[ACC:.*]]: tensor<4x128xf32>, %{{.*}}: tensor<4x128xf32>)
func.func @scaled_matmul(%a: tensor<4x256xf32>, %q: tensor<128x256x!mxfp4>, %acc: tensor<4x128xf32>, %o: tensor<4x128xf32>) -> tensor<4x128xf32> {
  // CHECK: scf.for %[[N:.*]] = %c0 to %c128 step %c24
  // CHECK: %[[SIZE:.*]] = affine.min
  // CHECK: %[[W:.*]] = tensor.extract_slice %[[Q]][%[[N]], 0] [%[[SIZE]], 256] [1, 1]
  // CHECK: %[[SUMS:.*]] = tensor.extract_slice %[[ACC]][0, %[[N]]] [4, %[[SIZE]]] [1, 1]
  // CHECK: %[[R:.*]] = quantx.scaled_matmul ins(%{{.*}}, %[[W]] : tensor<4x256xf32>, tensor<?x256x!mxfp4>) outs(%[[SUMS]] : tensor<4x?xf32>)
  // CHECK: linalg.exp ins(%[[R]]
  %r = quantx.scaled_matmul ins(%a, %q : tensor<4x256xf32>, tensor<128x256x!mxfp4>) outs(%acc : tensor<4x128xf32>) -> tensor<4x128xf32>
  %y = linalg.exp ins(%r : tensor<4x128xf32>) outs(%o : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["linalg.exp"]} in %m : (!transform.any_op) -> !transform.any_op
    %t, %l = transform.structured.fuse %0 tile_sizes [0, 24] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
