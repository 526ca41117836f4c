// Values of more bytes than can be addressed, and constants of more than code
// reaches.
//
// RUN: quant-opt %s -quantx-verify-sizes -split-input-file -verify-diagnostics

!int4 = !quantx.scaled<i4 : f32, f32 per 1x32>

// What has no elements, or an unknown number of them, is not too large.
func.func @small(%x: tensor<140737488355328xi8>, %y: tensor<4611686018427387904x0xf32>,
                 %q: tensor<2x140737488355328x!int4>, %d: tensor<?x?xf32>) {
  %c = arith.constant dense<0.0> : tensor<536870912xf32>
  return
}

// -----

// expected-error@+1 {{'func.func' op expected tensors of at most 140737488355328 bytes, got 'tensor<?x140737488355329xi8>'}}
func.func @argument(%x: tensor<?x140737488355329xi8>) {
  return
}

// -----

!int4 = !quantx.scaled<i4 : f32, f32 per 1x32>
// expected-error@+1 {{'func.func' op expected tensors of at most}}
func.func @scaled(%x: tensor<4x140737488355328x!int4>) {
  return
}

// -----

func.func @overflow(%c: f32) -> tensor<10000000000x10000000000xf32> {
  // expected-error@+1 {{'tensor.splat' op expected tensors of at most 140737488355328 bytes, got 'tensor<10000000000x10000000000xf32>'}}
  %y = tensor.splat %c : tensor<10000000000x10000000000xf32>
  return %y : tensor<10000000000x10000000000xf32>
}

// -----

func.func @constant() -> tensor<536870914xf32> {
  // expected-error@+1 {{'arith.constant' op expected constants of at most 2147483648 bytes, got 'tensor<536870914xf32>'}}
  %y = arith.constant dense<1.0> : tensor<536870914xf32>
  return %y : tensor<536870914xf32>
}
