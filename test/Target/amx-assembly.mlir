// Objects ask for tile registers by themselves, and configure them only where
// they have them: in a function of its own.

// RUN: quant-compile %s --target=x86-64-v4+amx -o %t.s
// RUN: FileCheck %s < %t.s
// RUN: FileCheck %s --check-prefix=SPILL < %t.s
// RUN: quant-compile %s --target=x86-64-v4+amx -o %t.o
// RUN: llvm-nm --undefined-only %t.o | FileCheck %s --check-prefix=SYMBOLS
// RUN: quant-compile %s --target=x86-64-v4+avx512vbmi -o %t.v4.s
// RUN: FileCheck %s --check-prefix=V4 < %t.v4.s

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: matmul:
// CHECK-NOT: ldtilecfg
// CHECK: syscall
// CHECK-NOT: ldtilecfg
// CHECK: callq quantx_amx_tile_product
// CHECK: vfmadd
// CHECK-LABEL: {{^}}quantx_amx_tile_product:
// CHECK: ldtilecfg
// CHECK-NOT: ldtilecfg
// CHECK: tdpbf16ps
// CHECK-NOT: ldtilecfg
// CHECK: tilerelease

// Tiles of sums are stored to them alone, not to the stack.
// SPILL-NOT: tilestored {{.*}}rsp

// SYMBOLS-NOT: quantx
// SYMBOLS-NOT: prctl

// V4-LABEL: matmul:
// V4-NOT: {{syscall|tdpbf16ps|ldtilecfg}}
func.func @matmul(%x: tensor<64x512xbf16>, %w: tensor<64x512x!mxfp4>,
                  %acc: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %y = quantx.scaled_matmul
    ins(%x, %w : tensor<64x512xbf16>, tensor<64x512x!mxfp4>)
    outs(%acc : tensor<64x64xf32>) -> tensor<64x64xf32>
  return %y : tensor<64x64xf32>
}
