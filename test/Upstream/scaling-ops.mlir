// arith.scaling_truncf and scaling_extf scale by what the scale says: 12 over 3
// is 4. Upstream takes a scale's exponent alone, so that 3.0 acts as 2.0, and
// refuses the E4M3 scales of NVFP4.
//
// RUN: split-file %s %t
//
// RUN: mlir-opt-22 %t/f32-scale.mlir --pass-pipeline='builtin.module( \
// RUN:     arith-expand{include-f4e2m1=true include-f8e8m0=true},%to_llvm)' \
// RUN:   | %run_main \
// RUN:   | FileCheck %s --match-full-lines --check-prefix=UPSTREAM
// RUN: quant-opt %t/f32-scale.mlir --pass-pipeline='builtin.module( \
// RUN:     quantx-expand-narrow-floats,%to_llvm)' | %run_main \
// RUN:   | FileCheck %s --match-full-lines --check-prefix=OURS
//
//     12, 4.6 and -3 over 3.0, in f4E2M1FN:
//
// UPSTREAM:      ( 6, 2, -1.5 )
// OURS:          ( 4, 1.5, -1 )
//
//     1.5, 4 and -6 times 3.0:
//
// UPSTREAM-NEXT: ( 3, 8, -12 )
// OURS-NEXT:     ( 4.5, 12, -18 )
//
// RUN: not mlir-opt-22 %t/e4m3-scale.mlir --pass-pipeline='builtin.module( \
// RUN:     arith-expand{include-f4e2m1=true include-f8e8m0=true})' 2>&1 \
// RUN:   | FileCheck %s --check-prefix=REFUSED
// REFUSED: error: failed to legalize operation 'arith.scaling_extf'
// RUN: quant-opt %t/e4m3-scale.mlir --pass-pipeline='builtin.module( \
// RUN:     quantx-expand-narrow-floats,%to_llvm)' | %run_main \
// RUN:   | FileCheck %s --match-full-lines --check-prefix=E4M3
//
//     The same with 0x44, which is 3.0 in f8E4M3FN:
//
// E4M3:      ( 4, 1.5, -1 )
// E4M3-NEXT: ( 4.5, 12, -18 )

//--- f32-scale.mlir
memref.global "private" constant @inputs : memref<3xf32> =
  dense<[12.0, 4.6, -3.0]>
memref.global "private" constant @codes : memref<3xi8> = dense<[3, 6, 15]>
memref.global "private" constant @scale : memref<f32> = dense<3.0>
// The published values of the codes 0 to 15.
memref.global "private" constant @values : memref<16xf32> = dense<[
  0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0,
  -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0]>

func.func @truncate(%x: f32, %scale: f32) -> i4 {
  %c = arith.scaling_truncf %x, %scale : f32, f32 to f4E2M1FN
  %b = arith.bitcast %c : f4E2M1FN to i4
  return %b : i4
}

func.func @extend(%b: i4, %scale: f32) -> f32 {
  %c = arith.bitcast %b : i4 to f4E2M1FN
  %y = arith.scaling_extf %c, %scale : f4E2M1FN, f32 to f32
  return %y : f32
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %zero = arith.constant dense<0.0> : vector<3xf32>
  %inputs = memref.get_global @inputs : memref<3xf32>
  %codes = memref.get_global @codes : memref<3xi8>
  %values = memref.get_global @values : memref<16xf32>
  %scales = memref.get_global @scale : memref<f32>
  %scale = memref.load %scales[] : memref<f32>
  %truncated = scf.for %i = %c0 to %c3 step %c1 iter_args(%row = %zero)
      -> vector<3xf32> {
    %x = memref.load %inputs[%i] : memref<3xf32>
    %code = func.call @truncate(%x, %scale) : (f32, f32) -> i4
    %k = arith.index_castui %code : i4 to index
    %y = memref.load %values[%k] : memref<16xf32>
    %next = vector.insert %y, %row[%i] : f32 into vector<3xf32>
    scf.yield %next : vector<3xf32>
  }
  vector.print %truncated : vector<3xf32>
  %extended = scf.for %i = %c0 to %c3 step %c1 iter_args(%row = %zero)
      -> vector<3xf32> {
    %byte = memref.load %codes[%i] : memref<3xi8>
    %code = arith.trunci %byte : i8 to i4
    %y = func.call @extend(%code, %scale) : (i4, f32) -> f32
    %next = vector.insert %y, %row[%i] : f32 into vector<3xf32>
    scf.yield %next : vector<3xf32>
  }
  vector.print %extended : vector<3xf32>
  return
}

//--- e4m3-scale.mlir
memref.global "private" constant @inputs : memref<3xf32> =
  dense<[12.0, 4.6, -3.0]>
memref.global "private" constant @codes : memref<3xi8> = dense<[3, 6, 15]>
memref.global "private" constant @scale : memref<i8> = dense<0x44>
memref.global "private" constant @values : memref<16xf32> = dense<[
  0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0,
  -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0]>

func.func @extend(%b: i4, %s: i8) -> f32 {
  %c = arith.bitcast %b : i4 to f4E2M1FN
  %scale = arith.bitcast %s : i8 to f8E4M3FN
  %y = arith.scaling_extf %c, %scale : f4E2M1FN, f8E4M3FN to f32
  return %y : f32
}

func.func @truncate(%x: f32, %s: i8) -> i4 {
  %scale = arith.bitcast %s : i8 to f8E4M3FN
  %c = arith.scaling_truncf %x, %scale : f32, f8E4M3FN to f4E2M1FN
  %b = arith.bitcast %c : f4E2M1FN to i4
  return %b : i4
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %zero = arith.constant dense<0.0> : vector<3xf32>
  %inputs = memref.get_global @inputs : memref<3xf32>
  %codes = memref.get_global @codes : memref<3xi8>
  %values = memref.get_global @values : memref<16xf32>
  %scales = memref.get_global @scale : memref<i8>
  %scale = memref.load %scales[] : memref<i8>
  %truncated = scf.for %i = %c0 to %c3 step %c1 iter_args(%row = %zero)
      -> vector<3xf32> {
    %x = memref.load %inputs[%i] : memref<3xf32>
    %code = func.call @truncate(%x, %scale) : (f32, i8) -> i4
    %k = arith.index_castui %code : i4 to index
    %y = memref.load %values[%k] : memref<16xf32>
    %next = vector.insert %y, %row[%i] : f32 into vector<3xf32>
    scf.yield %next : vector<3xf32>
  }
  vector.print %truncated : vector<3xf32>
  %extended = scf.for %i = %c0 to %c3 step %c1 iter_args(%row = %zero)
      -> vector<3xf32> {
    %byte = memref.load %codes[%i] : memref<3xi8>
    %code = arith.trunci %byte : i8 to i4
    %y = func.call @extend(%code, %scale) : (i4, i8) -> f32
    %next = vector.insert %y, %row[%i] : f32 into vector<3xf32>
    scf.yield %next : vector<3xf32>
  }
  vector.print %extended : vector<3xf32>
  return
}
