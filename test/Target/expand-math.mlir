// RUN: quant-opt %s -quantx-expand-math | FileCheck %s

// CHECK-LABEL: func.func @scalars(
// CHECK: llvm.call_intrinsic "llvm.fabs"(%{{.*}}) : (f32) -> f32
// CHECK: llvm.call_intrinsic "llvm.copysign"(%{{.*}}, %{{.*}}) : (f32, f32) -> f32
// CHECK: llvm.call_intrinsic "llvm.sqrt"(%{{.*}}) : (f64) -> f64
func.func @scalars(%a: f32, %b: f32, %d: f64) -> (f32, f64) {
  %m = math.absf %a : f32
  %s = math.copysign %m, %b : f32
  %r = math.sqrt %d : f64
  return %s, %r : f32, f64
}

// CHECK-LABEL: func.func @vector(
// CHECK: llvm.call_intrinsic "llvm.fma"(%{{.*}}) : (vector<2xbf16>, vector<2xbf16>, vector<2xbf16>) -> vector<2xbf16>
func.func @vector(%a: vector<2xbf16>) -> vector<2xbf16> {
  %r = math.fma %a, %a, %a : vector<2xbf16>
  return %r : vector<2xbf16>
}

// What LLVM has no type for stays.
//
// CHECK-LABEL: func.func @rows(
// CHECK: math.fma
func.func @rows(%a: vector<2x4xf32>) -> vector<2x4xf32> {
  %r = math.fma %a, %a, %a : vector<2x4xf32>
  return %r : vector<2x4xf32>
}
