// A block that is longer than the rows is one block for each row, and takes no
// longer.
//
// RUN: rm -rf %t && mkdir -p %t && cd %t
// RUN: %python %S/../Tools/Inputs/files.py make %t
// DEFINE: %{target} = cpu
// DEFINE: %{long} =
// DEFINE: %{row} =
// DEFINE: %{compare} = \
// DEFINE:   quant-run %s --target=%{target} --entry-point=%{long} \
// DEFINE:     --input=weights.npy --output=long.npy --output=long_s.npy \
// DEFINE:   && quant-run %s --target=%{target} --entry-point=%{row} \
// DEFINE:     --input=weights.npy --output=row.npy --output=row_s.npy \
// DEFINE:   && cmp long.npy row.npy && cmp long_s.npy row_s.npy
//
// REDEFINE: %{long} = long_mxfp4
// REDEFINE: %{row} = row_mxfp4
// RUN: %{compare}
// REDEFINE: %{long} = static_mxfp4
// RUN: %{compare}
// REDEFINE: %{long} = long_int8
// REDEFINE: %{row} = row_int8
// RUN: %{compare}
// REDEFINE: %{target} = generic
// RUN: %{compare}
// REDEFINE: %{long} = long_mxfp4
// REDEFINE: %{row} = row_mxfp4
// RUN: %{compare}
// REDEFINE: %{long} = static_mxfp4
// RUN: %{compare}

!long_mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x1073741824>
!row_mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x*>
!long_int8 = !quantx.scaled<i8 : f32, f32 per 1x2147483647>
!row_int8 = !quantx.scaled<i8 : f32, f32 per 1x*>

func.func @long_mxfp4(%x: tensor<?x?xf32>) -> tensor<?x?x!long_mxfp4> {
  %q = quantx.dynamic_quantize %x using #quantx.rceil
    : tensor<?x?xf32> to tensor<?x?x!long_mxfp4>
  return %q : tensor<?x?x!long_mxfp4>
}

func.func @static_mxfp4(%x: tensor<24x64xf32>) -> tensor<24x64x!long_mxfp4> {
  %q = quantx.dynamic_quantize %x using #quantx.rceil
    : tensor<24x64xf32> to tensor<24x64x!long_mxfp4>
  return %q : tensor<24x64x!long_mxfp4>
}

func.func @row_mxfp4(%x: tensor<?x?xf32>) -> tensor<?x?x!row_mxfp4> {
  %q = quantx.dynamic_quantize %x using #quantx.rceil
    : tensor<?x?xf32> to tensor<?x?x!row_mxfp4>
  return %q : tensor<?x?x!row_mxfp4>
}

func.func @long_int8(%x: tensor<?x?xf32>) -> tensor<?x?x!long_int8> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax
    : tensor<?x?xf32> to tensor<?x?x!long_int8>
  return %q : tensor<?x?x!long_int8>
}

func.func @row_int8(%x: tensor<?x?xf32>) -> tensor<?x?x!row_int8> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax
    : tensor<?x?xf32> to tensor<?x?x!row_int8>
  return %q : tensor<?x?x!row_int8>
}
