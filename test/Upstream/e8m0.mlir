// f8E8M0FNU scales round to the nearest power of two, code 0 is 2^-127, code 255
// is NaN, and a sign does not count. Upstream has two answers, neither of them
// that: arith-expand cuts 3.5 to 2 and reads code 0 as zero, which makes a block
// zero; APFloat puts the sign into the exponent (-1 becomes NaN) and reads NaN as
// infinity.
//
// RUN: mlir-opt-22 %s --pass-pipeline='builtin.module( \
// RUN:     arith-expand{include-f8e8m0=true},%to_llvm)' | %run_main \
// RUN:   | FileCheck %s --match-full-lines --check-prefixes=EXPAND,ALL
// RUN: mlir-opt-22 %s --pass-pipeline='builtin.module( \
// RUN:     convert-arith-to-apfloat,%to_llvm)' | %run_main \
// RUN:   | FileCheck %s --match-full-lines --check-prefixes=APFLOAT,ALL
// RUN: quant-opt %s --pass-pipeline='builtin.module( \
// RUN:     quantx-expand-narrow-floats,%to_llvm)' | %run_main \
// RUN:   | FileCheck %s --match-full-lines --check-prefixes=OURS,ALL
//
//     A value, and the exponent of the power of two that it becomes (128 is NaN):
//
// EXPAND:       ( 3.5, 1 )
// APFLOAT:      ( 3.5, 2 )
// OURS:         ( 3.5, 2 )
// EXPAND-NEXT:  ( 1.5, 0 )
// APFLOAT-NEXT: ( 1.5, 1 )
// OURS-NEXT:    ( 1.5, 1 )
// ALL-NEXT:     ( 2.5, 1 )
// EXPAND-NEXT:  ( -1, 0 )
// APFLOAT-NEXT: ( -1, 128 )
// OURS-NEXT:    ( -1, 0 )
// EXPAND-NEXT:  ( -0.25, -2 )
// APFLOAT-NEXT: ( -0.25, 126 )
// OURS-NEXT:    ( -0.25, -2 )
//
//     The values of the codes 0, 1, 127, 254 and 255:
//
// EXPAND-NEXT:  0
// APFLOAT-NEXT: 5.87747e-39
// OURS-NEXT:    5.87747e-39
// ALL-NEXT:     1.17549e-38
// ALL-NEXT:     1
// ALL-NEXT:     1.70141e+38
// EXPAND-NEXT:  {{-?}}nan
// APFLOAT-NEXT: inf
// OURS-NEXT:    nan

memref.global "private" constant @inputs : memref<5xf32> = dense<[
  3.5, 1.5, 2.5, -1.0, -0.25]>
memref.global "private" constant @codes : memref<5xi8> = dense<[
  0, 1, 127, 254, 255]>

func.func @truncate(%x: f32) -> i8 {
  %c = arith.truncf %x : f32 to f8E8M0FNU
  %b = arith.bitcast %c : f8E8M0FNU to i8
  return %b : i8
}

func.func @extend(%b: i8) -> f32 {
  %c = arith.bitcast %b : i8 to f8E8M0FNU
  %x = arith.extf %c : f8E8M0FNU to f32
  return %x : f32
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 5 : index
  %bias = arith.constant 127.0 : f32
  %inputs = memref.get_global @inputs : memref<5xf32>
  scf.for %i = %c0 to %n step %c1 {
    %x = memref.load %inputs[%i] : memref<5xf32>
    %code = func.call @truncate(%x) : (f32) -> i8
    %biased = arith.uitofp %code : i8 to f32
    %exponent = arith.subf %biased, %bias : f32
    %row = vector.from_elements %x, %exponent : vector<2xf32>
    vector.print %row : vector<2xf32>
  }
  %codes = memref.get_global @codes : memref<5xi8>
  scf.for %i = %c0 to %n step %c1 {
    %code = memref.load %codes[%i] : memref<5xi8>
    %x = func.call @extend(%code) : (i8) -> f32
    vector.print %x : f32
  }
  return
}
