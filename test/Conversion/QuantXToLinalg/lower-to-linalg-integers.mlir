// Integer codes and zero points are bytes in memory.
//
// RUN: quant-opt %s -quantx-lower-to-linalg | FileCheck %s --implicit-check-not=quantx

// Unsigned integers up to 8 bits, signless ones of 2 to 7; no other type.
// CHECK: func.func private @signature(tensor<4xi8>, tensor<4xi8>, tensor<4xi8>, tensor<4xi8>, tensor<4xi8>) -> tensor<4xi8>
func.func private @signature(tensor<4xui2>, tensor<4xui8>, tensor<4xi2>, tensor<4xi7>, tensor<4xi8>) -> tensor<4xui4>
// CHECK: func.func private @others(tensor<4xi1>, tensor<4xi16>, tensor<4xui16>, tensor<4xsi4>, ui4, memref<4xui4>) -> tensor<*xui4>
func.func private @others(tensor<4xi1>, tensor<4xi16>, tensor<4xui16>, tensor<4xsi4>, ui4, memref<4xui4>) -> tensor<*xui4>

// CHECK-LABEL: func.func @through(
// CHECK-SAME: %[[X:.*]]: tensor<4xi8>) -> tensor<4xi8>
// CHECK: cf.br ^[[NEXT:.*]](%[[X]] : tensor<4xi8>)
// CHECK: ^[[NEXT]](%[[Y:.*]]: tensor<4xi8>):
// CHECK: return %[[Y]]
func.func @through(%x: tensor<4xui4>) -> tensor<4xui4> {
  cf.br ^next(%x : tensor<4xui4>)
^next(%y: tensor<4xui4>):
  return %y : tensor<4xui4>
}

// Constants are bytes too, extended by their sign.
// CHECK-LABEL: func.func @constants(
// CHECK-DAG: %[[U:.*]] = arith.constant dense<[15, -1]> : tensor<2xi8>
// CHECK-DAG: %[[S:.*]] = arith.constant dense<[-1, 7]> : tensor<2xi8>
// CHECK-DAG: %[[A:.*]] = arith.constant dense<3> : tensor<4xi8>
// CHECK: return %[[U]], %[[S]], %[[A]]
func.func @constants() -> (tensor<2xui8>, tensor<2xi4>, tensor<4xui4>) {
  %u = arith.constant dense<[15, 255]> : tensor<2xui8>
  %s = arith.constant dense<[-1, 7]> : tensor<2xi4>
  %a = arith.constant dense<3> : tensor<4xui4>
  return %u, %s, %a : tensor<2xui8>, tensor<2xi4>, tensor<4xui4>
}

// Other ops may compute on signless integers: they are sign-extended.
// CHECK-LABEL: func.func @compute(
// CHECK-SAME: %[[X:.*]]: tensor<4xi8>) -> tensor<4xi8>
// CHECK-NEXT: %[[T:.*]] = arith.trunci %[[X]] : tensor<4xi8> to tensor<4xi4>
// CHECK-NEXT: %[[S:.*]] = arith.addi %[[T]], %[[T]] : tensor<4xi4>
// CHECK-NEXT: %[[E:.*]] = arith.extsi %[[S]] : tensor<4xi4> to tensor<4xi8>
// CHECK-NEXT: return %[[E]]
func.func @compute(%x: tensor<4xi4>) -> tensor<4xi4> {
  %s = arith.addi %x, %x : tensor<4xi4>
  return %s : tensor<4xi4>
}

// Codes above the storage's bits do not reach the neighbour: pack masks.
// CHECK-LABEL: func.func @pack(
// CHECK-SAME: %[[C:.*]]: tensor<8x64xi8>) -> tensor<8x32xi8>
// CHECK: %[[CODE:.*]] = tensor.extract %[[C]]
// CHECK: %[[MASK:.*]] = arith.constant 15 : i8
// CHECK: arith.andi %[[CODE]], %[[MASK]] : i8
func.func @pack(%c: tensor<8x64xi4>) -> tensor<8x32xi8> {
  %b = quantx.pack %c as #quantx.packing<linear> : tensor<8x64xi4> to tensor<8x32xi8>
  return %b : tensor<8x32xi8>
}

// Signed codes are sign-extended into their bytes, unsigned ones masked.
// CHECK-LABEL: func.func @unpack_signed(
// CHECK: arith.constant 28 : i32
// CHECK: arith.shli
// CHECK: arith.shrsi
func.func @unpack_signed(%b: tensor<8x32xi8>) -> tensor<8x64xi4> {
  %c = quantx.unpack %b as #quantx.packing<linear> : tensor<8x32xi8> to tensor<8x64xi4>
  return %c : tensor<8x64xi4>
}

// CHECK-LABEL: func.func @unpack_unsigned(
// CHECK-NOT: arith.shrsi
// CHECK: %[[MASK:.*]] = arith.constant 15 : i32
// CHECK: arith.andi %{{.*}}, %[[MASK]] : i32
// CHECK-NOT: arith.shrsi
// CHECK: return
func.func @unpack_unsigned(%b: tensor<8x32xi8>) -> tensor<8x64xui4> {
  %c = quantx.unpack %b as #quantx.packing<linear> : tensor<8x32xi8> to tensor<8x64xui4>
  return %c : tensor<8x64xui4>
}
