// Small floats reach LLVM, as scalars and as vectors. Upstream's expansion and
// conversion leave f8 and f6 truncations and extensions in place, exit with code
// 0, and the program cannot be compiled.
//
// RUN: mlir-opt-22 %s --pass-pipeline='builtin.module( \
// RUN:     arith-expand{include-bf16=true include-f4e2m1=true \
// RUN:       include-f8e8m0=true},%to_llvm)' -o %t.mlir
// RUN: FileCheck %s --check-prefix=UPSTREAM < %t.mlir
// RUN: not %run_main < %t.mlir
//
// UPSTREAM-LABEL: @round_e4m3
// UPSTREAM-DAG:   arith.truncf {{.*}} : vector<4xf32> to vector<4xf8E4M3FN>
// UPSTREAM-DAG:   arith.extf {{.*}} : vector<4xf8E4M3FN> to vector<4xf32>
// UPSTREAM-LABEL: @round_e5m2
// UPSTREAM-DAG:   arith.truncf {{.*}} : f32 to f8E5M2
// UPSTREAM-DAG:   arith.extf {{.*}} : f8E5M2 to f32
// UPSTREAM-LABEL: @round_e2m3
// UPSTREAM-DAG:   arith.truncf {{.*}} : vector<4xf32> to vector<4xf6E2M3FN>
// UPSTREAM-DAG:   arith.extf {{.*}} : vector<4xf6E2M3FN> to vector<4xf32>
// UPSTREAM-LABEL: @round_e3m2
// UPSTREAM-DAG:   arith.truncf {{.*}} : f32 to f6E3M2FN
// UPSTREAM-DAG:   arith.extf {{.*}} : f6E3M2FN to f32
//
// RUN: quant-opt %s --pass-pipeline='builtin.module( \
// RUN:     quantx-expand-narrow-floats,%to_llvm)' | %run_main \
// RUN:   | FileCheck %s --match-full-lines --check-prefix=OURS
//
//     0.3, -0.0125, 105 and 1000 in f8E4M3FN, f8E5M2, f6E2M3FN and f6E3M2FN:
//
// OURS:      ( 0.3125, -0.0117188, 104, nan )
// OURS-NEXT: ( 0.3125, -0.0117188, 112, 1024 )
// OURS-NEXT: ( 0.25, -0, 7.5, 7.5 )
// OURS-NEXT: ( 0.3125, -0, 28, 28 )

memref.global "private" constant @inputs : memref<4xf32> = dense<[
  0.3, -0.0125, 105.0, 1000.0]>

func.func @round_e4m3(%x: vector<4xf32>) -> vector<4xf32> {
  %c = arith.truncf %x : vector<4xf32> to vector<4xf8E4M3FN>
  %y = arith.extf %c : vector<4xf8E4M3FN> to vector<4xf32>
  return %y : vector<4xf32>
}

func.func @round_e5m2(%x: f32) -> f32 {
  %c = arith.truncf %x : f32 to f8E5M2
  %y = arith.extf %c : f8E5M2 to f32
  return %y : f32
}

func.func @round_e2m3(%x: vector<4xf32>) -> vector<4xf32> {
  %c = arith.truncf %x : vector<4xf32> to vector<4xf6E2M3FN>
  %y = arith.extf %c : vector<4xf6E2M3FN> to vector<4xf32>
  return %y : vector<4xf32>
}

func.func @round_e3m2(%x: f32) -> f32 {
  %c = arith.truncf %x : f32 to f6E3M2FN
  %y = arith.extf %c : f6E3M2FN to f32
  return %y : f32
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %inputs = memref.get_global @inputs : memref<4xf32>
  %x = vector.load %inputs[%c0] : memref<4xf32>, vector<4xf32>
  %x0, %x1, %x2, %x3 = vector.to_elements %x : vector<4xf32>
  %e4m3 = func.call @round_e4m3(%x) : (vector<4xf32>) -> vector<4xf32>
  vector.print %e4m3 : vector<4xf32>
  %a0 = func.call @round_e5m2(%x0) : (f32) -> f32
  %a1 = func.call @round_e5m2(%x1) : (f32) -> f32
  %a2 = func.call @round_e5m2(%x2) : (f32) -> f32
  %a3 = func.call @round_e5m2(%x3) : (f32) -> f32
  %e5m2 = vector.from_elements %a0, %a1, %a2, %a3 : vector<4xf32>
  vector.print %e5m2 : vector<4xf32>
  %e2m3 = func.call @round_e2m3(%x) : (vector<4xf32>) -> vector<4xf32>
  vector.print %e2m3 : vector<4xf32>
  %b0 = func.call @round_e3m2(%x0) : (f32) -> f32
  %b1 = func.call @round_e3m2(%x1) : (f32) -> f32
  %b2 = func.call @round_e3m2(%x2) : (f32) -> f32
  %b3 = func.call @round_e3m2(%x3) : (f32) -> f32
  %e3m2 = vector.from_elements %b0, %b1, %b2, %b3 : vector<4xf32>
  vector.print %e3m2 : vector<4xf32>
  return
}
