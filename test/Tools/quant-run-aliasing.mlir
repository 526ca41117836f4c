// Arguments, results and buffers that are one: a caller's data stays as it is,
// results are its own, and each buffer is freed once.
//
// RUN: rm -rf %t && %python %S/Inputs/files.py make %t && cd %t
// RUN: cp x4.npy before.npy
// DEFINE: %{show} = %python %S/Inputs/files.py show
// DEFINE: %{same} = %python %S/Inputs/files.py same
// DEFINE: %{threads} = 1
// DEFINE: %{one} = quant-run %s --threads=%{threads} --repeat=2 \
// DEFINE:   --input=x4.npy --output=a.npy
//
// RUN: %{one} --entry-point=identity && %{same} a.npy x4.npy
// RUN: %{one} --entry-point=overwrite && cmp before.npy x4.npy
// RUN: %{show} a.npy | FileCheck %s --check-prefix=OVERWRITE
// OVERWRITE: <f4 [4]: -1.5 2 -0 0
// RUN: %{one} --entry-point=insert && cmp before.npy x4.npy
// RUN: %{show} a.npy | FileCheck %s --check-prefix=INSERT
// INSERT: <f4 [4]: 7 -2 0 -0
// RUN: %{one} --entry-point=slice
// RUN: %{show} a.npy | FileCheck %s --check-prefix=SLICE
// SLICE: <f4 [2]: -2 0
// RUN: %{one} --entry-point=branch --input=scalar_i1.npy \
// RUN:   && cmp before.npy x4.npy
// RUN: %{show} a.npy | FileCheck %s --check-prefix=BRANCH
// BRANCH: <f4 [4]: 1.5 -2 0 -0
//
// RUN: %{one} --entry-point=twice --output=b.npy \
// RUN:   && %{same} a.npy x4.npy && %{same} b.npy x4.npy
// RUN: %{one} --entry-point=same --output=b.npy && cmp a.npy b.npy
// RUN: %{show} b.npy | FileCheck %s --check-prefix=OVERWRITE
// RUN: %{one} --entry-point=unused --input=x8.npy --input=scalar_f32.npy
// RUN: %{show} a.npy | FileCheck %s --check-prefix=UNUSED
// UNUSED: <f4 [8]: 0 1 2 3 4 5 6 7
//
// REDEFINE: %{threads} = 2
// RUN: %{one} --entry-point=overwrite && cmp before.npy x4.npy
// RUN: %{one} --entry-point=same --output=b.npy && cmp a.npy b.npy
//
// An output is never an input.
// RUN: %python %S/Inputs/expect_error.py %t quant-run %s --entry-point=overwrite \
// RUN:   --input=x4.npy --output=x4.npy | FileCheck %s --check-prefix=OWN
// OWN: quant-run: error: x4.npy: expected another file than 'x4.npy', which it would replace
//
// Two results for one file.
// RUN: %python %S/Inputs/expect_error.py %t quant-run %s --entry-point=same \
// RUN:   --input=x4.npy --output=o.npy --output=./o.npy \
// RUN:   | FileCheck %s --check-prefix=TWICE
// TWICE: error: the outputs #0 and #1 are both './o.npy'

func.func @identity(%x: tensor<?xf32>) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}

func.func @overwrite(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>],
                       iterator_types = ["parallel"]}
      outs(%x : tensor<?xf32>) {
  ^bb0(%value: f32):
    %negated = arith.negf %value : f32
    linalg.yield %negated : f32
  } -> tensor<?xf32>
  return %y : tensor<?xf32>
}

func.func @insert(%x: tensor<?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %seven = arith.constant 7.0 : f32
  %y = tensor.insert %seven into %x[%c0] : tensor<?xf32>
  return %y : tensor<?xf32>
}

func.func @slice(%x: tensor<4xf32>) -> tensor<2xf32> {
  %y = tensor.extract_slice %x[1] [2] [1] : tensor<4xf32> to tensor<2xf32>
  return %y : tensor<2xf32>
}

// One branch gives the argument, the other a buffer of its own.
func.func @branch(%x: tensor<4xf32>, %condition: i1) -> tensor<4xf32> {
  %y = scf.if %condition -> tensor<4xf32> {
    scf.yield %x : tensor<4xf32>
  } else {
    %negated = arith.negf %x : tensor<4xf32>
    scf.yield %negated : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

func.func @twice(%x: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  return %x, %x : tensor<?xf32>, tensor<?xf32>
}

func.func @same(%x: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %y = arith.negf %x : tensor<?xf32>
  return %y, %y : tensor<?xf32>, tensor<?xf32>
}

func.func @unused(%a: tensor<?xf32>, %x: tensor<?xf32>, %b: f32)
    -> tensor<?xf32> {
  return %x : tensor<?xf32>
}
