// PTX of the kernels that quantize, for each chip: accesses of 16 bytes, lanes
// that exchange values, the conversions that the chip has, and nothing in local
// memory.
//
// DEFINE: %{chip} =
// DEFINE: %{prefixes} =
// DEFINE: %{check} = quant-opt %s --quantx-nvvm-pipeline=chip=%{chip} \
// DEFINE: | %python %S/../../Pipelines/Inputs/ptx.py \
// DEFINE: | FileCheck %s --implicit-check-not=.local --check-prefixes=%{prefixes}
//
// REDEFINE: %{chip} = sm_80
// REDEFINE: %{prefixes} = CHECK
// RUN: %{check}
// REDEFINE: %{chip} = sm_90
// REDEFINE: %{prefixes} = CHECK
// RUN: %{check}
// REDEFINE: %{chip} = sm_90a
// RUN: %{check}
// REDEFINE: %{chip} = sm_100a
// REDEFINE: %{prefixes} = CHECK,F4
// RUN: %{check}
// REDEFINE: %{chip} = sm_120a
// RUN: %{check}

!mxfp4 = !quantx.scaled<f4E2M1FN : bf16, f8E8M0FNU per 1x32>



// CHECK: .entry blocks_dynamic_quantize_0
// CHECK: ld.global.v4
// F4: cvt.rn.satfinite.e2m1x2.f32
func.func @blocks(%x: tensor<?x?xbf16>) -> tensor<?x?x!mxfp4> {
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<?x?xbf16> to tensor<?x?x!mxfp4>
  return %q : tensor<?x?x!mxfp4>
}
