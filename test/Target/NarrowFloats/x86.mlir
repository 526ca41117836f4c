// Which instructions each CPU gets for vectors of small floats. The bits are the
// same with all: QuantXConversionTests compares them.
//
// RUN: quant-opt %s --quantx-expand-narrow-floats --canonicalize \
// RUN: | FileCheck %s --check-prefixes=CHECK,GENERIC,NOF16 \
// RUN:     --implicit-check-not=xi4 --implicit-check-not=xi6 \
// RUN:     --implicit-check-not=call_intrinsic
// RUN: quant-opt %s --quantx-expand-narrow-floats=target=aarch64 \
// RUN:   --canonicalize \
// RUN: | FileCheck %s --check-prefixes=CHECK,GENERIC,F16 \
// RUN:     --implicit-check-not=xi4 --implicit-check-not=xi6 \
// RUN:     --implicit-check-not=call_intrinsic
// RUN: quant-opt %s --quantx-expand-narrow-floats=target=x86-64-v3 \
// RUN:   --canonicalize \
// RUN: | FileCheck %s --check-prefixes=CHECK,HALF,V3,F16 \
// RUN:     --implicit-check-not=xi4 --implicit-check-not=xi6 \
// RUN:     --implicit-check-not=avx512
// RUN: quant-opt %s --quantx-expand-narrow-floats=target=x86-64-v4 \
// RUN:   --canonicalize \
// RUN: | FileCheck %s --check-prefixes=CHECK,HALF,AVX512,V4,F16 \
// RUN:     --implicit-check-not=xi4 --implicit-check-not=xi6 \
// RUN:     --implicit-check-not=avx2 --implicit-check-not=var.qi
// RUN: quant-opt %s --quantx-expand-narrow-floats=target=x86-64-v4+avx512vbmi \
// RUN:   --canonicalize \
// RUN: | FileCheck %s --check-prefixes=CHECK,AVX512,VBMI,F16 \
// RUN:     --implicit-check-not=xi4 --implicit-check-not=xi6 \
// RUN:     --implicit-check-not=avx2

// 16 values: two tables, one for each byte of a bf16, in every 128-bit lane. With
// VBMI the whole register is one, four times as long, and what is above a code does
// no harm.
//
// CHECK-LABEL: func.func @decode_f4(
// CHECK-SAME: %[[PACKED:.*]]: vector<32xi8>)
// GENERIC: arith.extui %{{.*}} : vector<64xi8> to vector<64xi32>
// V3-DAG: dense<[0, 63, 63, 63, 64, 64, 64, 64, -128, -65, -65, -65, -64, -64, -64, -64,
// V3-DAG: dense<[0, 0, -128, -64, 0, 64, -128, -64, 0, 0, -128, -64, 0, 64, -128, -64,
// V3-COUNT-4: "llvm.x86.avx2.pshuf.b"({{.*}}) : (vector<32xi8>, vector<32xi8>) -> vector<32xi8>
// V4-COUNT-2: "llvm.x86.avx512.pshuf.b.512"({{.*}}) : (vector<64xi8>, vector<64xi8>) -> vector<64xi8>
// VBMI-COUNT-2: "llvm.x86.avx512.permvar.qi.512"({{.*}}) : (vector<64xi8>, vector<64xi8>) -> vector<64xi8>
// CHECK: return
func.func @decode_f4(%packed: vector<32xi8>) -> vector<64xf32> {
  %c = vector.bitcast %packed : vector<32xi8> to vector<64xf4E2M1FN>
  %x = arith.extf %c : vector<64xf4E2M1FN> to vector<64xf32>
  return %x : vector<64xf32>
}

// 64 values: tables with VBMI, else through f16. LLVM gets whole registers to
// shuffle.
//
// CHECK-LABEL: func.func @decode_f6(
// AVX512: %[[WIDE:.*]] = vector.shuffle {{.*}} : vector<48xi8>, vector<48xi8>
// AVX512-NEXT: %[[FROZEN:.*]] = llvm.freeze %[[WIDE]] : vector<64xi8>
// AVX512-NEXT: vector.shuffle %[[FROZEN]], %[[FROZEN]] [0, 1, 2, 2, 3, 4, 5, 5,
// HALF: arith.extf %{{.*}} : vector<64xf16> to vector<64xf32>
// VBMI-COUNT-2: "llvm.x86.avx512.permvar.qi.512"
// CHECK: return
func.func @decode_f6(%packed: vector<48xi8>) -> vector<64xbf16> {
  %c = vector.bitcast %packed : vector<48xi8> to vector<64xf6E3M2FN>
  %x = arith.extf %c : vector<64xf6E3M2FN> to vector<64xbf16>
  return %x : vector<64xbf16>
}

// 128 magnitudes: tables of two registers with VBMI.
//
// CHECK-LABEL: func.func @decode_f8(
// HALF: arith.extf %{{.*}} : vector<64xf16> to vector<64xf32>
// VBMI-COUNT-2: "llvm.x86.avx512.vpermi2var.qi.512"
// CHECK: return
func.func @decode_f8(%codes: vector<64xi8>) -> vector<64xf32> {
  %c = arith.bitcast %codes : vector<64xi8> to vector<64xf8E4M3FN>
  %x = arith.extf %c : vector<64xf8E4M3FN> to vector<64xf32>
  return %x : vector<64xf32>
}

// Codes are narrowed by saturating packs, which keep their 128-bit lanes: one
// shuffle puts these in order.
//
// CHECK-LABEL: func.func @encode_f4(
// GENERIC: arith.trunci %{{.*}} : vector<64xi32> to vector<64xi8>
// V3-COUNT-2: "llvm.x86.avx2.packusdw"
// V3: "llvm.x86.avx2.packuswb"
// V4-COUNT-4: "llvm.x86.avx512.pternlog.d.512"
// V4-COUNT-2: "llvm.x86.avx512.packusdw.512"
// V4: "llvm.x86.avx512.packuswb.512"
// VBMI-DAG: %[[NEGATIVE:.*]] = arith.constant dense<[15, 15, 15, {{.*}}, 9, 8, 8]> : vector<64xi8>
// VBMI-DAG: %[[POSITIVE:.*]] = arith.constant dense<[0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 3, {{.*}}]> : vector<64xi8>
// VBMI-DAG: %[[QUARTERS:.*]] = arith.constant dense<0x4A400000> : vector<16xf32>
// VBMI-COUNT-4: "llvm.x86.avx512.mask.range.ps.512"
// VBMI: "llvm.x86.avx512.sub.ps.512"(%[[QUARTERS]], %[[X:.*]], %[[DOWN:.*]]) :
// VBMI: "llvm.x86.avx512.add.ps.512"(%[[QUARTERS]], %[[X]], %[[DOWN]]) :
// VBMI-COUNT-3: "llvm.x86.avx512.sub.ps.512"
// VBMI: "llvm.x86.avx512.packsswb.512"
// VBMI: "llvm.x86.avx512.vpermi2var.qi.512"(%[[POSITIVE]], %{{.*}}, %[[NEGATIVE]])
// CHECK: return %{{.*}} : vector<32xi8>
func.func @encode_f4(%x: vector<64xf32>) -> vector<32xi8> {
  %c = arith.truncf %x : vector<64xf32> to vector<64xf4E2M1FN>
  %p = vector.bitcast %c : vector<64xf4E2M1FN> to vector<32xi8>
  return %p : vector<32xi8>
}

// A vector of three dimensions is one row to the codec.
//
// CHECK-LABEL: func.func @encode_f8(
// CHECK-SAME: %[[X:.*]]: vector<2x4x8xbf16>)
// V3-COUNT-4: "llvm.x86.avx2.packusdw"
// AVX512: "llvm.x86.avx512.packuswb.512"
// CHECK: return %{{.*}} : vector<2x4x8xi8>
func.func @encode_f8(%x: vector<2x4x8xbf16>) -> vector<2x4x8xi8> {
  %c = arith.truncf %x : vector<2x4x8xbf16> to vector<2x4x8xf8E4M3FN>
  %p = arith.bitcast %c : vector<2x4x8xf8E4M3FN> to vector<2x4x8xi8>
  return %p : vector<2x4x8xi8>
}

// The scale's value counts, by the same tables.
//
// CHECK-LABEL: func.func @scale(
// V3-COUNT-2: "llvm.x86.avx2.pshuf.b"
// V4-COUNT-2: "llvm.x86.avx512.pshuf.b.512"
// VBMI-COUNT-2: "llvm.x86.avx512.permvar.qi.512"
// VBMI-COUNT-2: "llvm.x86.avx512.vpermi2var.qi.512"
// CHECK: arith.mulf %{{.*}} : vector<32xf32>
// CHECK: return
func.func @scale(%packed: vector<16xi8>, %s: vector<32xi8>) -> vector<32xf32> {
  %c = vector.bitcast %packed : vector<16xi8> to vector<32xf4E2M1FN>
  %k = arith.bitcast %s : vector<32xi8> to vector<32xf8E4M3FN>
  %x = arith.scaling_extf %c, %k
    : vector<32xf4E2M1FN>, vector<32xf8E4M3FN> to vector<32xf32>
  return %x : vector<32xf32>
}

// Scalars and short vectors are portable code, and so is rounding in other ways.
//
// CHECK-LABEL: func.func @portable(
// CHECK-NOT: call_intrinsic
// CHECK: return
func.func @portable(%x: f32, %y: vector<3xf32>, %code: i8) -> (i8, vector<3xi8>, f16) {
  %a = arith.truncf %x toward_zero : f32 to f8E5M2
  %b = arith.bitcast %a : f8E5M2 to i8
  %c = arith.truncf %y to_nearest_away : vector<3xf32> to vector<3xf8E4M3FN>
  %d = arith.bitcast %c : vector<3xf8E4M3FN> to vector<3xi8>
  %e = arith.bitcast %code : i8 to f8E4M3FN
  %f = arith.extf %e : f8E4M3FN to f16
  return %b, %d, %f : i8, vector<3xi8>, f16
}

// f16 without an instruction for it: on integers.
//
// CHECK-LABEL: func.func @from_f16(
// NOF16-NOT: arith.extf
// NOF16: arith.bitcast %{{.*}} : vector<16xf16> to vector<16xi16>
// F16: arith.extf %{{.*}} : vector<16xf16> to vector<16xf32>
// CHECK: return
func.func @from_f16(%x: vector<16xf16>) -> vector<16xi8> {
  %a = arith.truncf %x : vector<16xf16> to vector<16xf8E4M3FN>
  %b = arith.bitcast %a : vector<16xf8E4M3FN> to vector<16xi8>
  return %b : vector<16xi8>
}

// CHECK-LABEL: func.func @to_f16(
// NOF16-NOT: arith.truncf
// NOF16: arith.bitcast %{{.*}} : vector<16xi16> to vector<16xf16>
// F16: arith.truncf %{{.*}} : vector<16xf32> to vector<16xf16>
// CHECK: return
func.func @to_f16(%codes: vector<16xi8>, %s: vector<16xf16>) -> vector<16xf16> {
  %a = arith.bitcast %codes : vector<16xi8> to vector<16xf8E4M3FN>
  %x = arith.scaling_extf %a, %s
    : vector<16xf8E4M3FN>, vector<16xf16> to vector<16xf16>
  return %x : vector<16xf16>
}
