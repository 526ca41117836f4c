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

def QuantXExpandNarrowFloats : Pass<"quantx-expand-narrow-floats"> {
  let summary = "Expand conversions of f8, f6, f4 and e8m0 to integer code";
  let description = [{
    Rewrites `arith.extf`, `arith.truncf`, `arith.scaling_extf` and
    `arith.scaling_truncf` between f8E4M3FN, f8E5M2, f6E2M3FN, f6E3M2FN,
    f4E2M1FN or f8E8M0FNU and f32, f16 or bf16, in anybody's IR, to `arith` on
    integers and f32 that is exact for every bit pattern: what APFloat gives,
    but for NaN into a format without one, which becomes the largest finite
    value, overflow of such a format, which saturates, and f8E8M0FNU, whose NaN
    stays NaN and for which the sign of a value does not count. A scale counts
    with its value, never only its exponent.

    Only rounding to nearest even is expanded; an op with another rounding mode
    is left as it is.

    ```mlir
    %y = arith.truncf %x : f32 to f8E4M3FN
    // becomes integer arithmetic on the bits of %x, and
    %y = arith.bitcast %code : i8 to f8E4M3FN
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

#endif // QUANTX_TRANSFORMS_PASSES_TD
