// To bf16, where no value is subnormal: by the instruction that would take such
// values for 0, or by integers. What may be subnormal stays.
//
// RUN: quant-opt %s --quantx-expand-narrow-floats=target=x86-64-v4+amx \
// RUN:   --canonicalize \
// RUN: | FileCheck %s --check-prefixes=CHECK,BF16
// RUN: quant-opt %s --quantx-expand-narrow-floats=target=x86-64-v4 \
// RUN:   --canonicalize \
// RUN: | FileCheck %s --check-prefixes=CHECK,INTEGERS \
// RUN:     --implicit-check-not=call_intrinsic

// CHECK-LABEL: func.func @vector(
// CHECK-SAME:    %[[X:.+]]: vector<64xf32>
// BF16-DAG:      %[[PART0:.+]] = vector.shuffle %[[X]], %[[X]] [0, 1,
// BF16-DAG:      %[[PART1:.+]] = vector.shuffle %[[X]], %[[X]] [16, 17,
// BF16-DAG:      %[[PART2:.+]] = vector.shuffle %[[X]], %[[X]] [32, 33,
// BF16-DAG:      %[[PART3:.+]] = vector.shuffle %[[X]], %[[X]] [48, 49,
// BF16-DAG:      %[[LOW:.+]] = llvm.call_intrinsic "llvm.x86.avx512bf16.cvtne2ps2bf16.512"(%[[PART1]], %[[PART0]])
// BF16-DAG:      %[[HIGH:.+]] = llvm.call_intrinsic "llvm.x86.avx512bf16.cvtne2ps2bf16.512"(%[[PART3]], %[[PART2]])
// BF16:          %[[FIRST:.+]] = vector.insert_strided_slice %[[LOW]], %{{.+}} {offsets = [0],
// BF16:          %[[ALL:.+]] = vector.insert_strided_slice %[[HIGH]], %[[FIRST]] {offsets = [32],
// BF16:          return %[[ALL]]
// INTEGERS:      arith.shrui
// INTEGERS-NOT:  arith.truncf
func.func @vector(%x: vector<64xf32>) -> vector<64xbf16> {
  %y = arith.truncf %x {quantx.no_subnormals} : vector<64xf32> to vector<64xbf16>
  return %y : vector<64xbf16>
}

// Shorter than a register of them.
// CHECK-LABEL: func.func @scalar(
// CHECK:         arith.shrui
// CHECK-NOT:     arith.truncf %{{.+}} : f32 to bf16
func.func @scalar(%x: f32) -> bf16 {
  %y = arith.truncf %x {quantx.no_subnormals} : f32 to bf16
  return %y : bf16
}

// CHECK-LABEL: func.func @any(
// CHECK:         arith.truncf %{{.+}} : vector<64xf32> to vector<64xbf16>
func.func @any(%x: vector<64xf32>) -> vector<64xbf16> {
  %y = arith.truncf %x : vector<64xf32> to vector<64xbf16>
  return %y : vector<64xbf16>
}
