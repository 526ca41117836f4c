// RUN: quant-opt %s --quantx-fuse-dequantize | FileCheck %s
// RUN: quant-opt %s --quantx-cpu-pipeline=target=generic > /dev/null

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>

// CHECK-LABEL: func.func @linear(
// CHECK-NEXT:    %[[Y:.+]] = quantx.scaled_matmul
// CHECK-NEXT:    return %[[Y]]
func.func @linear(%x: tensor<?x4096xf32>, %w: tensor<1024x4096x!mxfp4>,
                  %acc: tensor<?x1024xf32>) -> tensor<?x1024xf32> {
  %d = quantx.dequantize %w
    : tensor<1024x4096x!mxfp4> to tensor<1024x4096xf32>
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn]
    ins(%x, %d : tensor<?x4096xf32>, tensor<1024x4096xf32>)
    outs(%acc : tensor<?x1024xf32>) -> tensor<?x1024xf32>
  return %y : tensor<?x1024xf32>
}
