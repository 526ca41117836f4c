// Quantizing to integers rounds to the nearest code, ties to even, and clamps
// before it converts: 300 becomes 127. lower-quant-ops converts first, by a bare
// fptosi: it cuts 0.6 and 2.5 down, and 300 is no i8, so that what the clamp then
// gets is undefined (44 on x86).
//
// RUN: split-file %s %t
//
// RUN: mlir-opt-22 %t/upstream.mlir --pass-pipeline='builtin.module( \
// RUN:     func.func(lower-quant-ops))' -o %t/lowered.mlir
// RUN: FileCheck %s --check-prefix=LOWERED < %t/lowered.mlir
// RUN: mlir-opt-22 %t/lowered.mlir \
// RUN:     --pass-pipeline='builtin.module(canonicalize,%to_llvm)' | %run_main \
// RUN:   | FileCheck %s --match-full-lines --check-prefix=UPSTREAM
// RUN: quant-opt %t/quantx.mlir --quantx-cpu-pipeline=target=generic \
// RUN:   | %run_main | FileCheck %s --match-full-lines --check-prefix=OURS
//
// LOWERED-LABEL: func.func @quantize
// LOWERED:       %[[CODE:.*]] = arith.fptosi %{{.*}} : f32 to i8
// LOWERED:       %[[LOW:.*]] = arith.maxsi %[[CODE]],
// LOWERED:       arith.minsi %[[LOW]],
//
//     0.6, -0.6, 1.5, 2.5, 126.7, -126.7 and 300 as i8 of scale 1:
//
// UPSTREAM:      0
// OURS:          1
// UPSTREAM-NEXT: 0
// OURS-NEXT:     -1
// UPSTREAM-NEXT: 1
// OURS-NEXT:     2
// UPSTREAM-NEXT: 2
// OURS-NEXT:     2
// UPSTREAM-NEXT: 126
// OURS-NEXT:     127
// UPSTREAM-NEXT: -126
// OURS-NEXT:     -127
//     not 127
// UPSTREAM-NEXT: {{-?([0-9]{1,2}|1[013-9][0-9]|12[0-689])}}
// OURS-NEXT:     127

//--- upstream.mlir
!int8 = !quant.uniform<i8<-127:127>:f32, 1.0>

memref.global "private" constant @inputs : memref<7xf32> =
  dense<[0.6, -0.6, 1.5, 2.5, 126.7, -126.7, 300.0]>

func.func @quantize(%x: f32) -> i8 {
  %q = quant.qcast %x : f32 to !int8
  %c = quant.scast %q : !int8 to i8
  return %c : i8
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 7 : index
  %inputs = memref.get_global @inputs : memref<7xf32>
  scf.for %i = %c0 to %n step %c1 {
    %x = memref.load %inputs[%i] : memref<7xf32>
    %code = func.call @quantize(%x) : (f32) -> i8
    vector.print %code : i8
  }
  return
}

//--- quantx.mlir
!int8 = !quantx.scaled<i8 : f32, f32 per *>

memref.global "private" constant @inputs : memref<7xf32> =
  dense<[0.6, -0.6, 1.5, 2.5, 126.7, -126.7, 300.0]>
memref.global "private" constant @scale : memref<1xf32> = dense<1.0>

func.func @quantize(%x: tensor<7xf32>, %s: tensor<1xf32>) -> tensor<7xi8> {
  %q = quantx.quantize %x, %s : tensor<7xf32>, tensor<1xf32> to tensor<7x!int8>
  %c, %t = quantx.disassemble %q
    : tensor<7x!int8> to tensor<7xi8>, tensor<1xf32>
  return %c : tensor<7xi8>
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 7 : index
  %inputs = memref.get_global @inputs : memref<7xf32>
  %scale = memref.get_global @scale : memref<1xf32>
  %x = bufferization.to_tensor %inputs restrict
    : memref<7xf32> to tensor<7xf32>
  %s = bufferization.to_tensor %scale restrict : memref<1xf32> to tensor<1xf32>
  %codes = func.call @quantize(%x, %s)
    : (tensor<7xf32>, tensor<1xf32>) -> tensor<7xi8>
  scf.for %i = %c0 to %n step %c1 {
    %code = tensor.extract %codes[%i] : tensor<7xi8>
    vector.print %code : i8
  }
  return
}
