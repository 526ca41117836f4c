// RUN: quant-opt %s --quantx-lower-to-linalg --split-input-file --verify-diagnostics

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @offset(%q: tensor<8x64x!mxfp4>) -> tensor<8x32x!mxfp4> {
  // expected-error @below {{'tensor.extract_slice' op expected an offset that is a multiple of the block 32 in dimension 1, got 16}}
  %s = tensor.extract_slice %q[0, 16] [8, 32] [1, 1]
    : tensor<8x64x!mxfp4> to tensor<8x32x!mxfp4>
  return %s : tensor<8x32x!mxfp4>
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @unknown_offset(%q: tensor<8x64x!mxfp4>, %i: index) -> tensor<8x32x!mxfp4> {
  // expected-error @below {{expected an offset that is a multiple of the block 32 in dimension 1, got a value that is not known to be one}}
  %s = tensor.extract_slice %q[0, %i] [8, 32] [1, 1]
    : tensor<8x64x!mxfp4> to tensor<8x32x!mxfp4>
  return %s : tensor<8x32x!mxfp4>
}

// -----

// A loop in steps of 48 meets a block only at every second iteration.
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @loop(%q: tensor<8x192x!mxfp4>) {
  %c0 = arith.constant 0 : index
  %c48 = arith.constant 48 : index
  %c192 = arith.constant 192 : index
  scf.for %i = %c0 to %c192 step %c48 {
    // expected-error @below {{expected an offset that is a multiple of the block 32 in dimension 1, got a value that is not known to be one}}
    %s = tensor.extract_slice %q[0, %i] [8, 32] [1, 1]
      : tensor<8x192x!mxfp4> to tensor<8x32x!mxfp4>
  }
  return
}

// -----

// Blocks of 5 codes of 4 bits: the second begins within a byte.
!int4 = !quantx.scaled<i4 : f32, f16 per 1x5>

func.func @bytes(%q: tensor<8x65x!int4>) -> tensor<8x5x!int4> {
  // expected-error @below {{expected an offset that is a multiple of 10 (whole blocks of 5 and whole bytes of 4-bit codes) in dimension 1, got 5}}
  %s = tensor.extract_slice %q[0, 5] [8, 5] [1, 1]
    : tensor<8x65x!int4> to tensor<8x5x!int4>
  return %s : tensor<8x5x!int4>
}

// -----

!row = !quantx.scaled<i4 : f32, f32 per 1x*>

func.func @row_bytes(%q: tensor<8x64x!row>) -> tensor<8x5x!row> {
  // expected-error @below {{expected an offset that is a multiple of 2 (whole bytes of 4-bit codes) in dimension 1, got 3}}
  %s = tensor.extract_slice %q[0, 3] [8, 5] [1, 1]
    : tensor<8x64x!row> to tensor<8x5x!row>
  return %s : tensor<8x5x!row>
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @size(%d: tensor<8x64x!mxfp4>, %s: tensor<8x16x!mxfp4>) -> tensor<8x64x!mxfp4> {
  // expected-error @below {{'tensor.insert_slice' op expected a size that is a multiple of the block 32 or reaches the end of the tensor in dimension 1, got 16}}
  %r = tensor.insert_slice %s into %d[0, 32] [8, 16] [1, 1]
    : tensor<8x16x!mxfp4> into tensor<8x64x!mxfp4>
  return %r : tensor<8x64x!mxfp4>
}

// -----

// The end of another tensor is not that of this one.
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @unknown_size(%d: tensor<8x?x!mxfp4>, %s: tensor<8x?x!mxfp4>) -> tensor<8x?x!mxfp4> {
  %c1 = arith.constant 1 : index
  %k = tensor.dim %s, %c1 : tensor<8x?x!mxfp4>
  // expected-error @below {{expected a size that is a multiple of the block 32 or reaches the end of the tensor in dimension 1, got a value that is not known to be one}}
  %r = tensor.insert_slice %s into %d[0, 0] [8, %k] [1, 1]
    : tensor<8x?x!mxfp4> into tensor<8x?x!mxfp4>
  return %r : tensor<8x?x!mxfp4>
}

// -----

!row = !quantx.scaled<i4 : f32, f32 per 1x*>

func.func @part_of_block(%d: tensor<8x64x!row>, %s: tensor<8x32x!row>) -> tensor<8x64x!row> {
  // expected-error @below {{expected a slice of all of dimension 1, which is one block, got offset 0 and size 32}}
  %r = tensor.insert_slice %s into %d[0, 0] [8, 32] [1, 1]
    : tensor<8x32x!row> into tensor<8x64x!row>
  return %r : tensor<8x64x!row>
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @stride(%q: tensor<8x64x!mxfp4>) -> tensor<4x64x!mxfp4> {
  // expected-error @below {{expected a stride of 1 in dimension 0 of a scaled tensor, got 2}}
  %s = tensor.extract_slice %q[0, 0] [4, 64] [2, 1]
    : tensor<8x64x!mxfp4> to tensor<4x64x!mxfp4>
  return %s : tensor<4x64x!mxfp4>
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @rank(%q: tensor<8x64x!mxfp4>) -> tensor<64x!mxfp4> {
  // expected-error-re @below {{expected a {{slice|block}} of rank}}
  %s = tensor.extract_slice %q[0, 0] [1, 64] [1, 1]
    : tensor<8x64x!mxfp4> to tensor<64x!mxfp4>
  return %s : tensor<64x!mxfp4>
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @parallel(%q: tensor<8x64x!mxfp4>) -> tensor<8x64x!mxfp4> {
  %r = scf.forall (%i) in (4) shared_outs(%o = %q) -> (tensor<8x64x!mxfp4>) {
    %offset = affine.apply affine_map<(d0) -> (d0 * 16)>(%i)
    %s = tensor.extract_slice %q[0, 0] [8, 16] [1, 1]
      : tensor<8x64x!mxfp4> to tensor<8x16x!mxfp4>
    scf.forall.in_parallel {
      // expected-error @below {{'tensor.parallel_insert_slice' op expected an offset that is a multiple of the block 32 in dimension 1, got a value that is not known to be one}}
      tensor.parallel_insert_slice %s into %o[0, %offset] [8, 16] [1, 1]
        : tensor<8x16x!mxfp4> into tensor<8x64x!mxfp4>
    }
  }
  return %r : tensor<8x64x!mxfp4>
}

// -----

!rows16 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>

func.func @rows16(%q: tensor<32x64x!rows16>) -> tensor<16x64x!rows16> {
  // expected-error @below {{'tensor.extract_slice' op expected slices of tensors without packing rows16, which quantx.relayout undoes, got 'tensor<32x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32, packing rows16>>'}}
  %s = tensor.extract_slice %q[0, 0] [16, 64] [1, 1]
    : tensor<32x64x!rows16> to tensor<16x64x!rows16>
  return %s : tensor<16x64x!rows16>
}
