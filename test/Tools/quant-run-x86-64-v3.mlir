// The code for x86-64-v3 gives the bits of the generic code.
//
// REQUIRES: host-avx2
// RUN: rm -rf %t && %python %S/Inputs/files.py make %t && cd %t
// DEFINE: %{target} = generic
// DEFINE: %{run} = quant-run %s --target=%{target} --input=weights.npy \
// DEFINE:   --output=%{target}.safetensors:payload \
// DEFINE:   --output=%{target}.safetensors:scales
// RUN: %{run}
// REDEFINE: %{target} = x86-64-v3
// RUN: %{run} && cmp generic.safetensors x86-64-v3.safetensors

!mxfp8 = !quantx.scaled<f8E4M3FN : f32, f8E8M0FNU per 1x32>

func.func @f(%x: tensor<?x?xf32>) -> tensor<?x?x!mxfp8> {
  %q = quantx.dynamic_quantize %x using #quantx.even
    : tensor<?x?xf32> to tensor<?x?x!mxfp8>
  return %q : tensor<?x?x!mxfp8>
}
