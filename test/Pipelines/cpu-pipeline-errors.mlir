// An op that cannot be lowered is named, and the exit code is 1.
//
// RUN: quant-opt %s -quantx-cpu-pipeline -split-input-file -verify-diagnostics
// RUN: not %quant_opt %s -quantx-cpu-pipeline -split-input-file > /dev/null 2>&1

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @on_scaled_tensor(%q: tensor<4x64x!mxfp4>, %init: tensor<64x4x!mxfp4>) -> tensor<64x4x!mxfp4> {
  // expected-error@+1 {{'linalg.transpose' op has no lowering on scaled tensors}}
  %t = linalg.transpose ins(%q : tensor<4x64x!mxfp4>) outs(%init : tensor<64x4x!mxfp4>) permutation = [1, 0]
  return %t : tensor<64x4x!mxfp4>
}

// -----

func.func @of_another_target() -> index {
  // expected-error@+1 {{'gpu.thread_id' op has no lowering to the LLVM dialect}}
  %i = gpu.thread_id x
  // expected-error@+1 {{'builtin.unrealized_conversion_cast' op has no lowering to the LLVM dialect}}
  return %i : index
}

// -----

func.func @no_bufferization(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{'tosa.abs' op has no lowering to buffers}}
  %y = tosa.abs %x : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
