// Upstream's quantized types, converted and run. The expected codes and values are
// by hand: ties go to even, and narrow storage clamps.
//
// RUN: quant-opt %s --convert-quant-to-quantx \
// RUN:     --quantx-cpu-pipeline=target=generic \
// RUN:   | %run_main | FileCheck %s --match-full-lines

memref.global "private" constant @inputs : memref<2x4xf32> =
  dense<[[0.6, 1.5, 2.5, -300.0], [0.6, -1.25, 300.0, -2.0]]>

!narrow = !quant.uniform<i8<-127:127>:f32, 1.0>
func.func @narrow(%x: tensor<2x?xf32>) -> tensor<2x?x!narrow> {
  %q = quant.qcast %x : tensor<2x?xf32> to tensor<2x?x!narrow>
  return %q : tensor<2x?x!narrow>
}

// Rows of scale 1 and 0.5, with zero points of 0 and 5, in the codes 0 to 15.
!rows = !quant.uniform<u4:f32:0, {1.0:0, 0.5:5}>
func.func @rows(%x: tensor<2x4xf32>) -> tensor<2x4x!rows> {
  %q = quant.qcast %x : tensor<2x4xf32> to tensor<2x4x!rows>
  return %q : tensor<2x4x!rows>
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %inputs = memref.get_global @inputs : memref<2x4xf32>
  %x = bufferization.to_tensor %inputs restrict
    : memref<2x4xf32> to tensor<2x4xf32>
  %d = tensor.cast %x : tensor<2x4xf32> to tensor<2x?xf32>
  %n = func.call @narrow(%d) : (tensor<2x?xf32>) -> tensor<2x?x!narrow>
  %codes = quant.scast %n : tensor<2x?x!narrow> to tensor<2x?xi8>
  %values = quant.dcast %n : tensor<2x?x!narrow> to tensor<2x?xf32>
  %q = func.call @rows(%x) : (tensor<2x4xf32>) -> tensor<2x4x!rows>
  %s = quant.scast %q : tensor<2x4x!rows> to tensor<2x4xi4>
  %y = quant.dcast %q : tensor<2x4x!rows> to tensor<2x4xf32>
  scf.for %i = %c0 to %c2 step %c1 {
    scf.for %j = %c0 to %c4 step %c1 {
      %code = tensor.extract %codes[%i, %j] : tensor<2x?xi8>
      vector.print %code : i8
      %value = tensor.extract %values[%i, %j] : tensor<2x?xf32>
      vector.print %value : f32
      %small = tensor.extract %s[%i, %j] : tensor<2x4xi4>
      %wide = arith.extui %small : i4 to i8
      vector.print %wide : i8
      %row = tensor.extract %y[%i, %j] : tensor<2x4xf32>
      vector.print %row : f32
    }
  }
  return
}

//      0.6
// CHECK:      1
// CHECK-NEXT: 1
// CHECK-NEXT: 1
// CHECK-NEXT: 1
//      1.5
// CHECK-NEXT: 2
// CHECK-NEXT: 2
// CHECK-NEXT: 2
// CHECK-NEXT: 2
//      2.5
// CHECK-NEXT: 2
// CHECK-NEXT: 2
// CHECK-NEXT: 2
// CHECK-NEXT: 2
//      -300
// CHECK-NEXT: -127
// CHECK-NEXT: -127
// CHECK-NEXT: 0
// CHECK-NEXT: 0
//      0.6 in the second row: rne(1.2) + 5
// CHECK-NEXT: 1
// CHECK-NEXT: 1
// CHECK-NEXT: 6
// CHECK-NEXT: 0.5
//      -1.25: rne(-2.5) + 5
// CHECK-NEXT: -1
// CHECK-NEXT: -1
// CHECK-NEXT: 3
// CHECK-NEXT: -1
//      300
// CHECK-NEXT: 127
// CHECK-NEXT: 127
// CHECK-NEXT: 15
// CHECK-NEXT: 5
//      -2
// CHECK-NEXT: -2
// CHECK-NEXT: -2
// CHECK-NEXT: 1
// CHECK-NEXT: -2
