// What is not expanded stays as it was, for others to lower or refuse.
//
// RUN: quant-opt %s --quantx-expand-narrow-floats | FileCheck %s

// From f64, two roundings would be one too many.
//
// CHECK-LABEL: func.func @from_f64(
// CHECK-NEXT: arith.truncf %{{.*}} : f64 to f8E4M3FN
// CHECK-NEXT: return
func.func @from_f64(%x: f64) -> f8E4M3FN {
  %y = arith.truncf %x : f64 to f8E4M3FN
  return %y : f8E4M3FN
}

// Conversions and small floats of other kinds.
//
// CHECK-LABEL: func.func @others(
// CHECK-NEXT: arith.truncf %{{.*}} : f32 to bf16
// CHECK-NEXT: arith.extf %{{.*}} : f16 to f32
// CHECK-NEXT: arith.truncf %{{.*}} : f32 to f8E4M3FNUZ
// CHECK-NEXT: arith.extf %{{.*}} : f8E3M4 to f32
// CHECK-NEXT: vector.shuffle %{{.*}} : vector<4xf32>, vector<4xf32>
// CHECK-NEXT: vector.bitcast %{{.*}} : vector<4xi8> to vector<8xi4>
// CHECK-NEXT: return
func.func @others(%x: f32, %h: f16, %n: f8E3M4, %v: vector<4xf32>, %w: vector<4xi8>)
    -> (bf16, f32, f8E4M3FNUZ, f32, vector<4xf32>, vector<8xi4>) {
  %a = arith.truncf %x : f32 to bf16
  %b = arith.extf %h : f16 to f32
  %c = arith.truncf %x : f32 to f8E4M3FNUZ
  %d = arith.extf %n : f8E3M4 to f32
  %e = vector.shuffle %v, %v [3, 2, 1, 0] : vector<4xf32>, vector<4xf32>
  %f = vector.bitcast %w : vector<4xi8> to vector<8xi4>
  return %a, %b, %c, %d, %e, %f : bf16, f32, f8E4M3FNUZ, f32, vector<4xf32>, vector<8xi4>
}

// Not a whole byte.
//
// CHECK-LABEL: func.func @partial(
// CHECK: vector.bitcast %{{.*}} : vector<3xf4E2M1FN> to vector<3xi4>
func.func @partial(%x: vector<3xf32>) -> vector<3xi4> {
  %a = arith.truncf %x : vector<3xf32> to vector<3xf4E2M1FN>
  %b = vector.bitcast %a : vector<3xf4E2M1FN> to vector<3xi4>
  return %b : vector<3xi4>
}

// CHECK-LABEL: func.func @transfer(
// CHECK: vector.transfer_read {{.*}} : memref<8xf4E2M1FN>, vector<8xf4E2M1FN>
func.func @transfer(%m: memref<8xf4E2M1FN>) -> vector<8xf32> {
  %c0 = arith.constant 0 : index
  %pad = arith.constant 0.0 : f4E2M1FN
  %a = vector.transfer_read %m[%c0], %pad {in_bounds = [true]}
    : memref<8xf4E2M1FN>, vector<8xf4E2M1FN>
  %b = arith.extf %a : vector<8xf4E2M1FN> to vector<8xf32>
  return %b : vector<8xf32>
}
