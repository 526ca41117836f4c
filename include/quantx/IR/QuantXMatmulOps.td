//===- QuantXMatmulOps.td - products of scaled tensors -----*- tablegen -*-===//

#ifndef QUANTX_IR_QUANTXMATMULOPS_TD
#define QUANTX_IR_QUANTXMATMULOPS_TD

include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "quantx/IR/QuantXOpBase.td"
include "quantx/IR/QuantXTypes.td"

/// Values that are multiplied by those of a scaled tensor.
def QuantX_MatmulOperand : AnyTypeOf<
    [QuantX_ExpressedTensor, QuantX_ScaledTensor],
    "ranked tensor of f32, f16, bf16 or !quantx.scaled",
    "::mlir::RankedTensorType">;

def QuantX_ScaledMatmulOp : QuantX_ShapedOp<"scaled_matmul", [
    AllTypesMatch<["init", "result"]>, DestinationStyleOpInterface]> {
  let summary = "multiply by the transpose of a scaled tensor";
  let description = [{
    The product of activations and weights that stay in their codes: lowering
    decodes each weight where it is multiplied, and no dequantized tensor is in
    memory. `rhs` is the weights, whose blocks usually lie along the dimension
    K of the sum; `lhs` is plain or scaled as well.

    ```
    result[b, m, n] = init[b, m, n] + sum over k of a[b, m, k] * w[b, n, k]
    w = dequantize(rhs) in f32
    a = lhs in f32                   or dequantize(lhs) in f32
    ```

    `b` stands for any number of batch dimensions, of equal sizes.

    - The values are those of `dequantize`, with its rounding to the expressed
      type; f16 and bf16 widen to f32 exactly.
    - Products and sums are in f32, and in no set order: those of a block may be
      added first, and multiplied by its scale then where the expressed type is
      f32. The result is within (K + 4) * 2^-24 * (|init| + sum |a| |w|) of the
      exact one where nothing overflows or is subnormal on the way.
    - The sum over a K of 0 is `init`.
    - NaN and infinities go by IEEE 754: a NaN scale makes every result NaN that
      its block is summed for; blocks of zeros are no exception, since 0 times
      NaN and 0 times infinity are NaN. Under an infinite scale a result is
      infinite or NaN. The sign of a zero result is not set.

    Constraints:
    - (scaled_matmul_c1) `lhs`, `rhs` and `init` have the same rank, 2 or more.
    - (scaled_matmul_c2) `init` is a tensor of f32.
    - (scaled_matmul_c3) the rank of a scaled operand is the rank of its block.
    - (scaled_matmul_c4) `lhs` and `rhs` have the same last dimension K.
    - (scaled_matmul_c5) `init` has the rows of `lhs` and `rhs` as its last two
      dimensions, and all three have the same dimensions in front of those.
    - (scaled_matmul_c6) the result has the type of `init`.
    - (scaled_matmul_c7) `lhs` has no `packing rows16`; `rhs` may, with static
      rows and columns.

    Sizes that are dynamic must agree at run time as the static ones must in the
    types; that is not checked, by `quant-run` neither. A dynamic K is that of a
    plain `lhs`. Between two scaled operands it is the lesser of what their bytes
    hold, where nothing else tells it: an odd K of codes of less than 8 bits that
    a caller gives to a public function counts one code more in both, 0, which
    stands for 0 but under a zero point. Make such a K static.

    Example:

    ```mlir
    %r = quantx.scaled_matmul ins(%a, %w : tensor<4x64xf32>, tensor<8x64x!mxfp4>)
           outs(%acc : tensor<4x8xf32>) -> tensor<4x8xf32>
    %b = quantx.scaled_matmul
           ins(%x, %v : tensor<2x4x64x!mxfp8_b>, tensor<2x8x64x!mxfp4_b>)
           outs(%sum : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
    ```

    Incorrect: weights of K x N, whose blocks lie along N; the last dimension of
    both operands is K. Correct: weights of N x K, quantized along K.
  }];
  let arguments = (ins QuantX_MatmulOperand:$lhs, QuantX_ScaledTensor:$rhs,
                       AnyRankedTensor:$init);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    `ins` `(` $lhs `,` $rhs `:` type($lhs) `,` type($rhs) `)`
    `outs` `(` $init `:` type($init) `)` attr-dict `->` type($result)
  }];
  let extraClassDeclaration = [{
    /// The type of the weights.
    ::quantx::ScaledType getScaledType() {
      return ::quantx::getScaledElementType(getRhs().getType());
    }
    /// The type of the activations where they are scaled too, or null.
    ::quantx::ScaledType getLhsScaledType() {
      return ::quantx::getScaledElementType(getLhs().getType());
    }
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return getInitMutable();
    }
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

#endif // QUANTX_IR_QUANTXMATMULOPS_TD
