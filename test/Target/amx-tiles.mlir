// RUN: quant-opt %s --quantx-amx-tiles --split-input-file | FileCheck %s

#weights = affine_map<(b, i, j, m, n, p, q, t, k) -> (p, t, i, m, k)>
#activations = affine_map<(b, i, j, m, n, p, q, t, k)
                 -> (b, q, t, j, k floordiv 2, n * 2 + k mod 2)>
#sums = affine_map<(b, i, j, m, n, p, q, t, k) -> (b, i, j, m, n)>
#product = {
  indexing_maps = [#weights, #activations, #sums],
  iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel",
                    "reduction", "reduction", "reduction", "reduction"]
}

// Two products of one kind, and one of another: two functions.

// CHECK-LABEL: func.func @products
// CHECK-COUNT-2: call @quantx_amx_tile_product(
// CHECK: call @quantx_amx_tile_product_0(
// CHECK-NOT: linalg.generic
func.func @products(
    %w: memref<?x?x2x16x32xbf16>, %a: memref<?x?x?x2x16x32xbf16>,
    %s: memref<?x2x2x16x16xf32>, %b: memref<?x?x?x1x16x32xbf16>,
    %t: memref<?x2x1x16x16xf32>) {
  linalg.generic #product
    ins(%w, %a : memref<?x?x2x16x32xbf16>, memref<?x?x?x2x16x32xbf16>)
    outs(%s : memref<?x2x2x16x16xf32>) {
  ^bb0(%x: bf16, %y: bf16, %sum: f32):
    %0 = arith.extf %x : bf16 to f32
    %1 = arith.extf %y : bf16 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %sum, %2 : f32
    linalg.yield %3 : f32
  }
  linalg.generic #product
    ins(%w, %a : memref<?x?x2x16x32xbf16>, memref<?x?x?x2x16x32xbf16>)
    outs(%s : memref<?x2x2x16x16xf32>) {
  ^bb0(%x: bf16, %y: bf16, %sum: f32):
    %0 = arith.extf %x : bf16 to f32
    %1 = arith.extf %y : bf16 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %sum, %2 : f32
    linalg.yield %3 : f32
  }
  linalg.generic #product
    ins(%w, %b : memref<?x?x2x16x32xbf16>, memref<?x?x?x1x16x32xbf16>)
    outs(%t : memref<?x2x1x16x16xf32>) {
  ^bb0(%x: bf16, %y: bf16, %sum: f32):
    %0 = arith.extf %x : bf16 to f32
    %1 = arith.extf %y : bf16 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %sum, %2 : f32
    linalg.yield %3 : f32
  }
  return
}

// Four tiles of sums stay in registers while steps and pieces go by.

// CHECK-LABEL: func.func private @quantx_amx_tile_product(
// CHECK-SAME: attributes {passthrough = ["noinline"]}
// CHECK: scf.for
// CHECK-COUNT-4: amx.tile_load %arg2{{.*}} into !amx.tile<16x16xf32>
// CHECK: scf.for
// CHECK: scf.for
// CHECK: scf.for
// CHECK: amx.tile_load %arg0{{.*}} into !amx.tile<16x32xbf16>
// CHECK: amx.tile_load %arg1{{.*}} into !amx.tile<16x32xbf16>
// CHECK: amx.tile_mulf
// CHECK: amx.tile_load %arg1
// CHECK: amx.tile_mulf
// CHECK: amx.tile_load %arg0
// CHECK-NEXT: amx.tile_mulf
// CHECK-NEXT: amx.tile_mulf
// CHECK-COUNT-4: amx.tile_store %arg2

// -----

// The answer of the system is kept.

// CHECK: llvm.mlir.global internal @quantx_tiles_answer(0 : i8)
// CHECK-LABEL: func.func private @quantx_request_tiles() -> i1 {
// CHECK: llvm.load {{.*}} atomic monotonic
// CHECK: scf.if
// CHECK: llvm.inline_asm has_side_effects {{.*}}"syscall"
// CHECK: llvm.store {{.*}} atomic monotonic
// CHECK: return
func.func private @quantx_request_tiles() -> i1

// -----

// What only looks like a product: another sum; another tile; tensors.

#weights = affine_map<(b, i, j, m, n, p, q, t, k) -> (p, t, i, m, k)>
#activations = affine_map<(b, i, j, m, n, p, q, t, k)
                 -> (b, q, t, j, k floordiv 2, n * 2 + k mod 2)>
#sums = affine_map<(b, i, j, m, n, p, q, t, k) -> (b, i, j, m, n)>
#product = {
  indexing_maps = [#weights, #activations, #sums],
  iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel",
                    "reduction", "reduction", "reduction", "reduction"]
}

// CHECK-LABEL: func.func @others
// CHECK-COUNT-3: linalg.generic
// CHECK-NOT: amx.
func.func @others(
    %w: memref<?x?x2x16x32xbf16>, %a: memref<?x?x?x2x16x32xbf16>,
    %s: memref<?x2x2x16x16xf32>, %v: memref<?x?x2x8x32xbf16>,
    %r: memref<?x2x2x8x16xf32>, %x: tensor<?x?x2x16x32xbf16>,
    %y: tensor<?x?x?x2x16x32xbf16>, %z: tensor<?x2x2x16x16xf32>)
    -> tensor<?x2x2x16x16xf32> {
  linalg.generic #product
    ins(%w, %a : memref<?x?x2x16x32xbf16>, memref<?x?x?x2x16x32xbf16>)
    outs(%s : memref<?x2x2x16x16xf32>) {
  ^bb0(%e: bf16, %f: bf16, %sum: f32):
    %0 = arith.extf %e : bf16 to f32
    %1 = arith.extf %f : bf16 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.subf %sum, %2 : f32
    linalg.yield %3 : f32
  }
  linalg.generic #product
    ins(%v, %a : memref<?x?x2x8x32xbf16>, memref<?x?x?x2x16x32xbf16>)
    outs(%r : memref<?x2x2x8x16xf32>) {
  ^bb0(%e: bf16, %f: bf16, %sum: f32):
    %0 = arith.extf %e : bf16 to f32
    %1 = arith.extf %f : bf16 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %sum, %2 : f32
    linalg.yield %3 : f32
  }
  %t = linalg.generic #product
    ins(%x, %y : tensor<?x?x2x16x32xbf16>, tensor<?x?x?x2x16x32xbf16>)
    outs(%z : tensor<?x2x2x16x16xf32>) {
  ^bb0(%e: bf16, %f: bf16, %sum: f32):
    %0 = arith.extf %e : bf16 to f32
    %1 = arith.extf %f : bf16 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %sum, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x2x2x16x16xf32>
  return %t : tensor<?x2x2x16x16xf32>
}

// -----

// Integers of a run are summed from zero, and added under both scales.

// CHECK-LABEL: func.func @integers
// CHECK: call @quantx_amx_tile_product(
// CHECK-LABEL: func.func private @quantx_amx_tile_product(
// CHECK: %[[INTEGERS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<2x1x16x16xi32>
// CHECK: scf.for
// CHECK: scf.for
// CHECK-COUNT-2: amx.tile_zero : !amx.tile<16x16xi32>
// CHECK: scf.for
// CHECK: amx.tile_load %arg0{{.*}} into !amx.tile<16x32xi8>
// CHECK: amx.tile_load %arg1{{.*}} into !amx.tile<8x64xi8>
// CHECK: amx.tile_muli
// CHECK: amx.tile_load %arg0
// CHECK-NEXT: amx.tile_muli
// CHECK-COUNT-2: amx.tile_store %[[INTEGERS]]
// CHECK: vector.load %arg3
// CHECK: vector.load %[[INTEGERS]]
// CHECK: arith.sitofp
// CHECK: memref.load %arg2
// CHECK: vector.fma
// CHECK: vector.store {{.*}}, %arg4
func.func @integers(
    %w: memref<?x?x2x16x32xi8>, %a: memref<?x?x?x1x8x64xi8>,
    %u: memref<?x2x16xf32>, %v: memref<?x?x1x16xf32>,
    %s: memref<?x2x1x16x16xf32>) {
  linalg.generic {
      indexing_maps = [
        affine_map<(b, i, j, m, n, r, t, k) -> (r, t, i, m, k)>,
        affine_map<(b, i, j, m, n, r, t, k)
          -> (b, r, t, j, k floordiv 4, n * 4 + k mod 4)>,
        affine_map<(b, i, j, m, n, r, t, k) -> (r, i, m)>,
        affine_map<(b, i, j, m, n, r, t, k) -> (b, r, j, n)>,
        affine_map<(b, i, j, m, n, r, t, k) -> (b, i, j, m, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel",
                        "parallel", "reduction", "reduction", "reduction"]}
      ins(%w, %a, %u, %v : memref<?x?x2x16x32xi8>, memref<?x?x?x1x8x64xi8>,
          memref<?x2x16xf32>, memref<?x?x1x16xf32>)
      outs(%s : memref<?x2x1x16x16xf32>) {
  ^bb0(%x: i8, %y: i8, %c: f32, %d: f32, %sum: f32):
    %0 = arith.extsi %x : i8 to i32
    %1 = arith.extsi %y : i8 to i32
    %2 = arith.muli %0, %1 : i32
    %3 = arith.sitofp %2 : i32 to f32
    %4 = arith.mulf %3, %d : f32
    %5 = arith.mulf %4, %c : f32
    %6 = arith.addf %sum, %5 : f32
    linalg.yield %6 : f32
  }
  return
}
