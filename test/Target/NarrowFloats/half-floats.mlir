// f16 by integers, for a target without instructions for it.
//
// RUN: quant-opt %s --quantx-expand-half-floats | FileCheck %s
// RUN: quant-opt %s --quantx-expand-half-floats=target=x86-64-v3 | FileCheck %s --check-prefix=SAME
// RUN: quant-opt %s --quantx-expand-half-floats=target=aarch64 | FileCheck %s --check-prefix=SAME
// RUN: not %quant_opt %s --quantx-expand-half-floats=target=z80 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: unknown target 'z80': expected one of generic, native,

// CHECK-LABEL: func.func @scalars(
// CHECK-NOT:   arith.truncf
// CHECK:       arith.bitcast %{{.*}} : f16 to i16
// CHECK-NOT:   arith.truncf
// CHECK:       arith.extf %{{.*}} : f32 to f64
// CHECK-NOT:   arith.extf
// CHECK:       arith.bitcast %{{.*}} : i16 to f16
// CHECK-NEXT:  return
// SAME-LABEL:  func.func @scalars(
// SAME-NEXT:   arith.extf %{{.*}} : f16 to f32
// SAME-NEXT:   arith.extf %{{.*}} : f16 to f64
// SAME-NEXT:   arith.truncf %{{.*}} : f32 to f16
// SAME-NEXT:   return
func.func @scalars(%h: f16, %x: f32) -> (f32, f64, f16) {
  %a = arith.extf %h : f16 to f32
  %b = arith.extf %h : f16 to f64
  %c = arith.truncf %x : f32 to f16
  return %a, %b, %c : f32, f64, f16
}

// CHECK-LABEL: func.func @vectors(
// CHECK-NEXT:  arith.bitcast %{{.*}} : vector<4x[8]xf16> to vector<4x[8]xi16>
// CHECK-NOT:   arith.{{ext|trunc}}f
// CHECK:       arith.bitcast %{{.*}} : vector<16xi16> to vector<16xf16>
// CHECK-NEXT:  return
func.func @vectors(%h: vector<4x[8]xf16>, %x: vector<16xf32>)
    -> (vector<4x[8]xf32>, vector<16xf16>) {
  %a = arith.extf %h : vector<4x[8]xf16> to vector<4x[8]xf32>
  %b = arith.truncf %x : vector<16xf32> to vector<16xf16>
  return %a, %b : vector<4x[8]xf32>, vector<16xf16>
}

// CHECK-LABEL: func.func @others(
// CHECK-NEXT:  arith.truncf %{{.*}} : f64 to f16
// CHECK-NEXT:  arith.truncf %{{.*}} toward_zero : f32 to f16
// CHECK-NEXT:  arith.truncf %{{.*}} : f32 to bf16
// CHECK-NEXT:  arith.extf %{{.*}} : bf16 to f32
// CHECK-NEXT:  return
func.func @others(%d: f64, %x: f32, %y: bf16) -> (f16, f16, bf16, f32) {
  %a = arith.truncf %d : f64 to f16
  %b = arith.truncf %x toward_zero : f32 to f16
  %c = arith.truncf %x : f32 to bf16
  %e = arith.extf %y : bf16 to f32
  return %a, %b, %c, %e : f16, f16, bf16, f32
}
