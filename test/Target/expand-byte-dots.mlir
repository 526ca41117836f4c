// RUN: quant-opt %s --quantx-expand-byte-dots --canonicalize | FileCheck %s

#element = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// CHECK-LABEL: func.func @dot(
// CHECK-SAME:    %[[X:.+]]: vector<64xi8>, %[[Y:.+]]: vector<64xi8>, %[[SUMS:.+]]: vector<16xi32>)
// CHECK-NEXT:    %[[R:.+]] = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%[[SUMS]], %[[X]], %[[Y]]) : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
// CHECK-NEXT:    return %[[R]]
func.func @dot(%x: vector<64xi8>, %y: vector<64xi8>, %sums: vector<16xi32>) -> vector<16xi32> {
  %0 = vector.shape_cast %x : vector<64xi8> to vector<16x4xi8>
  %1 = vector.shape_cast %y : vector<64xi8> to vector<16x4xi8>
  %a = arith.extui %0 : vector<16x4xi8> to vector<16x4xi32>
  %b = arith.extsi %1 : vector<16x4xi8> to vector<16x4xi32>
  %r = vector.contract {indexing_maps = [#element, #element, #row],
                        iterator_types = ["parallel", "reduction"],
                        kind = #vector.kind<add>} %a, %b, %sums
    : vector<16x4xi32>, vector<16x4xi32> into vector<16xi32>
  return %r : vector<16xi32>
}

// Two with signs, another shape, another sum.
// CHECK-LABEL: func.func @others(
// CHECK-NOT:     llvm.call_intrinsic
func.func @others(%x: vector<16x4xi8>, %y: vector<16x4xi8>, %s: vector<8x4xi8>,
                  %sums: vector<16xi32>, %few: vector<8xi32>)
    -> (vector<16xi32>, vector<8xi32>, vector<16xi32>) {
  %a = arith.extui %x : vector<16x4xi8> to vector<16x4xi32>
  %b = arith.extsi %y : vector<16x4xi8> to vector<16x4xi32>
  %c = arith.extsi %x : vector<16x4xi8> to vector<16x4xi32>
  %d = arith.extui %s : vector<8x4xi8> to vector<8x4xi32>
  %e = arith.extsi %s : vector<8x4xi8> to vector<8x4xi32>
  %0 = vector.contract {indexing_maps = [#element, #element, #row],
                        iterator_types = ["parallel", "reduction"],
                        kind = #vector.kind<add>} %c, %b, %sums
    : vector<16x4xi32>, vector<16x4xi32> into vector<16xi32>
  %1 = vector.contract {indexing_maps = [#element, #element, #row],
                        iterator_types = ["parallel", "reduction"],
                        kind = #vector.kind<add>} %d, %e, %few
    : vector<8x4xi32>, vector<8x4xi32> into vector<8xi32>
  %2 = vector.contract {indexing_maps = [#element, #element, #row],
                        iterator_types = ["parallel", "reduction"],
                        kind = #vector.kind<maxsi>} %a, %b, %sums
    : vector<16x4xi32>, vector<16x4xi32> into vector<16xi32>
  return %0, %1, %2 : vector<16xi32>, vector<8xi32>, vector<16xi32>
}
