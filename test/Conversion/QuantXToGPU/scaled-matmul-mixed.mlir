// MXFP4 by MXFP8, and MXFP6, which tcgen05 of sm_100a takes alone: 8 or 12 bytes
// of codes are copied to 16 of shared memory. Elsewhere they are decoded.

// DEFINE: %{chip} =
// DEFINE: %{ptx} = quant-opt %s \
// DEFINE:   --quantx-nvvm-pipeline="chip=%{chip} format=isa" \
// DEFINE: | %python %src_root/test/Pipelines/Inputs/ptx.py > %t.%{chip}.ptx

// REDEFINE: %{chip} = sm_100a
// RUN: %{ptx}
// RUN: FileCheck %s --implicit-check-not=.local --implicit-check-not=bf16 \
// RUN:   --input-file=%t.%{chip}.ptx
// RUN: %if ptxas %{ %ptxas -v -arch=%{chip} %t.%{chip}.ptx -o %t.cubin \
// RUN:   > %t.log 2>&1 && %python %S/Inputs/ptxas_report.py < %t.log %}

// REDEFINE: %{chip} = sm_120a
// RUN: %{ptx}
// RUN: FileCheck %s --check-prefix=DECODED --input-file=%t.%{chip}.ptx

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
!mxfp6 = !quantx.scaled<f6E3M2FN : f32, f8E8M0FNU per 1x32>
!mxfp8 = !quantx.scaled<f8E4M3FN : f32, f8E8M0FNU per 1x32>

// CHECK-LABEL: .entry mxfp4_by_mxfp8_scaled_matmul_0
// CHECK-DAG: cp.async.ca.shared.global {{.*}}, 8
// CHECK-DAG: cp.async.cg.shared.global {{.*}}, 16
// CHECK: tcgen05.mma.cta_group::1.kind::mxf8f6f4.block_scale.block32

// DECODED-LABEL: .entry mxfp4_by_mxfp8_scaled_matmul_0
// DECODED-NOT: mma.
func.func @mxfp4_by_mxfp8(%x: tensor<256x4096x!mxfp8>, %w: tensor<14336x4096x!mxfp4>, %acc: tensor<256x14336xf32>) -> tensor<256x14336xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<256x4096x!mxfp8>, tensor<14336x4096x!mxfp4>) outs(%acc : tensor<256x14336xf32>) -> tensor<256x14336xf32>
  return %r : tensor<256x14336xf32>
}

// CHECK-LABEL: .entry mxfp6_by_mxfp6_scaled_matmul_0
// CHECK: cp.async.ca.shared.global {{.*}}, 4
// CHECK: tcgen05.mma.cta_group::1.kind::mxf8f6f4.block_scale.block32

// DECODED-LABEL: .entry mxfp6_by_mxfp6_scaled_matmul_0
// DECODED-NOT: mma.
func.func @mxfp6_by_mxfp6(%x: tensor<256x4096x!mxfp6>, %w: tensor<14336x4096x!mxfp6>, %acc: tensor<256x14336xf32>) -> tensor<256x14336xf32> {
  %r = quantx.scaled_matmul ins(%x, %w : tensor<256x4096x!mxfp6>, tensor<14336x4096x!mxfp6>) outs(%acc : tensor<256x14336xf32>) -> tensor<256x14336xf32>
  return %r : tensor<256x14336xf32>
}
