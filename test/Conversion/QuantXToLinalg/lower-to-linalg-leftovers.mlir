// A scaled type where it has no lowered form, which no op uses, must not stay in
// IR that counts as lowered.
//
// RUN: quant-opt %s -quantx-lower-to-linalg -split-input-file -verify-diagnostics

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
// expected-error@+1 {{has no lowering: expected '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>' in ranked tensors alone}}
func.func @memref(%m: memref<4x64x!mxfp4>) {
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
// expected-error@+1 {{has no lowering: expected '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>' in ranked tensors alone}}
func.func @unranked(%u: tensor<*x!mxfp4>) {
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
// expected-error@+1 {{has no lowering: expected '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>' in ranked tensors alone}}
func.func @tuple(%t: tuple<i32, tensor<4x64x!mxfp4>>) {
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
// expected-error@+1 {{has no lowering: expected '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>' in ranked tensors alone}}
func.func @function(%f: (tensor<4x64x!mxfp4>) -> ()) {
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
// expected-error@+1 {{has no lowering: expected '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>' in ranked tensors alone}}
func.func @element(%e: !mxfp4) {
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
// expected-error@+1 {{has no lowering: expected '!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>' in ranked tensors alone}}
func.func @unreachable() {
  return
^bb1(%q: tensor<4x64x!mxfp4>):
  return
}
