// Every kind of file that quant-compile writes, each for the suffix it has.
//
// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: quant-compile %s -o k.ll && FileCheck %s --check-prefix=LL < k.ll
// RUN: quant-compile %s -o k.s && FileCheck %s --check-prefix=ASM < k.s
// RUN: quant-compile %s -o k.o && llvm-nm k.o | FileCheck %s --check-prefix=SYMBOLS
// RUN: quant-compile %s -o k.so \
// RUN:   && llvm-nm --dynamic --defined-only k.so | FileCheck %s --check-prefix=SYMBOLS
//
// LL: target triple =
// LL: define {{.*}}@negate(
// LL: define {{.*}}@_mlir_ciface_negate(
// LL-NOT: @helper(
// ASM: {{^}}_mlir_ciface_negate:
// SYMBOLS-NOT: helper
// SYMBOLS: T _mlir_ciface_negate
// SYMBOLS-NOT: helper
// SYMBOLS: T negate
//
// The code says which CPU it is for.
// RUN: quant-compile %s -o v3.ll --target=x86-64-v3
// RUN: FileCheck %s --check-prefix=V3 < v3.ll
// V3: target triple = "x86_64-
// V3: "target-cpu"="x86-64-v3"
// RUN: quant-compile %s -o v4.ll --target=x86-64-v4
// RUN: FileCheck %s --check-prefix=V4 < v4.ll
// V4: "prefer-vector-width"="512"
// V4-SAME: "target-cpu"="x86-64-v4"
//
// For another architecture than this machine's, too.
// RUN: quant-compile %s -o arm.s --target=aarch64
// RUN: FileCheck %s --check-prefix=ARM < arm.s
// ARM: fneg {{v[0-9]+}}.4s
// RUN: quant-compile %s -o arm.o --target=aarch64
// RUN: llvm-readobj --file-headers arm.o | FileCheck %s --check-prefix=ARM-O
// ARM-O: Arch: aarch64
//
// Threads are OpenMP's.
// RUN: quant-compile %s -o omp.ll --threads=2
// RUN: FileCheck %s --check-prefix=OMP < omp.ll
// OMP: call {{.*}}@__kmpc_fork_call
// RUN: quant-compile %s -o omp.so --threads=2
//
// A file that is there is replaced, and equal runs write equal bytes.
// RUN: cp k.o first.o && quant-compile %s -o k.o && cmp k.o first.o
// RUN: echo old > k.s && quant-compile %s -o k.s && FileCheck %s --check-prefix=ASM < k.s

func.func @negate(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = call @helper(%x) : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

func.func private @helper(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = arith.negf %x : tensor<?xf32>
  return %y : tensor<?xf32>
}
