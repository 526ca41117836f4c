// What the pass cannot lower is an error that names it.
//
// RUN: quant-opt %s -quantx-lower-to-linalg -split-input-file -verify-diagnostics

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @unknown_use(%q: tensor<4x64x!mxfp4>, %init: tensor<64x4x!mxfp4>) -> tensor<64x4x!mxfp4> {
  // expected-error@+1 {{'linalg.transpose' op has no lowering on scaled tensors: expected one of quantx, func,}}
  %t = linalg.transpose ins(%q : tensor<4x64x!mxfp4>) outs(%init : tensor<64x4x!mxfp4>) permutation = [1, 0]
  return %t : tensor<64x4x!mxfp4>
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @unknown_result() -> tensor<4x64x!mxfp4> {
  // expected-error@+1 {{'ub.poison' op has no lowering on scaled tensors: expected one of quantx, func,}}
  %q = ub.poison : tensor<4x64x!mxfp4>
  return %q : tensor<4x64x!mxfp4>
}

// -----

// An element of a scaled tensor means nothing without its scale.
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @element(%q: tensor<4x64x!mxfp4>, %i: index) {
  // expected-error@+1 {{'tensor.extract' op has no lowering on scaled tensors: expected one of quantx, func,}}
  %e = tensor.extract %q[%i, %i] : tensor<4x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @concat(%q: tensor<4x64x!mxfp4>) {
  // expected-error@+1 {{'tensor.concat' op has no lowering on scaled tensors}}
  %c = tensor.concat dim(0) %q, %q : (tensor<4x64x!mxfp4>, tensor<4x64x!mxfp4>) -> tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func private @callee(tensor<4x64x!mxfp4>)
func.func @call_indirect(%q: tensor<4x64x!mxfp4>) {
  %f = func.constant @callee : (tensor<4x64x!mxfp4>) -> ()
  // expected-error@+1 {{'func.call_indirect' op has no lowering on scaled tensors: expected one of quantx, func,}}
  func.call_indirect %f(%q) : (tensor<4x64x!mxfp4>) -> ()
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @dim_of_unknown_index(%q: tensor<?x?x!mxfp4>, %i: index) -> index {
  // expected-error@+1 {{failed to legalize operation 'tensor.dim'}}
  %d = tensor.dim %q, %i : tensor<?x?x!mxfp4>
  return %d : index
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @dim_out_of_range(%q: tensor<?x?x!mxfp4>) -> index {
  %c2 = arith.constant 2 : index
  // expected-error@+1 {{failed to legalize operation 'tensor.dim'}}
  %d = tensor.dim %q, %c2 : tensor<?x?x!mxfp4>
  return %d : index
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @cast_to_unranked(%q: tensor<4x64x!mxfp4>) {
  // expected-error@+1 {{failed to legalize operation 'tensor.cast'}}
  %u = tensor.cast %q : tensor<4x64x!mxfp4> to tensor<*x!mxfp4>
  return
}

// -----

// A block of two dimensions says nothing about a tensor of three.
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
// expected-error@+1 {{expected a block of rank 3 in 'tensor<4x64x8x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>>', got 1x32}}
func.func @rank_of_argument(%q: tensor<4x64x8x!mxfp4>) {
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
// expected-error@+1 {{expected a block of rank 1 in 'tensor<4x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>>', got 1x32}}
func.func private @rank_of_result() -> tensor<4x!mxfp4>

// -----

!row = !quantx.scaled<i8 : f32, f32 per 32>
// expected-error@+1 {{expected a block of rank 0 in 'tensor<!quantx.scaled<i8 : f32, f32 per 32>>', got 32}}
func.func private @rank_zero(tensor<!row>)
