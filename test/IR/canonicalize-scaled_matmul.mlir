// RUN: quant-opt %s -canonicalize | FileCheck %s

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// The sum of nothing.
// CHECK-LABEL: func.func @empty_sum(
// CHECK-SAME: %[[ACC:[a-z0-9]+]]: tensor<4x8xf32>)
// CHECK-NEXT: return %[[ACC]], %[[ACC]]
func.func @empty_sum(%a: tensor<4x0xf32>, %w: tensor<8x0x!mxfp4>, %d: tensor<4x?xf32>, %acc: tensor<4x8xf32>)
    -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = quantx.scaled_matmul ins(%a, %w : tensor<4x0xf32>, tensor<8x0x!mxfp4>) outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = quantx.scaled_matmul ins(%d, %w : tensor<4x?xf32>, tensor<8x0x!mxfp4>) outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0, %1 : tensor<4x8xf32>, tensor<4x8xf32>
}

// Not one of a single product.
// CHECK-LABEL: func.func @one_product(
// CHECK: quantx.scaled_matmul
func.func @one_product(%a: tensor<4x1xf32>, %w: tensor<8x1x!mxfp4>, %acc: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = quantx.scaled_matmul ins(%a, %w : tensor<4x1xf32>, tensor<8x1x!mxfp4>) outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// As for every op in destination style: what is static goes into the op.
// CHECK-LABEL: func.func @casts(
// CHECK: %[[R:.*]] = quantx.scaled_matmul ins(%{{.*}}, %{{.*}} : tensor<4x64xf32>, tensor<8x64x!mxfp4>) outs(%{{.*}} : tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK: tensor.cast %[[R]] : tensor<4x8xf32> to tensor<?x8xf32>
func.func @casts(%a: tensor<4x64xf32>, %w: tensor<8x64x!mxfp4>, %acc: tensor<4x8xf32>) -> tensor<?x8xf32> {
  %0 = tensor.cast %a : tensor<4x64xf32> to tensor<?x64xf32>
  %1 = tensor.cast %w : tensor<8x64x!mxfp4> to tensor<8x?x!mxfp4>
  %2 = tensor.cast %acc : tensor<4x8xf32> to tensor<?x8xf32>
  %3 = quantx.scaled_matmul ins(%0, %1 : tensor<?x64xf32>, tensor<8x?x!mxfp4>) outs(%2 : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %3 : tensor<?x8xf32>
}
