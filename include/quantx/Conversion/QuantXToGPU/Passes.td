//===- Passes.td - From quantx to gpu ----------------------*- tablegen -*-===//

#ifndef QUANTX_CONVERSION_QUANTXTOGPU_PASSES_TD
#define QUANTX_CONVERSION_QUANTXTOGPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def QuantXLowerToGPU : Pass<"quantx-lower-to-gpu", "::mlir::ModuleOp"> {
  let summary = "Lower quantx to kernels for GPUs, and their launches";
  let description = [{
    Replaces scaled tensors by their parts as `quantx-lower-to-linalg` does, and
    each quantx op that computes by launches of kernels. The kernels are
    `gpu.func`s in one `gpu.module @quantx_kernels`; tensors go to them as
    pointers to buffers, of which one-shot bufferization makes those of the
    function around.

    ```mlir
    %y = quantx.dequantize %q : tensor<8x64x!mxfp4> to tensor<8x64xf32>
    // becomes
    %payload = bufferization.to_buffer %p read_only
    %scales = bufferization.to_buffer %s read_only
    %values = memref.alloc() : memref<8x64xf32>
    ... // each of them as memref<T>, a bare pointer
    gpu.launch_func @quantx_kernels::@f_dequantize_0 blocks in (%grid, %c1, %c1)
      threads in (%c128, %c1, %c1) args(%0 : memref<i8>, ...)
    %y = bufferization.to_tensor %values restrict writable
    ```

    What a kernel takes is in its attribute `quantx.kernel`: pointers first, then
    the sizes that are not static, then scalars. Every grid along x is right, as
    kernels go over their work in strides of it; the block is fixed. A kernel is
    named FUNCTION_OP_N, where `_` stands for what identifiers of C do not have.

    `dynamic_quantize` is one kernel, and so are a `choose_qparams` and the
    `quantize` that uses all that it chose, on the same input.

    `scaled_matmul` is one kernel, chosen by the number of rows of activations:
    where that is dynamic, there are kernels for 1, up to 8, up to 64 and more,
    and the launch of one. They multiply by matrix instructions in bf16, or f16
    where the activations are, and decode weights in registers. Types that these
    do not take (codes of other than 4 and 8 bits, blocks that are no multiple of
    8 along K, values that are rounded to their expressed type) have a kernel
    that multiplies in f32.

    Where `block-scaled-mma` says that the chip has it, two operands of FP8
    (MXFP8, or by rows), MXFP4 or NVFP4 go with their scales into one matrix
    instruction, undecoded. Where `tensor-memory` says that it has `tcgen05.mma`
    they do so for more than 64 rows of activations, and MXFP8, MXFP6 and MXFP4 in
    any pair; for fewer they are decoded to bf16, if that is exact.

    Where `warpgroup-mma` says that the chip has `wgmma`, it multiplies more than 8
    rows of activations in bf16 or f16 by weights that are decoded in registers, in
    kernels for up to 64, up to 256 and more.

    `error_stats` is two kernels, and four scalars that are copied to the host.
    `relayout` is a kernel for each part; no other op takes `packing rows16`.

    The values are those of every other lowering, in every bit; those of
    `scaled_matmul` within the bound of the op, and the sum of squares of
    `error_stats` to the last bit. An op without a kernel is an
    error that names it and says why; nothing is computed on the host.
  }];
  let options = [
    Option<"blockScaledMma", "block-scaled-mma", "bool", "false",
           "The chip has mma.sync with scales">,
    Option<"tensorMemory", "tensor-memory", "bool", "false",
           "The chip has tcgen05.mma">,
    Option<"warpgroupMma", "warpgroup-mma", "bool", "false",
           "The chip has wgmma">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::bufferization::BufferizationDialect", "::mlir::gpu::GPUDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::nvgpu::NVGPUDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::mlir::vector::VectorDialect"
  ];
}

#endif // QUANTX_CONVERSION_QUANTXTOGPU_PASSES_TD
