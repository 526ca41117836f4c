// Every op, on every format, reaches the LLVM dialect, for each target.
//
// RUN: quant-opt %s -quantx-cpu-pipeline=target=generic | FileCheck %s
// RUN: quant-opt %s -quantx-cpu-pipeline=target=x86-64-v3 | FileCheck %s
// RUN: quant-opt %s -quantx-cpu-pipeline=target=x86-64-v4 | FileCheck %s --check-prefixes=CHECK,V4
// RUN: quant-opt %s -quantx-cpu-pipeline=target=aarch64 | FileCheck %s
// RUN: quant-opt %s -quantx-cpu-pipeline | FileCheck %s
// RUN: not %quant_opt %s -quantx-cpu-pipeline=target=z80 2>&1 >/dev/null | FileCheck %s --check-prefix=UNKNOWN --implicit-check-not=note:
// UNKNOWN: unknown target 'z80': expected one of native, x86-64-v4+amx, x86-64-v4+avx512vbmi, x86-64-v4, x86-64-v3, generic, aarch64

// What is no llvm op has one of these prefixes.
// RUN: quant-opt %s -quantx-cpu-pipeline=target=generic \
// RUN:   | FileCheck %s --check-prefix=ONLY \
// RUN:     --implicit-check-not={{"= (arith|math|memref|tensor|linalg|scf|cf|vector|func|builtin|quantx)\."}} \
// RUN:     --implicit-check-not=unrealized --implicit-check-not=f4E2M1 \
// RUN:     --implicit-check-not=f6E --implicit-check-not=f8E
// ONLY: module attributes

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!mxfp6_e2m3 = !quantx.scaled<f6E2M3FN : f32, f8E8M0FNU per 1x32>
!mxfp6_e3m2 = !quantx.scaled<f6E3M2FN : f32, f8E8M0FNU per 1x32>
!mxfp8_e4m3 = !quantx.scaled<f8E4M3FN : f32, f8E8M0FNU per 1x32>
!mxfp8_e5m2 = !quantx.scaled<f8E5M2 : f32, f8E8M0FNU per 1x32>
!mxint8 = !quantx.scaled<i8 : f32, f8E8M0FNU per 1x32>
!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
!int3 = !quantx.scaled<i3 : bf16, bf16 per 64>
!int4 = !quantx.scaled<ui4 : f16, f16 per 1x128, zero_point ui4>
!fp8 = !quantx.scaled<f8E4M3FN : bf16, f32 per 2x*x16>

// CHECK: module attributes {{.*}}llvm.target_triple
// CHECK-LABEL: llvm.func @mxfp4(
// V4: prefer_vector_width = "512"
// CHECK: llvm.func @_mlir_ciface_mxfp4(
func.func @mxfp4(%x: tensor<?x?xf32>) -> (tensor<?x?x!mxfp4>, tensor<?x?xf32>) {
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<?x?xf32> to tensor<?x?x!mxfp4>
  %y = quantx.dequantize %q : tensor<?x?x!mxfp4> to tensor<?x?xf32>
  return %q, %y : tensor<?x?x!mxfp4>, tensor<?x?xf32>
}

// CHECK-LABEL: llvm.func @mxfp6_e2m3(
func.func @mxfp6_e2m3(%x: tensor<3x65xf32>) -> tensor<3x65xf32> {
  %q = quantx.dynamic_quantize %x using #quantx.ceil : tensor<3x65xf32> to tensor<3x65x!mxfp6_e2m3>
  %y = quantx.dequantize %q : tensor<3x65x!mxfp6_e2m3> to tensor<3x65xf32>
  return %y : tensor<3x65xf32>
}

// CHECK-LABEL: llvm.func @mxfp6_e3m2(
func.func @mxfp6_e3m2(%x: tensor<?x?xf32>) -> tensor<?x?x!mxfp6_e3m2> {
  %q = quantx.dynamic_quantize %x using #quantx.even {rounding = #quantx.rounding<nearest_toward_zero>} : tensor<?x?xf32> to tensor<?x?x!mxfp6_e3m2>
  return %q : tensor<?x?x!mxfp6_e3m2>
}

// CHECK-LABEL: llvm.func @mxfp8_e4m3(
func.func @mxfp8_e4m3(%x: tensor<0x64xf32>) -> tensor<0x64xf32> {
  %q = quantx.dynamic_quantize %x using #quantx.rceil {saturate = false} : tensor<0x64xf32> to tensor<0x64x!mxfp8_e4m3>
  %y = quantx.dequantize %q : tensor<0x64x!mxfp8_e4m3> to tensor<0x64xf32>
  return %y : tensor<0x64xf32>
}

// CHECK-LABEL: llvm.func @mxfp8_e5m2(
func.func @mxfp8_e5m2(%x: tensor<8x64xf32>, %seed: i64) -> (f32, f32, i64, i64) {
  %q = quantx.dynamic_quantize %x using #quantx.floor seed %seed {rounding = #quantx.rounding<stochastic>} : tensor<8x64xf32> to tensor<8x64x!mxfp8_e5m2>
  %e:4 = quantx.error_stats %x, %q : tensor<8x64xf32>, tensor<8x64x!mxfp8_e5m2> -> f32, f32, i64, i64
  return %e#0, %e#1, %e#2, %e#3 : f32, f32, i64, i64
}

// CHECK-LABEL: llvm.func @mxint8(
func.func @mxint8(%x: tensor<8x64xf32>) -> tensor<8x64x!mxint8> {
  %q = quantx.dynamic_quantize %x using #quantx.rceil : tensor<8x64xf32> to tensor<8x64x!mxint8>
  return %q : tensor<8x64x!mxint8>
}

// CHECK-LABEL: llvm.func @nvfp4(
func.func @nvfp4(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %s, %g = quantx.choose_qparams %x using #quantx.absmax for !nvfp4 : tensor<?x64xf32> -> tensor<?x4xf8E4M3FN>, tensor<f32>
  %q = quantx.quantize %x, %s, %g : tensor<?x64xf32>, tensor<?x4xf8E4M3FN>, tensor<f32> to tensor<?x64x!nvfp4>
  %y = quantx.dequantize %q : tensor<?x64x!nvfp4> to tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// CHECK-LABEL: llvm.func @int3(
func.func @int3(%x: tensor<?xbf16>) -> tensor<?xbf16> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax<margin = 0.9> : tensor<?xbf16> to tensor<?x!int3>
  %y = quantx.dequantize %q : tensor<?x!int3> to tensor<?xbf16>
  return %y : tensor<?xbf16>
}

// CHECK-LABEL: llvm.func @int4(
func.func @int4(%x: tensor<8x300xf16>) -> (tensor<8x150xi8>, tensor<8x3xui4>) {
  %q = quantx.dynamic_quantize %x using #quantx.minmax : tensor<8x300xf16> to tensor<8x300x!int4>
  %p, %s, %z = quantx.disassemble %q : tensor<8x300x!int4> to tensor<8x150xi8>, tensor<8x3xf16>, tensor<8x3xui4>
  return %p, %z : tensor<8x150xi8>, tensor<8x3xui4>
}

// CHECK-LABEL: llvm.func @fp8(
func.func @fp8(%x: tensor<3x5x20xbf16>) -> tensor<3x5x20xbf16> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax<pow2> : tensor<3x5x20xbf16> to tensor<3x5x20x!fp8>
  %y = quantx.dequantize %q : tensor<3x5x20x!fp8> to tensor<3x5x20xbf16>
  return %y : tensor<3x5x20xbf16>
}

// CHECK-LABEL: llvm.func @pack(
func.func @pack(%c: tensor<8x63xi4>, %b: tensor<?xi8>) -> (tensor<8x32xi8>, tensor<?xui6>) {
  %p = quantx.pack %c as #quantx.packing<linear> : tensor<8x63xi4> to tensor<8x32xi8>
  %u = quantx.unpack %b as #quantx.packing<linear> : tensor<?xi8> to tensor<?xui6>
  return %p, %u : tensor<8x32xi8>, tensor<?xui6>
}

// CHECK-LABEL: llvm.func @loop(
func.func @loop(%q: tensor<8x64x!mxfp4>, %n: index) -> tensor<8x64x!mxfp4> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %q) -> (tensor<8x64x!mxfp4>) {
    %y = quantx.dequantize %a : tensor<8x64x!mxfp4> to tensor<8x64xf32>
    %b = quantx.dynamic_quantize %y using #quantx.floor : tensor<8x64xf32> to tensor<8x64x!mxfp4>
    scf.yield %b : tensor<8x64x!mxfp4>
  }
  return %r : tensor<8x64x!mxfp4>
}
