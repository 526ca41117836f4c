// RUN: quant-opt %s --quantx-fuse-dequantize | FileCheck %s

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>
!bf = !quantx.scaled<f8E4M3FN : bf16, f32 per 1x*>
!batched = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x1x32>

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>

// CHECK-LABEL: func.func @matmul(
// CHECK-SAME:    %[[A:.+]]: tensor<4x64xf32>, %[[W:.+]]: tensor<8x64x!mxfp4>, %[[ACC:.+]]: tensor<4x8xf32>)
// CHECK-NEXT:    %[[R:.+]] = quantx.scaled_matmul ins(%[[A]], %[[W]] : tensor<4x64xf32>, tensor<8x64x!mxfp4>) outs(%[[ACC]] : tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT:    return %[[R]]
func.func @matmul(%a: tensor<4x64xf32>, %q: tensor<8x64x!mxfp4>, %acc: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %w = quantx.dequantize %q : tensor<8x64x!mxfp4> to tensor<8x64xf32>
  %r = linalg.matmul indexing_maps = [#mk, #nk, #mn]
         ins(%a, %w : tensor<4x64xf32>, tensor<8x64xf32>) outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// The plain form, with the weights transposed before.
// CHECK-LABEL: func.func @transposed(
// CHECK-SAME:    %[[A:.+]]: tensor<?x?xbf16>, %[[W:.+]]: tensor<?x?x!quantx.scaled<f8E4M3FN : bf16, f32 per 1x*>>, %[[ACC:.+]]: tensor<?x?xf32>, %{{.+}}: tensor<?x?xbf16>)
// CHECK-NEXT:    %[[R:.+]] = quantx.scaled_matmul ins(%[[A]], %[[W]] : {{.+}}) outs(%[[ACC]] : {{.+}})
// CHECK-NEXT:    return %[[R]]
func.func @transposed(%a: tensor<?x?xbf16>, %q: tensor<?x?x!bf>, %acc: tensor<?x?xf32>, %e: tensor<?x?xbf16>) -> tensor<?x?xf32> {
  %w = quantx.dequantize %q : tensor<?x?x!bf> to tensor<?x?xbf16>
  %t = linalg.transpose ins(%w : tensor<?x?xbf16>) outs(%e : tensor<?x?xbf16>) permutation = [1, 0]
  %r = linalg.matmul ins(%a, %t : tensor<?x?xbf16>, tensor<?x?xbf16>) outs(%acc : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %r : tensor<?x?xf32>
}

// Both operands scaled.
// CHECK-LABEL: func.func @both(
// CHECK-SAME:    %[[X:.+]]: tensor<?x64x!{{.+}}>, %[[W:.+]]: tensor<8x64x!mxfp4>, %[[ACC:.+]]: tensor<?x8xf32>)
// CHECK-NEXT:    quantx.scaled_matmul ins(%[[X]], %[[W]] : {{.+}}) outs(%[[ACC]] : tensor<?x8xf32>)
// CHECK-NEXT:    return
func.func @both(%x: tensor<?x64x!int8>, %q: tensor<8x64x!mxfp4>, %acc: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a = quantx.dequantize %x : tensor<?x64x!int8> to tensor<?x64xf32>
  %w = quantx.dequantize %q : tensor<8x64x!mxfp4> to tensor<8x64xf32>
  %r = linalg.matmul indexing_maps = [#mk, #nk, #mn]
         ins(%a, %w : tensor<?x64xf32>, tensor<8x64xf32>) outs(%acc : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @matvec(
// CHECK-SAME:    %[[W:.+]]: tensor<8x64x!mxfp4>, %[[A:.+]]: tensor<64xf32>, %[[ACC:.+]]: tensor<8xf32>)
// CHECK-DAG:     %[[A2:.+]] = tensor.expand_shape %[[A]] {{\[\[}}0, 1]] output_shape [1, 64] : tensor<64xf32> into tensor<1x64xf32>
// CHECK-DAG:     %[[ACC2:.+]] = tensor.expand_shape %[[ACC]] {{\[\[}}0, 1]] output_shape [1, 8] : tensor<8xf32> into tensor<1x8xf32>
// CHECK:         %[[R2:.+]] = quantx.scaled_matmul ins(%[[A2]], %[[W]] : {{.+}}) outs(%[[ACC2]] : {{.+}})
// CHECK-NEXT:    %[[R:.+]] = tensor.collapse_shape %[[R2]] {{\[\[}}0, 1]] : tensor<1x8xf32> into tensor<8xf32>
// CHECK-NEXT:    return %[[R]]
func.func @matvec(%q: tensor<8x64x!mxfp4>, %a: tensor<64xf32>, %acc: tensor<8xf32>) -> tensor<8xf32> {
  %w = quantx.dequantize %q : tensor<8x64x!mxfp4> to tensor<8x64xf32>
  %r = linalg.matvec ins(%w, %a : tensor<8x64xf32>, tensor<64xf32>) outs(%acc : tensor<8xf32>) -> tensor<8xf32>
  return %r : tensor<8xf32>
}

// CHECK-LABEL: func.func @vecmat(
// CHECK-SAME:    %[[A:.+]]: tensor<?xf32>, %[[W:.+]]: tensor<?x?x!mxfp4>, %[[ACC:.+]]: tensor<?xf32>
// CHECK:         %[[A2:.+]] = tensor.expand_shape %[[A]] {{\[\[}}0, 1]] output_shape [1, %{{.+}}] : tensor<?xf32> into tensor<1x?xf32>
// CHECK:         %[[ACC2:.+]] = tensor.expand_shape %[[ACC]] {{\[\[}}0, 1]] output_shape [1, %{{.+}}] : tensor<?xf32> into tensor<1x?xf32>
// CHECK:         quantx.scaled_matmul ins(%[[A2]], %[[W]] : {{.+}}) outs(%[[ACC2]] : {{.+}})
func.func @vecmat(%a: tensor<?xf32>, %q: tensor<?x?x!mxfp4>, %acc: tensor<?xf32>, %e: tensor<?x?xf32>) -> tensor<?xf32> {
  %w = quantx.dequantize %q : tensor<?x?x!mxfp4> to tensor<?x?xf32>
  %t = linalg.transpose ins(%w : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) permutation = [1, 0]
  %r = linalg.vecmat ins(%a, %t : tensor<?xf32>, tensor<?x?xf32>) outs(%acc : tensor<?xf32>) -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// CHECK-LABEL: func.func @batch_matmul(
// CHECK-SAME:    %[[A:.+]]: tensor<2x4x64xf32>, %[[W:.+]]: tensor<2x8x64x!{{.+}}>, %[[ACC:.+]]: tensor<2x4x8xf32>)
// CHECK-NEXT:    quantx.scaled_matmul ins(%[[A]], %[[W]] : {{.+}}) outs(%[[ACC]] : {{.+}})
// CHECK-NEXT:    return
func.func @batch_matmul(%a: tensor<2x4x64xf32>, %q: tensor<2x8x64x!batched>, %acc: tensor<2x4x8xf32>) -> tensor<2x4x8xf32> {
  %w = quantx.dequantize %q : tensor<2x8x64x!batched> to tensor<2x8x64xf32>
  %r = linalg.batch_matmul indexing_maps = [
           affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, n, k)>,
           affine_map<(b, m, n, k) -> (b, m, n)>]
         ins(%a, %w : tensor<2x4x64xf32>, tensor<2x8x64xf32>) outs(%acc : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  return %r : tensor<2x4x8xf32>
}

// A vector for each batch.
// CHECK-LABEL: func.func @batch_matvec(
// CHECK-SAME:    %[[W:.+]]: tensor<2x8x64x!{{.+}}>, %[[A:.+]]: tensor<2x64xf32>, %[[ACC:.+]]: tensor<2x8xf32>)
// CHECK-DAG:     %[[A2:.+]] = tensor.expand_shape %[[A]] {{\[\[}}0], [1, 2]] output_shape [2, 1, 64]
// CHECK-DAG:     %[[ACC2:.+]] = tensor.expand_shape %[[ACC]] {{\[\[}}0], [1, 2]] output_shape [2, 1, 8]
// CHECK:         %[[R:.+]] = quantx.scaled_matmul ins(%[[A2]], %[[W]] : {{.+}}) outs(%[[ACC2]] : {{.+}})
// CHECK-NEXT:    tensor.collapse_shape %[[R]] {{\[\[}}0], [1, 2]] : tensor<2x1x8xf32> into tensor<2x8xf32>
func.func @batch_matvec(%q: tensor<2x8x64x!batched>, %a: tensor<2x64xf32>, %acc: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %w = quantx.dequantize %q : tensor<2x8x64x!batched> to tensor<2x8x64xf32>
  %r = linalg.batch_matvec ins(%w, %a : tensor<2x8x64xf32>, tensor<2x64xf32>) outs(%acc : tensor<2x8xf32>) -> tensor<2x8xf32>
  return %r : tensor<2x8xf32>
}

// Several dimensions of rows, as of tokens in sequences; other orders of the
// factors; one operand extended.
// CHECK-LABEL: func.func @generic(
// CHECK-SAME:    %[[A:.+]]: tensor<?x4x64xf16>, %[[W:.+]]: tensor<8x64x!mxfp4>, %[[ACC:.+]]: tensor<?x4x8xf32>)
// CHECK:         %[[A2:.+]] = tensor.collapse_shape %[[A]] {{\[\[}}0, 1], [2]] : tensor<?x4x64xf16> into tensor<?x64xf16>
// CHECK:         %[[ACC2:.+]] = tensor.collapse_shape %[[ACC]] {{\[\[}}0, 1], [2]] : tensor<?x4x8xf32> into tensor<?x8xf32>
// CHECK:         %[[R2:.+]] = quantx.scaled_matmul ins(%[[A2]], %[[W]] : tensor<?x64xf16>, tensor<8x64x!mxfp4>) outs(%[[ACC2]] : {{.+}})
// CHECK:         %[[ROWS:.+]] = tensor.dim %[[ACC]], %
// CHECK-NEXT:    tensor.expand_shape %[[R2]] {{\[\[}}0, 1], [2]] output_shape [%[[ROWS]], 4, 8] : tensor<?x8xf32> into tensor<?x4x8xf32>
func.func @generic(%a: tensor<?x4x64xf16>, %q: tensor<8x64x!mxfp4>, %acc: tensor<?x4x8xf32>) -> tensor<?x4x8xf32> {
  %w = quantx.dequantize %q : tensor<8x64x!mxfp4> to tensor<8x64xf32>
  %r = linalg.generic {indexing_maps = [
           affine_map<(n, k, s, t) -> (n, k)>, affine_map<(n, k, s, t) -> (s, t, k)>,
           affine_map<(n, k, s, t) -> (s, t, n)>],
           iterator_types = ["parallel", "reduction", "parallel", "parallel"]}
         ins(%w, %a : tensor<8x64xf32>, tensor<?x4x64xf16>) outs(%acc : tensor<?x4x8xf32>) {
  ^bb0(%x: f32, %y: f16, %sum: f32):
    %z = arith.extf %y : f16 to f32
    %product = arith.mulf %z, %x : f32
    %next = arith.addf %product, %sum : f32
    linalg.yield %next : f32
  } -> tensor<?x4x8xf32>
  return %r : tensor<?x4x8xf32>
}

// Weights on the left: the others are transposed, as there are few of them.
// CHECK-LABEL: func.func @left(
// CHECK-SAME:    %[[W:.+]]: tensor<32x64x!mxfp4>, %[[A:.+]]: tensor<64x4xf32>, %[[ACC:.+]]: tensor<32x4xf32>)
// CHECK:         %[[A2:.+]] = linalg.transpose ins(%[[A]] : tensor<64x4xf32>) outs(%{{.+}} : tensor<4x64xf32>) permutation = [1, 0]
// CHECK:         %[[ACC2:.+]] = linalg.transpose ins(%[[ACC]] : tensor<32x4xf32>) outs(%{{.+}} : tensor<4x32xf32>) permutation = [1, 0]
// CHECK:         %[[R2:.+]] = quantx.scaled_matmul ins(%[[A2]], %[[W]] : tensor<4x64xf32>, tensor<32x64x!mxfp4>) outs(%[[ACC2]] : tensor<4x32xf32>)
// CHECK:         %[[R:.+]] = linalg.transpose ins(%[[R2]] : tensor<4x32xf32>) outs(%{{.+}} : tensor<32x4xf32>) permutation = [1, 0]
// CHECK-NEXT:    return %[[R]]
func.func @left(%q: tensor<32x64x!mxfp4>, %a: tensor<64x4xf32>, %acc: tensor<32x4xf32>) -> tensor<32x4xf32> {
  %w = quantx.dequantize %q : tensor<32x64x!mxfp4> to tensor<32x64xf32>
  %r = linalg.matmul ins(%w, %a : tensor<32x64xf32>, tensor<64x4xf32>) outs(%acc : tensor<32x4xf32>) -> tensor<32x4xf32>
  return %r : tensor<32x4xf32>
}

// A dynamic number of columns counts as few.
// CHECK-LABEL: func.func @left_dynamic(
// CHECK:         quantx.scaled_matmul ins(%{{.+}}, %{{.+}} : tensor<?x64xf32>, tensor<32x64x!mxfp4>) outs(%{{.+}} : tensor<?x32xf32>)
func.func @left_dynamic(%q: tensor<32x64x!mxfp4>, %a: tensor<64x?xf32>, %acc: tensor<32x?xf32>) -> tensor<32x?xf32> {
  %w = quantx.dequantize %q : tensor<32x64x!mxfp4> to tensor<32x64xf32>
  %r = linalg.matmul ins(%w, %a : tensor<32x64xf32>, tensor<64x?xf32>) outs(%acc : tensor<32x?xf32>) -> tensor<32x?xf32>
  return %r : tensor<32x?xf32>
}

// No transposition is better than one: the left operand counts as activations.
// CHECK-LABEL: func.func @sides(
// CHECK-SAME:    %[[X:.+]]: tensor<64x64x!mxfp4>, %[[Y:.+]]: tensor<64x64x!mxfp4>,
// CHECK-NOT:     linalg.transpose
// CHECK:         quantx.scaled_matmul ins(%[[X]], %[[Y]] :
func.func @sides(%x: tensor<64x64x!mxfp4>, %y: tensor<64x64x!mxfp4>, %acc: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %a = quantx.dequantize %x : tensor<64x64x!mxfp4> to tensor<64x64xf32>
  %b = quantx.dequantize %y : tensor<64x64x!mxfp4> to tensor<64x64xf32>
  %r = linalg.matmul indexing_maps = [#mk, #nk, #mn]
         ins(%a, %b : tensor<64x64xf32>, tensor<64x64xf32>) outs(%acc : tensor<64x64xf32>) -> tensor<64x64xf32>
  return %r : tensor<64x64xf32>
}

// Others keep the dequantize.
// CHECK-LABEL: func.func @other_users(
// CHECK-SAME:    %[[A:.+]]: tensor<4x64xf32>, %[[Q:.+]]: tensor<8x64x!mxfp4>
// CHECK-NEXT:    %[[W:.+]] = quantx.dequantize %[[Q]]
// CHECK-NEXT:    %[[R:.+]] = quantx.scaled_matmul ins(%[[A]], %[[Q]] :
// CHECK-NEXT:    return %[[R]], %[[W]]
func.func @other_users(%a: tensor<4x64xf32>, %q: tensor<8x64x!mxfp4>, %acc: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<8x64xf32>) {
  %w = quantx.dequantize %q : tensor<8x64x!mxfp4> to tensor<8x64xf32>
  %r = linalg.matmul indexing_maps = [#mk, #nk, #mn]
         ins(%a, %w : tensor<4x64xf32>, tensor<8x64xf32>) outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %r, %w : tensor<4x8xf32>, tensor<8x64xf32>
}

//===----------------------------------------------------------------------===//
// Left as they are
//===----------------------------------------------------------------------===//

// Summed along the columns of the scaled tensor.
// CHECK-LABEL: func.func @other_dimension(
// CHECK:         quantx.dequantize
// CHECK-NEXT:    linalg.matmul
func.func @other_dimension(%a: tensor<4x8xf32>, %q: tensor<8x64x!mxfp4>, %acc: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %w = quantx.dequantize %q : tensor<8x64x!mxfp4> to tensor<8x64xf32>
  %r = linalg.matmul ins(%a, %w : tensor<4x8xf32>, tensor<8x64xf32>) outs(%acc : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %r : tensor<4x64xf32>
}

// Too much to transpose: more rows than the weights have, or they may be more.
// CHECK-LABEL: func.func @large(
// CHECK-COUNT-3: linalg.matmul
// CHECK-NOT:     quantx.scaled_matmul
// CHECK:         return
func.func @large(%q: tensor<32x64x!mxfp4>, %a: tensor<64x33xf32>, %acc: tensor<32x33xf32>,
                 %p: tensor<64x32x!mxfp4>, %b: tensor<32x33xf32>, %sums: tensor<64x33xf32>,
                 %d: tensor<?x64x!mxfp4>, %c: tensor<64x4xf32>, %dyn: tensor<?x4xf32>)
    -> (tensor<32x33xf32>, tensor<64x33xf32>, tensor<?x4xf32>) {
  %w = quantx.dequantize %q : tensor<32x64x!mxfp4> to tensor<32x64xf32>
  %0 = linalg.matmul ins(%w, %a : tensor<32x64xf32>, tensor<64x33xf32>) outs(%acc : tensor<32x33xf32>) -> tensor<32x33xf32>
  %v = quantx.dequantize %p : tensor<64x32x!mxfp4> to tensor<64x32xf32>
  %1 = linalg.matmul ins(%v, %b : tensor<64x32xf32>, tensor<32x33xf32>) outs(%sums : tensor<64x33xf32>) -> tensor<64x33xf32>
  %u = quantx.dequantize %d : tensor<?x64x!mxfp4> to tensor<?x64xf32>
  %2 = linalg.matmul ins(%u, %c : tensor<?x64xf32>, tensor<64x4xf32>) outs(%dyn : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0, %1, %2 : tensor<32x33xf32>, tensor<64x33xf32>, tensor<?x4xf32>
}

// Sums that are not in f32.
// CHECK-LABEL: func.func @bf16_sums(
// CHECK:         linalg.matmul
func.func @bf16_sums(%a: tensor<4x64xbf16>, %q: tensor<8x64x!bf>, %acc: tensor<4x8xbf16>) -> tensor<4x8xbf16> {
  %w = quantx.dequantize %q : tensor<8x64x!bf> to tensor<8x64xbf16>
  %r = linalg.matmul indexing_maps = [#mk, #nk, #mn]
         ins(%a, %w : tensor<4x64xbf16>, tensor<8x64xbf16>) outs(%acc : tensor<4x8xbf16>) -> tensor<4x8xbf16>
  return %r : tensor<4x8xbf16>
}

// No sum of products: a difference, a product of a negated value, the square of
// one operand, the largest product.
// CHECK-LABEL: func.func @other_bodies(
// CHECK-COUNT-4: linalg.generic
// CHECK-NOT:     quantx.scaled_matmul
// CHECK:         return
func.func @other_bodies(%a: tensor<4x64xf32>, %q: tensor<8x64x!mxfp4>, %acc: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %w = quantx.dequantize %q : tensor<8x64x!mxfp4> to tensor<8x64xf32>
  %0 = linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
         ins(%a, %w : tensor<4x64xf32>, tensor<8x64xf32>) outs(%acc : tensor<4x8xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.subf %sum, %p : f32
    linalg.yield %s : f32
  } -> tensor<4x8xf32>
  %1 = linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
         ins(%a, %w : tensor<4x64xf32>, tensor<8x64xf32>) outs(%0 : tensor<4x8xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %n = arith.negf %y : f32
    %p = arith.mulf %x, %n : f32
    %s = arith.addf %sum, %p : f32
    linalg.yield %s : f32
  } -> tensor<4x8xf32>
  %2 = linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
         ins(%a, %w : tensor<4x64xf32>, tensor<8x64xf32>) outs(%1 : tensor<4x8xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %p = arith.mulf %x, %x : f32
    %s = arith.addf %sum, %p : f32
    linalg.yield %s : f32
  } -> tensor<4x8xf32>
  %3 = linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
         ins(%a, %w : tensor<4x64xf32>, tensor<8x64xf32>) outs(%2 : tensor<4x8xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.maximumf %sum, %p : f32
    linalg.yield %s : f32
  } -> tensor<4x8xf32>
  return %3 : tensor<4x8xf32>
}

// Two dimensions of the scaled tensor in the result, both summed, or repeated
// for every row of the result: no matrix of weights.
// CHECK-LABEL: func.func @other_shapes(
// CHECK-NOT:     quantx.scaled_matmul
// CHECK:         return
func.func @other_shapes(%a: tensor<4x64xf32>, %q: tensor<2x8x64x!batched>, %acc: tensor<4x2x8xf32>,
                        %b: tensor<4x8x64xf32>, %sums: tensor<4x2xf32>, %p: tensor<8x64x!mxfp4>, %many: tensor<4x3x8xf32>)
    -> (tensor<4x2x8xf32>, tensor<4x2xf32>, tensor<4x3x8xf32>) {
  %w = quantx.dequantize %q : tensor<2x8x64x!batched> to tensor<2x8x64xf32>
  %0 = linalg.contract indexing_maps = [
           affine_map<(m, h, n, k) -> (m, k)>, affine_map<(m, h, n, k) -> (h, n, k)>,
           affine_map<(m, h, n, k) -> (m, h, n)>]
         ins(%a, %w : tensor<4x64xf32>, tensor<2x8x64xf32>) outs(%acc : tensor<4x2x8xf32>) -> tensor<4x2x8xf32>
  %1 = linalg.contract indexing_maps = [
           affine_map<(m, h, n, k) -> (m, n, k)>, affine_map<(m, h, n, k) -> (h, n, k)>,
           affine_map<(m, h, n, k) -> (m, h)>]
         ins(%b, %w : tensor<4x8x64xf32>, tensor<2x8x64xf32>) outs(%sums : tensor<4x2xf32>) -> tensor<4x2xf32>
  %v = quantx.dequantize %p : tensor<8x64x!mxfp4> to tensor<8x64xf32>
  %2 = linalg.generic {indexing_maps = [
           affine_map<(m, i, n, k) -> (m, k)>, affine_map<(m, i, n, k) -> (n, k)>,
           affine_map<(m, i, n, k) -> (m, i, n)>],
           iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
         ins(%a, %v : tensor<4x64xf32>, tensor<8x64xf32>) outs(%many : tensor<4x3x8xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %product = arith.mulf %x, %y : f32
    %s = arith.addf %sum, %product : f32
    linalg.yield %s : f32
  } -> tensor<4x3x8xf32>
  return %0, %1, %2 : tensor<4x2x8xf32>, tensor<4x2xf32>, tensor<4x3x8xf32>
}
