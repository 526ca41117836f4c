// Every op, static and dynamic, with every attribute and operand, prints what it
// parses: as custom text, as generic text and through bytecode.
//
// RUN: quant-opt %s | FileCheck %s
// RUN: %quant_opt %s -mlir-print-op-generic | %quant_opt | FileCheck %s
// RUN: %quant_opt %s -emit-bytecode | %quant_opt | FileCheck %s
// RUN: %quant_opt %s -mlir-print-op-generic | FileCheck %s --check-prefix=GENERIC

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
!int4 = !quantx.scaled<ui4 : bf16, f16 per 1x*, zero_point ui4>
!row = !quantx.scaled<i8 : f16, f32 per 32>
!batched = !quantx.scaled<i8 : f16, f32 per 1x1x*>

// CHECK-LABEL: func.func @choose_global(
func.func @choose_global(%x: tensor<?x64xf32>) {
  // CHECK: %[[G:.*]] = quantx.choose_global %{{.*}} for !nvfp4 {note} : tensor<?x64xf32>
  %g = quantx.choose_global %x for !nvfp4 {note} : tensor<?x64xf32>
  // CHECK: quantx.choose_qparams %{{.*}} using #quantx.optimal for !nvfp4 under %[[G]] : tensor<?x64xf32> -> tensor<?x4xf8E4M3FN>, tensor<f32>
  %s, %k = quantx.choose_qparams %x using #quantx.optimal for !nvfp4 under %g : tensor<?x64xf32> -> tensor<?x4xf8E4M3FN>, tensor<f32>
  // CHECK: quantx.dynamic_quantize %{{.*}} using #quantx.absmax under %[[G]] {saturate = false} : tensor<?x64xf32> to tensor<?x64x!nvfp4>
  %q = quantx.dynamic_quantize %x using #quantx.absmax under %g {saturate = false} : tensor<?x64xf32> to tensor<?x64x!nvfp4>
  return
}

// CHECK-LABEL: func.func @choose_qparams(
func.func @choose_qparams(%x: tensor<8x64xf32>, %d: tensor<?x?xf32>, %b: tensor<8x64xbf16>, %h: tensor<2x32x32xf32>, %k: tensor<?x?x?xf32>) {
  // CHECK: quantx.choose_qparams %{{.*}} using #quantx.hessian for !mxfp4 weighted_by %{{.*}} : tensor<2x32x32xf32> {note} : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>
  %h0 = quantx.choose_qparams %x using #quantx.hessian for !mxfp4 weighted_by %h : tensor<2x32x32xf32> {note} : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>
  // CHECK: quantx.choose_qparams %{{.*}} using #quantx.hessian for !mxfp4 weighted_by %{{.*}} : tensor<?x?x?xf32> : tensor<?x?xf32> -> tensor<?x?xf8E8M0FNU>
  %h1 = quantx.choose_qparams %d using #quantx.hessian for !mxfp4 weighted_by %k : tensor<?x?x?xf32> : tensor<?x?xf32> -> tensor<?x?xf8E8M0FNU>
  // CHECK: %{{.*}} = quantx.choose_qparams %{{.*}} using #quantx.floor for !mxfp4 : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>
  %0 = quantx.choose_qparams %x using #quantx.floor for !mxfp4 : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>
  // CHECK: %{{.*}}:2 = quantx.choose_qparams %{{.*}} using #quantx.absmax for !nvfp4 : tensor<?x?xf32> -> tensor<?x?xf8E4M3FN>, tensor<f32>
  %1:2 = quantx.choose_qparams %d using #quantx.absmax for !nvfp4 : tensor<?x?xf32> -> tensor<?x?xf8E4M3FN>, tensor<f32>
  // CHECK: %{{.*}}:2 = quantx.choose_qparams %{{.*}} using #quantx.minmax for !quantx.scaled<ui4 : bf16, f16 per 1x*, zero_point ui4> {note} : tensor<8x64xbf16> -> tensor<8x1xf16>, tensor<8x1xui4>
  %2:2 = quantx.choose_qparams %b using #quantx.minmax for !int4 {note} : tensor<8x64xbf16> -> tensor<8x1xf16>, tensor<8x1xui4>
  return
}

// CHECK-LABEL: func.func @quantize(
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<8x64xf32>, %[[S:[a-z0-9]+]]: tensor<8x2xf8E8M0FNU>, %[[SEED:[a-z0-9]+]]: i64
// GENERIC-LABEL: sym_name = "quantize"
func.func @quantize(%x: tensor<8x64xf32>, %s: tensor<8x2xf8E8M0FNU>, %seed: i64) {
  // CHECK: quantx.quantize %[[X]], %[[S]] : tensor<8x64xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  // GENERIC: "quantx.quantize"{{.*}}operandSegmentSizes = array<i32: 1, 1, 0>, rounding = #quantx.rounding<nearest_even>, saturate = true
  %0 = quantx.quantize %x, %s : tensor<8x64xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  // CHECK: quantx.quantize %[[X]], %[[S]] {saturate = false} : tensor
  // GENERIC: "quantx.quantize"{{.*}}rounding = #quantx.rounding<nearest_even>, saturate = false
  %1 = quantx.quantize %x, %s {saturate = false} : tensor<8x64xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  // CHECK: quantx.quantize %[[X]], %[[S]] {rounding = #quantx.rounding<nearest_toward_zero>} : tensor
  %2 = quantx.quantize %x, %s {rounding = #quantx.rounding<nearest_toward_zero>} : tensor<8x64xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  // CHECK: quantx.quantize %[[X]], %[[S]] seed %[[SEED]] {rounding = #quantx.rounding<stochastic>, saturate = false} : tensor
  // GENERIC: "quantx.quantize"{{.*}}operandSegmentSizes = array<i32: 1, 1, 1>
  %3 = quantx.quantize %x, %s seed %seed {rounding = #quantx.rounding<stochastic>, saturate = false} : tensor<8x64xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  // Defaults that are written out are not printed.
  // CHECK: quantx.quantize %[[X]], %[[S]] : tensor
  %4 = quantx.quantize %x, %s {rounding = #quantx.rounding<nearest_even>, saturate = true} : tensor<8x64xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  return
}

// Two parameters and a seed.
// CHECK-LABEL: func.func @quantize_parameters(
func.func @quantize_parameters(%x: tensor<?x?xf32>, %s: tensor<?x?xf8E4M3FN>, %g: tensor<f32>, %seed: i64) {
  // CHECK: quantx.quantize %{{.*}}, %{{.*}}, %{{.*}} seed %{{.*}} {rounding = #quantx.rounding<stochastic>} : tensor<?x?xf32>, tensor<?x?xf8E4M3FN>, tensor<f32> to tensor<?x?x!nvfp4>
  %0 = quantx.quantize %x, %s, %g seed %seed {rounding = #quantx.rounding<stochastic>} : tensor<?x?xf32>, tensor<?x?xf8E4M3FN>, tensor<f32> to tensor<?x?x!nvfp4>
  return
}

// CHECK-LABEL: func.func @dynamic_quantize(
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<8x64xf32>, %[[SEED:[a-z0-9]+]]: i64
func.func @dynamic_quantize(%x: tensor<8x64xf32>, %seed: i64, %v: tensor<?xf16>, %h: tensor<2x32x32xf32>) {
  // CHECK: quantx.dynamic_quantize %[[X]] using #quantx.floor : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  // GENERIC: "quantx.dynamic_quantize"{{.*}}method = #quantx.floor, operandSegmentSizes = array<i32: 1, 0, 0, 0>, rounding = #quantx.rounding<nearest_even>, saturate = true
  %0 = quantx.dynamic_quantize %x using #quantx.floor : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  // CHECK: quantx.dynamic_quantize %[[X]] using #quantx.floor {saturate = false} : tensor
  // GENERIC: "quantx.dynamic_quantize"{{.*}}saturate = false
  %1 = quantx.dynamic_quantize %x using #quantx.floor {saturate = false} : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  // CHECK: quantx.dynamic_quantize %[[X]] using #quantx.even seed %[[SEED]] {note, rounding = #quantx.rounding<stochastic>} : tensor
  // GENERIC: "quantx.dynamic_quantize"(%{{[a-z0-9]+}}, %{{[a-z0-9]+}}) <{method = #quantx.even, operandSegmentSizes = array<i32: 1, 0, 0, 1>, rounding = #quantx.rounding<stochastic>, saturate = true}> {note}
  %2 = quantx.dynamic_quantize %x using #quantx.even seed %seed {note, rounding = #quantx.rounding<stochastic>} : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  // CHECK: quantx.dynamic_quantize %{{.*}} using #quantx.hessian weighted_by %{{.*}} : tensor<2x32x32xf32> seed %{{.*}} {note, rounding = #quantx.rounding<stochastic>} : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  %w = quantx.dynamic_quantize %x using #quantx.hessian weighted_by %h : tensor<2x32x32xf32> seed %seed {note, rounding = #quantx.rounding<stochastic>} : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  // CHECK: quantx.dynamic_quantize %{{.*}} using #quantx.absmax<margin = 5.000000e-01, pow2> : tensor<?xf16> to tensor<?x!quantx.scaled<i8 : f16, f32 per 32>>
  %3 = quantx.dynamic_quantize %v using #quantx.absmax<margin = 0.5, pow2> : tensor<?xf16> to tensor<?x!row>
  return
}

// CHECK-LABEL: func.func @dequantize(
func.func @dequantize(%q: tensor<8x64x!mxfp4>, %v: tensor<?x!row>) {
  // CHECK: quantx.dequantize %{{.*}} : tensor<8x64x!mxfp4> to tensor<8x64xf32>
  %0 = quantx.dequantize %q : tensor<8x64x!mxfp4> to tensor<8x64xf32>
  // CHECK: quantx.dequantize %{{.*}} {note} : tensor<?x!quantx.scaled<i8 : f16, f32 per 32>> to tensor<?xf16>
  %1 = quantx.dequantize %v {note} : tensor<?x!row> to tensor<?xf16>
  return
}

// CHECK-LABEL: func.func @parts(
func.func @parts(%p: tensor<8x32xi8>, %s: tensor<8x1xf16>, %z: tensor<8x1xui4>, %d: tensor<?x?xi8>, %e: tensor<?x?xf8E4M3FN>, %g: tensor<f32>) {
  // CHECK: quantx.assemble %{{.*}}, %{{.*}}, %{{.*}} : tensor<8x32xi8>, tensor<8x1xf16>, tensor<8x1xui4> to tensor<8x64x!quantx
  %0 = quantx.assemble %p, %s, %z : tensor<8x32xi8>, tensor<8x1xf16>, tensor<8x1xui4> to tensor<8x64x!int4>
  // CHECK: %{{.*}}, %{{.*}}:2 = quantx.disassemble %{{.*}} : tensor<8x64x!quantx{{.*}}> to tensor<8x32xi8>, tensor<8x1xf16>, tensor<8x1xui4>
  %1, %2, %3 = quantx.disassemble %0 : tensor<8x64x!int4> to tensor<8x32xi8>, tensor<8x1xf16>, tensor<8x1xui4>
  // CHECK: quantx.assemble %{{.*}} {note} : tensor<?x?xi8>, tensor<?x?xf8E4M3FN>, tensor<f32> to tensor<?x?x!nvfp4>
  %4 = quantx.assemble %d, %e, %g {note} : tensor<?x?xi8>, tensor<?x?xf8E4M3FN>, tensor<f32> to tensor<?x?x!nvfp4>
  // CHECK: quantx.disassemble %{{.*}} {note} : tensor<?x?x!nvfp4> to tensor<?x?xi8>, tensor<?x?xf8E4M3FN>, tensor<f32>
  %5, %6, %7 = quantx.disassemble %4 {note} : tensor<?x?x!nvfp4> to tensor<?x?xi8>, tensor<?x?xf8E4M3FN>, tensor<f32>
  return
}

// CHECK-LABEL: func.func @pack(
func.func @pack(%c: tensor<8x63xi3>, %d: tensor<?xui6>) {
  // CHECK: quantx.pack %{{.*}} as #quantx.packing<linear> : tensor<8x63xi3> to tensor<8x24xi8>
  %0 = quantx.pack %c as #quantx.packing<linear> : tensor<8x63xi3> to tensor<8x24xi8>
  // CHECK: quantx.unpack %{{.*}} as #quantx.packing<linear> : tensor<8x24xi8> to tensor<8x63xi3>
  %1 = quantx.unpack %0 as #quantx.packing<linear> : tensor<8x24xi8> to tensor<8x63xi3>
  // CHECK: quantx.pack %{{.*}} as #quantx.packing<linear> {note} : tensor<?xui6> to tensor<?xi8>
  %2 = quantx.pack %d as #quantx.packing<linear> {note} : tensor<?xui6> to tensor<?xi8>
  // CHECK: quantx.unpack %{{.*}} as #quantx.packing<linear> {note} : tensor<?xi8> to tensor<?xui6>
  %3 = quantx.unpack %2 as #quantx.packing<linear> {note} : tensor<?xi8> to tensor<?xui6>
  return
}

// CHECK-LABEL: func.func @pack_layouts(
func.func @pack_layouts(%c: tensor<8x63xi4>) {
  // CHECK: quantx.pack %{{.*}} as #quantx.packing<split_half> : tensor<8x63xi4> to tensor<8x32xi8>
  // GENERIC: "quantx.pack"(%{{.*}}) <{packing = #quantx.packing<split_half>}>
  %0 = quantx.pack %c as #quantx.packing<split_half> : tensor<8x63xi4> to tensor<8x32xi8>
  // CHECK: quantx.unpack %{{.*}} as #quantx.packing<interleaved8> : tensor<8x32xi8> to tensor<8x64xui4>
  %1 = quantx.unpack %0 as #quantx.packing<interleaved8> : tensor<8x32xi8> to tensor<8x64xui4>
  return
}

// CHECK-LABEL: func.func @relayout_scales(
// CHECK-SAME: %[[S:[a-z0-9]+]]: tensor<300x9xf8E8M0FNU>, %[[T:[a-z0-9]+]]: tensor<5x?x?x32x16xf8E4M3FN>, %[[R:[a-z0-9]+]]: index, %[[C:[a-z0-9]+]]: index
func.func @relayout_scales(%s: tensor<300x9xf8E8M0FNU>, %t: tensor<5x?x?x32x16xf8E4M3FN>, %r: index, %c: index) {
  // CHECK: quantx.relayout_scales %[[S]] to #quantx.scale_layout<tile128x4> : tensor<300x9xf8E8M0FNU> to tensor<3x3x32x16xf8E8M0FNU>
  // GENERIC: "quantx.relayout_scales"(%{{[a-z0-9]+}}) <{layout = #quantx.scale_layout<tile128x4>}>
  %0 = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : tensor<300x9xf8E8M0FNU> to tensor<3x3x32x16xf8E8M0FNU>
  // CHECK: quantx.relayout_scales %{{.*}} to #quantx.scale_layout<linear> {note} : tensor<3x3x32x16xf8E8M0FNU> to tensor<300x9xf8E8M0FNU>
  %1 = quantx.relayout_scales %0 to #quantx.scale_layout<linear> {note} : tensor<3x3x32x16xf8E8M0FNU> to tensor<300x9xf8E8M0FNU>
  // CHECK: quantx.relayout_scales %[[T]] to #quantx.scale_layout<linear> sizes(%[[R]], %[[C]]) : tensor<5x?x?x32x16xf8E4M3FN> to tensor<5x?x?xf8E4M3FN>
  %2 = quantx.relayout_scales %t to #quantx.scale_layout<linear> sizes(%r, %c) : tensor<5x?x?x32x16xf8E4M3FN> to tensor<5x?x?xf8E4M3FN>
  // CHECK: quantx.relayout_scales %[[T]] to #quantx.scale_layout<linear> sizes(%[[C]]) {note} : tensor<5x?x?x32x16xf8E4M3FN> to tensor<5x300x?xf8E4M3FN>
  // GENERIC: "quantx.relayout_scales"(%{{[a-z0-9]+}}, %{{[a-z0-9]+}}) <{layout = #quantx.scale_layout<linear>}> {note}
  %3 = quantx.relayout_scales %t to #quantx.scale_layout<linear> sizes(%c) {note} : tensor<5x?x?x32x16xf8E4M3FN> to tensor<5x300x?xf8E4M3FN>
  // Nothing to give: sizes() is none.
  // CHECK: quantx.relayout_scales %[[S]] to #quantx.scale_layout<tile128x4> : tensor<300x9xf8E8M0FNU> to tensor<?x?x32x16xf8E8M0FNU>
  %4 = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> sizes() : tensor<300x9xf8E8M0FNU> to tensor<?x?x32x16xf8E8M0FNU>
  return
}

// CHECK-LABEL: func.func @relayout(
// CHECK-SAME: %[[W:[a-z0-9]+]]: tensor<?x40x64x!quantx.scaled<i8 : f32, f32 per 1x1x*>>
func.func @relayout(%w: tensor<?x40x64x!quantx.scaled<i8 : f32, f32 per 1x1x*>>) {
  // CHECK: %[[R:.*]] = quantx.relayout %[[W]] {note} : tensor<?x40x64x!quantx.scaled<i8 : f32, f32 per 1x1x*>> to tensor<?x40x64x!quantx.scaled<i8 : f32, f32 per 1x1x*, packing rows16>>
  // GENERIC: "quantx.relayout"(%{{[a-z0-9]+}}) {note}
  %r = quantx.relayout %w {note} : tensor<?x40x64x!quantx.scaled<i8 : f32, f32 per 1x1x*>> to tensor<?x40x64x!quantx.scaled<i8 : f32, f32 per 1x1x*, packing rows16>>
  // CHECK: quantx.disassemble %[[R]] : {{.*}} to tensor<?x3x1024xi8>, tensor<?x3x16xf32>
  %p, %s = quantx.disassemble %r : tensor<?x40x64x!quantx.scaled<i8 : f32, f32 per 1x1x*, packing rows16>> to tensor<?x3x1024xi8>, tensor<?x3x16xf32>
  return
}

// CHECK-LABEL: func.func @error_stats(
func.func @error_stats(%x: tensor<?x64xf32>, %q: tensor<?x64x!mxfp4>) {
  // CHECK: %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} = quantx.error_stats %{{.*}}, %{{.*}} : tensor<?x64xf32>, tensor<?x64x!mxfp4> -> f32, f32, i64, i64
  %0:4 = quantx.error_stats %x, %q : tensor<?x64xf32>, tensor<?x64x!mxfp4> -> f32, f32, i64, i64
  return
}

// CHECK-LABEL: func.func @scaled_matmul(
// CHECK-SAME: %[[A:[a-z0-9]+]]: tensor<4x64xbf16>, %[[W:[a-z0-9]+]]: tensor<8x64x!mxfp4>, %[[ACC:[a-z0-9]+]]: tensor<4x8xf32>
func.func @scaled_matmul(%a: tensor<4x64xbf16>, %w: tensor<8x64x!mxfp4>, %acc: tensor<4x8xf32>,
                         %x: tensor<?x?x!nvfp4>, %v: tensor<?x64x!int4>, %dyn: tensor<?x?xf32>,
                         %b: tensor<2x4x64x!batched>, %sums: tensor<2x4x4xf32>) {
  // CHECK: quantx.scaled_matmul ins(%[[A]], %[[W]] : tensor<4x64xbf16>, tensor<8x64x!mxfp4>) outs(%[[ACC]] : tensor<4x8xf32>) -> tensor<4x8xf32>
  // GENERIC: "quantx.scaled_matmul"(%{{[a-z0-9]+}}, %{{[a-z0-9]+}}, %{{[a-z0-9]+}}) :
  %0 = quantx.scaled_matmul ins(%a, %w : tensor<4x64xbf16>, tensor<8x64x!mxfp4>) outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: quantx.scaled_matmul ins(%{{.*}}, %{{.*}} : tensor<?x?x!nvfp4>, tensor<?x64x!quantx.scaled<ui4 : bf16, f16 per 1x*, zero_point ui4>>) outs(%{{.*}} : tensor<?x?xf32>) {note} -> tensor<?x?xf32>
  %1 = quantx.scaled_matmul ins(%x, %v : tensor<?x?x!nvfp4>, tensor<?x64x!int4>) outs(%dyn : tensor<?x?xf32>) {note} -> tensor<?x?xf32>
  // CHECK: quantx.scaled_matmul ins(%[[B:[a-z0-9]+]], %[[B]] : tensor<2x4x64x!quantx.scaled<i8 : f16, f32 per 1x1x*>>, tensor<2x4x64x!quantx.scaled<i8 : f16, f32 per 1x1x*>>) outs(%{{.*}} : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %2 = quantx.scaled_matmul ins(%b, %b : tensor<2x4x64x!batched>, tensor<2x4x64x!batched>) outs(%sums : tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  return
}
