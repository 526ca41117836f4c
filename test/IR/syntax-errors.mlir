// Custom syntax that does not parse: the ops with an attribute before types.
//
// RUN: quant-opt %s -split-input-file -verify-diagnostics

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @not_a_method(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected a scale method such as #quantx.floor, got #quantx.packing<linear>}}
  %q = quantx.dynamic_quantize %x using #quantx.packing<linear> : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @not_an_attribute_of_ours(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected a scale method such as #quantx.floor, got "floor"}}
  %q = quantx.dynamic_quantize %x using "floor" : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @no_using(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected 'using'}}
  %q = quantx.dynamic_quantize %x : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @no_to(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected 'to'}}
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<8x64xf32> -> tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @no_to_after_attributes(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected 'to'}}
  %q = quantx.dynamic_quantize %x using #quantx.floor {saturate = false} : tensor<8x64xf32>, tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @no_types(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{expected ':'}}
  %q = quantx.dynamic_quantize %x using #quantx.floor {saturate = false}
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @seed_of_other_type(%x: tensor<8x64xf32>, %seed: i32) {
  // expected-error@+2 {{use of value '%seed' expects different type than prior uses: 'i64' vs 'i32'}}
  // expected-note@-2 {{prior use here}}
  %q = quantx.dynamic_quantize %x using #quantx.floor seed %seed {rounding = #quantx.rounding<stochastic>} : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @operand_of_other_type(%x: tensor<8x32xf32>) {
  // expected-error@+2 {{use of value '%x' expects different type than prior uses: 'tensor<8x64xf32>' vs 'tensor<8x32xf32>'}}
  // expected-note@-2 {{prior use here}}
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return
}

// -----

func.func @not_a_packing(%c: tensor<8x64xi4>) {
  // expected-error@+1 {{expected a packing such as #quantx.packing<linear>, got #quantx.floor}}
  %b = quantx.pack %c as #quantx.floor : tensor<8x64xi4> to tensor<8x32xi8>
  return
}

// -----

func.func @no_as(%c: tensor<8x64xi4>) {
  // expected-error@+1 {{expected 'as'}}
  %b = quantx.pack %c : tensor<8x64xi4> to tensor<8x32xi8>
  return
}

// -----

func.func @unpack_no_to(%b: tensor<8x32xi8>) {
  // expected-error@+1 {{expected 'to'}}
  %c = quantx.unpack %b as #quantx.packing<linear> : tensor<8x32xi8>, tensor<8x64xi4>
  return
}

// -----

func.func @not_a_scale_layout(%s: tensor<128x4xf8E8M0FNU>) {
  // expected-error@+1 {{expected a scale layout such as #quantx.scale_layout<tile128x4>, got #quantx.packing<linear>}}
  %t = quantx.relayout_scales %s to #quantx.packing<linear> : tensor<128x4xf8E8M0FNU> to tensor<1x1x32x16xf8E8M0FNU>
  return
}

// -----

func.func @sizes_without_parentheses(%t: tensor<1x1x32x16xf8E8M0FNU>, %r: index) {
  // expected-error@+1 {{expected '('}}
  %s = quantx.relayout_scales %t to #quantx.scale_layout<linear> sizes %r : tensor<1x1x32x16xf8E8M0FNU> to tensor<?x4xf8E8M0FNU>
  return
}

// -----

func.func @size_of_another_type(%t: tensor<1x1x32x16xf8E8M0FNU>, %r: i32) {
  // expected-error@+2 {{use of value '%r' expects different type than prior uses: 'index' vs 'i32'}}
  // expected-note@-2 {{prior use here}}
  %s = quantx.relayout_scales %t to #quantx.scale_layout<linear> sizes(%r) : tensor<1x1x32x16xf8E8M0FNU> to tensor<?x4xf8E8M0FNU>
  return
}

// -----

func.func @wrapped_twice(%c: tensor<8x64xi4>) {
  // expected-error@+1 {{expected a packing such as #quantx.packing<linear>, got #quantx.with_type<#quantx.packing<linear>, i8>}}
  %b = quantx.pack %c as #quantx.with_type<#quantx.packing<linear>, i8> : tensor<8x64xi4> to tensor<8x32xi8>
  return
}

// -----

// An attribute of the wrong kind, which would be no property of the op.
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @rounding_of_another_kind(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{attribute 'rounding' failed to satisfy constraint}}
  %q = quantx.dynamic_quantize %x using #quantx.floor {rounding = "nearest_even"} : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @saturate_of_another_kind(%x: tensor<8x64xf32>) {
  // expected-error@+1 {{attribute 'saturate' failed to satisfy constraint}}
  %q = quantx.dynamic_quantize %x using #quantx.floor {saturate = 1} : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return
}
