// What has no equal in quantx is an error that says why.
//
// RUN: quant-opt %s -convert-quant-to-quantx -split-input-file -verify-diagnostics

!wide = !quant.uniform<i16:f32, 0.5>
// expected-error@+1 {{cannot be converted: expected storage of 2 to 8 bits, got 16 bits in '!quant.uniform<i16:f32, 5.000000e-01>'}}
func.func @storage(%q: tensor<4x!wide>) -> tensor<4xf32> {
  %y = quant.dcast %q : tensor<4x!wide> to tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

!f64 = !quant.uniform<i8:f64, 0.5>
func.func @expressed(%x: tensor<4xf64>) {
  // expected-error@+1 {{cannot be converted: expected an expressed type of f32, f16 or bf16 in '!quant.uniform<i8:f64, 5.000000e-01>'}}
  %q = quant.qcast %x : tensor<4xf64> to tensor<4x!f64>
  return
}

// -----

!i8 = !quant.uniform<i8:f32, 0.5>
func.func @scalar(%x: f32) {
  // expected-error@+1 {{cannot be converted: expected '!quant.uniform<i8:f32, 5.000000e-01>' as the element type of ranked tensors alone}}
  %q = quant.qcast %x : f32 to !i8
  return
}

// -----

!i8 = !quant.uniform<i8:f32, 0.5>
func.func @unranked(%x: tensor<*xf32>) {
  // expected-error@+1 {{as the element type of ranked tensors alone}}
  %q = quant.qcast %x : tensor<*xf32> to tensor<*x!i8>
  return
}

// -----

!i8 = !quant.uniform<i8:f32, 0.5>
func.func @no_dimension(%x: tensor<f32>) {
  // expected-error@+1 {{cannot be converted: expected a tensor of rank 1 or more}}
  %q = quant.qcast %x : tensor<f32> to tensor<!i8>
  return
}

// -----

// expected-error@+1 {{cannot be converted: expected a type of !quant.uniform, got '!quant.any<i8:f32>'}}
func.func private @any(tensor<4x!quant.any<i8:f32>>)

// -----

!i8 = !quant.uniform<i8:f32, 0.5>
func.func @other_op(%q: tensor<4x8x!i8>) -> tensor<2x8x!i8> {
  // expected-error@+1 {{failed to legalize operation 'tensor.extract_slice'}}
  %s = tensor.extract_slice %q[0, 0] [2, 8] [1, 1] : tensor<4x8x!i8> to tensor<2x8x!i8>
  return %s : tensor<2x8x!i8>
}

// -----

!long = !quant.uniform<i8:f32:{1:2147483648}, {{0.5}}>
func.func @long_blocks(%x: tensor<1x2147483648xf32>) {
  // expected-error@+1 {{cannot be converted: expected block sizes of at most 2147483647 or '*', got 2147483648}}
  %q = quant.qcast %x : tensor<1x2147483648xf32> to tensor<1x2147483648x!long>
  return
}
