//===- Passes.td - Passes that use whole pipelines ---------*- tablegen -*-===//

#ifndef QUANTX_PIPELINES_PASSES_TD
#define QUANTX_PIPELINES_PASSES_TD

include "mlir/Pass/PassBase.td"

def QuantXEvaluateConstants
    : Pass<"quantx-evaluate-constants", "::mlir::ModuleOp"> {
  let summary = "Quantize constant tensors at compile time";
  let description = [{
    Compiles `choose_qparams`, `quantize`, `dynamic_quantize`, `pack` and
    `relayout_scales` on constants for this machine, by the CPU pipeline, and
    replaces their results by constants: codes and scales have the same bits on
    every target. Weights in the program then take the bytes of their packed
    codes in an object file, and none of their expressed type.

    ```mlir
    %w = arith.constant dense_resource<weights> : tensor<4096x4096xf32>
    %q = quantx.dynamic_quantize %w using #quantx.optimal
           : tensor<4096x4096xf32> to tensor<4096x4096x!mxfp4>
    // becomes
    %p = arith.constant dense_resource<packed> : tensor<4096x2048xi8>
    %s = arith.constant dense_resource<packed_1> : tensor<4096x128xf8E8M0FNU>
    %q = quantx.assemble %p, %s
           : tensor<4096x2048xi8>, tensor<4096x128xf8E8M0FNU>
          to tensor<4096x4096x!mxfp4>
    ```

    Constants are `arith.constant` with `dense` or `dense_resource` data, and what
    `quantx` ops make of these: of `assemble`, `disassemble` and `unpack` too,
    which are not evaluated for their own sake. `dequantize` is not, as it would
    make the constants larger. An op with a seed, a global scale or other scalars
    is evaluated where these are constants as well.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::quantx::QuantXDialect"
  ];
}

#endif // QUANTX_PIPELINES_PASSES_TD
