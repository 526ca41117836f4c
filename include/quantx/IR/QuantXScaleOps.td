//===- QuantXScaleOps.td - operations that choose scales ---*- tablegen -*-===//

#ifndef QUANTX_IR_QUANTXSCALEOPS_TD
#define QUANTX_IR_QUANTXSCALEOPS_TD

include "quantx/IR/QuantXAttrs.td"
include "quantx/IR/QuantXOpBase.td"
include "quantx/IR/QuantXTypes.td"

def QuantX_ChooseGlobalOp : QuantX_Op<"choose_global"> {
  let summary = "choose the global scale of a tensor";
  let description = [{
    The global scale that every method chooses for a tensor of a type with
    `global`, from the largest finite magnitude and the largest finite code qmax
    of the storage type:

    ```
    global = amax(input) / (448 * qmax)        1 where amax is 0
    ```

    NaN and infinities do not count: amax is 0 where there is nothing else, as
    in an empty tensor or one of zeros. A result that underflows is the smallest
    positive f32.

    The first of two passes over a tensor: with it given, `choose_qparams` and
    `dynamic_quantize` need one. Not tiled, since it takes the whole tensor.

    Constraints:
    - (choose_global_c1) the element type of `input` is the expressed type of
      `scaled`.
    - (choose_global_c2) `scaled` has a global scale.

    Example:

    ```mlir
    %g = quantx.choose_global %x for !nvfp4 : tensor<8x64xf32>
    ```
  }];
  let arguments = (ins QuantX_ExpressedTensor:$input,
                       TypeAttrOf<QuantX_ScaledType>:$scaled);
  let results = (outs QuantX_GlobalTensor:$global);
  let assemblyFormat = "$input `for` $scaled attr-dict `:` type($input)";
  let extraClassDeclaration = [{
    ::quantx::ScaledType getScaledType() {
      return ::llvm::cast<::quantx::ScaledType>(getScaled());
    }
  }];
  let hasVerifier = 1;
}

def QuantX_ChooseQParamsOp
    : QuantX_ShapedOp<"choose_qparams", [AttrSizedOperandSegments]> {
  let summary = "choose the scales of a tensor";
  let description = [{
    Computes the parameters under which `input` is to be stored as `scaled`: the
    scales, then the zero points and the global scale where the type has them.
    `method` defines their values; see the attributes.

    ```
    for each block B of the block shape:
      (scale[B], zero_point[B]) = method(input[B], global)
    ```

    A block whose elements are all zero gets the method's value for a = 0. A
    block that holds a NaN or an infinity gets a NaN scale and zero point 0; no
    other block is touched, and a global scale is taken over the finite values.
    In an empty tensor a whole-dimension block counts as all zero.

    With `global` the scales are chosen under that global scale, a positive
    finite number, and it is the one in the results: one that was calibrated, or
    that `choose_global` found.

    `weights` weigh the errors of a method that takes them (`#quantx.hessian`).
    To build them from activations, X_j^T X_j for each block j of columns, is
    plain linalg:

    ```mlir
    %xb = tensor.expand_shape %x [[0], [1, 2]] output_shape [128, 2, 32]
            : tensor<128x64xf32> into tensor<128x2x32xf32>
    %h = linalg.generic {indexing_maps = [
             affine_map<(j, a, b, t) -> (t, j, a)>,
             affine_map<(j, a, b, t) -> (t, j, b)>,
             affine_map<(j, a, b, t) -> (j, a, b)>],
             iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
           ins(%xb, %xb : tensor<128x2x32xf32>, tensor<128x2x32xf32>)
           outs(%zero : tensor<2x32x32xf32>) {
         ^bb0(%a: f32, %b: f32, %sum: f32):
           %product = arith.mulf %a, %b : f32
           %next = arith.addf %sum, %product : f32
           linalg.yield %next : f32
         } -> tensor<2x32x32xf32>
    ```

    Constraints:
    - (choose_qparams_c1) the element type of `input` is the expressed type of
      `scaled`.
    - (choose_qparams_c2) the rank of `input` is the rank of the block.
    - (choose_qparams_c3) `method` suits `scaled`, which has no zero points under a
      global scale.
    - (choose_qparams_c4) the results have the parameter types of `scaled` for
      the shape of `input`.
    - (choose_qparams_c5) `weights` are there exactly when `method` takes them.
    - (choose_qparams_c6) `weights` have the shape ceil(K / n) x n x n for the
      dimension of size K in which a block has n elements.
    - (choose_qparams_c7) `global` is there only where `scaled` has one.
    - (choose_qparams_c8) `scaled` has no `packing rows16`.

    Example:

    ```mlir
    %s = quantx.choose_qparams %x using #quantx.floor for !mxfp4
           : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>
    %s, %g = quantx.choose_qparams %x using #quantx.absmax for !nvfp4
           : tensor<8x64xf32> -> tensor<8x4xf8E4M3FN>, tensor<f32>
    %o = quantx.choose_qparams %x using #quantx.hessian for !mxfp4
           weighted_by %h : tensor<2x32x32xf32>
           : tensor<8x64xf32> -> tensor<8x2xf8E8M0FNU>
    %b, %k = quantx.choose_qparams %x using #quantx.absmax for !nvfp4 under %g
               : tensor<8x64xf32> -> tensor<8x4xf8E4M3FN>, tensor<f32>
    ```
  }];
  let arguments = (ins QuantX_ExpressedTensor:$input,
                       Optional<QuantX_WeightTensor>:$weights,
                       Optional<QuantX_GlobalTensor>:$global,
                       QuantX_ScaleMethodAttrInterface:$method,
                       TypeAttrOf<QuantX_ScaledType>:$scaled);
  let results = (outs Variadic<AnyRankedTensor>:$parameters);
  let assemblyFormat = [{
    $input `using` $method `for` $scaled
    (`weighted_by` $weights^ `:` type($weights))? (`under` $global^)? attr-dict
    `:` type($input) `->` type($parameters)
  }];
  let builders = [
    // `weights` is null where `method` takes none, `global` where none is given.
    OpBuilder<(ins "::mlir::Value":$input,
                   "::quantx::ScaleMethodAttrInterface":$method,
                   "::quantx::ScaledType":$scaled,
                   CArg<"::mlir::Value", "{}">:$weights,
                   CArg<"::mlir::Value", "{}">:$global)>
  ];
  let extraClassDeclaration = [{
    ::quantx::ScaledType getScaledType() {
      return ::llvm::cast<::quantx::ScaledType>(getScaled());
    }
  }];
  let hasVerifier = 1;
}

def QuantX_DynamicQuantizeOp
    : QuantX_ShapedOp<"dynamic_quantize", [AttrSizedOperandSegments]> {
  let summary = "choose the scales of a tensor and encode it";
  let description = [{
    `choose_qparams` and `quantize` in one op, with the same attributes: what is
    written in front of a matmul whose activations are quantized at run time.
    `quantx-expand-dynamic` splits it.

    Constraints: those of the two ops
    - (dynamic_quantize_c1) as quantize_c1 and quantize_c2.
    - (dynamic_quantize_c2) `method` suits the result's type.
    - (dynamic_quantize_c3) `seed` is there exactly when `rounding` is
      stochastic.
    - (dynamic_quantize_c4) as choose_qparams_c5 and choose_qparams_c6.
    - (dynamic_quantize_c5) as choose_qparams_c7.
    - (dynamic_quantize_c6) as quantize_c5.

    Example:

    ```mlir
    %q = quantx.dynamic_quantize %x using #quantx.floor
           : tensor<8x64xf32> to tensor<8x64x!mxfp4>
    %w = quantx.dynamic_quantize %x using #quantx.hessian
           weighted_by %h : tensor<2x32x32xf32>
           : tensor<8x64xf32> to tensor<8x64x!mxfp4>
    %n = quantx.dynamic_quantize %x using #quantx.absmax under %g
           : tensor<8x64xf32> to tensor<8x64x!nvfp4>
    ```
  }];
  let arguments = (ins
    QuantX_ExpressedTensor:$input,
    Optional<QuantX_WeightTensor>:$weights,
    Optional<QuantX_GlobalTensor>:$global,
    QuantX_ScaleMethodAttrInterface:$method,
    Optional<I64>:$seed,
    DefaultValuedAttr<QuantX_RoundingAttr,
                      "::quantx::Rounding::NearestEven">:$rounding,
    DefaultValuedAttr<BoolAttr, "true">:$saturate);
  let results = (outs QuantX_ScaledTensor:$result);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    ::quantx::ScaledType getScaledType() {
      return ::llvm::cast<::quantx::ScaledType>(getType().getElementType());
    }
  }];
  let hasVerifier = 1;
}

#endif // QUANTX_IR_QUANTXSCALEOPS_TD
