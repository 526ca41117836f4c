// Where no instruction converts f16, no function is called for it either.
//
// REQUIRES: host-x86_64
// RUN: quant-compile %s --target=generic -o %t.s
// RUN: FileCheck %s --implicit-check-not=hfsf2 --implicit-check-not=sfhf2 < %t.s
// RUN: quant-compile %s --target=x86-64-v3 -o %t.v3.s
// RUN: FileCheck %s --check-prefix=V3 --implicit-check-not=hfsf2 \
// RUN:   --implicit-check-not=sfhf2 < %t.v3.s

!fp8 = !quantx.scaled<f8E4M3FN : f16, f32 per 1x*>
!int4 = !quantx.scaled<ui4 : f16, f16 per 1x64, zero_point ui4>

// CHECK: fp8:
// V3-LABEL: fp8:
// V3: vcvtph2ps
// V3: vcvtps2ph
func.func @fp8(%x: tensor<?x?xf16>) -> tensor<?x?xf16> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax : tensor<?x?xf16> to tensor<?x?x!fp8>
  %y = quantx.dequantize %q : tensor<?x?x!fp8> to tensor<?x?xf16>
  return %y : tensor<?x?xf16>
}

// CHECK: int4:
func.func @int4(%x: tensor<4x96xf16>) -> tensor<4x96xf16> {
  %q = quantx.dynamic_quantize %x using #quantx.minmax : tensor<4x96xf16> to tensor<4x96x!int4>
  %y = quantx.dequantize %q : tensor<4x96x!int4> to tensor<4x96xf16>
  return %y : tensor<4x96xf16>
}
