// Symmetric INT8, one scale a row, against independent vectors.
//
// DEFINE: %{check} = %python %S/Inputs/check_golden.py %s \
// DEFINE:   row=int8_row_{}:codes,scale
//
// RUN: %{check} | FileCheck %s
// RUN: %{check} -- --target=generic | FileCheck %s
// RUN: %{check} -- --threads=2 | FileCheck %s
//
// CHECK: row: 32896 values equal

!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>

func.func @row(%x: tensor<32x256xf32>)
    -> (tensor<32x256xi8>, tensor<32x1xf32>) {
  %q = quantx.dynamic_quantize %x using #quantx.absmax
    : tensor<32x256xf32> to tensor<32x256x!int8>
  %p, %s = quantx.disassemble %q
    : tensor<32x256x!int8> to tensor<32x256xi8>, tensor<32x1xf32>
  return %p, %s : tensor<32x256xi8>, tensor<32x1xf32>
}
