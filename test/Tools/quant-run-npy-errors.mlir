// What quant-run says of .npy files that are missing, broken or not its kind.
//
// RUN: rm -rf %t && %python %S/Inputs/files.py make %t && cd %t
// DEFINE: %{input} =
// DEFINE: %{fails} = %python %S/Inputs/expect_error.py %t quant-run %s \
// DEFINE:   --input=%{input} --output=out.npy
//
// REDEFINE: %{input} = missing.npy
// RUN: %{fails} | FileCheck %s --check-prefix=MISSING
// MISSING: quant-run: error: missing.npy: cannot read it: No such file or directory
//
// REDEFINE: %{input} = truncated.npy
// RUN: %{fails} | FileCheck %s --check-prefix=TRUNCATED
// TRUNCATED: quant-run: error: truncated.npy: truncated: header says 4 float32 = 16 bytes of data, file has 10
//
// REDEFINE: %{input} = trailing.npy
// RUN: %{fails} | FileCheck %s --check-prefix=TRAILING
// TRAILING: quant-run: error: trailing.npy: bytes after its end: header says 4 float32 = 16 bytes of data, file has 17
//
// REDEFINE: %{input} = truncated_header.npy
// RUN: %{fails} | FileCheck %s --check-prefix=HEADER
// HEADER: quant-run: error: truncated_header.npy: truncated: its header should have 118 bytes, 30 are left
//
// REDEFINE: %{input} = no_bytes.npy
// RUN: %{fails} | FileCheck %s --check-prefix=EMPTY
// EMPTY: quant-run: error: no_bytes.npy: not a .npy file: expected it to begin with \x93NUMPY, found an empty file
//
// REDEFINE: %{input} = text.npy
// RUN: %{fails} | FileCheck %s --check-prefix=TEXT
// TEXT: quant-run: error: text.npy: not a .npy file: expected it to begin with \x93NUMPY, found '1.5 -2'
//
// REDEFINE: %{input} = version.npy
// RUN: %{fails} | FileCheck %s --check-prefix=VERSION
// VERSION: quant-run: error: version.npy: unsupported version: expected 1.0, 2.0 or 3.0, found 4.0
//
// REDEFINE: %{input} = fortran.npy
// RUN: %{fails} | FileCheck %s --check-prefix=FORTRAN
// FORTRAN: quant-run: error: fortran.npy: expected C order, found Fortran order; convert it with numpy.ascontiguousarray
//
// REDEFINE: %{input} = big_endian.npy
// RUN: %{fails} | FileCheck %s --check-prefix=BIG-ENDIAN
// BIG-ENDIAN: quant-run: error: big_endian.npy: expected little-endian data, found big-endian '>f4'; convert it with astype('<f4')
//
// REDEFINE: %{input} = record.npy
// RUN: %{fails} | FileCheck %s --check-prefix=RECORD
// RECORD: quant-run: error: record.npy: unsupported element type '|V2': store bf16 as view('uint16') and 8-bit floats as view('uint8')
//
// REDEFINE: %{input} = negative.npy
// RUN: %{fails} | FileCheck %s --check-prefix=NEGATIVE
// NEGATIVE: quant-run: error: negative.npy: malformed header: expected a tuple of sizes, found '-4,)
//
// REDEFINE: %{input} = overflow.npy
// RUN: %{fails} | FileCheck %s --check-prefix=OVERFLOW
// OVERFLOW: quant-run: error: overflow.npy: the shape 4611686018427387904x8 has more bytes than can be addressed
//
// REDEFINE: %{input} = good.safetensors
// RUN: %{fails} | FileCheck %s --check-prefix=SAFETENSORS
// SAFETENSORS: quant-run: error: good.safetensors: expected the name of a tensor after a colon, as in m.safetensors:tensor.name

func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
