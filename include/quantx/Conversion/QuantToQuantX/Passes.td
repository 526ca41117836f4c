//===- Passes.td - From upstream's quant to quantx ---------*- tablegen -*-===//

#ifndef QUANTX_CONVERSION_QUANTTOQUANTX_PASSES_TD
#define QUANTX_CONVERSION_QUANTTOQUANTX_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertQuantToQuantX
    : Pass<"convert-quant-to-quantx", "::mlir::ModuleOp"> {
  let summary = "Convert upstream's quant dialect to quantx";
  let description = [{
    Takes `quant.qcast`, `quant.dcast` and `quant.scast` on ranked tensors, and
    the tensors of `!quant.uniform` that functions, calls and control flow carry,
    to `quantx`. The scales and zero points, which upstream has in the type,
    become constants, and from there on values like any others.

    | `!quant.uniform` | block of `!quantx.scaled` |
    |---|---|
    | per layer | `*` in each dimension |
    | per axis `:D` | 1 in dimension D, `*` in the others |
    | sub-channel `{D:SIZE, ...}` | SIZE in dimension D, `*` in the others |

    ```mlir
    %q = quant.qcast %x : tensor<4x8xf32> to tensor<4x8x!quant.uniform<u8:f32, 0.5:3>>
    // becomes
    %s = arith.constant dense<0.5> : tensor<1x1xf32>
    %z = arith.constant dense<3> : tensor<1x1xui8>
    %q = quantx.quantize %x, %s, %z : tensor<4x8xf32>, tensor<1x1xf32>, tensor<1x1xui8>
           to tensor<4x8x!quantx.scaled<ui8 : f32, f32 per *x*, zero_point ui8>>
    ```

    - Scales are f32: each the nearest to upstream's f64. The type has zero points
      where one of them is not 0.
    - `qcast` becomes `quantize`, which rounds to the nearest code, ties to even
      (upstream leaves the rounding open). Where the storage type is limited to
      less than its bits hold (`i8<-127:127>`), codes are clamped to that.
    - `dcast` becomes `dequantize`.
    - `scast` to integers becomes `disassemble`, and `unpack` where codes have less
      than 8 bits; from integers, `pack` and `assemble` with the type's constants.

    Errors, at the first op that has such a type: storage of other than 2 to 8
    bits, an expressed type of f64, `!quant.any`, `!quant.calibrated`, scalars, and
    tensors without rank or of rank 0. Other ops on tensors of `!quant.uniform` are
    errors that name them.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect",
    "::quantx::QuantXDialect"
  ];
}

#endif // QUANTX_CONVERSION_QUANTTOQUANTX_PASSES_TD
