//===- QuantXElementOps.td - operations on elements --------*- tablegen -*-===//

#ifndef QUANTX_IR_QUANTXELEMENTOPS_TD
#define QUANTX_IR_QUANTXELEMENTOPS_TD

include "quantx/IR/QuantXAttrs.td"
include "quantx/IR/QuantXOpBase.td"
include "quantx/IR/QuantXTypes.td"

def QuantX_QuantizeOp : QuantX_ShapedOp<"quantize", [AttrSizedOperandSegments]> {
  let summary = "encode a tensor under given scales";
  let description = [{
    Encodes every element of `input` with the parameters of its block, and
    keeps the parameters with the codes:

    ```
    t = x / scale                     or x / (scale * global), in f32
    float storage:    code = round(t)
    integer storage:  code = clamp(round(t * 2^fraction_bits) + zero_point,
                                   qmin, qmax)
    ```

    - Values between two codes follow `rounding`. Subnormal codes are used, and
      the sign of zero is kept.
    - With `saturate`, a value that rounds beyond the largest finite code, and
      an infinity, becomes the largest finite code of its sign. Without it,
      f8E4M3FN gives NaN and f8E5M2 an infinity; f6, f4 and integers saturate
      always.
    - A NaN element becomes a NaN code where the format has one, the largest
      finite code in f6 and f4, and the zero point in integers.
    - A NaN scale makes the codes of its block 0: the block dequantizes to NaN.
    - A zero scale encodes to zeros of the elements' signs; NaN as under any other
      scale.

    Constraints:
    - (quantize_c1) `input` and the result have the same shape, and the element
      type of `input` is the expressed type of the result.
    - (quantize_c2) the rank of the tensors is the rank of the block.
    - (quantize_c3) `parameters` have the parameter types of the result.
    - (quantize_c4) `seed` is there exactly when `rounding` is stochastic.
    - (quantize_c5) the result has no `packing rows16`.

    Sizes that are dynamic must agree at run time as the static ones must in the
    types; that is not checked (`quant-run` checks its inputs).

    Example:

    ```mlir
    %q = quantx.quantize %x, %s
           : tensor<8x64xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
    %r = quantx.quantize %x, %s seed %seed {rounding = #quantx.rounding<stochastic>}
           : tensor<8x64xf32>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
    ```
  }];
  let arguments = (ins
    QuantX_ExpressedTensor:$input,
    Variadic<AnyRankedTensor>:$parameters,
    Optional<I64>:$seed,
    DefaultValuedAttr<QuantX_RoundingAttr,
                      "::quantx::Rounding::NearestEven">:$rounding,
    DefaultValuedAttr<BoolAttr, "true">:$saturate);
  let results = (outs QuantX_ScaledTensor:$result);
  let assemblyFormat = [{
    $input `,` $parameters (`seed` $seed^)? attr-dict
    `:` type($input) `,` type($parameters) `to` type($result)
  }];
  let extraClassDeclaration = [{
    ::quantx::ScaledType getScaledType() {
      return ::llvm::cast<::quantx::ScaledType>(getType().getElementType());
    }
  }];
  let hasVerifier = 1;
}

def QuantX_DequantizeOp : QuantX_ShapedOp<"dequantize", [
    InferTypeOpAdaptor]> {
  let summary = "decode a tensor";
  let description = [{
    The values that the codes stand for:

    ```
    y = (value(code) - zero_point) * scale * global
    ```

    in f32 from left to right, rounded to the expressed type (ties to even).
    Code to value is exact for every code.

    - NaN and infinities go by IEEE 754: a NaN code, scale or global scale gives
      NaN; an infinite code (f8E5M2) an infinity, but NaN under a zero scale; an
      infinite scale an infinity, but NaN for a code of value 0. A value beyond
      the expressed type is an infinity.
    - A block of zeros decodes to zeros with the signs of its codes (integers:
      positive ones) under every positive, finite scale.

    Constraints:
    - (dequantize_c1) the result has the operand's shape and expressed type.
    - (dequantize_c2) the rank of the operand is the rank of the block.
    - (dequantize_c3) the operand has no `packing rows16`.

    Example:

    ```mlir
    %y = quantx.dequantize %q : tensor<8x64x!mxfp4> to tensor<8x64xf32>
    ```
  }];
  let arguments = (ins QuantX_ScaledTensor:$input);
  let results = (outs QuantX_ExpressedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `to` type($result)";
  let extraClassDeclaration = [{
    ::quantx::ScaledType getScaledType() {
      return ::llvm::cast<::quantx::ScaledType>(
          getInput().getType().getElementType());
    }
  }];
  let hasVerifier = 1;
}

def QuantX_ErrorStatsOp : QuantX_Op<"error_stats"> {
  let summary = "how far a scaled tensor is from the original";
  let description = [{
    With y = dequantize(`quantized`), over all elements:

    ```
    sse       = sum (x - y)^2                          f32
    max_error = max |x - y|                            f32
    saturated = count of x whose x / (scale * global) rounds, ties to even,
                beyond the largest finite code         i64
    flushed   = count of x != 0 with y == 0            i64
    ```

    The sum is accumulated in f64 (relative error far below 1e-6) and rounded to
    f32 once. `saturated` counts the codes where saturation made a difference: a
    value a little above the largest code that rounds down to it is not one.
    An integer with a zero point saturates where rne(x / scale) + zero_point
    leaves [qmin, qmax]. A NaN error makes `sse` and `max_error` NaN; elements
    of a block with a NaN scale count neither as saturated nor as flushed. An
    empty tensor gives zeros. The signal-to-noise ratio in dB is
    10 log10(sum x^2 / sse).

    The results belong to the whole tensor: this op is not tiled.

    Constraints:
    - (error_stats_c1) the operands have the same shape, and the element type of
      `original` is the expressed type of `quantized`.
    - (error_stats_c2) the rank of the operands is the rank of the block.
    - (error_stats_c3) `quantized` has no `packing rows16`.

    Example:

    ```mlir
    %e:4 = quantx.error_stats %x, %q : tensor<8x64xf32>, tensor<8x64x!mxfp4>
             -> f32, f32, i64, i64
    ```
  }];
  let arguments = (ins QuantX_ExpressedTensor:$original,
                       QuantX_ScaledTensor:$quantized);
  let results = (outs F32:$sse, F32:$maxError, I64:$saturated, I64:$flushed);
  let assemblyFormat = [{
    $original `,` $quantized attr-dict `:` type($original) `,` type($quantized)
    `->` type($sse) `,` type($maxError) `,` type($saturated) `,` type($flushed)
  }];
  let extraClassDeclaration = [{
    ::quantx::ScaledType getScaledType() {
      return ::llvm::cast<::quantx::ScaledType>(
          getQuantized().getType().getElementType());
    }
  }];
  let hasVerifier = 1;
}

#endif // QUANTX_IR_QUANTXELEMENTOPS_TD
