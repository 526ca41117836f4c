// An affine function of codes of 4 bits is a table of integers, where bytes are
// looked up. (Twice an E2M1 value, plus 12.) An index of VBMI is the low bits of a
// byte, so that codes need not be masked.
//
// RUN: quant-opt %s --quantx-expand-narrow-floats=target=x86-64-v4 --canonicalize | FileCheck %s
// RUN: quant-opt %s --quantx-expand-narrow-floats=target=x86-64-v4+avx512vbmi --canonicalize \
// RUN: | FileCheck %s --check-prefix=VBMI
// RUN: quant-opt %s --quantx-expand-narrow-floats=target=generic | FileCheck %s --check-prefix=GENERIC

// CHECK-LABEL: func.func @table(
// CHECK-SAME:    %[[C:.+]]: vector<64xi8>)
// CHECK-DAG:     %[[TABLE:.+]] = arith.constant dense<[12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0, {{.*}}]> : vector<64xi8>
// CHECK:         %[[CODES:.+]] = arith.andi %[[C]]
// CHECK-NOT:     arith.fptoui
// CHECK:         %[[R:.+]] = llvm.call_intrinsic "llvm.x86.avx512.pshuf.b.512"(%[[TABLE]], %{{.+}})
// CHECK-NEXT:    return %[[R]]
// VBMI-LABEL: func.func @table(
// VBMI-SAME:    %[[C:.+]]: vector<64xi8>)
// VBMI:         %[[TABLE:.+]] = arith.constant dense<[12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0, 12, {{.*}}]> : vector<64xi8>
// VBMI-NOT:     arith.andi
// VBMI:         %[[R:.+]] = llvm.call_intrinsic "llvm.x86.avx512.permvar.qi.512"(%[[TABLE]], %[[C]])
// VBMI-NEXT:    return %[[R]]
// GENERIC-LABEL: func.func @table(
// GENERIC:         arith.fptoui
func.func @table(%c: vector<64xi8>) -> vector<64xi8> {
  %two = arith.constant dense<2.0> : vector<64xf32>
  %twelve = arith.constant dense<12.0> : vector<64xf32>
  %0 = arith.trunci %c : vector<64xi8> to vector<64xi4>
  %1 = arith.bitcast %0 : vector<64xi4> to vector<64xf4E2M1FN>
  %2 = arith.extf %1 : vector<64xf4E2M1FN> to vector<64xf32>
  %3 = arith.mulf %2, %two : vector<64xf32>
  %4 = arith.addf %3, %twelve : vector<64xf32>
  %5 = arith.fptoui %4 : vector<64xf32> to vector<64xi8>
  return %5 : vector<64xi8>
}

// Not of a constant, not of 4 bits.
// CHECK-LABEL: func.func @others(
// CHECK-COUNT-2: arith.fptoui
func.func @others(%c: vector<64xi8>, %d: vector<64xf8E4M3FN>, %k: vector<64xf32>)
    -> (vector<64xi8>, vector<64xi8>) {
  %two = arith.constant dense<2.0> : vector<64xf32>
  %0 = arith.trunci %c : vector<64xi8> to vector<64xi4>
  %1 = arith.bitcast %0 : vector<64xi4> to vector<64xf4E2M1FN>
  %2 = arith.extf %1 : vector<64xf4E2M1FN> to vector<64xf32>
  %3 = arith.mulf %2, %two : vector<64xf32>
  %4 = arith.addf %3, %k : vector<64xf32>
  %5 = arith.fptoui %4 : vector<64xf32> to vector<64xi8>
  %6 = arith.extf %d : vector<64xf8E4M3FN> to vector<64xf32>
  %7 = arith.mulf %6, %two : vector<64xf32>
  %8 = arith.addf %7, %two : vector<64xf32>
  %9 = arith.fptoui %8 : vector<64xf32> to vector<64xi8>
  return %5, %9 : vector<64xi8>, vector<64xi8>
}
