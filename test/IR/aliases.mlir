// Well-known types print under short names, which parse back; types that differ
// from one in any part do not.
//
// RUN: quant-opt %s | FileCheck %s
// RUN: quant-opt %s | quant-opt | FileCheck %s

// CHECK-DAG: !int4_g128 = !quantx.scaled<ui4 : f32, f16 per 1x128, zero_point ui4>
// CHECK-DAG: !int4_g64 = !quantx.scaled<ui4 : f32, f16 per 1x64, zero_point ui4>
// CHECK-DAG: !mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
// CHECK-DAG: !mxfp4_rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>
// CHECK-DAG: !mxfp6_e2m3 = !quantx.scaled<f6E2M3FN : f32, f8E8M0FNU per 1x32>
// CHECK-DAG: !mxfp6_e3m2 = !quantx.scaled<f6E3M2FN : f32, f8E8M0FNU per 1x32>
// CHECK-DAG: !mxfp8_e4m3 = !quantx.scaled<f8E4M3FN : f32, f8E8M0FNU per 1x32>
// CHECK-DAG: !mxfp8_e5m2 = !quantx.scaled<f8E5M2 : f32, f8E8M0FNU per 1x32>
// CHECK-DAG: !mxint8 = !quantx.scaled<i8 : f32, f8E8M0FNU per 1x32>
// CHECK-DAG: !nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>

// CHECK-LABEL: func.func private @known(
// CHECK-SAME: tensor<4x64x!mxfp4>, tensor<4x64x!mxfp6_e2m3>, tensor<4x64x!mxfp6_e3m2>
// CHECK-SAME: tensor<4x64x!mxfp8_e4m3>, tensor<4x64x!mxfp8_e5m2>, tensor<4x64x!mxint8>
// CHECK-SAME: tensor<4x64x!nvfp4>, tensor<4x64x!int4_g128>, tensor<4x64x!int4_g64>
// CHECK-SAME: tensor<4x64x!mxfp4_rows16>
func.func private @known(
  tensor<4x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>>,
  tensor<4x64x!quantx.scaled<f6E2M3FN : f32, f8E8M0FNU per 1x32>>,
  tensor<4x64x!quantx.scaled<f6E3M2FN : f32, f8E8M0FNU per 1x32>>,
  tensor<4x64x!quantx.scaled<f8E4M3FN : f32, f8E8M0FNU per 1x32>>,
  tensor<4x64x!quantx.scaled<f8E5M2 : f32, f8E8M0FNU per 1x32>>,
  tensor<4x64x!quantx.scaled<i8 : f32, f8E8M0FNU per 1x32>>,
  tensor<4x64x!quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>>,
  tensor<4x64x!quantx.scaled<ui4 : f32, f16 per 1x128, zero_point ui4>>,
  tensor<4x64x!quantx.scaled<ui4 : f32, f16 per 1x64, zero_point ui4>>,
  tensor<4x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>>)

// Another block size, axis or rank; another expressed type.
// CHECK-LABEL: func.func private @near_mxfp4(
// CHECK-SAME: tensor<4x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x16>>
// CHECK-SAME: tensor<4x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 32x1>>
// CHECK-SAME: tensor<64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 32>>
// CHECK-SAME: tensor<4x64x!quantx.scaled<f4E2M1FN : bf16, f8E8M0FNU per 1x32>>
// CHECK-SAME: tensor<4x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, global f32>>
// CHECK-SAME: tensor<4x64x!quantx.scaled<i4 : f32, f8E8M0FNU per 1x32>>
func.func private @near_mxfp4(
  tensor<4x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x16>>,
  tensor<4x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 32x1>>,
  tensor<64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 32>>,
  tensor<4x64x!quantx.scaled<f4E2M1FN : bf16, f8E8M0FNU per 1x32>>,
  tensor<4x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, global f32>>,
  tensor<4x64x!quantx.scaled<i4 : f32, f8E8M0FNU per 1x32>>)

// CHECK-LABEL: func.func private @near_nvfp4(
// CHECK-SAME: tensor<4x64x!quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16>>
// CHECK-SAME: tensor<4x64x!quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x32, global f32>>
// CHECK-SAME: tensor<4x64x!quantx.scaled<f8E4M3FN : f32, f8E4M3FN per 1x16, global f32>>
func.func private @near_nvfp4(
  tensor<4x64x!quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16>>,
  tensor<4x64x!quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x32, global f32>>,
  tensor<4x64x!quantx.scaled<f8E4M3FN : f32, f8E4M3FN per 1x16, global f32>>)

// CHECK-LABEL: func.func private @near_int4(
// CHECK-SAME: tensor<4x64x!quantx.scaled<ui4 : f32, f16 per 1x*, zero_point ui4>>
// CHECK-SAME: tensor<4x64x!quantx.scaled<ui4 : f32, f32 per 1x128, zero_point ui4>>
// CHECK-SAME: tensor<4x64x!quantx.scaled<ui4 : f32, f16 per 1x128>>
// CHECK-SAME: tensor<4x64x!quantx.scaled<i4 : f32, f16 per 1x128, zero_point i4>>
func.func private @near_int4(
  tensor<4x64x!quantx.scaled<ui4 : f32, f16 per 1x*, zero_point ui4>>,
  tensor<4x64x!quantx.scaled<ui4 : f32, f32 per 1x128, zero_point ui4>>,
  tensor<4x64x!quantx.scaled<ui4 : f32, f16 per 1x128>>,
  tensor<4x64x!quantx.scaled<i4 : f32, f16 per 1x128, zero_point i4>>)
