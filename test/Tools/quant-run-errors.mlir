// What quant-run says of a command line that does not fit the function: one
// line, exit code 1, no file (Inputs/expect_error.py checks these).
//
// RUN: rm -rf %t && %python %S/Inputs/files.py make %t && cd %t
// RUN: mkdir folder.npy
// RUN: ln -s /dev/full full.npy
// DEFINE: %{arguments} =
// DEFINE: %{fails} = %python %S/Inputs/expect_error.py %t quant-run %s \
// DEFINE:   %{arguments}
//
// REDEFINE: %{arguments} = --entry-point=one --output=o.npy
// RUN: %{fails} | FileCheck %s --check-prefix=FEW-INPUTS
// FEW-INPUTS: quant-run: error: 'one' has 1 input (4 f32 (float32)), found 0 --input
//
// REDEFINE: %{arguments} = --entry-point=one --input=x4.npy --input=x4.npy \
// REDEFINE:   --output=o.npy
// RUN: %{fails} | FileCheck %s --check-prefix=MANY-INPUTS
// MANY-INPUTS: error: 'one' has 1 input (4 f32 (float32)), found 2 --input
//
// REDEFINE: %{arguments} = --entry-point=one --input=x4.npy
// RUN: %{fails} | FileCheck %s --check-prefix=FEW-OUTPUTS
// FEW-OUTPUTS: error: 'one' has 1 output (4 f32 (float32)), found 0 --output
//
// REDEFINE: %{arguments} = --entry-point=one --input=x4.npy --output=o.npy \
// REDEFINE:   --output=p.npy
// RUN: %{fails} | FileCheck %s --check-prefix=MANY-OUTPUTS
// MANY-OUTPUTS: error: 'one' has 1 output (4 f32 (float32)), found 2 --output
//
// REDEFINE: %{arguments} = --entry-point=nothing --input=x4.npy
// RUN: %{fails} | FileCheck %s --check-prefix=NO-INPUTS
// NO-INPUTS: error: 'nothing' has 0 inputs, found 1 --input
//
// The parts of a quantized tensor are told by name.
// REDEFINE: %{arguments} = --entry-point=decode --input=x4.npy --output=o.npy
// RUN: %{fails} | FileCheck %s --check-prefix=PARTS
// PARTS: error: 'decode' has 3 inputs (payload ?x8 i8 (uint8), scales ?x1 f16 (float16), zero points ?x1 i8 (uint8)), found 1 --input
//
// REDEFINE: %{arguments} = --entry-point=decode --input=u4.npy \
// REDEFINE:   --input=x4.npy --input=u4.npy \
// REDEFINE:   --output=o.npy
// RUN: %{fails} | FileCheck %s --check-prefix=PART
// PART: error: input #0 (payload): expected ?x8 i8 (uint8), found 4 uint8
//
// Type and shape.
// REDEFINE: %{arguments} = --entry-point=one --input=d4.npy --output=o.npy
// RUN: %{fails} | FileCheck %s --check-prefix=DTYPE
// DTYPE: error: input #0: expected 4 f32 (float32), found 4 float64
//
// REDEFINE: %{arguments} = --entry-point=bf16 --input=h4.npy --output=o.npy
// RUN: %{fails} | FileCheck %s --check-prefix=BF16
// BF16: error: input #0: expected 4 bf16 (uint16), found 4 float16
//
// REDEFINE: %{arguments} = --entry-point=bytes --input=w4.npy --output=o.npy
// RUN: %{fails} | FileCheck %s --check-prefix=BYTES
// BYTES: error: input #0: expected 4 i8 (uint8), found 4 int16
//
// REDEFINE: %{arguments} = --entry-point=one --input=x3.npy --output=o.npy
// RUN: %{fails} | FileCheck %s --check-prefix=SIZE
// SIZE: error: input #0: expected 4 f32 (float32), found 3 float32
//
// REDEFINE: %{arguments} = --entry-point=one --input=x2x4.npy --output=o.npy
// RUN: %{fails} | FileCheck %s --check-prefix=RANK
// RANK: error: input #0: expected 4 f32 (float32), found 2x4 float32
//
// REDEFINE: %{arguments} = --entry-point=scalar --input=x4.npy --output=o.npy
// RUN: %{fails} | FileCheck %s --check-prefix=SCALAR
// SCALAR: error: input #0: expected 0-d f32 (float32), found 4 float32
//
// REDEFINE: %{arguments} = --entry-point=one --input=scalar_f32.npy \
// REDEFINE:   --output=o.npy
// RUN: %{fails} | FileCheck %s --check-prefix=TENSOR
// TENSOR: error: input #0: expected 4 f32 (float32), found 0-d float32
//
// The entry point.
// REDEFINE: %{arguments} = --entry-point=two --input=x4.npy --output=o.npy
// RUN: %{fails} | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: no function 'two': the file has one, scalar, bf16, bytes, nothing, decode{{$}}
//
// REDEFINE: %{arguments} = --entry-point=hidden --input=x4.npy --output=o.npy
// RUN: %{fails} | FileCheck %s --check-prefix=PRIVATE
// PRIVATE: error: no function 'hidden': the file has one, scalar
//
// REDEFINE: %{arguments} = --input=x4.npy --output=o.npy
// RUN: %{fails} | FileCheck %s --check-prefix=UNNAMED
// UNNAMED: error: expected --entry-point=NAME: the file has one, scalar
//
// Outputs that cannot be written.
// REDEFINE: %{arguments} = --entry-point=one --input=x4.npy --output=no/o.npy
// RUN: %{fails} | FileCheck %s --check-prefix=NO-FOLDER
// NO-FOLDER: error: no/o.npy: cannot write it: No such file or directory
//
// REDEFINE: %{arguments} = --entry-point=one --input=x4.npy \
// REDEFINE:   --output=folder.npy
// RUN: %{fails} | FileCheck %s --check-prefix=FOLDER
// FOLDER: error: folder.npy: cannot write it: it is a directory
//
// REDEFINE: %{arguments} = --entry-point=one --input=x4.npy --output=o.txt
// RUN: %{fails} | FileCheck %s --check-prefix=SUFFIX
// SUFFIX: error: expected x.npy or m.safetensors:tensor.name, found 'o.txt'
//
// REDEFINE: %{arguments} = --entry-point=one --input=x4.npy \
// REDEFINE:   --output=o.safetensors
// RUN: %{fails} | FileCheck %s --check-prefix=NO-NAME
// NO-NAME: error: o.safetensors: expected the name of a tensor after a colon
//
// REDEFINE: %{arguments} = --entry-point=one --input=x4.npy \
// REDEFINE:   --output=o.safetensors:__metadata__
// RUN: %{fails} | FileCheck %s --check-prefix=RESERVED
// RESERVED: error: o.safetensors: expected the name of a tensor, found '__metadata__', which the format reserves
//
// A device without room: the write itself fails.
// RUN: not quant-run %s --entry-point=one --input=x4.npy --output=full.npy \
// RUN:   2>&1 | FileCheck %s --check-prefix=FULL
// FULL: quant-run: error: full.npy: cannot write it: No space left on device
//
// The other options.
// REDEFINE: %{arguments} = --entry-point=nothing --threads=0
// RUN: %{fails} | FileCheck %s --check-prefix=THREADS
// THREADS: error: --threads: expected an integer from 1 to 1024, found '0'
//
// REDEFINE: %{arguments} = --entry-point=nothing --repeat=-1
// RUN: %{fails} | FileCheck %s --check-prefix=REPEAT
// REPEAT: error: --repeat: expected an integer of at least 0, found '-1'
//
// REDEFINE: %{arguments} = --entry-point=nothing --repeat=99999999999
// RUN: %{fails} | FileCheck %s --check-prefix=HUGE
// HUGE: error: --repeat: expected an integer of at least 0, found '99999999999'
//
// REDEFINE: %{arguments} = --entry-point=nothing --target=x86-64-v5
// RUN: %{fails} | FileCheck %s --check-prefix=TARGET
// TARGET: error: unknown target 'x86-64-v5': expected one of cpu, nvvm, native, {{.*}}generic{{(, aarch64)?$}}
//
// REDEFINE: %{arguments} = --entry-point=nothing --target=nvvm --chip=sm_70
// RUN: %{fails} | FileCheck %s --check-prefix=NVVM
// NVVM: error: unknown chip 'sm_70': expected one of sm_80, sm_90, sm_90a, sm_100a, sm_120a
//
// REDEFINE: %{arguments} = --entry-point=nothing --frobnicate
// RUN: %{fails} | FileCheck %s --check-prefix=OPTION
// OPTION: error: Unknown command line argument '--frobnicate'.  Try: 'quant-run --help'
//
// RUN: %python %S/Inputs/expect_error.py %t quant-run \
// RUN:   | FileCheck %s --check-prefix=NO-FILE
// NO-FILE: quant-run: error: {{.*}}positional

!uint4 = !quantx.scaled<ui4 : f32, f16 per 1x*, zero_point ui4>

func.func @one(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

func.func @scalar(%x: f32) -> f32 {
  return %x : f32
}

func.func @bf16(%x: tensor<4xbf16>) -> tensor<4xbf16> {
  return %x : tensor<4xbf16>
}

func.func @bytes(%x: tensor<4xi8>) -> tensor<4xi8> {
  return %x : tensor<4xi8>
}

func.func @nothing() {
  return
}

func.func @decode(%q: tensor<?x16x!uint4>) -> tensor<?x16xf32> {
  %y = quantx.dequantize %q : tensor<?x16x!uint4> to tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

func.func private @hidden(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
