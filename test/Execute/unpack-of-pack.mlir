// A caller's bytes may hold more than the codes of 4 bits that the function takes:
// pack drops the rest, and unpack extends what there is.
//
// RUN: rm -rf %t && mkdir -p %t && cd %t
// RUN: %python %S/../Tools/Inputs/files.py make %t
// DEFINE: %{target} = cpu
// DEFINE: %{run} = quant-run %s --target=%{target} --input=u4.npy --input=u4.npy \
// DEFINE:     --output=i.npy --output=u.npy \
// DEFINE:   && %python %S/../Tools/Inputs/files.py show i.npy u.npy | FileCheck %s
// CHECK: i.npy: |u1 [4]: 1 255 255 0
// CHECK: u.npy: |u1 [4]: 1 15 15 0
// RUN: %{run}
// REDEFINE: %{target} = generic
// RUN: %{run}

func.func @f(%i: tensor<4xi4>, %u: tensor<4xui4>) -> (tensor<4xi4>, tensor<4xui4>) {
  %0 = quantx.pack %i as #quantx.packing<linear> : tensor<4xi4> to tensor<2xi8>
  %1 = quantx.unpack %0 as #quantx.packing<linear> : tensor<2xi8> to tensor<4xi4>
  %2 = quantx.pack %u as #quantx.packing<linear> : tensor<4xui4> to tensor<2xi8>
  %3 = quantx.unpack %2 as #quantx.packing<linear> : tensor<2xi8> to tensor<4xui4>
  return %1, %3 : tensor<4xi4>, tensor<4xui4>
}
