// Only what the entry point reaches is compiled: other functions may take what
// quant-run cannot give, or do what it cannot lower.
//
// RUN: rm -rf %t && %python %S/Inputs/files.py make %t && cd %t
// RUN: quant-run %s --entry-point=ok --input=x4.npy --output=y.npy
// RUN: %python %S/Inputs/files.py show y.npy | FileCheck %s
// CHECK: y.npy: <f4 [4]: 3 -4 0 -0
//
// What it does reach counts, and the names are still those of all.
// RUN: not quant-run %s --entry-point=reaches --input=x4.npy --output=y.npy \
// RUN:   2>&1 | FileCheck %s --check-prefix=REACHES
// REACHES: 'tosa.abs' op has no lowering to buffers
// RUN: not quant-run %s --entry-point=none 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NONE
// NONE: error: no function 'none': the file has ok, reaches, lowers_to_nothing, of_buffer, of_vector, unranked{{$}}

func.func @ok(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = call @twice(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

func.func @reaches(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = call @lowers_to_nothing(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

func.func private @twice(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = arith.addf %x, %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

func.func @lowers_to_nothing(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tosa.abs %x : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

func.func @of_buffer(%x: memref<4xf32>) {
  return
}

func.func @of_vector(%x: vector<4xf32>) {
  return
}

func.func @unranked(%x: tensor<*xf32>) {
  return
}
