// As tiling-execute.mlir, on dynamic shapes; and with producers fused.
//
// DEFINE: %{library} =
// DEFINE: %{tile} = quant-opt %s \
// DEFINE:   --transform-preload-library=transform-library-paths=%S/Inputs/%{library} \
// DEFINE:   --transform-interpreter
// DEFINE: %{run} = quant-run --entry-point=fp6_dynamic \
// DEFINE:   --input=%src_root/test/golden/x_student.npy
// DEFINE: %{tiled} = %{run} --output=%t.b0.npy --output=%t.b1.npy
// DEFINE: %{compare} = cmp %t.a0.npy %t.b0.npy && cmp %t.a1.npy %t.b1.npy
//
// RUN: %{run} %s --output=%t.a0.npy --output=%t.a1.npy
// REDEFINE: %{library} = tile-for.mlir
// RUN: %{tile} -o %t.for.mlir
// RUN: %{tiled} %t.for.mlir && %{compare}
// REDEFINE: %{library} = tile-forall.mlir
// RUN: %{tile} -o %t.forall.mlir
// RUN: %{tiled} %t.forall.mlir && %{compare}
// REDEFINE: %{library} = fuse.mlir
// RUN: %{tile} -o %t.fused.mlir
// RUN: %{tiled} %t.fused.mlir && %{compare}

!mxfp6 = !quantx.scaled<f6E3M2FN : f32, f8E8M0FNU per 1x32>

func.func private @use_dynamic(%x: tensor<?x?xf32>)
    -> (tensor<?x?xi8>, tensor<?x?xf8E8M0FNU>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %m = tensor.dim %x, %c0 : tensor<?x?xf32>
  %k = tensor.dim %x, %c1 : tensor<?x?xf32>
  %o = tensor.empty(%m, %k) : tensor<?x?xf32>
  %a = linalg.abs ins(%x : tensor<?x?xf32>) outs(%o : tensor<?x?xf32>)
    -> tensor<?x?xf32>
  %c = quantx.choose_qparams %a using #quantx.rceil for !mxfp6
    : tensor<?x?xf32> -> tensor<?x?xf8E8M0FNU>
  %q = quantx.quantize %a, %c {tile}
    : tensor<?x?xf32>, tensor<?x?xf8E8M0FNU> to tensor<?x?x!mxfp6>
  %p, %s = quantx.disassemble %q
    : tensor<?x?x!mxfp6> to tensor<?x?xi8>, tensor<?x?xf8E8M0FNU>
  return %p, %s : tensor<?x?xi8>, tensor<?x?xf8E8M0FNU>
}

func.func @fp6_dynamic(%all: tensor<32x256xf32>)
    -> (tensor<?x?xi8>, tensor<?x?xf8E8M0FNU>) {
  %x = tensor.extract_slice %all[0, 0] [7, 101] [1, 1]
    : tensor<32x256xf32> to tensor<7x101xf32>
  %d = tensor.cast %x : tensor<7x101xf32> to tensor<?x?xf32>
  %p, %s = call @use_dynamic(%d)
    : (tensor<?x?xf32>) -> (tensor<?x?xi8>, tensor<?x?xf8E8M0FNU>)
  return %p, %s : tensor<?x?xi8>, tensor<?x?xf8E8M0FNU>
}
