// The weights of few rows of floats, which are bytes by weights side by side, are one
// stream that is prefetched, though groups that lose digits read them again.
//
// RUN: quant-opt %s --quantx-cpu-pipeline=target=x86-64-v4+amx | FileCheck %s

// CHECK: "llvm.x86.avx512.vpdpbusd.512"
// CHECK: llvm.intr.prefetch
// CHECK: "llvm.x86.avx512.vpdpbusd.512"
func.func @f(%x: tensor<1x4096xf32>,
             %w: tensor<4096x4096x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>>,
             %acc: tensor<1x4096xf32>) -> tensor<1x4096xf32> {
  %r = quantx.scaled_matmul
    ins(%x, %w : tensor<1x4096xf32>,
        tensor<4096x4096x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>>)
    outs(%acc : tensor<1x4096xf32>) -> tensor<1x4096xf32>
  return %r : tensor<1x4096xf32>
}
