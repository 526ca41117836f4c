// Codes in the low bits of 32-bit lanes: nothing is cut off, packed or unpacked.
//
// RUN: quant-opt %s --quantx-expand-narrow-floats --canonicalize \
// RUN: | FileCheck %s --check-prefixes=CHECK,GENERIC \
// RUN:     --implicit-check-not=xi4 --implicit-check-not=xi8 \
// RUN:     --implicit-check-not=call_intrinsic
// RUN: quant-opt %s --quantx-expand-narrow-floats=target=x86-64-v3 \
// RUN:   --canonicalize \
// RUN: | FileCheck %s --check-prefixes=CHECK,V3 \
// RUN:     --implicit-check-not=xi4 --implicit-check-not=xi8 \
// RUN:     --implicit-check-not=avx512
// RUN: quant-opt %s --quantx-expand-narrow-floats=target=x86-64-v4 \
// RUN:   --canonicalize \
// RUN: | FileCheck %s --check-prefixes=CHECK,V4 \
// RUN:     --implicit-check-not=xi4 --implicit-check-not=xi8 \
// RUN:     --implicit-check-not=avx2

// A permutation of lanes looks codes up, whatever is above their bits. AVX2 has
// 8 lanes, and adds the sign.
//
// CHECK-LABEL: func.func @f4E2M1FN(
// CHECK-SAME:    %[[WORDS:.+]]: vector<16xi32>
// V3-DAG:      %[[TABLE:.+]] = arith.constant dense<[0.000000e+00, 5.000000e-01, 1.000000e+00, 1.500000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00, 6.000000e+00]>
// V3:          %[[LOW:.+]] = vector.shuffle %[[WORDS]], %{{.+}} [0, 1, 2, 3, 4, 5, 6, 7]
// V3:          %[[MAGNITUDE:.+]] = llvm.call_intrinsic "llvm.x86.avx2.permps"(%[[TABLE]], %[[LOW]])
// V3:          %[[SHIFTED:.+]] = arith.shli %[[LOW]]
// V3:          %[[SIGN:.+]] = arith.andi %[[SHIFTED]]
// V3:          %[[BITS:.+]] = arith.bitcast %[[MAGNITUDE]] : vector<8xf32> to vector<8xi32>
// V3:          arith.ori %[[BITS]], %[[SIGN]]
// V3:          llvm.call_intrinsic "llvm.x86.avx2.permps"
// V4:          %[[TABLE:.+]] = arith.constant dense<[0.000000e+00, 5.000000e-01, 1.000000e+00, 1.500000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00, 6.000000e+00, -0.000000e+00, -5.000000e-01, -1.000000e+00, -1.500000e+00, -2.000000e+00, -3.000000e+00, -4.000000e+00, -6.000000e+00]>
// V4:          %[[R:.+]] = llvm.call_intrinsic "llvm.x86.avx512.permvar.sf.512"(%[[TABLE]], %[[WORDS]])
// V4-NEXT:     return %[[R]]
// GENERIC:     arith.andi %[[WORDS]], %{{.+}} : vector<16xi32>
// GENERIC:     arith.select
// GENERIC:     arith.ori
func.func @f4E2M1FN(%words: vector<16xi32>) -> vector<16xf32> {
  %codes = arith.trunci %words : vector<16xi32> to vector<16xi4>
  %narrow = arith.bitcast %codes : vector<16xi4> to vector<16xf4E2M1FN>
  %wide = arith.extf %narrow : vector<16xf4E2M1FN> to vector<16xf32>
  return %wide : vector<16xf32>
}

// Lanes of 16 bits make bf16: the table of AVX-512 is there twice.
//
// CHECK-LABEL: func.func @halves(
// CHECK-SAME:    %[[HALVES:.+]]: vector<32xi16>
// V4:          %[[TABLE:.+]] = arith.constant dense<[0, 16128, 16256, 16320, 16384, 16448, 16512, 16576, -32768, -16640, -16512, -16448, -16384, -16320, -16256, -16192, 0, 16128, {{.*}}]> : vector<32xi16>
// V4-NEXT:     %[[R:.+]] = llvm.call_intrinsic "llvm.x86.avx512.permvar.hi.512"(%[[TABLE]], %[[HALVES]])
// V4-NEXT:     arith.bitcast %[[R]] : vector<32xi16> to vector<32xbf16>
// GENERIC:     arith.select
func.func @halves(%halves: vector<32xi16>) -> vector<32xbf16> {
  %codes = arith.trunci %halves : vector<32xi16> to vector<32xi4>
  %narrow = arith.bitcast %codes : vector<32xi4> to vector<32xf4E2M1FN>
  %wide = arith.extf %narrow : vector<32xf4E2M1FN> to vector<32xbf16>
  return %wide : vector<32xbf16>
}

// What fills no register, and other formats, by the formula.
//
// CHECK-LABEL: func.func @by_formula(
// CHECK-NOT:   call_intrinsic
// CHECK:       return
func.func @by_formula(%few: vector<4xi32>, %words: vector<16xi32>)
    -> (vector<4xf32>, vector<16xf32>) {
  %codes = arith.trunci %few : vector<4xi32> to vector<4xi4>
  %narrow = arith.bitcast %codes : vector<4xi4> to vector<4xf4E2M1FN>
  %wide = arith.extf %narrow : vector<4xf4E2M1FN> to vector<4xf32>
  %codes6 = arith.trunci %words : vector<16xi32> to vector<16xi6>
  %narrow6 = arith.bitcast %codes6 : vector<16xi6> to vector<16xf6E2M3FN>
  %wide6 = arith.extf %narrow6 : vector<16xf6E2M3FN> to vector<16xf32>
  return %wide, %wide6 : vector<4xf32>, vector<16xf32>
}
