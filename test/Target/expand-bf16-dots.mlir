// RUN: quant-opt %s --quantx-expand-bf16-dots --canonicalize | FileCheck %s

#element = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// CHECK-LABEL: func.func @dot(
// CHECK-SAME:    %[[X:.+]]: vector<32xbf16>, %[[Y:.+]]: vector<32xbf16>, %[[SUMS:.+]]: vector<16xf32>)
// CHECK-NEXT:    %[[R:.+]] = llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"(%[[SUMS]], %[[X]], %[[Y]]) : (vector<16xf32>, vector<32xbf16>, vector<32xbf16>) -> vector<16xf32>
// CHECK-NEXT:    return %[[R]]
func.func @dot(%x: vector<32xbf16>, %y: vector<32xbf16>, %sums: vector<16xf32>) -> vector<16xf32> {
  %0 = vector.shape_cast %x : vector<32xbf16> to vector<16x2xbf16>
  %1 = vector.shape_cast %y : vector<32xbf16> to vector<16x2xbf16>
  %a = arith.extf %0 : vector<16x2xbf16> to vector<16x2xf32>
  %b = arith.extf %1 : vector<16x2xbf16> to vector<16x2xf32>
  %r = vector.contract {indexing_maps = [#element, #element, #row],
                        iterator_types = ["parallel", "reduction"],
                        kind = #vector.kind<add>} %a, %b, %sums
    : vector<16x2xf32>, vector<16x2xf32> into vector<16xf32>
  return %r : vector<16xf32>
}

// f16, another shape, another sum.
// CHECK-LABEL: func.func @others(
// CHECK-NOT:     llvm.call_intrinsic
func.func @others(%x: vector<16x2xbf16>, %y: vector<16x2xf16>, %s: vector<8x2xbf16>,
                  %sums: vector<16xf32>, %few: vector<8xf32>)
    -> (vector<16xf32>, vector<8xf32>, vector<16xf32>) {
  %a = arith.extf %x : vector<16x2xbf16> to vector<16x2xf32>
  %b = arith.extf %y : vector<16x2xf16> to vector<16x2xf32>
  %c = arith.extf %s : vector<8x2xbf16> to vector<8x2xf32>
  %0 = vector.contract {indexing_maps = [#element, #element, #row],
                        iterator_types = ["parallel", "reduction"],
                        kind = #vector.kind<add>} %a, %b, %sums
    : vector<16x2xf32>, vector<16x2xf32> into vector<16xf32>
  %1 = vector.contract {indexing_maps = [#element, #element, #row],
                        iterator_types = ["parallel", "reduction"],
                        kind = #vector.kind<add>} %c, %c, %few
    : vector<8x2xf32>, vector<8x2xf32> into vector<8xf32>
  %2 = vector.contract {indexing_maps = [#element, #element, #row],
                        iterator_types = ["parallel", "reduction"],
                        kind = #vector.kind<maxnumf>} %a, %a, %sums
    : vector<16x2xf32>, vector<16x2xf32> into vector<16xf32>
  return %0, %1, %2 : vector<16xf32>, vector<8xf32>, vector<16xf32>
}

// Integers in the low bits of lanes: a permutation takes as many of each index as
// there are lanes, and a table of 16 is there twice.
// CHECK-LABEL: func.func @signed(
// CHECK-SAME:    %[[X:.+]]: vector<32xi16>)
// CHECK:         %[[TABLE:.+]] = arith.constant dense<[0, 16256, 16384, {{.*}}, 16752, -16000, -16016, {{.*}}, -16512]> : vector<32xi16>
// CHECK-NEXT:    %[[R:.+]] = llvm.call_intrinsic "llvm.x86.avx512.permvar.hi.512"(%[[TABLE]], %[[X]]) : (vector<32xi16>, vector<32xi16>) -> vector<32xi16>
// CHECK-NEXT:    arith.bitcast %[[R]] : vector<32xi16> to vector<32xbf16>
func.func @signed(%x: vector<32xi16>) -> vector<32xbf16> {
  %low = arith.trunci %x : vector<32xi16> to vector<32xi5>
  %r = arith.sitofp %low : vector<32xi5> to vector<32xbf16>
  return %r : vector<32xbf16>
}

// CHECK-LABEL: func.func @unsigned(
// CHECK:         arith.constant dense<[0, 16256, {{.*}}, 16752, 0, 16256, {{.*}}, 16752]> : vector<32xi16>
// CHECK-NEXT:    llvm.call_intrinsic
func.func @unsigned(%x: vector<32xi16>) -> vector<32xbf16> {
  %low = arith.trunci %x : vector<32xi16> to vector<32xi4>
  %r = arith.uitofp %low : vector<32xi4> to vector<32xbf16>
  return %r : vector<32xbf16>
}

// More integers than lanes, other lanes, another float.
// CHECK-LABEL: func.func @notLowBits(
// CHECK-NOT:     llvm.call_intrinsic
func.func @notLowBits(%x: vector<32xi16>, %y: vector<16xi32>)
    -> (vector<32xbf16>, vector<16xbf16>, vector<32xf16>) {
  %a = arith.trunci %x : vector<32xi16> to vector<32xi6>
  %0 = arith.sitofp %a : vector<32xi6> to vector<32xbf16>
  %b = arith.trunci %y : vector<16xi32> to vector<16xi4>
  %1 = arith.sitofp %b : vector<16xi4> to vector<16xbf16>
  %c = arith.trunci %x : vector<32xi16> to vector<32xi4>
  %2 = arith.sitofp %c : vector<32xi4> to vector<32xf16>
  return %0, %1, %2 : vector<32xbf16>, vector<16xbf16>, vector<32xf16>
}
