// Asymmetric INT4 in groups of 64 against independent vectors: codes, scales and
// zero points.
//
// DEFINE: %{check} = %python %S/Inputs/check_golden.py %s \
// DEFINE:   group=int4_g64_{}:codes,scale,zero_point
//
// RUN: %{check} | FileCheck %s
// RUN: %{check} -- --target=generic | FileCheck %s
// RUN: %{check} -- --threads=2 | FileCheck %s
//
// CHECK: group: 33792 values equal

!int4 = !quantx.scaled<ui4 : f32, f32 per 1x64, zero_point ui4>

func.func @group(%x: tensor<32x256xf32>)
    -> (tensor<32x256xui4>, tensor<32x4xf32>, tensor<32x4xui4>) {
  %q = quantx.dynamic_quantize %x using #quantx.minmax
    : tensor<32x256xf32> to tensor<32x256x!int4>
  %p, %s, %z = quantx.disassemble %q
    : tensor<32x256x!int4>
      to tensor<32x128xi8>, tensor<32x4xf32>, tensor<32x4xui4>
  %c = quantx.unpack %p as #quantx.packing<linear>
    : tensor<32x128xi8> to tensor<32x256xui4>
  return %c, %s, %z
    : tensor<32x256xui4>, tensor<32x4xf32>, tensor<32x4xui4>
}
