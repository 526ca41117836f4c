// RUN: quant-opt %s --one-shot-bufferize="bufferize-function-boundaries allow-return-allocs-from-loops function-boundary-type-conversion=identity-layout-map" --canonicalize --cse | FileCheck %s

// Nothing of quantx is left, no tensor, and nothing that bridges the two.
// RUN: quant-opt %s --one-shot-bufferize="bufferize-function-boundaries allow-return-allocs-from-loops function-boundary-type-conversion=identity-layout-map" | FileCheck %s --check-prefix=GONE
// GONE-NOT: {{quantx|tensor<|to_buffer|to_tensor|unrealized}}

// The way through the lowering pass ends there too.
// RUN: quant-opt %s --one-shot-bufferize="bufferize-function-boundaries allow-return-allocs-from-loops function-boundary-type-conversion=identity-layout-map" --convert-linalg-to-loops --expand-strided-metadata --lower-affine --convert-scf-to-cf --convert-to-llvm --reconcile-unrealized-casts | FileCheck %s --check-prefix=LLVM
// LLVM-NOT: unrealized
// LLVM: llvm.func @fake_quant

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
!int4 = !quantx.scaled<ui4 : f32, f16 per 1x32, zero_point ui4>

// The codes of an odd number of columns end within a byte: the size is kept.
// CHECK-LABEL: func @fake_quant(
// CHECK-SAME:    %[[X:.*]]: memref<?x?xf32>) -> memref<?x?xf32>
func.func @fake_quant(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  // CHECK: %[[K:.*]] = memref.dim %[[X]], %c1
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : memref<?x?xi8>)
  // CHECK: %[[Y:.*]] = memref.alloc(%{{.*}}, %[[K]]) {{.*}} : memref<?x?xf32>
  // CHECK: return %[[Y]]
  %q = quantx.dynamic_quantize %x using #quantx.minmax : tensor<?x?xf32> to tensor<?x?x!int4>
  %y = quantx.dequantize %q : tensor<?x?x!int4> to tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// The parts of a result are its operands: no buffer is copied.
// CHECK-LABEL: func @parts(
func.func @parts(%x: tensor<8x80xf32>) -> (tensor<8x40xi8>, tensor<8x3xf16>, f32, i64) {
  // CHECK-NOT: memref.copy
  // CHECK: %[[S:.*]] = memref.alloc() {{.*}} : memref<8x3xf16>
  // CHECK: %[[P:.*]] = memref.alloc() {{.*}} : memref<8x40xi8>
  // CHECK-NOT: memref.copy
  // CHECK: return %[[P]], %[[S]], %{{.*}}, %{{.*}}
  %s, %z = quantx.choose_qparams %x using #quantx.minmax for !int4
    : tensor<8x80xf32> -> tensor<8x3xf16>, tensor<8x3xui4>
  %q = quantx.quantize %x, %s, %z
    : tensor<8x80xf32>, tensor<8x3xf16>, tensor<8x3xui4> to tensor<8x80x!int4>
  %p, %s2, %z2 = quantx.disassemble %q
    : tensor<8x80x!int4> to tensor<8x40xi8>, tensor<8x3xf16>, tensor<8x3xui4>
  %e:4 = quantx.error_stats %x, %q
    : tensor<8x80xf32>, tensor<8x80x!int4> -> f32, f32, i64, i64
  return %p, %s2, %e#0, %e#2 : tensor<8x40xi8>, tensor<8x3xf16>, f32, i64
}

// CHECK-LABEL: func @global(
// CHECK-SAME:    %[[X:.*]]: memref<8x80xf32>, %[[S:.*]]: memref<8x5xf8E4M3FN>, %[[G:.*]]: memref<f32>
func.func @global(%x: tensor<8x80xf32>, %s: tensor<8x5xf8E4M3FN>, %g: tensor<f32>, %seed: i64)
    -> (tensor<8x40xi8>, tensor<f32>) {
  // CHECK: %[[P:.*]] = memref.alloc() {{.*}} : memref<8x40xi8>
  // CHECK: return %[[P]], %[[G]]
  %q = quantx.quantize %x, %s, %g seed %seed {rounding = #quantx.rounding<stochastic>}
    : tensor<8x80xf32>, tensor<8x5xf8E4M3FN>, tensor<f32> to tensor<8x80x!nvfp4>
  %p, %t, %h = quantx.disassemble %q
    : tensor<8x80x!nvfp4> to tensor<8x40xi8>, tensor<8x5xf8E4M3FN>, tensor<f32>
  return %p, %h : tensor<8x40xi8>, tensor<f32>
}

// Signed codes of 4 bits have a buffer of their own type at the boundary.
// CHECK-LABEL: func @pack(
// CHECK-SAME:    memref<8x63xi4>
func.func @pack(%c: tensor<8x63xi4>) -> (tensor<8x63xi4>, tensor<8x32xi8>) {
  // CHECK: arith.extsi %{{.*}} : i4 to i8
  // CHECK: arith.trunci %{{.*}} : i8 to i4
  // CHECK: return %{{.*}}, %{{.*}} : memref<8x63xi4>, memref<8x32xi8>
  %p = quantx.pack %c as #quantx.packing<linear> : tensor<8x63xi4> to tensor<8x32xi8>
  %u = quantx.unpack %p as #quantx.packing<linear> : tensor<8x32xi8> to tensor<8x63xi4>
  return %u, %p : tensor<8x63xi4>, tensor<8x32xi8>
}

// Other layouts, and codes of which only the carried form has a buffer.
// CHECK-LABEL: func @repack(
// CHECK-SAME:    %[[B:.*]]: memref<8x?xi8>
func.func @repack(%b: tensor<8x?xi8>) -> tensor<8x?xi8> {
  // CHECK: %[[P:.*]] = memref.alloc(%{{.*}}) {{.*}} : memref<8x?xi8>
  // CHECK: return %[[P]]
  %c = quantx.unpack %b as #quantx.packing<split_half> : tensor<8x?xi8> to tensor<8x?xui4>
  %p = quantx.pack %c as #quantx.packing<interleaved8> : tensor<8x?xui4> to tensor<8x?xi8>
  return %p : tensor<8x?xi8>
}

// CHECK-LABEL: func @relayout_scales(
// CHECK-SAME:    %[[S:.*]]: memref<300x9xf8E8M0FNU>, %[[R:.*]]: index
func.func @relayout_scales(%s: tensor<300x9xf8E8M0FNU>, %r: index) -> (tensor<3x3x32x16xf8E8M0FNU>, tensor<?x9xf8E8M0FNU>) {
  // CHECK: %[[T:.*]] = memref.alloc() {{.*}} : memref<3x3x32x16xf8E8M0FNU>
  // CHECK: linalg.generic {{.*}} outs(%[[T]] :
  // CHECK: memref.load %[[S]]
  // CHECK: %[[L:.*]] = memref.alloc(%[[R]]) {{.*}} : memref<?x9xf8E8M0FNU>
  // CHECK: linalg.generic {{.*}} outs(%[[L]] :
  // CHECK: memref.load %[[T]]
  // CHECK: return %[[T]], %[[L]]
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : tensor<300x9xf8E8M0FNU> to tensor<3x3x32x16xf8E8M0FNU>
  %l = quantx.relayout_scales %t to #quantx.scale_layout<linear> sizes(%r) : tensor<3x3x32x16xf8E8M0FNU> to tensor<?x9xf8E8M0FNU>
  return %t, %l : tensor<3x3x32x16xf8E8M0FNU>, tensor<?x9xf8E8M0FNU>
}

// The codes that are overwritten are those of a tensor that is read later.
// CHECK-LABEL: func @overwrite(
// CHECK-SAME:    %[[P:.*]]: memref<8x40xi8>
func.func @overwrite(%p: tensor<8x40xi8>, %s: tensor<8x3xf8E8M0FNU>, %c: i8, %i: index)
    -> (tensor<8x80xf32>, tensor<8x40xi8>, index) {
  // CHECK: %[[COPY:.*]] = memref.alloc() {{.*}} : memref<8x40xi8>
  // CHECK: memref.copy %[[P]], %[[COPY]]
  // CHECK: memref.store %{{.*}}, %[[COPY]]
  // CHECK: memref.load %[[P]]
  // CHECK: return %{{.*}}, %[[COPY]], %c80
  %q = quantx.assemble %p, %s : tensor<8x40xi8>, tensor<8x3xf8E8M0FNU> to tensor<8x80x!mxfp4>
  %p2, %s2 = quantx.disassemble %q : tensor<8x80x!mxfp4> to tensor<8x40xi8>, tensor<8x3xf8E8M0FNU>
  %f = tensor.insert %c into %p2[%i, %i] : tensor<8x40xi8>
  %y = quantx.dequantize %q : tensor<8x80x!mxfp4> to tensor<8x80xf32>
  %c1 = arith.constant 1 : index
  %d = tensor.dim %q, %c1 : tensor<8x80x!mxfp4>
  return %y, %f, %d : tensor<8x80xf32>, tensor<8x40xi8>, index
}

// The scales become part of the result: they are not overwritten either.
// CHECK-LABEL: func @overwrite_scales(
func.func @overwrite_scales(%x: tensor<8x32xf32>, %v: f32, %i: index)
    -> (tensor<8x32xf32>, tensor<8x1xf32>) {
  // CHECK: %[[S:.*]] = memref.alloc() {{.*}} : memref<8x1xf32>
  // CHECK: %[[COPY:.*]] = memref.alloc() {{.*}} : memref<8x1xf32>
  // CHECK: memref.copy %[[S]], %[[COPY]]
  // CHECK: memref.store %{{.*}}, %[[COPY]]
  %s = quantx.choose_qparams %x using #quantx.absmax for !quantx.scaled<i8 : f32, f32 per 1x*>
    : tensor<8x32xf32> -> tensor<8x1xf32>
  %q = quantx.quantize %x, %s
    : tensor<8x32xf32>, tensor<8x1xf32> to tensor<8x32x!quantx.scaled<i8 : f32, f32 per 1x*>>
  %t = tensor.insert %v into %s[%i, %i] : tensor<8x1xf32>
  %y = quantx.dequantize %q
    : tensor<8x32x!quantx.scaled<i8 : f32, f32 per 1x*>> to tensor<8x32xf32>
  return %y, %t : tensor<8x32xf32>, tensor<8x1xf32>
}

// A consumer that stands before what the op expands into.
// CHECK-LABEL: func @consumer(
func.func @consumer(%x: tensor<8x80xf32>, %b: tensor<80x4xf32>, %acc: tensor<8x4xf32>) -> tensor<8x4xf32> {
  // CHECK: %[[Y:.*]] = memref.alloc() {{.*}} : memref<8x80xf32>
  // CHECK: linalg.generic {{.*}} outs(%[[Y]] : memref<8x80xf32>)
  // CHECK: linalg.matmul ins(%[[Y]], %{{.*}} : memref<8x80xf32>, memref<80x4xf32>)
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<8x80xf32> to tensor<8x80x!mxfp4>
  %y = quantx.dequantize %q : tensor<8x80x!mxfp4> to tensor<8x80xf32>
  %r = linalg.matmul ins(%y, %b : tensor<8x80xf32>, tensor<80x4xf32>) outs(%acc : tensor<8x4xf32>) -> tensor<8x4xf32>
  return %r : tensor<8x4xf32>
}

// In a loop: the tensors in between live for one iteration.
// CHECK-LABEL: func @loop(
func.func @loop(%x: tensor<8x32xf32>, %n: index) -> tensor<8x32xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK: scf.for
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %x) -> (tensor<8x32xf32>) {
    %q = quantx.dynamic_quantize %acc using #quantx.floor : tensor<8x32xf32> to tensor<8x32x!mxfp4>
    %y = quantx.dequantize %q : tensor<8x32x!mxfp4> to tensor<8x32xf32>
    scf.yield %y : tensor<8x32xf32>
  }
  return %r : tensor<8x32xf32>
}

// Of an op that nobody uses, nothing is left to carry.
// CHECK-LABEL: func @unused(
func.func @unused(%x: tensor<8x32xf32>) {
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<8x32xf32> to tensor<8x32x!mxfp4>
  return
}

// The sums are in the accumulator, if nobody else needs that.
// CHECK-LABEL: func @matmul(
// CHECK-SAME:    %[[A:.*]]: memref<4x64xf32>, %[[P:.*]]: memref<8x32xi8>, %[[S:.*]]: memref<8x2xf8E8M0FNU>, %[[ACC:.*]]: memref<4x8xf32>)
func.func @matmul(%a: tensor<4x64xf32>, %p: tensor<8x32xi8>, %s: tensor<8x2xf8E8M0FNU>, %acc: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // CHECK-NOT: alloc
  // CHECK-NOT: copy
  // CHECK: linalg.generic {{.*}} ins(%[[A]] : memref<4x64xf32>) outs(%[[ACC]] : memref<4x8xf32>)
  // CHECK: memref.load %[[P]]
  // CHECK: return %[[ACC]]
  %w = quantx.assemble %p, %s : tensor<8x32xi8>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  %r = quantx.scaled_matmul ins(%a, %w : tensor<4x64xf32>, tensor<8x64x!mxfp4>) outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// Else in a copy.
// CHECK-LABEL: func @matmul_copy(
// CHECK-SAME:    %{{.*}}: memref<?x?xf32>, %{{.*}}: memref<?x?xf32>, %[[ACC:.*]]: memref<?x?xf32>)
func.func @matmul_copy(%x: tensor<?x?xf32>, %y: tensor<?x?xf32>, %acc: tensor<?x?xf32>) -> (tensor<?x?xf32>, tensor<?x?xf32>) {
  // CHECK: memref.copy %[[ACC]], %[[SUMS:.*]] : memref<?x?xf32> to memref<?x?xf32>
  // CHECK: linalg.generic {{.*}}"reduction"]} {{.*}} outs(%[[SUMS]] : memref<?x?xf32>)
  // CHECK: return %[[SUMS]], %[[ACC]]
  %a = quantx.dynamic_quantize %x using #quantx.minmax : tensor<?x?xf32> to tensor<?x?x!int4>
  %w = quantx.dynamic_quantize %y using #quantx.floor : tensor<?x?xf32> to tensor<?x?x!mxfp4>
  %r = quantx.scaled_matmul ins(%a, %w : tensor<?x?x!int4>, tensor<?x?x!mxfp4>) outs(%acc : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %r, %acc : tensor<?x?xf32>, tensor<?x?xf32>
}

// Rows side by side go back to rows for the loops of a product.
// CHECK-LABEL: func @rows16(
// CHECK-SAME:    %[[P:.*]]: memref<17x16xi8>, %[[S:.*]]: memref<17x1xf32>, %[[G:.*]]: memref<f32>
func.func @rows16(%p: tensor<17x16xi8>, %s: tensor<17x1xf32>, %g: tensor<f32>, %a: tensor<2x32xf32>, %acc: tensor<2x17xf32>)
    -> (tensor<2x256xi8>, tensor<2x16xf32>, tensor<f32>, tensor<2x17xf32>) {
  // CHECK: %[[CODES:.*]] = memref.alloc() {{.*}} : memref<2x256xi8>
  // CHECK: linalg.generic {{.*}} outs(%[[CODES]] :
  // CHECK: memref.load %[[P]]
  // CHECK: %[[SCALES:.*]] = memref.alloc() {{.*}} : memref<2x16xf32>
  // CHECK: linalg.generic {{.*}} outs(%[[SCALES]] :
  // CHECK: memref.load %[[S]]
  // CHECK: %[[ROWS:.*]] = memref.alloc() {{.*}} : memref<17x16xi8>
  // CHECK: memref.load %[[CODES]]
  // CHECK: return %[[CODES]], %[[SCALES]], %[[G]],
  %w = quantx.assemble %p, %s, %g : tensor<17x16xi8>, tensor<17x1xf32>, tensor<f32>
    to tensor<17x32x!quantx.scaled<f4E2M1FN : f32, f32 per 1x*, global f32>>
  %r = quantx.relayout %w : tensor<17x32x!quantx.scaled<f4E2M1FN : f32, f32 per 1x*, global f32>>
    to tensor<17x32x!quantx.scaled<f4E2M1FN : f32, f32 per 1x*, global f32, packing rows16>>
  %parts:3 = quantx.disassemble %r : tensor<17x32x!quantx.scaled<f4E2M1FN : f32, f32 per 1x*, global f32, packing rows16>>
    to tensor<2x256xi8>, tensor<2x16xf32>, tensor<f32>
  %y = quantx.scaled_matmul
    ins(%a, %r : tensor<2x32xf32>, tensor<17x32x!quantx.scaled<f4E2M1FN : f32, f32 per 1x*, global f32, packing rows16>>)
    outs(%acc : tensor<2x17xf32>) -> tensor<2x17xf32>
  return %parts#0, %parts#1, %parts#2, %y : tensor<2x256xi8>, tensor<2x16xf32>, tensor<f32>, tensor<2x17xf32>
}
