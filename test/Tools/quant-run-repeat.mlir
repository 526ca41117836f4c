// --repeat prints one line, with the median time and the bandwidth, and the
// results are those of one run.
//
// RUN: rm -rf %t && %python %S/Inputs/files.py make %t && cd %t
// RUN: quant-run %s --input=x8.npy --output=a.npy --repeat=3 | FileCheck %s
// RUN: quant-run %s --input=x8.npy --output=b.npy --repeat=0 | count 0
// RUN: cmp a.npy b.npy
//
// CHECK-NOT: {{.}}
// CHECK: median of 3: {{[0-9]+\.[0-9]+}} ms, {{[0-9]+\.[0-9]+}} GB/s (64 bytes of inputs and outputs)
// CHECK-NOT: {{.}}
//
// RUN: quant-run --help | FileCheck %s --check-prefix=HELP
// HELP: --entry-point=<NAME>
// HELP: --repeat=<N>
// HELP-NOT: mlir-
//
// RUN: quant-run --version | FileCheck %s --check-prefix=VERSION
// VERSION: QuantX {{[0-9.]+}}, LLVM 22.1

func.func @f(%x: tensor<8xf32>) -> tensor<8xf32> {
  %y = arith.negf %x : tensor<8xf32>
  return %y : tensor<8xf32>
}
