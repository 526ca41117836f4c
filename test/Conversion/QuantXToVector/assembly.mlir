// What whole programs come to: a loop of vectors, written where the result is,
// without a scalar shift and without a copy; with threads, they share the rows.
//
// DEFINE: %{not} = --implicit-check-not=memcpy --implicit-check-not='{{sh[lr]x?[bwl]|sa[lr]x?[bwl]}}'
// RUN: quant-compile %s --target=x86-64-v4+avx512vbmi -o %t.vbmi.s
// RUN: FileCheck %s --check-prefix=VBMI %{not} < %t.vbmi.s
// RUN: quant-compile %s --target=x86-64-v3 -o %t.v3.s
// RUN: FileCheck %s --check-prefix=V3 %{not} < %t.v3.s
// RUN: quant-compile %s --target=x86-64-v4 --threads=4 -o %t.threads.s
// RUN: FileCheck %s --check-prefix=THREADS < %t.threads.s

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// VBMI-LABEL: {{^}}pack:
// VBMI-COUNT-1: callq malloc
// VBMI:       vpsrlw $4, {{.*}}%zmm
// VBMI:       vpmovwb %zmm
// VBMI-NOT:   malloc
// VBMI:       {{^}}.Lfunc_end
// V3-LABEL:   {{^}}pack:
// V3:         vpackuswb
// THREADS-LABEL: {{^}}pack:
// THREADS:    __kmpc_fork_call
func.func @pack(%c: tensor<256x1024xi4>) -> tensor<256x512xi8> {
  %b = quantx.pack %c as #quantx.packing<linear>
         : tensor<256x1024xi4> to tensor<256x512xi8>
  return %b : tensor<256x512xi8>
}

// VBMI-LABEL: {{^}}unpack:
// VBMI-COUNT-1: callq malloc
// VBMI:       vpermb
// VBMI:       vpsubb %zmm
// VBMI-NOT:   malloc
// VBMI:       {{^}}.Lfunc_end
// V3-LABEL:   {{^}}unpack:
// V3:         vpshufb
// THREADS-LABEL: {{^}}unpack:
// THREADS:    __kmpc_fork_call
func.func @unpack(%b: tensor<256x640xi8>) -> tensor<256x1024xi5> {
  %c = quantx.unpack %b as #quantx.packing<linear>
         : tensor<256x640xi8> to tensor<256x1024xi5>
  return %c : tensor<256x1024xi5>
}

// The scales of the two blocks of a chunk are decoded as one vector of two.

// VBMI-LABEL: {{^}}dequantize:
// VBMI-COUNT-1: callq malloc
// VBMI:       vpermps
// VBMI:       vmulps %zmm
// VBMI:       vmov{{[au]}}ps %zmm
// VBMI-NOT:   malloc
// VBMI:       {{^}}.Lfunc_end
// V3-LABEL:   {{^}}dequantize:
// V3:         vmulps %ymm
// THREADS-LABEL: {{^}}dequantize:
// THREADS:    __kmpc_fork_call
func.func @dequantize(%p: tensor<256x512xi8>, %s: tensor<256x32xf8E8M0FNU>)
    -> tensor<256x1024xf32> {
  %q = quantx.assemble %p, %s
         : tensor<256x512xi8>, tensor<256x32xf8E8M0FNU> to tensor<256x1024x!mxfp4>
  %y = quantx.dequantize %q : tensor<256x1024x!mxfp4> to tensor<256x1024xf32>
  return %y : tensor<256x1024xf32>
}

// VBMI-LABEL: {{^}}quantize:
// VBMI-COUNT-1: callq malloc
// VBMI:       vmulps {{.*}}, %zmm
// VBMI:       vpmaddubsw
// VBMI-NEXT:  vpermb
// VBMI-NOT:   malloc
// VBMI:       {{^}}.Lfunc_end
// V3-LABEL:   {{^}}quantize:
// V3:         vmulps {{.*}}%ymm
// V3:         vpackuswb
// THREADS-LABEL: {{^}}quantize:
// THREADS:    __kmpc_fork_call
func.func @quantize(%x: tensor<256x1024xf32>, %s: tensor<256x32xf8E8M0FNU>)
    -> tensor<256x512xi8> {
  %q = quantx.quantize %x, %s
         : tensor<256x1024xf32>, tensor<256x32xf8E8M0FNU> to tensor<256x1024x!mxfp4>
  %p, %t = quantx.disassemble %q
         : tensor<256x1024x!mxfp4> to tensor<256x512xi8>, tensor<256x32xf8E8M0FNU>
  return %p : tensor<256x512xi8>
}

// The reciprocals of blocks are operands in memory, though the next tile is
// prefetched between them and the elements.

!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>

// VBMI-LABEL: {{^}}quantize_nvfp4:
// VBMI:       prefetcht1
// VBMI:       vmulps {{.+}}(%rsp{{.*}}){1to16}, %zmm
// VBMI:       vfmadd231ps {{.+}}(%rsp{{.*}}){1to16}, %zmm
// VBMI:       {{^}}.Lfunc_end
func.func @quantize_nvfp4(%x: tensor<256x1024xf32>, %g: tensor<f32>)
    -> tensor<256x1024x!nvfp4> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax under %g
         : tensor<256x1024xf32> to tensor<256x1024x!nvfp4>
  return %q : tensor<256x1024x!nvfp4>
}

// Scales move in groups of 4 bytes and lines of 16, none of them alone. Nothing
// is left over: these are whole tiles.

// VBMI-LABEL: {{^}}tile:
// VBMI-COUNT-1: callq malloc
// VBMI:       vpinsrd $3, {{.*}}%xmm
// VBMI-NEXT:  vmovdqa %xmm{{.*}}, (
// VBMI-NOT:   malloc
// VBMI:       {{^}}.Lfunc_end
// V3-LABEL:   {{^}}tile:
// V3-NOT:     pinsrb
// V3:         vpinsrd $3, {{.*}}%xmm
// V3-NEXT:    vmovdqa %xmm{{.*}}, (
// V3-NOT:     pinsrb
// V3:         {{^}}.Lfunc_end
// THREADS-LABEL: {{^}}tile:
// THREADS:    __kmpc_fork_call
func.func @tile(%s: tensor<4096x128xf8E8M0FNU>) -> tensor<32x32x32x16xf8E8M0FNU> {
  %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4>
         : tensor<4096x128xf8E8M0FNU> to tensor<32x32x32x16xf8E8M0FNU>
  return %t : tensor<32x32x32x16xf8E8M0FNU>
}
