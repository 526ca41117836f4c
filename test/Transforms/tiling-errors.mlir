// Upstream's tiling adds errors of its own after the first.
//
// RUN: not quant-opt %s --transform-preload-library=transform-library-paths=%S/Inputs/tile-for.mlir --transform-interpreter --split-input-file 2>&1 | FileCheck %s

!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>

func.func @choose_global(%x: tensor<8x64xf32>) -> (tensor<8x4xf8E4M3FN>, tensor<f32>) {
  // CHECK: error: 'quantx.choose_qparams' op cannot be tiled: the global scale depends on the whole tensor
  %s, %g = quantx.choose_qparams %x using #quantx.absmax for !nvfp4
    : tensor<8x64xf32> -> tensor<8x4xf8E4M3FN>, tensor<f32>
  return %s, %g : tensor<8x4xf8E4M3FN>, tensor<f32>
}

// -----

!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>

func.func @dynamic_global(%x: tensor<8x64xf32>) -> tensor<8x64x!nvfp4> {
  // CHECK: error: 'quantx.dynamic_quantize' op cannot be tiled: the global scale depends on the whole tensor
  %q = quantx.dynamic_quantize %x using #quantx.absmax : tensor<8x64xf32> to tensor<8x64x!nvfp4>
  return %q : tensor<8x64x!nvfp4>
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @stochastic(%x: tensor<8x64xf32>, %s: tensor<8x2xf8E8M0FNU>, %seed: i64) -> tensor<8x64x!mxfp4> {
  // CHECK: error: 'quantx.quantize' op cannot be tiled: stochastic rounding depends on the index in the whole tensor
  %q = quantx.quantize %x, %s seed %seed {rounding = #quantx.rounding<stochastic>}
    : tensor<8x64xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
  return %q : tensor<8x64x!mxfp4>
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @dynamic_stochastic(%x: tensor<8x64xf32>, %seed: i64) -> tensor<8x64x!mxfp4> {
  // CHECK: error: 'quantx.dynamic_quantize' op cannot be tiled: stochastic rounding depends on the index in the whole tensor
  %q = quantx.dynamic_quantize %x using #quantx.floor seed %seed {rounding = #quantx.rounding<stochastic>}
    : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return %q : tensor<8x64x!mxfp4>
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @dynamic_weights(%x: tensor<8x64xf32>, %h: tensor<2x32x32xf32>) -> tensor<8x64x!mxfp4> {
  // CHECK: error: 'quantx.dynamic_quantize' op cannot be tiled: the weights are of the blocks of the whole tensor
  %q = quantx.dynamic_quantize %x using #quantx.hessian weighted_by %h : tensor<2x32x32xf32>
    : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return %q : tensor<8x64x!mxfp4>
}

// -----

!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>

func.func @choose_given_global(%x: tensor<8x64xf32>, %k: tensor<f32>) -> tensor<8x4xf8E4M3FN> {
  // CHECK: error: 'quantx.choose_qparams' op cannot be tiled: one of its results, the global scale, is not of a tile; a dynamic_quantize under it can be tiled
  %s, %g = quantx.choose_qparams %x using #quantx.absmax for !nvfp4 under %k
    : tensor<8x64xf32> -> tensor<8x4xf8E4M3FN>, tensor<f32>
  return %s : tensor<8x4xf8E4M3FN>
}

// -----

!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>

func.func @rows16(%a: tensor<8x64xf32>, %w: tensor<32x64x!rows16>, %acc: tensor<8x32xf32>) -> tensor<8x32xf32> {
  // CHECK: error: 'quantx.scaled_matmul' op cannot be tiled: its weights have packing rows16
  %r = quantx.scaled_matmul ins(%a, %w : tensor<8x64xf32>, tensor<32x64x!rows16>)
         outs(%acc : tensor<8x32xf32>) -> tensor<8x32xf32>
  return %r : tensor<8x32xf32>
}
