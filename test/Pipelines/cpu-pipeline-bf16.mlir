// Of scales that do not lie one after the other LLVM makes vectors, which it stores
// element by element. It calls no function for a bf16 among these.
//
// REQUIRES: host-x86_64
// RUN: quant-compile %s --target=x86-64-v3 -o %t.s
// RUN: FileCheck %s --implicit-check-not=sfbf2 < %t.s
// RUN: quant-compile %s --target=x86-64-v4 -o %t.v4.s
// RUN: FileCheck %s --implicit-check-not=sfbf2 < %t.v4.s

!int8 = !quantx.scaled<i8 : f32, bf16 per 3x*x1x128>

// CHECK: quantize:
func.func @quantize(%x: tensor<3x2x?x33xf32>) -> tensor<3x2x?x33x!int8> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax : tensor<3x2x?x33xf32> to tensor<3x2x?x33x!int8>
  return %q : tensor<3x2x?x33x!int8>
}
