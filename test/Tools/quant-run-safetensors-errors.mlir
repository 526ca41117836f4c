// What quant-run says of .safetensors files whose header lies, and of unknown
// tensors.
//
// RUN: rm -rf %t && %python %S/Inputs/files.py make %t && cd %t
// DEFINE: %{input} =
// DEFINE: %{fails} = %python %S/Inputs/expect_error.py %t quant-run %s \
// DEFINE:   --input=%{input} --output=out.npy
//
// REDEFINE: %{input} = missing.safetensors:w
// RUN: %{fails} | FileCheck %s --check-prefix=MISSING
// MISSING: quant-run: error: missing.safetensors: cannot read it: No such file or directory
//
// REDEFINE: %{input} = good.safetensors:x
// RUN: %{fails} | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: quant-run: error: good.safetensors: no tensor 'x': it has 'v', 'w'
//
// REDEFINE: %{input} = good.safetensors:
// RUN: %{fails} | FileCheck %s --check-prefix=UNNAMED
// UNNAMED: quant-run: error: expected the name of a tensor after 'good.safetensors:'
//
// REDEFINE: %{input} = past_end.safetensors:w
// RUN: %{fails} | FileCheck %s --check-prefix=PAST-END
// PAST-END: quant-run: error: past_end.safetensors: tensor 'w': truncated: its bytes end at 16, file has 12 bytes of data
//
// REDEFINE: %{input} = overlap.safetensors:w
// RUN: %{fails} | FileCheck %s --check-prefix=OVERLAP
// OVERLAP: quant-run: error: overlap.safetensors: the tensors 'w' and 'v' overlap at byte 8 of the data
//
// REDEFINE: %{input} = overflow.safetensors:w
// RUN: %{fails} | FileCheck %s --check-prefix=OVERFLOW
// OVERFLOW: quant-run: error: overflow.safetensors: tensor 'w': the shape 4611686018427387904x8 has more bytes than can be addressed
//
// REDEFINE: %{input} = wrong_size.safetensors:w
// RUN: %{fails} | FileCheck %s --check-prefix=WRONG-SIZE
// WRONG-SIZE: quant-run: error: wrong_size.safetensors: tensor 'w': 5 float32 = 20 bytes, but 'data_offsets' give it 16
//
// REDEFINE: %{input} = backwards.safetensors:w
// RUN: %{fails} | FileCheck %s --check-prefix=BACKWARDS
// BACKWARDS: quant-run: error: backwards.safetensors: tensor 'w': expected 'data_offsets' [begin, end] with begin <= end, found [16, 0]
//
// REDEFINE: %{input} = hole.safetensors:w
// RUN: %{fails} | FileCheck %s --check-prefix=HOLE
// HOLE: quant-run: error: hole.safetensors: bytes 0 to 4 of the data, before the tensor 'w', belong to no tensor
//
// REDEFINE: %{input} = trailing.safetensors:w
// RUN: %{fails} | FileCheck %s --check-prefix=TRAILING
// TRAILING: quant-run: error: trailing.safetensors: bytes after its end: the tensors have 16 bytes, file has 20 bytes of data
//
// REDEFINE: %{input} = dtype.safetensors:w
// RUN: %{fails} | FileCheck %s --check-prefix=DTYPE
// DTYPE: quant-run: error: dtype.safetensors: tensor 'w': unknown dtype 'Q4': expected one such as 'F32' or 'U8'
//
// REDEFINE: %{input} = not_json.safetensors:w
// RUN: %{fails} | FileCheck %s --check-prefix=NOT-JSON
// NOT-JSON: quant-run: error: not_json.safetensors: the header is not valid JSON: 
//
// REDEFINE: %{input} = header_past_end.safetensors:w
// RUN: %{fails} | FileCheck %s --check-prefix=HEADER
// HEADER: quant-run: error: header_past_end.safetensors: truncated, or not a .safetensors file: its header should have 9223372036854775808 bytes, 160 are left
//
// REDEFINE: %{input} = twice.safetensors:w
// RUN: %{fails} | FileCheck %s --check-prefix=TWICE
// TWICE: quant-run: error: twice.safetensors: the name 'w' occurs twice
//
// REDEFINE: %{input} = short.safetensors:w
// RUN: %{fails} | FileCheck %s --check-prefix=SHORT
// SHORT: quant-run: error: short.safetensors: truncated: expected 8 bytes with the length of the header, file has 3
//
// REDEFINE: %{input} = typed.safetensors:half
// RUN: %{fails} | FileCheck %s --check-prefix=TYPE
// TYPE: quant-run: error: input #0: expected 4 f32 (float32), found 4 float16

func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
