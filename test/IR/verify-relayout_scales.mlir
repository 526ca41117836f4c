// RUN: quant-opt %s -split-input-file -verify-diagnostics

func.func @relayout_scales_c1(%s: tensor<4xf8E8M0FNU>) {
  // expected-error@+1 {{expected linear scales of rank 2 or more, got 'tensor<4xf8E8M0FNU>'}}
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : tensor<4xf8E8M0FNU> to tensor<1x32x16xf8E8M0FNU>
  return
}

// -----

func.func @relayout_scales_c1_result(%t: tensor<1x32x16xf8E8M0FNU>) {
  // expected-error@+1 {{expected linear scales of rank 2 or more, got 'tensor<4xf8E8M0FNU>'}}
  %s = quantx.relayout_scales %t to #quantx.scale_layout<linear> : tensor<1x32x16xf8E8M0FNU> to tensor<4xf8E8M0FNU>
  return
}

// -----

// A tile is 32x16: a matrix of tiles would read as row-major.
func.func @relayout_scales_c1_tiles(%s: tensor<300x9xf8E8M0FNU>) {
  // expected-error@+1 {{expected tiles of rank 4 for linear scales 'tensor<300x9xf8E8M0FNU>', got 'tensor<384x12xf8E8M0FNU>'}}
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : tensor<300x9xf8E8M0FNU> to tensor<384x12xf8E8M0FNU>
  return
}

// -----

func.func @relayout_scales_c2(%s: tensor<300x9xf8E8M0FNU>) {
  // expected-error@+1 {{expected tiles of shape 3x3x32x16 for linear scales 'tensor<300x9xf8E8M0FNU>', got 2x3x32x16}}
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : tensor<300x9xf8E8M0FNU> to tensor<2x3x32x16xf8E8M0FNU>
  return
}

// -----

func.func @relayout_scales_c2_tile(%t: tensor<3x?x16x32xf8E8M0FNU>, %c: index) {
  // expected-error@+1 {{expected tiles of shape 3x?x32x16 for linear scales 'tensor<300x?xf8E8M0FNU>', got 3x?x16x32}}
  %s = quantx.relayout_scales %t to #quantx.scale_layout<linear> sizes(%c) : tensor<3x?x16x32xf8E8M0FNU> to tensor<300x?xf8E8M0FNU>
  return
}

// -----

func.func @relayout_scales_c2_batch(%s: tensor<2x128x4xf8E8M0FNU>) {
  // expected-error@+1 {{expected tiles of shape 2x1x1x32x16 for linear scales 'tensor<2x128x4xf8E8M0FNU>', got 3x1x1x32x16}}
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : tensor<2x128x4xf8E8M0FNU> to tensor<3x1x1x32x16xf8E8M0FNU>
  return
}

// -----

func.func @relayout_scales_c3(%s: tensor<128x4xf8E8M0FNU>) {
  // expected-error@+1 {{expected a result of 'f8E8M0FNU', as the operand is, got 'f8E4M3FN'}}
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : tensor<128x4xf8E8M0FNU> to tensor<1x1x32x16xf8E4M3FN>
  return
}

// -----

func.func @relayout_scales_c4(%t: tensor<?x?x32x16xf8E8M0FNU>, %r: index) {
  // expected-error@+1 {{expected 2 sizes for the dynamic rows and columns of 'tensor<?x?xf8E8M0FNU>', got 1}}
  %s = quantx.relayout_scales %t to #quantx.scale_layout<linear> sizes(%r) : tensor<?x?x32x16xf8E8M0FNU> to tensor<?x?xf8E8M0FNU>
  return
}

// -----

// The sizes of batches are those of the operand.
func.func @relayout_scales_c4_batch(%t: tensor<?x1x1x32x16xf8E8M0FNU>, %r: index) {
  // expected-error@+1 {{expected 0 sizes for the dynamic rows and columns of 'tensor<?x128x4xf8E8M0FNU>', got 1}}
  %s = quantx.relayout_scales %t to #quantx.scale_layout<linear> sizes(%r) : tensor<?x1x1x32x16xf8E8M0FNU> to tensor<?x128x4xf8E8M0FNU>
  return
}

// -----

func.func @relayout_scales_c4_tiles(%s: tensor<?x4xf8E8M0FNU>, %r: index) {
  // expected-error@+1 {{expected no sizes for tiles, got 1}}
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> sizes(%r) : tensor<?x4xf8E8M0FNU> to tensor<?x1x32x16xf8E8M0FNU>
  return
}

// -----

func.func @wide_scales(%s: tensor<128x4xf16>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of f8E8M0FNU type or f8E4M3FN type values, but got 'tensor<128x4xf16>'}}
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4> : tensor<128x4xf16> to tensor<1x1x32x16xf16>
  return
}
