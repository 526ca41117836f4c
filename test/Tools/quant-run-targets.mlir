// Equal bits on every target and number of threads, for whole formats and for
// arith.truncf to bf16, for which LLVM calls a function on CPUs without AVX512.
//
// RUN: rm -rf %t && %python %S/Inputs/files.py make %t && cd %t
// DEFINE: %{target} = cpu
// DEFINE: %{threads} = 1
// DEFINE: %{run} = quant-run %s --target=%{target} --threads=%{threads}
// DEFINE: %{name} = mxfp4
// DEFINE: %{format} = %{run} --entry-point=%{name} --input=weights.npy \
// DEFINE:   --output=%{target}%{threads}.safetensors:payload \
// DEFINE:   --output=%{target}%{threads}.safetensors:scales
// DEFINE: %{bfloat} = %{run} --entry-point=bf16 --input=ties.npy \
// DEFINE:   --output=bf16.npy \
// DEFINE:   && %python %S/Inputs/files.py show bf16.npy | FileCheck %s
//
// CHECK: <u2 [8]: 0x3f80 0x3f82 0x3f81 0x4000 0x7f80 0x0001 0xff80 0x7fc0
//
// RUN: %{format}
// RUN: %{bfloat}
//
// REDEFINE: %{threads} = 2
// RUN: %{format} && cmp cpu1.safetensors cpu2.safetensors
// RUN: %{bfloat}
//
// REDEFINE: %{target} = generic
// RUN: %{format} && cmp cpu1.safetensors generic2.safetensors
// REDEFINE: %{threads} = 1
// RUN: %{format} && cmp cpu1.safetensors generic1.safetensors
// RUN: %{bfloat}
//
// REDEFINE: %{target} = native
// RUN: %{format} && cmp cpu1.safetensors native1.safetensors
//
// int8: divisions, and f32 scales.
// REDEFINE: %{target} = cpu
// REDEFINE: %{name} = int8
// RUN: %{format}
// REDEFINE: %{target} = generic
// RUN: %{format} && cmp cpu1.safetensors generic1.safetensors
//
// A scalar and a vector of bf16.
// DEFINE: %{parts} = %{run} --entry-point=bf16_parts --input=ties.npy \
// DEFINE:   --output=scalar.npy --output=lane.npy \
// DEFINE:   && %python %S/Inputs/files.py show scalar.npy lane.npy \
// DEFINE:   | FileCheck %s --check-prefix=PARTS
// PARTS: scalar.npy: <u2 []: 0x3f82
// PARTS: lane.npy: <u2 []: 0x3f81
// RUN: %{parts}
// REDEFINE: %{target} = cpu
// RUN: %{parts}
//
// Arithmetic on bf16: each result is rounded, and may be subnormal.
// DEFINE: %{arithmetic} = %{run} --entry-point=bf16_arithmetic \
// DEFINE:   --input=ties.npy --output=bf16.npy \
// DEFINE:   && %python %S/Inputs/files.py show bf16.npy \
// DEFINE:   | FileCheck %s --check-prefix=ARITHMETIC
// ARITHMETIC: <u2 [8]: 0x0000 0x3c80 0x3c00 0x4000 0x7fc0 0x8001 0x7f80 0x7fc0
// RUN: %{arithmetic}
// REDEFINE: %{target} = generic
// RUN: %{arithmetic}

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!int8 = !quantx.scaled<i8 : f32, f32 per 1x*>

func.func @mxfp4(%x: tensor<?x?xf32>) -> tensor<?x?x!mxfp4> {
  %q = quantx.dynamic_quantize %x using #quantx.rceil
    : tensor<?x?xf32> to tensor<?x?x!mxfp4>
  return %q : tensor<?x?x!mxfp4>
}

func.func @int8(%x: tensor<?x?xf32>) -> tensor<?x?x!int8> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax
    : tensor<?x?xf32> to tensor<?x?x!int8>
  return %q : tensor<?x?x!int8>
}

func.func @bf16(%x: tensor<8xf32>) -> tensor<8xbf16> {
  %y = arith.truncf %x : tensor<8xf32> to tensor<8xbf16>
  return %y : tensor<8xbf16>
}

func.func @bf16_arithmetic(%x: tensor<8xf32>) -> tensor<8xbf16> {
  %y = arith.truncf %x : tensor<8xf32> to tensor<8xbf16>
  %square = arith.mulf %y, %y : tensor<8xbf16>
  %difference = arith.subf %square, %y : tensor<8xbf16>
  return %difference : tensor<8xbf16>
}

func.func @bf16_parts(%x: tensor<8xf32>) -> (bf16, bf16) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = tensor.extract %x[%c1] : tensor<8xf32>
  %b = tensor.extract %x[%c2] : tensor<8xf32>
  %scalar = arith.truncf %a : f32 to bf16
  %wide = vector.from_elements %a, %b : vector<2xf32>
  %narrow = arith.truncf %wide : vector<2xf32> to vector<2xbf16>
  %lane = vector.extract %narrow[1] : bf16 from vector<2xbf16>
  return %scalar, %lane : bf16, bf16
}
