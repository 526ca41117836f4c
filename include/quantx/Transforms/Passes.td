//===- Passes.td - Rewrites within the quantx dialect ------*- tablegen -*-===//

#ifndef QUANTX_TRANSFORMS_PASSES_TD
#define QUANTX_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def QuantXExpandDynamic : Pass<"quantx-expand-dynamic"> {
  let summary = "Split dynamic_quantize into choose_qparams and quantize";
  let description = [{
    Rewrites every `quantx.dynamic_quantize` to `quantx.choose_qparams` with the
    same method and `quantx.quantize` with the same rounding, saturation and
    seed, so that the choice of the scales can be moved, shared or fused apart
    from the encoding.

    ```mlir
    %q = quantx.dynamic_quantize %x using #quantx.floor
           : tensor<8x64xf32> to tensor<8x64x!mxfp4>
    // becomes
    %s = quantx.choose_qparams %x using #quantx.floor for !mxfp4
           : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>
    %q = quantx.quantize %x, %s
           : tensor<8x64xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
    ```
  }];
  let dependentDialects = ["::quantx::QuantXDialect"];
}

def QuantXFuseDequantize : Pass<"quantx-fuse-dequantize"> {
  let summary = "Make scaled_matmul of a matmul on a dequantize";
  let description = [{
    Rewrites a contraction of a `quantx.dequantize` to `quantx.scaled_matmul`, so
    that its weights are decoded where they are multiplied and never are in
    memory: `linalg.matmul`, `batch_matmul`, `matvec`, `vecmat` and `contract`
    with any indexing maps, and every `linalg.generic` that adds the product of
    two elements of f32, f16 or bf16, extended, to an f32.

    ```mlir
    %w = quantx.dequantize %q : tensor<8x64x!mxfp4> to tensor<8x64xf32>
    %r = linalg.matmul indexing_maps = [
             affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
             affine_map<(m, n, k) -> (m, n)>]
           ins(%a, %w : tensor<4x64xf32>, tensor<8x64xf32>)
           outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
    // becomes
    %r = quantx.scaled_matmul ins(%a, %q : tensor<4x64xf32>, tensor<8x64x!mxfp4>)
           outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
    ```

    The values are the same but for the order of the sum. A `dequantize` that
    others use stays for them. The last dimension of the scaled tensor must be
    the one that is summed, and the one before it a dimension of the result; any
    in front of those are batches. So that this is found, `linalg.transpose` in
    front of an operand counts as part of its map.

    - The other operand and the accumulator may have several dimensions of rows,
      or none (a vector): they are reshaped.
    - The other operand stays scaled where it is a `dequantize` too, of the right
      shape.
    - Where the order of dimensions is another (as with weights on the left:
      their product is the transpose of what `scaled_matmul` gives), the other
      operand, the accumulator and the result are transposed. These are copies:
      it is done only where the weights are larger. They are N x K, with N and K
      static; the M rows of the others are at most N and K, or dynamic.

    Left as they are: accumulators that are not of f32, and weights that are K x N
    as scaled tensors, with blocks along either dimension. Their codes share bytes
    along N, so that no scaled tensor of N x K has these bytes: quantize the
    transpose instead.
  }];
  let dependentDialects = [
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::quantx::QuantXDialect"
  ];
}

def QuantXFuseQuantize : Pass<"quantx-fuse-quantize"> {
  let summary = "Choose scales and encode in one pass over a tensor";
  let description = [{
    Makes `quantx.dynamic_quantize` of a `choose_qparams` and the one `quantize`
    that uses its results on the same tensor, and then a loop over tiles of each
    `dynamic_quantize`: the tile's scales are chosen and its codes made while it
    is in the cache, so a tensor is read once.

    A global scale needs the whole tensor first: it is split off as a
    `choose_global`, and the tensor is read twice. A type with one block for all
    is left as it is, which also reads twice.

    ```mlir
    %s = quantx.choose_qparams %x using #quantx.optimal for !mxfp4
           : tensor<64x4096xf32> -> tensor<64x128xf8E8M0FNU>
    %q = quantx.quantize %x, %s
           : tensor<64x4096xf32>, tensor<64x128xf8E8M0FNU> to tensor<64x4096x!mxfp4>
    // becomes
    %q = scf.forall (%i) in (64) shared_outs(%out = %empty)
           -> (tensor<64x4096x!mxfp4>) {
      %tile = tensor.extract_slice %x[%i, 0] [1, 4096] [1, 1] ...
      %codes = quantx.dynamic_quantize %tile using #quantx.optimal ...
      ...
    ```

    Of rows of dynamic size a tile has as many as fit at run time, 16 at most.
    With `join-rows` such rows of an argument are one row where they end on a
    block: the tensor is quantized in another shape, and its parts take the one of
    the result. One thread has all tiles of a row, so this is for one thread.

    Left as they are: stochastic rounding and methods with weights, which are not
    tiled; what a `quantx.unpack` reads, whose loop then encodes; and tensors of
    one tile.
  }];
  let options = [
    Option<"tile", "tile", "int64_t", "4096",
           "Elements of a tile, more or less; those of a block at least">,
    Option<"joinRows", "join-rows", "bool", "false",
           "Take rows that end on a block as one, where their size is dynamic">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::quantx::QuantXDialect"
  ];
}

#endif // QUANTX_TRANSFORMS_PASSES_TD
