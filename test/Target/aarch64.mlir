// Code for AArch64, on any machine: quantize, dequantize and scaled_matmul work
// on NEON's vectors, and no function is called but those for memory.
//
// RUN: split-file %s %t
// RUN: quant-compile %t/quantize.mlir --target=aarch64 -o %t/quantize.s
// RUN: FileCheck %s --input-file=%t/quantize.s --check-prefix=QUANTIZE
// RUN: quant-compile %t/dequantize.mlir --target=aarch64 -o %t/dequantize.s
// RUN: FileCheck %s --input-file=%t/dequantize.s --check-prefix=DEQUANTIZE
// RUN: quant-compile %t/matmul.mlir --target=aarch64 -o %t/matmul.s
// RUN: FileCheck %s --input-file=%t/matmul.s --check-prefix=MATMUL
// RUN: cat %t/quantize.s %t/dequantize.s %t/matmul.s > %t/all.s
// RUN: not grep -P '\tbl\t(?!malloc$|free$|memset$|memcpy$|_mlir_ciface_|[a-z]+_(mxfp4|mxfp8|nvfp4|fp8|int4|int8)$)' %t/all.s

//--- quantize.mlir
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!mxfp8 = !quantx.scaled<f8E5M2 : bf16, f8E8M0FNU per 1x32>
!nvfp4 = !quantx.scaled<f4E2M1FN : bf16, f8E4M3FN per 1x16, global f32>
!fp8 = !quantx.scaled<f8E4M3FN : f16, f32 per 128x128>
!int4 = !quantx.scaled<ui4 : f32, f16 per 1x128, zero_point ui4>
!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>

// Maxima of magnitudes as integers, and codes from 32-bit lanes to bytes.
// QUANTIZE-LABEL: {{^}}quantize_mxfp4:
// QUANTIZE-DAG: {{[us]max(v)?[[:space:]].*\.4s}}
// QUANTIZE-DAG: {{fmul[[:space:]]v[0-9]+\.4s}}
// QUANTIZE-DAG: {{uzp1[[:space:]]v[0-9]+\.(8h|16b)}}
func.func @quantize_mxfp4(%x: tensor<?x4096xf32>) -> tensor<?x4096x!mxfp4> {
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<?x4096xf32> to tensor<?x4096x!mxfp4>
  return %q : tensor<?x4096x!mxfp4>
}

// QUANTIZE-LABEL: {{^}}optimal_mxfp4:
func.func @optimal_mxfp4(%x: tensor<?x?xf32>) -> tensor<?x?x!mxfp4> {
  %q = quantx.dynamic_quantize %x using #quantx.optimal : tensor<?x?xf32> to tensor<?x?x!mxfp4>
  return %q : tensor<?x?x!mxfp4>
}

// QUANTIZE-LABEL: {{^}}quantize_mxfp8:
func.func @quantize_mxfp8(%x: tensor<?x100xbf16>) -> tensor<?x100x!mxfp8> {
  %q = quantx.dynamic_quantize %x using #quantx.rceil : tensor<?x100xbf16> to tensor<?x100x!mxfp8>
  return %q : tensor<?x100x!mxfp8>
}

// QUANTIZE-LABEL: {{^}}quantize_nvfp4:
// QUANTIZE: {{fdiv[[:space:]]v[0-9]+\.4s}}
func.func @quantize_nvfp4(%x: tensor<?x4096xbf16>) -> tensor<?x4096x!nvfp4> {
  %q = quantx.dynamic_quantize %x using #quantx.four_over_six : tensor<?x4096xbf16> to tensor<?x4096x!nvfp4>
  return %q : tensor<?x4096x!nvfp4>
}

// QUANTIZE-LABEL: {{^}}quantize_fp8:
// QUANTIZE: {{fcvtl2?[[:space:]]v[0-9]+\.4s}}
func.func @quantize_fp8(%x: tensor<?x4096xf16>) -> tensor<?x4096x!fp8> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax : tensor<?x4096xf16> to tensor<?x4096x!fp8>
  return %q : tensor<?x4096x!fp8>
}

// QUANTIZE-LABEL: {{^}}quantize_int4:
// QUANTIZE: {{fdiv[[:space:]]v[0-9]+\.4s}}
func.func @quantize_int4(%x: tensor<?x4096xf32>) -> tensor<?x4096x!int4> {
  %q = quantx.dynamic_quantize %x using #quantx.minmax : tensor<?x4096xf32> to tensor<?x4096x!int4>
  return %q : tensor<?x4096x!int4>
}

// QUANTIZE-LABEL: {{^}}quantize_int8:
// QUANTIZE: {{fdiv[[:space:]]v[0-9]+\.4s}}
func.func @quantize_int8(%x: tensor<?x4096xf32>) -> tensor<?x4096x!int8> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax : tensor<?x4096xf32> to tensor<?x4096x!int8>
  return %q : tensor<?x4096x!int8>
}

//--- dequantize.mlir
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!nvfp4 = !quantx.scaled<f4E2M1FN : bf16, f8E4M3FN per 1x16, global f32>
!int4 = !quantx.scaled<ui4 : f16, f16 per 1x128, zero_point ui4>

// Four values at a time, and bytes to lanes by a table of NEON.
// DEQUANTIZE-LABEL: {{^}}dequantize_mxfp4:
// DEQUANTIZE-DAG: {{tbl[[:space:]]v[0-9]+\.16b}}
// DEQUANTIZE-DAG: {{fmul[[:space:]]v[0-9]+\.4s}}
func.func @dequantize_mxfp4(%x: tensor<?x4096x!mxfp4>) -> tensor<?x4096xf32> {
  %y = quantx.dequantize %x : tensor<?x4096x!mxfp4> to tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}

// DEQUANTIZE-LABEL: {{^}}dequantize_nvfp4:
// DEQUANTIZE: {{fmul[[:space:]]v[0-9]+\.4s}}
func.func @dequantize_nvfp4(%x: tensor<?x4096x!nvfp4>) -> tensor<?x4096xbf16> {
  %y = quantx.dequantize %x : tensor<?x4096x!nvfp4> to tensor<?x4096xbf16>
  return %y : tensor<?x4096xbf16>
}

// DEQUANTIZE-LABEL: {{^}}dequantize_int4:
// DEQUANTIZE: {{[us]cvtf[[:space:]]v[0-9]+\.4s}}
func.func @dequantize_int4(%x: tensor<?x4096x!int4>) -> tensor<?x4096xf16> {
  %y = quantx.dequantize %x : tensor<?x4096x!int4> to tensor<?x4096xf16>
  return %y : tensor<?x4096xf16>
}

//--- matmul.mlir
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!int8 = !quantx.scaled<i8 : bf16, f32 per 1x*>

// MATMUL-LABEL: {{^}}matmul_mxfp4:
// MATMUL: {{fmla[[:space:]]v[0-9]+\.4s}}
func.func @matmul_mxfp4(%x: tensor<?x4096xf32>, %w: tensor<512x4096x!mxfp4>, %init: tensor<?x512xf32>) -> tensor<?x512xf32> {
  %y = quantx.scaled_matmul ins(%x, %w : tensor<?x4096xf32>, tensor<512x4096x!mxfp4>) outs(%init : tensor<?x512xf32>) -> tensor<?x512xf32>
  return %y : tensor<?x512xf32>
}

// MATMUL-LABEL: {{^}}matmul_int8:
// MATMUL: {{fmla[[:space:]]v[0-9]+\.4s}}
func.func @matmul_int8(%x: tensor<?x4096xbf16>, %w: tensor<512x4096x!int8>, %init: tensor<?x512xf32>) -> tensor<?x512xf32> {
  %y = quantx.scaled_matmul ins(%x, %w : tensor<?x4096xbf16>, tensor<512x4096x!int8>) outs(%init : tensor<?x512xf32>) -> tensor<?x512xf32>
  return %y : tensor<?x512xf32>
}
