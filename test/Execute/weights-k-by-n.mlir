// Weights of K x N are no scaled_matmul, but compile, and give what the
// transpose of them does, of which one is made: sums of these products are exact.
//
// RUN: quant-opt %s --quantx-fuse-dequantize | FileCheck %s
// CHECK-LABEL: func.func @k_by_n(
// CHECK-NOT: scaled_matmul
// CHECK: linalg.matmul
// CHECK-LABEL: func.func @n_by_k(
// CHECK: quantx.scaled_matmul
//
// DEFINE: %{target} = cpu
// DEFINE: %{run} = quant-run %s --target=%{target} \
// DEFINE:   --input=%S/../golden/x_student.npy
// DEFINE: %{check} = %{run} --entry-point=k_by_n --output=%t/k_by_n.npy \
// DEFINE:   && %{run} --entry-point=n_by_k --output=%t/n_by_k.npy \
// DEFINE:   && cmp %t/k_by_n.npy %t/n_by_k.npy
//
// RUN: rm -rf %t && mkdir %t
// RUN: %{check}
// REDEFINE: %{target} = generic
// RUN: %{check}

!along_rows = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!along_columns = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 32x1>
#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>

func.func private @activations() -> tensor<3x256xf32> {
  %a = arith.constant dense<1.0> : tensor<3x256xf32>
  return %a : tensor<3x256xf32>
}

func.func private @zeros() -> tensor<3x32xf32> {
  %acc = arith.constant dense<0.0> : tensor<3x32xf32>
  return %acc : tensor<3x32xf32>
}

func.func @k_by_n(%w: tensor<32x256xf32>) -> tensor<3x32xf32> {
  %a = call @activations() : () -> tensor<3x256xf32>
  %acc = call @zeros() : () -> tensor<3x32xf32>
  %e = tensor.empty() : tensor<256x32xf32>
  %t = linalg.transpose ins(%w : tensor<32x256xf32>) outs(%e : tensor<256x32xf32>) permutation = [1, 0]
  %q = quantx.dynamic_quantize %t using #quantx.floor : tensor<256x32xf32> to tensor<256x32x!along_columns>
  %d = quantx.dequantize %q : tensor<256x32x!along_columns> to tensor<256x32xf32>
  %y = linalg.matmul ins(%a, %d : tensor<3x256xf32>, tensor<256x32xf32>) outs(%acc : tensor<3x32xf32>) -> tensor<3x32xf32>
  return %y : tensor<3x32xf32>
}

func.func @n_by_k(%w: tensor<32x256xf32>) -> tensor<3x32xf32> {
  %a = call @activations() : () -> tensor<3x256xf32>
  %acc = call @zeros() : () -> tensor<3x32xf32>
  %q = quantx.dynamic_quantize %w using #quantx.floor : tensor<32x256xf32> to tensor<32x256x!along_rows>
  %d = quantx.dequantize %q : tensor<32x256x!along_rows> to tensor<32x256xf32>
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%a, %d : tensor<3x256xf32>, tensor<32x256xf32>) outs(%acc : tensor<3x32xf32>) -> tensor<3x32xf32>
  return %y : tensor<3x32xf32>
}
