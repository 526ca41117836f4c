// Tensors for which there is no memory are a diagnostic: of more bytes than can be
// addressed, or than 64 bits can count.
//
// RUN: rm -rf %t && %python %S/Inputs/files.py make %t && cd %t
// DEFINE: %{arguments} =
// DEFINE: %{fails} = %python %S/Inputs/expect_error.py %t quant-run %s \
// DEFINE:   %{arguments}
//
// Inputs without elements, but with a scale for each row.
// DEFINE: %{rows} = %{fails} | FileCheck %s --check-prefix=ROWS
// ROWS: quant-run: error: out of memory: cannot allocate {{[0-9]+}} bytes
// REDEFINE: %{arguments} = --entry-point=rows --input=rows46.npy \
// REDEFINE:   --output=o.npy --output=s.npy
// RUN: %{rows}
// REDEFINE: %{arguments} = --entry-point=rows --input=rows62.npy \
// REDEFINE:   --output=o.npy --output=s.npy
// RUN: %{rows}
// REDEFINE: %{arguments} = --entry-point=rows --input=rows63.npy \
// REDEFINE:   --output=o.npy --output=s.npy --target=generic
// RUN: %{rows}
//
// A size that the program computes: its square has more than 64 bits.
// REDEFINE: %{arguments} = --entry-point=square --input=scalar_large.npy \
// REDEFINE:   --output=o.npy
// RUN: %{rows}
//
// Static sizes are known before.
// REDEFINE: %{arguments} = --entry-point=static --output=o.npy
// RUN: %{fails} | FileCheck %s --check-prefix=STATIC
// STATIC: quant-run: error: {{.*}}'tensor.splat' op expected tensors of at most 140737488355328 bytes, got 'tensor<1000000000x1000000000xf32>'
// RUN: %python %S/Inputs/expect_error.py %t quant-compile %s -o k.o \
// RUN:   | FileCheck %s --check-prefix=COMPILE
// COMPILE: quant-compile: error: {{.*}}'tensor.splat' op expected tensors of at most 140737488355328 bytes

!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>

func.func @rows(%x: tensor<?x?xf32>) -> tensor<?x?x!int8> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax
    : tensor<?x?xf32> to tensor<?x?x!int8>
  return %q : tensor<?x?x!int8>
}

func.func @square(%n: index) -> tensor<?x?xf32> {
  %c = arith.constant 1.0 : f32
  %y = tensor.splat %c[%n, %n] : tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

func.func @static() -> tensor<1000000000x1000000000xf32> {
  %c = arith.constant 1.0 : f32
  %y = tensor.splat %c : tensor<1000000000x1000000000xf32>
  return %y : tensor<1000000000x1000000000xf32>
}
