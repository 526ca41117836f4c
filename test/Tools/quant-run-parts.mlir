// Inputs that do not go together: the parts of one quantized tensor, and files
// that an output would replace. One line, exit code 1, no file changed
// (Inputs/expect_error.py checks these).
//
// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: %python %S/Inputs/write_parts.py
// DEFINE: %{arguments} =
// DEFINE: %{fails} = %python %S/Inputs/expect_error.py %t quant-run %s \
// DEFINE:   %{arguments}
//
// Scales for fewer rows, for more blocks, and zero points unlike the scales.
// REDEFINE: %{arguments} = --entry-point=decode --input=p4x16.npy \
// REDEFINE:   --input=b1x1.npy --output=y.npy
// RUN: %{fails} | FileCheck %s --check-prefix=ROWS
// ROWS: quant-run: error: input #1 (scales): expected 4x1 for a payload of 4x16, found 1x1
//
// REDEFINE: %{arguments} = --entry-point=decode --input=p4x16.npy \
// REDEFINE:   --input=b4x2.npy --output=y.npy
// RUN: %{fails} | FileCheck %s --check-prefix=BLOCKS
// BLOCKS: error: input #1 (scales): expected 4x1 for a payload of 4x16, found 4x2
//
// REDEFINE: %{arguments} = --entry-point=decode_int --input=p4x16.npy \
// REDEFINE:   --input=f4x2.npy --input=b4x1.npy --output=y.npy
// RUN: %{fails} | FileCheck %s --check-prefix=ZERO-POINTS
// ZERO-POINTS: error: input #2 (zero points): expected 4x2 for a payload of 4x16, found 4x1
//
// REDEFINE: %{arguments} = --entry-point=same --input=f4x2.npy \
// REDEFINE:   --output=./f4x2.npy
// RUN: %{fails} | FileCheck %s --check-prefix=REPLACED
// REPLACED: error: ./f4x2.npy: expected another file than 'f4x2.npy', which it would replace
//
// REDEFINE: %{arguments} = --entry-point=same --input=f4x2.npy --output=y.npy \
// REDEFINE:   --threads=1000000
// RUN: %{fails} | FileCheck %s --check-prefix=THREADS
// THREADS: error: --threads: expected an integer from 1 to 1024, found '1000000'
//
// What agrees, runs.
// RUN: quant-run %s --entry-point=decode --input=p4x16.npy --input=b4x1.npy \
// RUN:   --output=%t.npy
// RUN: quant-run %s --entry-point=decode_int --input=p4x16.npy \
// RUN:   --input=f4x2.npy --input=b4x2.npy --output=%t.npy

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!int4 = !quantx.scaled<ui4 : f32, f32 per 1x16, zero_point ui4>

func.func @decode(%q: tensor<?x?x!mxfp4>) -> tensor<?x?xf32> {
  %y = quantx.dequantize %q : tensor<?x?x!mxfp4> to tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

func.func @decode_int(%q: tensor<?x?x!int4>) -> tensor<?x?xf32> {
  %y = quantx.dequantize %q : tensor<?x?x!int4> to tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

func.func @same(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  return %x : tensor<?x?xf32>
}
