// A bf16 is computed in one block and stored in another, with all its bits: LLVM
// 22 takes it through f32 there, and calls a function that is not linked, or makes
// a zero of a subnormal value (with AVX512-BF16).
//
// RUN: rm -rf %t && %python %S/Inputs/files.py make %t && cd %t
// DEFINE: %{target} = cpu
// DEFINE: %{run} = quant-run %s --target=%{target}
// DEFINE: %{insert} = %{run} --entry-point=insert --input=b4.npy \
// DEFINE:   --input=scalar_index.npy --input=subnormal_bf16.npy --output=y.npy \
// DEFINE:   && %python %S/Inputs/files.py show y.npy | FileCheck %s
//
// CHECK: <u2 [4]: 0x3fc0 0x0001 0x0000 0x0001
//
// RUN: %{insert}
// REDEFINE: %{target} = generic
// RUN: %{insert}

func.func @insert(%x: tensor<?xbf16>, %n: index, %v: tensor<bf16>) -> tensor<?xbf16> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %size = tensor.dim %x, %c0 : tensor<?xbf16>
  %end = arith.minsi %n, %size : index
  %s = tensor.extract %v[] : tensor<bf16>
  %r = scf.for %i = %c1 to %end step %c2 iter_args(%y = %x) -> tensor<?xbf16> {
    %z = tensor.insert %s into %y[%i] : tensor<?xbf16>
    scf.yield %z : tensor<?xbf16>
  }
  return %r : tensor<?xbf16>
}
