// Every part of !quantx.scaled: prints what it parses. The round trip itself,
// text and bytecode, comes with quant-opt.
//
// RUN: quant-opt %s | FileCheck %s
// RUN: quant-opt %s -mlir-print-op-generic | FileCheck %s --check-prefix=GENERIC
// RUN: %quant_opt %s -emit-bytecode | %quant_opt | FileCheck %s

// Storage.

// CHECK-LABEL: func.func private @float_storage(
// CHECK-SAME: tensor<4x64x!quantx.scaled<f8E4M3FN : f32, f32 per 1x32>>
// CHECK-SAME: tensor<4x64x!quantx.scaled<f8E5M2 : f32, f32 per 1x32>>
// CHECK-SAME: tensor<4x64x!quantx.scaled<f6E2M3FN : f32, f32 per 1x32>>
// CHECK-SAME: tensor<4x64x!quantx.scaled<f6E3M2FN : f32, f32 per 1x32>>
// CHECK-SAME: tensor<4x64x!quantx.scaled<f4E2M1FN : f32, f32 per 1x32>>
// GENERIC: sym_name = "float_storage"
func.func private @float_storage(
  tensor<4x64x!quantx.scaled<f8E4M3FN : f32, f32 per 1x32>>,
  tensor<4x64x!quantx.scaled<f8E5M2 : f32, f32 per 1x32>>,
  tensor<4x64x!quantx.scaled<f6E2M3FN : f32, f32 per 1x32>>,
  tensor<4x64x!quantx.scaled<f6E3M2FN : f32, f32 per 1x32>>,
  tensor<4x64x!quantx.scaled<f4E2M1FN : f32, f32 per 1x32>>)

// CHECK-LABEL: func.func private @signed_storage(
// CHECK-SAME: <i2 : {{.*}}<i3 : {{.*}}<i4 : {{.*}}<i5 : {{.*}}<i6 : {{.*}}<i7 : {{.*}}<i8 :
func.func private @signed_storage(
  tensor<4x!quantx.scaled<i2 : f32, f32 per *>>,
  tensor<4x!quantx.scaled<i3 : f32, f32 per *>>,
  tensor<4x!quantx.scaled<i4 : f32, f32 per *>>,
  tensor<4x!quantx.scaled<i5 : f32, f32 per *>>,
  tensor<4x!quantx.scaled<i6 : f32, f32 per *>>,
  tensor<4x!quantx.scaled<i7 : f32, f32 per *>>,
  tensor<4x!quantx.scaled<i8 : f32, f32 per *>>)

// CHECK-LABEL: func.func private @unsigned_storage(
// CHECK-SAME: <ui2 : {{.*}}<ui3 : {{.*}}<ui4 : {{.*}}<ui5 : {{.*}}<ui6 : {{.*}}<ui7 : {{.*}}<ui8 :
func.func private @unsigned_storage(
  tensor<4x!quantx.scaled<ui2 : f32, f32 per *>>,
  tensor<4x!quantx.scaled<ui3 : f32, f32 per *>>,
  tensor<4x!quantx.scaled<ui4 : f32, f32 per *>>,
  tensor<4x!quantx.scaled<ui5 : f32, f32 per *>>,
  tensor<4x!quantx.scaled<ui6 : f32, f32 per *>>,
  tensor<4x!quantx.scaled<ui7 : f32, f32 per *>>,
  tensor<4x!quantx.scaled<ui8 : f32, f32 per *>>)

// Expressed and scale types.

// CHECK-LABEL: func.func private @expressed(
// CHECK-SAME: <i8 : f32, f32 per *>
// CHECK-SAME: <i8 : f16, f32 per *>
// CHECK-SAME: <i8 : bf16, f32 per *>
func.func private @expressed(
  tensor<4x!quantx.scaled<i8 : f32, f32 per *>>,
  tensor<4x!quantx.scaled<i8 : f16, f32 per *>>,
  tensor<4x!quantx.scaled<i8 : bf16, f32 per *>>)

// CHECK-LABEL: func.func private @scale(
// CHECK-SAME: <i8 : f32, f16 per *>
// CHECK-SAME: <i8 : f32, bf16 per *>
// CHECK-SAME: <i8 : f32, f8E8M0FNU per *>
// CHECK-SAME: <i8 : f32, f8E4M3FN per *>
func.func private @scale(
  tensor<4x!quantx.scaled<i8 : f32, f16 per *>>,
  tensor<4x!quantx.scaled<i8 : f32, bf16 per *>>,
  tensor<4x!quantx.scaled<i8 : f32, f8E8M0FNU per *>>,
  tensor<4x!quantx.scaled<i8 : f32, f8E4M3FN per *>>)

// Blocks: each granularity is one. Spaces do not matter; sizes reach i64's end.

// CHECK-LABEL: func.func private @block(
// CHECK-SAME: per *x*>
// CHECK-SAME: per 1x*>
// CHECK-SAME: per *x1>
// CHECK-SAME: per 128x128>
// CHECK-SAME: per 1x32>
// CHECK-SAME: per 1x2147483647>
func.func private @block(
  tensor<4x64x!quantx.scaled<i8 : f32, f32 per *x*>>,
  tensor<4x64x!quantx.scaled<i8 : f32, f32 per 1x*>>,
  tensor<4x64x!quantx.scaled<i8 : f32, f32 per *x1>>,
  tensor<4x64x!quantx.scaled<i8 : f32, f32 per 128x128>>,
  tensor<4x64x!quantx.scaled<i8 : f32, f32 per 1 x 32>>,
  tensor<4x64x!quantx.scaled<i8 : f32, f32 per 1x2147483647>>)

// CHECK-LABEL: func.func private @block_rank(
// CHECK-SAME: tensor<64x!quantx.scaled<i8 : f32, f32 per 32>>
// CHECK-SAME: tensor<2x4x64x!quantx.scaled<i8 : f32, f32 per 1x*x32>>
// CHECK-SAME: tensor<1x1x1x1x1x1x!quantx.scaled<i8 : f32, f32 per 1x2x3x4x5x6>>
func.func private @block_rank(
  tensor<64x!quantx.scaled<i8 : f32, f32 per 32>>,
  tensor<2x4x64x!quantx.scaled<i8 : f32, f32 per 1x*x32>>,
  tensor<1x1x1x1x1x1x!quantx.scaled<i8 : f32, f32 per 1x2x3x4x5x6>>)

// Extras.

// CHECK-LABEL: func.func private @extras(
// CHECK-SAME: <f8E4M3FN : f32, f8E4M3FN per 1x16, global f32>
// CHECK-SAME: <ui4 : f32, f32 per 1x16, zero_point ui4>
// CHECK-SAME: <i8 : f32, bf16 per *x*, zero_point i8>
// CHECK-SAME: <ui4 : f32, f16 per 1x32, global f32, zero_point ui4>
// CHECK-SAME: <i8 : f32, bf16 per 1x1x*, zero_point i8, packing rows16>
// CHECK-SAME: <f8E4M3FN : f32, f8E4M3FN per 1x16, global f32, packing rows16>
func.func private @extras(
  tensor<4x64x!quantx.scaled<f8E4M3FN : f32, f8E4M3FN per 1x16, global f32>>,
  tensor<4x64x!quantx.scaled<ui4 : f32, f32 per 1x16, zero_point ui4>>,
  tensor<4x64x!quantx.scaled<i8 : f32, bf16 per *x*, zero_point i8>>,
  tensor<4x64x!quantx.scaled<ui4 : f32, f16 per 1x32, global f32, zero_point ui4>>,
  tensor<2x4x64x!quantx.scaled<i8 : f32, bf16 per 1x1x*, zero_point i8, packing rows16>>,
  tensor<4x64x!quantx.scaled<f8E4M3FN : f32, f8E4M3FN per 1x16, global f32, packing rows16>>)

// The element type of a memref too, and on its own.

// CHECK-LABEL: func.func private @elsewhere(
// CHECK-SAME: memref<4x64x!quantx.scaled<i8 : f32, f32 per 1x32>>
// CHECK-SAME: !quantx.scaled<i8 : f32, f32 per 1x32>
// CHECK-SAME: tensor<?x?x!quantx.scaled<i8 : f32, f32 per 1x32>>
func.func private @elsewhere(
  memref<4x64x!quantx.scaled<i8 : f32, f32 per 1x32>>,
  !quantx.scaled<i8 : f32, f32 per 1x32>,
  tensor<?x?x!quantx.scaled<i8 : f32, f32 per 1x32>>)
