// RUN: quant-opt %s --quantx-expand-narrow-floats=target=x86-64-v4 \
// RUN:   | FileCheck %s --implicit-check-not=f4E2M1FN
func.func @encode(%x: vector<64xf32>) -> vector<32xi8> {
  %codes = arith.truncf %x : vector<64xf32> to vector<64xf4E2M1FN>
  %bytes = vector.bitcast %codes : vector<64xf4E2M1FN> to vector<32xi8>
  return %bytes : vector<32xi8>
}
// CHECK: llvm.x86.avx512.packusdw.512
// CHECK: return %{{.*}} : vector<32xi8>
