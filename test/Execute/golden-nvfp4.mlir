// NVFP4 absmax against independent vectors: global scale, E4M3 scales, codes.
//
// DEFINE: %{check} = %python %S/Inputs/check_golden.py %s \
// DEFINE:   absmax=nvfp4_{}:absmax_codes,absmax_scale,global
//
// RUN: %{check} | FileCheck %s
// RUN: %{check} -- --target=generic | FileCheck %s
// RUN: %{check} -- --threads=2 | FileCheck %s
//
// CHECK: absmax: 34820 values equal

!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>

func.func @absmax(%x: tensor<32x256xf32>)
    -> (tensor<32x256xui4>, tensor<32x16xf8E4M3FN>, tensor<f32>) {
  %q = quantx.dynamic_quantize %x using #quantx.absmax
    : tensor<32x256xf32> to tensor<32x256x!nvfp4>
  %p, %s, %g = quantx.disassemble %q
    : tensor<32x256x!nvfp4>
      to tensor<32x128xi8>, tensor<32x16xf8E4M3FN>, tensor<f32>
  %c = quantx.unpack %p as #quantx.packing<linear>
    : tensor<32x128xi8> to tensor<32x256xui4>
  return %c, %s, %g
    : tensor<32x256xui4>, tensor<32x16xf8E4M3FN>, tensor<f32>
}
