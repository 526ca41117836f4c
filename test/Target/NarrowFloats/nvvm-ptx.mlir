// Down to PTX: which `cvt` each chip gets for each format and direction, and
// that nothing goes through local memory.
//
// DEFINE: %{chip} =
// DEFINE: %{ptx} =
// DEFINE: %{to-ptx} = quant-opt %s \
// DEFINE:   --quantx-expand-narrow-floats=target=%{chip} \
// DEFINE:   --convert-vector-to-llvm --convert-to-llvm \
// DEFINE:   --reconcile-unrealized-casts \
// DEFINE: | mlir-translate --mlir-to-llvmir \
// DEFINE: | opt -O3 -mtriple=nvptx64-nvidia-cuda \
// DEFINE: | llc -O3 -mcpu=%{chip} -mattr=+ptx%{ptx}
// DEFINE: %{prefixes} =
// DEFINE: %{check} = %{to-ptx} | FileCheck %s --implicit-check-not=.local \
// DEFINE:   --check-prefixes=CHECK,%{prefixes}

// REDEFINE: %{prefixes} = NOF8,NOF6
// REDEFINE: %{chip} = sm_80
// REDEFINE: %{ptx} = 70
// RUN: %{check}
// REDEFINE: %{chip} = sm_86
// REDEFINE: %{ptx} = 71
// RUN: %{check}

// REDEFINE: %{prefixes} = F8,NOF6
// REDEFINE: %{chip} = sm_89
// REDEFINE: %{ptx} = 81
// RUN: %{check}
// REDEFINE: %{chip} = sm_90
// REDEFINE: %{ptx} = 78
// RUN: %{check}
// REDEFINE: %{chip} = sm_90a
// REDEFINE: %{ptx} = 80
// RUN: %{check}
// REDEFINE: %{chip} = sm_100
// REDEFINE: %{ptx} = 86
// RUN: %{check}
// REDEFINE: %{chip} = sm_120
// REDEFINE: %{ptx} = 87
// RUN: %{check}

// REDEFINE: %{prefixes} = F8,F6
// REDEFINE: %{chip} = sm_100a
// REDEFINE: %{ptx} = 86
// RUN: %{check}
// REDEFINE: %{chip} = sm_100f
// REDEFINE: %{ptx} = 88
// RUN: %{check}
// REDEFINE: %{chip} = sm_103a
// REDEFINE: %{ptx} = 88
// RUN: %{check}
// REDEFINE: %{chip} = sm_120a
// REDEFINE: %{ptx} = 87
// RUN: %{check}
// REDEFINE: %{chip} = sm_120f
// REDEFINE: %{ptx} = 88
// RUN: %{check}
// REDEFINE: %{chip} = sm_121a
// REDEFINE: %{ptx} = 88
// RUN: %{check}

// CHECK-LABEL: .func{{.*}} encode_f8E4M3FN(
// F8-COUNT-2: cvt.rn.satfinite.e4m3x2.f32
// F8-NOT: cvt.r
// NOF8-NOT: cvt.{{.*}}x2
// CHECK: ret;
func.func @encode_f8E4M3FN(%x: vector<4xf32>) -> vector<4xi8> {
  %y = arith.truncf %x : vector<4xf32> to vector<4xf8E4M3FN>
  %b = arith.bitcast %y : vector<4xf8E4M3FN> to vector<4xi8>
  return %b : vector<4xi8>
}

// CHECK-LABEL: .func{{.*}} decode_f8E4M3FN(
// F8-COUNT-2: cvt.rn.f16x2.e4m3x2
// F8-NOT: cvt.r
// NOF8-NOT: cvt.{{.*}}x2
// CHECK: ret;
func.func @decode_f8E4M3FN(%b: vector<4xi8>) -> vector<4xf32> {
  %x = arith.bitcast %b : vector<4xi8> to vector<4xf8E4M3FN>
  %y = arith.extf %x : vector<4xf8E4M3FN> to vector<4xf32>
  return %y : vector<4xf32>
}

// CHECK-LABEL: .func{{.*}} encode_f8E5M2(
// F8-COUNT-2: cvt.rn.satfinite.e5m2x2.f32
// F8-NOT: cvt.r
// NOF8-NOT: cvt.{{.*}}x2
// CHECK: ret;
func.func @encode_f8E5M2(%x: vector<4xf32>) -> vector<4xi8> {
  %y = arith.truncf %x : vector<4xf32> to vector<4xf8E5M2>
  %b = arith.bitcast %y : vector<4xf8E5M2> to vector<4xi8>
  return %b : vector<4xi8>
}

// CHECK-LABEL: .func{{.*}} decode_f8E5M2(
// F8-COUNT-2: cvt.rn.f16x2.e5m2x2
// F8-NOT: cvt.r
// NOF8-NOT: cvt.{{.*}}x2
// CHECK: ret;
func.func @decode_f8E5M2(%b: vector<4xi8>) -> vector<4xf32> {
  %x = arith.bitcast %b : vector<4xi8> to vector<4xf8E5M2>
  %y = arith.extf %x : vector<4xf8E5M2> to vector<4xf32>
  return %y : vector<4xf32>
}

// CHECK-LABEL: .func{{.*}} encode_f6E2M3FN(
// F6-COUNT-2: cvt.rn.satfinite.e2m3x2.f32
// F6-NOT: cvt.r
// NOF6-NOT: cvt.{{.*}}x2
// CHECK: ret;
func.func @encode_f6E2M3FN(%x: vector<4xf32>) -> vector<3xi8> {
  %y = arith.truncf %x : vector<4xf32> to vector<4xf6E2M3FN>
  %b = vector.bitcast %y : vector<4xf6E2M3FN> to vector<3xi8>
  return %b : vector<3xi8>
}

// CHECK-LABEL: .func{{.*}} decode_f6E2M3FN(
// F6-COUNT-2: cvt.rn.f16x2.e2m3x2
// F6-NOT: cvt.r
// NOF6-NOT: cvt.{{.*}}x2
// CHECK: ret;
func.func @decode_f6E2M3FN(%b: vector<3xi8>) -> vector<4xf32> {
  %x = vector.bitcast %b : vector<3xi8> to vector<4xf6E2M3FN>
  %y = arith.extf %x : vector<4xf6E2M3FN> to vector<4xf32>
  return %y : vector<4xf32>
}

// CHECK-LABEL: .func{{.*}} encode_f6E3M2FN(
// F6-COUNT-2: cvt.rn.satfinite.e3m2x2.f32
// F6-NOT: cvt.r
// NOF6-NOT: cvt.{{.*}}x2
// CHECK: ret;
func.func @encode_f6E3M2FN(%x: vector<4xf32>) -> vector<3xi8> {
  %y = arith.truncf %x : vector<4xf32> to vector<4xf6E3M2FN>
  %b = vector.bitcast %y : vector<4xf6E3M2FN> to vector<3xi8>
  return %b : vector<3xi8>
}

// CHECK-LABEL: .func{{.*}} decode_f6E3M2FN(
// F6-COUNT-2: cvt.rn.f16x2.e3m2x2
// F6-NOT: cvt.r
// NOF6-NOT: cvt.{{.*}}x2
// CHECK: ret;
func.func @decode_f6E3M2FN(%b: vector<3xi8>) -> vector<4xf32> {
  %x = vector.bitcast %b : vector<3xi8> to vector<4xf6E3M2FN>
  %y = arith.extf %x : vector<4xf6E3M2FN> to vector<4xf32>
  return %y : vector<4xf32>
}

// CHECK-LABEL: .func{{.*}} encode_f4E2M1FN(
// F6-COUNT-2: cvt.rn.satfinite.e2m1x2.f32
// F6-NOT: cvt.r
// NOF6-NOT: cvt.{{.*}}x2
// CHECK: ret;
func.func @encode_f4E2M1FN(%x: vector<4xf32>) -> vector<2xi8> {
  %y = arith.truncf %x : vector<4xf32> to vector<4xf4E2M1FN>
  %b = vector.bitcast %y : vector<4xf4E2M1FN> to vector<2xi8>
  return %b : vector<2xi8>
}

// CHECK-LABEL: .func{{.*}} decode_f4E2M1FN(
// F6-COUNT-2: cvt.rn.f16x2.e2m1x2
// F6-NOT: cvt.r
// NOF6-NOT: cvt.{{.*}}x2
// CHECK: ret;
func.func @decode_f4E2M1FN(%b: vector<2xi8>) -> vector<4xf32> {
  %x = vector.bitcast %b : vector<2xi8> to vector<4xf4E2M1FN>
  %y = arith.extf %x : vector<4xf4E2M1FN> to vector<4xf32>
  return %y : vector<4xf32>
}

// CHECK-LABEL: .func{{.*}} encode_f8E8M0FNU_upward(
// F6-COUNT-2: cvt.rp.ue8m0x2.f32
// F6-NOT: cvt.r
// NOF6-NOT: cvt.{{.*}}x2
// CHECK: ret;
func.func @encode_f8E8M0FNU_upward(%x: vector<4xf32>) -> vector<4xi8> {
  %y = arith.truncf %x upward : vector<4xf32> to vector<4xf8E8M0FNU>
  %b = arith.bitcast %y : vector<4xf8E8M0FNU> to vector<4xi8>
  return %b : vector<4xi8>
}

// CHECK-LABEL: .func{{.*}} encode_f8E8M0FNU_toward_zero(
// F6-COUNT-2: cvt.rz.ue8m0x2.f32
// F6-NOT: cvt.r
// NOF6-NOT: cvt.{{.*}}x2
// CHECK: ret;
func.func @encode_f8E8M0FNU_toward_zero(%x: vector<4xf32>) -> vector<4xi8> {
  %y = arith.truncf %x toward_zero : vector<4xf32> to vector<4xf8E8M0FNU>
  %b = arith.bitcast %y : vector<4xf8E8M0FNU> to vector<4xi8>
  return %b : vector<4xi8>
}

// There is no instruction to the nearest power of two.
// CHECK-LABEL: .func{{.*}} encode_f8E8M0FNU(
// CHECK-NOT: cvt.{{.*}}x2
// CHECK: ret;
func.func @encode_f8E8M0FNU(%x: vector<4xf32>) -> vector<4xi8> {
  %y = arith.truncf %x : vector<4xf32> to vector<4xf8E8M0FNU>
  %b = arith.bitcast %y : vector<4xf8E8M0FNU> to vector<4xi8>
  return %b : vector<4xi8>
}

// CHECK-LABEL: .func{{.*}} decode_f8E8M0FNU(
// F6-COUNT-2: cvt.rn.bf16x2.ue8m0x2
// F6-NOT: cvt.r
// NOF6-NOT: cvt.{{.*}}x2
// CHECK: ret;
func.func @decode_f8E8M0FNU(%b: vector<4xi8>) -> vector<4xf32> {
  %x = arith.bitcast %b : vector<4xi8> to vector<4xf8E8M0FNU>
  %y = arith.extf %x : vector<4xf8E8M0FNU> to vector<4xf32>
  return %y : vector<4xf32>
}

// The first of a pair goes into the lower half.
// CHECK-LABEL: .func{{.*}} order_f8E4M3FN(
// CHECK-DAG: ld.param.b32 [[FIRST:%r[0-9]+]], [order_f8E4M3FN_param_0]
// CHECK-DAG: ld.param.b32 [[SECOND:%r[0-9]+]], [order_f8E4M3FN_param_1]
// F8-DAG: selp.f32 [[A:%r[0-9]+]], 0f7FC00000, [[FIRST]],
// F8-DAG: selp.f32 [[B:%r[0-9]+]], 0f7FC00000, [[SECOND]],
// F8: cvt.rn.satfinite.e4m3x2.f32 {{.*}}, [[B]], [[A]];
// CHECK: ret;
func.func @order_f8E4M3FN(%first: f32, %second: f32) -> vector<2xi8> {
  %x = vector.from_elements %first, %second : vector<2xf32>
  %y = arith.truncf %x : vector<2xf32> to vector<2xf8E4M3FN>
  %b = arith.bitcast %y : vector<2xf8E4M3FN> to vector<2xi8>
  return %b : vector<2xi8>
}

// CHECK-LABEL: .func{{.*}} order_f6E2M3FN(
// CHECK-DAG: ld.param.b32 [[FIRST:%r[0-9]+]], [order_f6E2M3FN_param_0]
// CHECK-DAG: ld.param.b32 [[SECOND:%r[0-9]+]], [order_f6E2M3FN_param_1]
// F6: cvt.rn.satfinite.e2m3x2.f32 {{.*}}, [[SECOND]], [[FIRST]];
// CHECK: ret;
func.func @order_f6E2M3FN(%first: f32, %second: f32) -> vector<2xi8> {
  %x = vector.from_elements %first, %second : vector<2xf32>
  %y = arith.truncf %x : vector<2xf32> to vector<2xf6E2M3FN>
  %b = arith.bitcast %y : vector<2xf6E2M3FN> to vector<2xi6>
  %e = arith.extui %b : vector<2xi6> to vector<2xi8>
  return %e : vector<2xi8>
}

// CHECK-LABEL: .func{{.*}} order_f4E2M1FN(
// CHECK-DAG: ld.param.b32 [[FIRST:%r[0-9]+]], [order_f4E2M1FN_param_0]
// CHECK-DAG: ld.param.b32 [[SECOND:%r[0-9]+]], [order_f4E2M1FN_param_1]
// F6: cvt.rn.satfinite.e2m1x2.f32 {{.*}}, [[SECOND]], [[FIRST]];
// CHECK: ret;
func.func @order_f4E2M1FN(%first: f32, %second: f32) -> vector<2xi8> {
  %x = vector.from_elements %first, %second : vector<2xf32>
  %y = arith.truncf %x : vector<2xf32> to vector<2xf4E2M1FN>
  %b = arith.bitcast %y : vector<2xf4E2M1FN> to vector<2xi4>
  %e = arith.extui %b : vector<2xi4> to vector<2xi8>
  return %e : vector<2xi8>
}

// Two f16 are one operand.
// CHECK-LABEL: .func{{.*}} encode_f16(
// F8: cvt.rn.satfinite.e4m3x2.f16x2
// F8-NOT: cvt.r
// NOF8-NOT: cvt.{{.*}}x2
// CHECK: ret;
func.func @encode_f16(%x: vector<2xf16>) -> vector<2xi8> {
  %y = arith.truncf %x : vector<2xf16> to vector<2xf8E4M3FN>
  %b = arith.bitcast %y : vector<2xf8E4M3FN> to vector<2xi8>
  return %b : vector<2xi8>
}

// CHECK-LABEL: .func{{.*}} decode_f16(
// F8: cvt.rn.f16x2.e4m3x2
// F8-NOT: cvt.r
// NOF8-NOT: cvt.{{.*}}x2
// CHECK: ret;
func.func @decode_f16(%b: vector<2xi8>) -> vector<2xf16> {
  %x = arith.bitcast %b : vector<2xi8> to vector<2xf8E4M3FN>
  %y = arith.extf %x : vector<2xf8E4M3FN> to vector<2xf16>
  return %y : vector<2xf16>
}

// CHECK-LABEL: .func{{.*}} scalar(
// F8: cvt.rn.satfinite.e5m2x2.f32
// F8-NOT: cvt.r
// NOF8-NOT: cvt.{{.*}}x2
// CHECK: ret;
func.func @scalar(%x: f32) -> i8 {
  %y = arith.truncf %x : f32 to f8E5M2
  %b = arith.bitcast %y : f8E5M2 to i8
  return %b : i8
}

// The bytes are the operands: nothing is unpacked to be packed again.
// CHECK-LABEL: .func{{.*}} packed(
// F6: cvt.rn.f16x2.e2m1x2
// F6-NOT: shl
// F6: ret;
// NOF6-NOT: cvt.{{.*}}x2
func.func @packed(%b: vector<1xi8>) -> vector<2xf16> {
  %x = vector.bitcast %b : vector<1xi8> to vector<2xf4E2M1FN>
  %y = arith.extf %x : vector<2xf4E2M1FN> to vector<2xf16>
  return %y : vector<2xf16>
}
