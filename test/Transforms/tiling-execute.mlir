// A tiled program computes what the whole one does, bit for bit: partial last
// blocks, rows that end within a byte, 2-D blocks, whole dimensions, a global
// scale, zero points.
//
// DEFINE: %{name} =
// DEFINE: %{outputs} =
// DEFINE: %{golden} = %src_root/test/golden
// DEFINE: %{run} = quant-run --entry-point=%{name} --input=%{golden}/x_student.npy
// DEFINE: %{whole} = %{run} %s --output=%t.a0.npy --output=%t.a1.npy
// DEFINE: %{tiled} = %{run} --output=%t.b0.npy --output=%t.b1.npy
// DEFINE: %{compare} = cmp %t.a0.npy %t.b0.npy && cmp %t.a1.npy %t.b1.npy
// DEFINE: %{check} = %{whole} && %{tiled} %t.for.mlir && %{compare} && \
// DEFINE:   %{tiled} %t.forall.mlir && %{compare} && \
// DEFINE:   %{tiled} %t.threads.mlir && %{compare}
// DEFINE: %{library} =
// DEFINE: %{tile} = quant-opt %s \
// DEFINE:   --transform-preload-library=transform-library-paths=%S/Inputs/%{library} \
// DEFINE:   --transform-interpreter
//
// REDEFINE: %{library} = tile-for.mlir
// RUN: %{tile} -o %t.for.mlir
// REDEFINE: %{library} = tile-forall.mlir
// RUN: %{tile} -o %t.forall.mlir
// REDEFINE: %{library} = tile-threads.mlir
// RUN: %{tile} -o %t.threads.mlir
//
// REDEFINE: %{name} = mxfp4_partial
// RUN: %{check}
// REDEFINE: %{name} = int4_odd
// RUN: %{check}
// REDEFINE: %{name} = nvfp4
// RUN: %{check}
// REDEFINE: %{name} = blocks_2d
// RUN: %{check}
// REDEFINE: %{name} = rows
// RUN: %{check}
// REDEFINE: %{name} = decode
// RUN: %{check}
// REDEFINE: %{name} = repack
// RUN: %{check}
// REDEFINE: %{name} = layouts
// RUN: %{check}
// REDEFINE: %{name} = relayout
// RUN: %{check}
// REDEFINE: %{name} = matmul
// RUN: %{check}

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!int4 = !quantx.scaled<ui4 : f32, f16 per 1x5, zero_point ui4>
!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
!fp8b = !quantx.scaled<f8E4M3FN : f32, f32 per 4x16>
!int4r = !quantx.scaled<i4 : f32, f32 per 1x*>
!int8r = !quantx.scaled<i8 : f32, f32 per 1x*>
!int4b = !quantx.scaled<i4 : f32, f32 per 4x32>

// 80 columns: the third block of a row has 16.
func.func @mxfp4_partial(%all: tensor<32x256xf32>)
    -> (tensor<10x40xi8>, tensor<10x3xf8E8M0FNU>) {
  %x = tensor.extract_slice %all[3, 7] [10, 80] [1, 1]
    : tensor<32x256xf32> to tensor<10x80xf32>
  %s = quantx.choose_qparams %x using #quantx.even for !mxfp4
    : tensor<10x80xf32> -> tensor<10x3xf8E8M0FNU>
  %q = quantx.quantize %x, %s
    : tensor<10x80xf32>, tensor<10x3xf8E8M0FNU> to tensor<10x80x!mxfp4>
  %p, %t = quantx.disassemble %q
    : tensor<10x80x!mxfp4> to tensor<10x40xi8>, tensor<10x3xf8E8M0FNU>
  return %p, %t : tensor<10x40xi8>, tensor<10x3xf8E8M0FNU>
}

// Blocks of 5 codes of 4 bits: only every second begins on a byte.
func.func @int4_odd(%all: tensor<32x256xf32>)
    -> (tensor<5x17xi8>, tensor<5x7xf16>) {
  %x = tensor.extract_slice %all[1, 1] [5, 33] [1, 1]
    : tensor<32x256xf32> to tensor<5x33xf32>
  %q = quantx.dynamic_quantize %x using #quantx.minmax
    : tensor<5x33xf32> to tensor<5x33x!int4>
  %p, %s, %z = quantx.disassemble %q
    : tensor<5x33x!int4> to tensor<5x17xi8>, tensor<5x7xf16>, tensor<5x7xui4>
  return %p, %s : tensor<5x17xi8>, tensor<5x7xf16>
}

func.func @nvfp4(%x: tensor<32x256xf32>)
    -> (tensor<32x128xi8>, tensor<32x256xf32>) {
  // Choosing a global scale is not tiled: encoding under it is.
  %s = arith.constant dense<0.25> : tensor<32x16xf8E4M3FN>
  %g = arith.constant dense<0.75> : tensor<f32>
  %q = quantx.quantize %x, %s, %g
    : tensor<32x256xf32>, tensor<32x16xf8E4M3FN>, tensor<f32>
      to tensor<32x256x!nvfp4>
  %y = quantx.dequantize %q : tensor<32x256x!nvfp4> to tensor<32x256xf32>
  %p, %t, %h = quantx.disassemble %q
    : tensor<32x256x!nvfp4>
      to tensor<32x128xi8>, tensor<32x16xf8E4M3FN>, tensor<f32>
  return %p, %y : tensor<32x128xi8>, tensor<32x256xf32>
}

func.func @blocks_2d(%all: tensor<32x256xf32>)
    -> (tensor<10x40xi8>, tensor<3x3xf32>) {
  %x = tensor.extract_slice %all[0, 0] [10, 40] [1, 1]
    : tensor<32x256xf32> to tensor<10x40xf32>
  %q = quantx.dynamic_quantize %x using #quantx.absmax
    : tensor<10x40xf32> to tensor<10x40x!fp8b>
  %p, %s = quantx.disassemble %q
    : tensor<10x40x!fp8b> to tensor<10x40xi8>, tensor<3x3xf32>
  return %p, %s : tensor<10x40xi8>, tensor<3x3xf32>
}

func.func @rows(%all: tensor<32x256xf32>)
    -> (tensor<10x21xi8>, tensor<10x1xf32>) {
  %x = tensor.extract_slice %all[0, 0] [10, 41] [1, 1]
    : tensor<32x256xf32> to tensor<10x41xf32>
  %q = quantx.dynamic_quantize %x using #quantx.absmax
    : tensor<10x41xf32> to tensor<10x41x!int4r>
  %p, %s = quantx.disassemble %q
    : tensor<10x41x!int4r> to tensor<10x21xi8>, tensor<10x1xf32>
  return %p, %s : tensor<10x21xi8>, tensor<10x1xf32>
}

// A row ends within a byte; the rows of the second share one scale.
func.func @decode(%all: tensor<32x256xf32>)
    -> (tensor<9x61xf32>, tensor<9x61xf32>) {
  %x = tensor.extract_slice %all[0, 0] [9, 61] [1, 1]
    : tensor<32x256xf32> to tensor<9x61xf32>
  %q = quantx.dynamic_quantize %x using #quantx.minmax
    : tensor<9x61xf32> to tensor<9x61x!int4>
  %y = quantx.dequantize %q : tensor<9x61x!int4> to tensor<9x61xf32>
  %r = quantx.dynamic_quantize %x using #quantx.absmax
    : tensor<9x61xf32> to tensor<9x61x!int4r>
  %z = quantx.dequantize %r : tensor<9x61x!int4r> to tensor<9x61xf32>
  return %y, %z : tensor<9x61xf32>, tensor<9x61xf32>
}

// 45 codes of 3 bits in 17 bytes, three bits of the last unused; and 45 of 4.
func.func @repack(%all: tensor<32x256xf32>)
    -> (tensor<5x17xi8>, tensor<5x23xi8>) {
  %c = arith.constant 100.0 : f32
  %x = tensor.extract_slice %all[0, 0] [5, 45] [1, 1]
    : tensor<32x256xf32> to tensor<5x45xf32>
  %f = tensor.empty() : tensor<5x45xi8>
  %bytes = linalg.generic {
    indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>,
                     affine_map<(d0, d1) -> (d0, d1)>],
    iterator_types = ["parallel", "parallel"]}
    ins(%x : tensor<5x45xf32>) outs(%f : tensor<5x45xi8>) {
  ^bb0(%in: f32, %out: i8):
    %scaled = arith.mulf %in, %c : f32
    %i = arith.fptosi %scaled : f32 to i32
    %low = arith.trunci %i : i32 to i8
    linalg.yield %low : i8
  } -> tensor<5x45xi8>
  %b3 = tensor.extract_slice %bytes[0, 0] [5, 17] [1, 1]
    : tensor<5x45xi8> to tensor<5x17xi8>
  %c3 = quantx.unpack %b3 as #quantx.packing<linear>
    : tensor<5x17xi8> to tensor<5x45xi3>
  %p3 = quantx.pack %c3 as #quantx.packing<linear>
    : tensor<5x45xi3> to tensor<5x17xi8>
  %b4 = tensor.extract_slice %bytes[0, 20] [5, 23] [1, 1]
    : tensor<5x45xi8> to tensor<5x23xi8>
  %c4 = quantx.unpack %b4 as #quantx.packing<linear>
    : tensor<5x23xi8> to tensor<5x45xui4>
  %p4 = quantx.pack %c4 as #quantx.packing<linear>
    : tensor<5x45xui4> to tensor<5x23xi8>
  return %p3, %p4 : tensor<5x17xi8>, tensor<5x23xi8>
}

// Blocks of 32 and groups of 8 codes; the last of each row is partial and odd.
func.func @layouts(%all: tensor<32x256xf32>)
    -> (tensor<5x39xi8>, tensor<5x39xi8>) {
  %c = arith.constant 100.0 : f32
  %x = tensor.extract_slice %all[0, 0] [5, 39] [1, 1]
    : tensor<32x256xf32> to tensor<5x39xf32>
  %f = tensor.empty() : tensor<5x39xi8>
  %bytes = linalg.generic {
    indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>,
                     affine_map<(d0, d1) -> (d0, d1)>],
    iterator_types = ["parallel", "parallel"]}
    ins(%x : tensor<5x39xf32>) outs(%f : tensor<5x39xi8>) {
  ^bb0(%in: f32, %out: i8):
    %scaled = arith.mulf %in, %c : f32
    %i = arith.fptosi %scaled : f32 to i32
    %low = arith.trunci %i : i32 to i8
    linalg.yield %low : i8
  } -> tensor<5x39xi8>
  %s = quantx.unpack %bytes as #quantx.packing<split_half>
    : tensor<5x39xi8> to tensor<5x77xi4>
  %ps = quantx.pack %s as #quantx.packing<interleaved8>
    : tensor<5x77xi4> to tensor<5x39xi8>
  %i = quantx.unpack %bytes as #quantx.packing<interleaved8>
    : tensor<5x39xi8> to tensor<5x77xui4>
  %pi = quantx.pack %i as #quantx.packing<split_half>
    : tensor<5x77xui4> to tensor<5x39xi8>
  return %ps, %pi : tensor<5x39xi8>, tensor<5x39xi8>
}

!scale = !quantx.scaled<f8E4M3FN : f32, f8E8M0FNU per 1x1>
!scale4d = !quantx.scaled<f8E4M3FN : f32, f8E8M0FNU per 1x1x1x1>

// Three tiles down and across, the last ones with padding; and back from tiles
// of which only a part is read.
func.func @relayout(%all: tensor<32x256xf32>)
    -> (tensor<3x3x32x16xf8E8M0FNU>, tensor<300x9xf8E8M0FNU>) {
  %flat = tensor.collapse_shape %all [[0, 1]]
    : tensor<32x256xf32> into tensor<8192xf32>
  %x = tensor.extract_slice %flat[0] [2700] [1]
    : tensor<8192xf32> to tensor<2700xf32>
  %m = tensor.expand_shape %x [[0, 1]] output_shape [300, 9]
    : tensor<2700xf32> into tensor<300x9xf32>
  %s = quantx.choose_qparams %m using #quantx.floor for !scale
    : tensor<300x9xf32> -> tensor<300x9xf8E8M0FNU>
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4>
    : tensor<300x9xf8E8M0FNU> to tensor<3x3x32x16xf8E8M0FNU>
  %y = tensor.extract_slice %flat[0] [4608] [1]
    : tensor<8192xf32> to tensor<4608xf32>
  %n = tensor.expand_shape %y [[0, 1, 2, 3]] output_shape [3, 3, 32, 16]
    : tensor<4608xf32> into tensor<3x3x32x16xf32>
  %u = quantx.choose_qparams %n using #quantx.floor for !scale4d
    : tensor<3x3x32x16xf32> -> tensor<3x3x32x16xf8E8M0FNU>
  %l = quantx.relayout_scales %u to #quantx.scale_layout<linear>
    : tensor<3x3x32x16xf8E8M0FNU> to tensor<300x9xf8E8M0FNU>
  return %t, %l : tensor<3x3x32x16xf8E8M0FNU>, tensor<300x9xf8E8M0FNU>
}

// Weights in 2-D blocks, of which the last is partial, by plain and by scaled
// activations; sums go on from sums. How many rows are multiplied together
// decides in which order products are added: scales that are powers of two make
// these sums exact.
func.func @matmul(%all: tensor<32x256xf32>)
    -> (tensor<5x10xf32>, tensor<5x10xf32>) {
  %x = tensor.extract_slice %all[1, 1] [5, 77] [1, 1]
    : tensor<32x256xf32> to tensor<5x77xf32>
  %y = tensor.extract_slice %all[7, 9] [10, 77] [1, 1]
    : tensor<32x256xf32> to tensor<10x77xf32>
  %acc = tensor.extract_slice %all[3, 3] [5, 10] [1, 1]
    : tensor<32x256xf32> to tensor<5x10xf32>
  %a = quantx.dynamic_quantize %x using #quantx.absmax<pow2>
    : tensor<5x77xf32> to tensor<5x77x!int8r>
  %w = quantx.dynamic_quantize %y using #quantx.absmax<pow2>
    : tensor<10x77xf32> to tensor<10x77x!int4b>
  %plain = quantx.dequantize %a : tensor<5x77x!int8r> to tensor<5x77xf32>
  %r = quantx.scaled_matmul
    ins(%plain, %w : tensor<5x77xf32>, tensor<10x77x!int4b>)
    outs(%acc : tensor<5x10xf32>) -> tensor<5x10xf32>
  %s = quantx.scaled_matmul
    ins(%a, %w : tensor<5x77x!int8r>, tensor<10x77x!int4b>)
    outs(%r : tensor<5x10xf32>) -> tensor<5x10xf32>
  return %r, %s : tensor<5x10xf32>, tensor<5x10xf32>
}
