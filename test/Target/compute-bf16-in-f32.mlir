// RUN: quant-opt %s --quantx-compute-bf16-in-f32 | FileCheck %s

// Each result is rounded: conversions between two ops do not cancel out.

// CHECK-LABEL: func.func @multiply_add(
// CHECK-SAME:    %[[X:.+]]: bf16, %[[Y:.+]]: bf16)
// CHECK-DAG:     %[[A:.+]] = arith.extf %[[X]] : bf16 to f32
// CHECK-DAG:     %[[B:.+]] = arith.extf %[[Y]] : bf16 to f32
// CHECK:         %[[PRODUCT:.+]] = arith.mulf %[[A]], %[[B]] : f32
// CHECK-NEXT:    %[[ROUNDED:.+]] = arith.truncf %[[PRODUCT]] : f32 to bf16
// CHECK-DAG:     %[[C:.+]] = arith.extf %[[ROUNDED]] : bf16 to f32
// CHECK-DAG:     %[[D:.+]] = arith.extf %[[Y]] : bf16 to f32
// CHECK:         %[[SUM:.+]] = arith.addf %[[C]], %[[D]] : f32
// CHECK-NEXT:    %[[RESULT:.+]] = arith.truncf %[[SUM]] : f32 to bf16
// CHECK-NEXT:    return %[[RESULT]] : bf16
func.func @multiply_add(%x: bf16, %y: bf16) -> bf16 {
  %product = arith.mulf %x, %y : bf16
  %sum = arith.addf %product, %y : bf16
  return %sum : bf16
}

// CHECK-LABEL: func.func @vectors(
// CHECK:         math.sqrt %{{.+}} : vector<8xf32>
// CHECK:         arith.truncf %{{.+}} : vector<8xf32> to vector<8xbf16>
// CHECK:         vector.fma %{{.+}}, %{{.+}}, %{{.+}} : vector<8xf32>
// CHECK:         arith.truncf %{{.+}} : vector<8xf32> to vector<8xbf16>
func.func @vectors(%x: vector<8xbf16>) -> vector<8xbf16> {
  %root = math.sqrt %x : vector<8xbf16>
  %r = vector.fma %root, %x, %x : vector<8xbf16>
  return %r : vector<8xbf16>
}

// One side of these has another type.

// CHECK-LABEL: func.func @mixed(
// CHECK-SAME:    %[[X:.+]]: bf16, %[[I:.+]]: i32)
// CHECK:         arith.cmpf olt, %{{.+}}, %{{.+}} : f32
// CHECK:         %[[FLOAT:.+]] = arith.sitofp %[[I]] : i32 to f32
// CHECK-NEXT:    arith.truncf %[[FLOAT]] : f32 to bf16
// CHECK:         arith.fptosi %{{.+}} : f32 to i8
func.func @mixed(%x: bf16, %i: i32) -> (i1, bf16, i8) {
  %less = arith.cmpf olt, %x, %x : bf16
  %float = arith.sitofp %i : i32 to bf16
  %byte = arith.fptosi %x : bf16 to i8
  return %less, %float, %byte : i1, bf16, i8
}

// The bits of a NaN stay what they are.

// CHECK-LABEL: func.func @bits(
// CHECK-NOT:     arith.extf
// CHECK-NOT:     arith.truncf
// CHECK:         return
func.func @bits(%x: bf16, %y: bf16, %c: i1) -> (bf16, bf16, bf16, bf16) {
  %negated = arith.negf %x : bf16
  %absolute = math.absf %x : bf16
  %signed = math.copysign %x, %y : bf16
  %selected = arith.select %c, %x, %y : bf16
  return %negated, %absolute, %signed, %selected : bf16, bf16, bf16, bf16
}

// CHECK-LABEL: func.func @other_types(
// CHECK-NOT:     f32
// CHECK:         return
func.func @other_types(%x: f16, %y: f64) -> (f16, f64) {
  %a = arith.mulf %x, %x : f16
  %b = math.exp %y : f64
  return %a, %b : f16, f64
}
