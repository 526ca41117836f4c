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

#endif // QUANTX_TRANSFORMS_PASSES_TD
