// Truncation to f4E2M1FN keeps the sign of small negative values, and takes the
// even code on a tie. arith-expand loses the sign between -0.5 and -0.25, and
// rounds the ties at 1.25, 2.5 and 5 up: an average that is too large, silently.
//
// RUN: mlir-opt-22 %s --pass-pipeline='builtin.module( \
// RUN:     arith-expand{include-f4e2m1=true},%to_llvm)' | %run_main \
// RUN:   | FileCheck %s --match-full-lines --check-prefixes=UPSTREAM,BOTH
// RUN: quant-opt %s --pass-pipeline='builtin.module( \
// RUN:     quantx-expand-narrow-floats,%to_llvm)' | %run_main \
// RUN:   | FileCheck %s --match-full-lines --check-prefixes=OURS,BOTH
//
// APFloat, upstream's other way, agrees with ours here.
//
// RUN: mlir-opt-22 %s --pass-pipeline='builtin.module( \
// RUN:     convert-arith-to-apfloat,%to_llvm)' | %run_main \
// RUN:   | FileCheck %s --match-full-lines --check-prefixes=OURS,BOTH
//
//     A value, and its code's value:
//
// UPSTREAM:      ( -0.4, 0.5 )
// OURS:          ( -0.4, -0.5 )
// UPSTREAM-NEXT: ( -0.3, 0.5 )
// OURS-NEXT:     ( -0.3, -0.5 )
// UPSTREAM-NEXT: ( -0.2, 0 )
// OURS-NEXT:     ( -0.2, -0 )
// BOTH-NEXT:     ( 0.4, 0.5 )
// BOTH-NEXT:     ( 0.25, 0 )
// BOTH-NEXT:     ( 0.75, 1 )
// BOTH-NEXT:     ( -0.75, -1 )
// UPSTREAM-NEXT: ( 1.25, 1.5 )
// OURS-NEXT:     ( 1.25, 1 )
// BOTH-NEXT:     ( 1.75, 2 )
// UPSTREAM-NEXT: ( 2.5, 3 )
// OURS-NEXT:     ( 2.5, 2 )
// BOTH-NEXT:     ( 3.5, 4 )
// UPSTREAM-NEXT: ( 5, 6 )
// OURS-NEXT:     ( 5, 4 )
// UPSTREAM-NEXT: ( -5, -6 )
// OURS-NEXT:     ( -5, -4 )
// BOTH-NEXT:     ( 7, 6 )

memref.global "private" constant @inputs : memref<14xf32> = dense<[
  -0.4, -0.3, -0.2, 0.4, 0.25, 0.75, -0.75, 1.25, 1.75, 2.5, 3.5, 5.0, -5.0,
  7.0]>
// The published values of the codes 0 to 15.
memref.global "private" constant @values : memref<16xf32> = dense<[
  0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0,
  -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0]>

func.func @truncate(%x: f32) -> i4 {
  %c = arith.truncf %x : f32 to f4E2M1FN
  %b = arith.bitcast %c : f4E2M1FN to i4
  return %b : i4
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 14 : index
  %inputs = memref.get_global @inputs : memref<14xf32>
  %values = memref.get_global @values : memref<16xf32>
  scf.for %i = %c0 to %n step %c1 {
    %x = memref.load %inputs[%i] : memref<14xf32>
    %code = func.call @truncate(%x) : (f32) -> i4
    %k = arith.index_castui %code : i4 to index
    %y = memref.load %values[%k] : memref<16xf32>
    %row = vector.from_elements %x, %y : vector<2xf32>
    vector.print %row : vector<2xf32>
  }
  return
}
