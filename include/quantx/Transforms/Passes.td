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

    Left as they are: stochastic rounding and methods with weights, which are not
    tiled; what a `quantx.unpack` reads, whose loop then encodes; and tensors of
    one tile.
  }];
  let options = [
    Option<"tile", "tile", "int64_t", "4096",
           "Elements of a tile, more or less; those of a block at least">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::quantx::QuantXDialect"
  ];
}

#endif // QUANTX_TRANSFORMS_PASSES_TD
