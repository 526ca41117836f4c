// Where Linux refuses tile registers, code for AMX takes its other form: the
// bits of what is compiled without AMX.

// REQUIRES: host-amx
// UNSUPPORTED: asan

// RUN: %python %S/Inputs/refuse-tiles.py \
// RUN:   quant-run %s --entry-point=matmul --target=x86-64-v4+amx \
// RUN:   --output=%t.refused.npy
// RUN: quant-run %s --entry-point=matmul --target=x86-64-v4+avx512vbmi \
// RUN:   --output=%t.without.npy
// RUN: cmp %t.refused.npy %t.without.npy

// Given them, it adds in another order.
// RUN: quant-run %s --entry-point=matmul --target=x86-64-v4+amx \
// RUN:   --output=%t.granted.npy
// RUN: not cmp %t.granted.npy %t.without.npy

// Integers that no rounding changes are the same in each form.
// RUN: %python %S/Inputs/refuse-tiles.py \
// RUN:   quant-run %s --entry-point=integers --target=x86-64-v4+amx \
// RUN:   --output=%t.integers.refused.npy
// RUN: quant-run %s --entry-point=integers --target=x86-64-v4+amx \
// RUN:   --output=%t.integers.granted.npy
// RUN: cmp %t.integers.refused.npy %t.integers.granted.npy

!mxint8 = !quantx.scaled<i8 : f32, f8E8M0FNU per 1x32>
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func private @make(%factor: f32) -> tensor<48x512xf32> {
  %empty = tensor.empty() : tensor<48x512xf32>
  %values = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      outs(%empty : tensor<48x512xf32>) {
  ^bb0(%old: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %c57 = arith.constant 57 : index
    %c101 = arith.constant 101 : index
    %0 = arith.muli %i, %c57 : index
    %1 = arith.muli %j, %i : index
    %2 = arith.addi %0, %1 : index
    %3 = arith.remui %2, %c101 : index
    %4 = arith.index_cast %3 : index to i32
    %5 = arith.sitofp %4 : i32 to f32
    %6 = arith.mulf %5, %factor : f32
    linalg.yield %6 : f32
  } -> tensor<48x512xf32>
  return %values : tensor<48x512xf32>
}

func.func @matmul() -> tensor<48x48xf32> {
  %third = arith.constant 0.333333 : f32
  %seventh = arith.constant -0.142857 : f32
  %x = call @make(%third) : (f32) -> tensor<48x512xf32>
  %y = call @make(%seventh) : (f32) -> tensor<48x512xf32>
  %w = quantx.dynamic_quantize %y using #quantx.floor
    : tensor<48x512xf32> to tensor<48x512x!mxfp4>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<48x48xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<48x48xf32>)
    -> tensor<48x48xf32>
  %r = quantx.scaled_matmul
    ins(%x, %w : tensor<48x512xf32>, tensor<48x512x!mxfp4>)
    outs(%init : tensor<48x48xf32>) -> tensor<48x48xf32>
  return %r : tensor<48x48xf32>
}

func.func @integers() -> tensor<48x48xf32> {
  %one = arith.constant 1.0 : f32
  %quarter = arith.constant -0.25 : f32
  %x = call @make(%one) : (f32) -> tensor<48x512xf32>
  %y = call @make(%quarter) : (f32) -> tensor<48x512xf32>
  %a = quantx.dynamic_quantize %x using #quantx.floor
    : tensor<48x512xf32> to tensor<48x512x!mxint8>
  %w = quantx.dynamic_quantize %y using #quantx.floor
    : tensor<48x512xf32> to tensor<48x512x!mxfp4>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<48x48xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<48x48xf32>)
    -> tensor<48x48xf32>
  %r = quantx.scaled_matmul
    ins(%a, %w : tensor<48x512x!mxint8>, tensor<48x512x!mxfp4>)
    outs(%init : tensor<48x48xf32>) -> tensor<48x48xf32>
  return %r : tensor<48x48xf32>
}
