// Values of every type that a signature can have, with static and dynamic
// sizes, from and to .npy and .safetensors.
//
// RUN: rm -rf %t && %python %S/Inputs/files.py make %t && cd %t
// DEFINE: %{show} = %python %S/Inputs/files.py show
//
// Scalars are 0-d arrays; 8-bit integers come back as uint8.
// DEFINE: %{scalars} = quant-run %s --entry-point=scalars \
// DEFINE:   --input=scalar_f32.npy --input=scalar_f64.npy \
// DEFINE:   --input=scalar_f16.npy --input=scalar_bf16.npy \
// DEFINE:   --input=scalar_i1.npy --input=scalar_i8.npy \
// DEFINE:   --input=scalar_i64.npy --input=scalar_index.npy
// RUN: %{scalars} --output=a.npy --output=b.npy --output=c.npy \
// RUN:   --output=d.npy --output=e.npy --output=f.npy --output=g.npy \
// RUN:   --output=h.npy
// RUN: %{show} a.npy b.npy c.npy d.npy e.npy f.npy g.npy h.npy \
// RUN:   | FileCheck %s --check-prefix=SCALARS
// SCALARS: a.npy: <i8 []: 9
// SCALARS-NEXT: b.npy: <i8 []: -7
// SCALARS-NEXT: c.npy: |u1 []: 254
// SCALARS-NEXT: d.npy: |b1 []: True
// SCALARS-NEXT: e.npy: <u2 []: 0x3f80
// SCALARS-NEXT: f.npy: <f2 []: 2.5
// SCALARS-NEXT: g.npy: <f8 []: 0.1
// SCALARS-NEXT: h.npy: <f4 []: 1.5
//
// Outputs for one .safetensors file are gathered in it.
// RUN: %{scalars} --output=m.safetensors:a --output=m.safetensors:b \
// RUN:   --output=m.safetensors:c --output=m.safetensors:d \
// RUN:   --output=m.safetensors:e --output=m.safetensors:f \
// RUN:   --output=m.safetensors:g --output=m.safetensors:h
// RUN: %{show} m.safetensors:a m.safetensors:c m.safetensors:d \
// RUN:   m.safetensors:e m.safetensors:h \
// RUN:   | FileCheck %s --check-prefix=GATHERED
// GATHERED: a: I64 []: 9
// GATHERED-NEXT: c: U8 []: 254
// GATHERED-NEXT: d: BOOL []: True
// GATHERED-NEXT: e: BF16 []: 0x3f80
// GATHERED-NEXT: h: F32 []: 1.5
//
// One scalar is returned by value, a function may have no arguments, and none
// of both.
// RUN: quant-run %s --entry-point=half --input=scalar_f16.npy --output=o.npy
// RUN: %{show} o.npy | FileCheck %s --check-prefix=HALF
// HALF: <f2 []: -2.5
// RUN: quant-run %s --entry-point=answer --output=o.npy
// RUN: %{show} o.npy | FileCheck %s --check-prefix=ANSWER
// ANSWER: <i8 []: 42
// RUN: quant-run %s --entry-point=nothing | count 0
//
// Arrays.
// RUN: quant-run %s --entry-point=f32 --input=x4.npy --output=o.npy
// RUN: %{show} o.npy | FileCheck %s --check-prefix=F32
// RUN: quant-run %s --entry-point=f32 --input=x8.npy --output=o.npy
// RUN: %{show} o.npy | FileCheck %s --check-prefix=F32-8
// RUN: quant-run %s --entry-point=f32 --input=empty.npy --output=o.npy
// RUN: %{show} o.npy | FileCheck %s --check-prefix=F32-0
// F32: <f4 [4]: -1.5 2 -0 0
// F32-8: <f4 [8]: -0 -1 -2 -3 -4 -5 -6 -7
// F32-0: <f4 [0]:{{ ?$}}
//
// RUN: quant-run %s --entry-point=f16 --input=h4.npy --output=o.npy
// RUN: %{show} o.npy | FileCheck %s --check-prefix=F16
// F16: <f2 [4]: -1.5 2 -0 -65504
//
// bf16 is uint16 in .npy, and BF16 in .safetensors.
// RUN: quant-run %s --entry-point=bf16 --input=b4.npy --output=o.npy
// RUN: %{show} o.npy | FileCheck %s --check-prefix=BF16
// RUN: quant-run %s --entry-point=bf16 --input=typed.safetensors:brain \
// RUN:   --output=o.safetensors:negated
// RUN: %{show} o.safetensors:negated | FileCheck %s --check-prefix=BF16-ST
// BF16: <u2 [4]: 0xbfc0 0x4000 0x8000 0xff80
// BF16-ST: negated: BF16 [4]: 0xbf80 0xc000 0xc040 0xc080
//
// Bytes are taken from int8 and uint8 alike.
// RUN: quant-run %s --entry-point=bytes --input=s4.npy --output=o.npy
// RUN: %{show} o.npy | FileCheck %s --check-prefix=BYTES
// RUN: quant-run %s --entry-point=bytes --input=u4.npy --output=o.npy
// RUN: %{show} o.npy | FileCheck %s --check-prefix=BYTES
// BYTES: |u1 [4]: 2 0 128 129
//
// A tensor at an odd place in its file; and the file that is read is the one
// that is written, after the run.
// RUN: quant-run %s --entry-point=f32 --input=unaligned.safetensors:w \
// RUN:   --output=aligned.safetensors:w
// RUN: %{show} aligned.safetensors:w | FileCheck %s --check-prefix=UNALIGNED
// UNALIGNED: w: F32 [4]: -0 -1 -2 -3
//
// The only public function needs no name.
// RUN: quant-run %S/Inputs/only.mlir --input=x4.npy --output=o.npy
// RUN: %{show} o.npy | FileCheck %s --check-prefix=F32

func.func @scalars(%a: f32, %b: f64, %c: f16, %d: bf16, %e: i1, %f: i8, %g: i64,
                   %h: index)
    -> (index, i64, i8, i1, bf16, f16, f64, f32) {
  return %h, %g, %f, %e, %d, %c, %b, %a
    : index, i64, i8, i1, bf16, f16, f64, f32
}

func.func @half(%x: f16) -> f16 {
  %y = arith.negf %x : f16
  return %y : f16
}

func.func @answer() -> i64 {
  %c = arith.constant 42 : i64
  return %c : i64
}

func.func @nothing() {
  return
}

func.func @f32(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = arith.negf %x : tensor<?xf32>
  return %y : tensor<?xf32>
}

func.func @f16(%x: tensor<4xf16>) -> tensor<4xf16> {
  %y = arith.negf %x : tensor<4xf16>
  return %y : tensor<4xf16>
}

func.func @bf16(%x: tensor<4xbf16>) -> tensor<4xbf16> {
  %y = arith.negf %x : tensor<4xbf16>
  return %y : tensor<4xbf16>
}

func.func @bytes(%x: tensor<4xi8>) -> tensor<4xi8> {
  %one = arith.constant dense<1> : tensor<4xi8>
  %y = arith.addi %x, %one : tensor<4xi8>
  return %y : tensor<4xi8>
}
