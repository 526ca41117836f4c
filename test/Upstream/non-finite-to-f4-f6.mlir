// Infinities and NaN become the largest value in formats that have neither, as
// the PTX ISA's satfinite has it. The library behind convert-arith-to-apfloat
// makes them zeros: the largest activations of all disappear.
//
// RUN: mlir-opt-22 %s --pass-pipeline='builtin.module( \
// RUN:     convert-arith-to-apfloat,%to_llvm)' | %run_main \
// RUN:   | FileCheck %s --match-full-lines --check-prefixes=UPSTREAM,BOTH
// RUN: quant-opt %s --pass-pipeline='builtin.module( \
// RUN:     quantx-expand-narrow-floats,%to_llvm)' | %run_main \
// RUN:   | FileCheck %s --match-full-lines --check-prefixes=OURS,BOTH
//
//     The codes in f4E2M1FN (7 and 15 are 6 and -6), f6E2M3FN (31 and 63 are 7.5
//     and -7.5) and f6E3M2FN (31 and 63 are 28 and -28) of
//
//     infinity
// UPSTREAM:      ( 0, 0, 0 )
// OURS:          ( 7, 31, 31 )
//     minus infinity
// UPSTREAM-NEXT: ( 8, 32, 32 )
// OURS-NEXT:     ( 15, 63, 63 )
//     NaN, with either sign
// UPSTREAM-NEXT: ( 0, 0, 0 )
// OURS-NEXT:     ( 7, 31, 31 )
// UPSTREAM-NEXT: ( 8, 32, 32 )
// OURS-NEXT:     ( 7, 31, 31 )
//     -1.0e10, which is finite
// BOTH-NEXT:     ( 15, 63, 63 )

memref.global "private" constant @inputs : memref<5xf32> = dense<[
  0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00000, -1.0e10]>

func.func @truncate(%x: f32) -> vector<3xi32> {
  %f4 = arith.truncf %x : f32 to f4E2M1FN
  %i4 = arith.bitcast %f4 : f4E2M1FN to i4
  %c0 = arith.extui %i4 : i4 to i32
  %f6a = arith.truncf %x : f32 to f6E2M3FN
  %i6a = arith.bitcast %f6a : f6E2M3FN to i6
  %c1 = arith.extui %i6a : i6 to i32
  %f6b = arith.truncf %x : f32 to f6E3M2FN
  %i6b = arith.bitcast %f6b : f6E3M2FN to i6
  %c2 = arith.extui %i6b : i6 to i32
  %row = vector.from_elements %c0, %c1, %c2 : vector<3xi32>
  return %row : vector<3xi32>
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 5 : index
  %inputs = memref.get_global @inputs : memref<5xf32>
  scf.for %i = %c0 to %n step %c1 {
    %x = memref.load %inputs[%i] : memref<5xf32>
    %row = func.call @truncate(%x) : (f32) -> vector<3xi32>
    vector.print %row : vector<3xi32>
  }
  return
}
