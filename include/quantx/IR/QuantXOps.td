//===- QuantXOps.td - quantx operations --------------------*- tablegen -*-===//

#ifndef QUANTX_IR_QUANTXOPS_TD
#define QUANTX_IR_QUANTXOPS_TD

include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/IR/OpBase.td"
include "quantx/IR/QuantXAttrs.td"
include "quantx/IR/QuantXDialect.td"
include "quantx/IR/QuantXTypes.td"

class QuantX_Op<string mnemonic, list<Trait> traits = []>
    : Op<QuantX_Dialect, mnemonic, !listconcat(traits, [Pure])>;

/// An op whose result shapes follow from its operands.
class QuantX_ShapedOp<string mnemonic, list<Trait> traits = []>
    : QuantX_Op<mnemonic, !listconcat(traits, [
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
                                  ["reifyResultShapes"]>])>;

//===----------------------------------------------------------------------===//
// Choosing parameters
//===----------------------------------------------------------------------===//

def QuantX_ChooseGlobalOp : QuantX_Op<"choose_global"> {
  let summary = "choose the global scale of a tensor";
  let description = [{
    The global scale that every method chooses for a tensor of a type with
    `global`, from the largest finite magnitude and the largest finite code qmax
    of the storage type:

    ```
    global = amax(input) / (448 * qmax)        1 where amax is 0
    ```

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
    - (choose_qparams_c3) `method` suits `scaled`.
    - (choose_qparams_c4) the results have the parameter types of `scaled` for
      the shape of `input`.
    - (choose_qparams_c5) `weights` are there exactly when `method` takes them.
    - (choose_qparams_c6) `weights` have the shape ceil(K / n) x n x n for the
      dimension of size K in which a block has n elements.
    - (choose_qparams_c7) `global` is there only where `scaled` has one.

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

//===----------------------------------------------------------------------===//
// Encoding and decoding
//===----------------------------------------------------------------------===//

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
    - A zero scale encodes to zeros of the elements' signs.

    Constraints:
    - (quantize_c1) `input` and the result have the same shape, and the element
      type of `input` is the expressed type of the result.
    - (quantize_c2) the rank of the tensors is the rank of the block.
    - (quantize_c3) `parameters` have the parameter types of the result.
    - (quantize_c4) `seed` is there exactly when `rounding` is stochastic.

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

def QuantX_DequantizeOp : QuantX_ShapedOp<"dequantize", [
    InferTypeOpAdaptor]> {
  let summary = "decode a tensor";
  let description = [{
    The values that the codes stand for:

    ```
    y = (value(code) - zero_point) * scale * global
    ```

    in f32 from left to right, rounded to the expressed type (ties to even).
    Code to value is exact for every code. A NaN scale gives NaN.

    Constraints:
    - (dequantize_c1) the result has the operand's shape and expressed type.
    - (dequantize_c2) the rank of the operand is the rank of the block.

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

//===----------------------------------------------------------------------===//
// Parts of a scaled tensor
//===----------------------------------------------------------------------===//

def QuantX_AssembleOp : QuantX_ShapedOp<"assemble"> {
  let summary = "make a scaled tensor of its packed codes and parameters";
  let description = [{
    Gives packed codes and parameters that come from elsewhere (a checkpoint, a
    function argument) their meaning as a scaled tensor. Nothing is computed.

    `payload` holds the codes packed as `#quantx.packing<linear>`; padding bits
    at the end of a row are ignored. Scales multiply on dequantize. So does the
    global scale: a checkpoint that stores its inverse (as some NVFP4 files do)
    must invert it first.

    A dynamic last dimension of the result counts as many codes as the bytes of
    a payload row hold.

    Constraints:
    - (assemble_c1) `payload` has the result's payload type.
    - (assemble_c2) `parameters` have the parameter types of the result.
    - (assemble_c3) the rank of the result is the rank of the block.

    Example:

    ```mlir
    %q = quantx.assemble %p, %s
           : tensor<8x32xi8>, tensor<8x2xf8E8M0FNU> to tensor<8x64x!mxfp4>
    ```

    Incorrect: passing the amax-based inverse scale `448 * 6 / amax` as the
    global scale. Correct: `amax / (448 * 6)`.
  }];
  let arguments = (ins QuantX_ByteTensor:$payload,
                       Variadic<AnyRankedTensor>:$parameters);
  let results = (outs QuantX_ScaledTensor:$result);
  let assemblyFormat = [{
    $payload `,` $parameters attr-dict
    `:` type($payload) `,` type($parameters) `to` type($result)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def QuantX_DisassembleOp : QuantX_ShapedOp<"disassemble", [
    InferTypeOpAdaptor]> {
  let summary = "the packed codes and parameters of a scaled tensor";
  let description = [{
    The inverse of `assemble`. Padding bits at the end of a row are zero when
    the tensor comes from `quantize`.

    Constraints:
    - (disassemble_c1) the results have the operand's payload type and parameter
      types.
    - (disassemble_c2) the rank of the operand is the rank of the block.

    Example:

    ```mlir
    %p, %s = quantx.disassemble %q
               : tensor<8x64x!mxfp4> to tensor<8x32xi8>, tensor<8x2xf8E8M0FNU>
    ```
  }];
  let arguments = (ins QuantX_ScaledTensor:$input);
  let results = (outs QuantX_ByteTensor:$payload,
                      Variadic<AnyRankedTensor>:$parameters);
  let assemblyFormat = [{
    $input attr-dict `:` type($input) `to` type($payload) `,` type($parameters)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

def QuantX_PackOp : QuantX_ShapedOp<"pack"> {
  let summary = "pack codes into bytes";
  let description = [{
    Packs the codes of each row (the last dimension) into bytes; see
    `#quantx.packing` for the layout. A row of K codes of n bits takes
    ceil(K * n / 8) bytes, the last padded with zero bits.

    Constraints:
    - (pack_c1) `codes` has at least one dimension.
    - (pack_c2) the result has the shape of `codes`, but for the last dimension,
      ceil(K * n / 8).
    - (pack_c3) the codes of layouts but `linear` have 4 bits.

    Example:

    ```mlir
    %b = quantx.pack %codes as #quantx.packing<linear>
           : tensor<8x64xi4> to tensor<8x32xi8>
    %g = quantx.pack %codes as #quantx.packing<split_half>
           : tensor<8x64xi4> to tensor<8x32xi8>
    ```

    From one layout to another, bytes are unpacked and packed; and the payload
    of a scaled tensor, which is `linear`, comes from and goes to other layouts
    so. Lowering makes one loop of it, without the codes in between:

    ```mlir
    %q = quantx.dynamic_quantize %x using #quantx.absmax
           : tensor<8x64xf32> to tensor<8x64x!int4>
    %p, %s = quantx.disassemble %q
               : tensor<8x64x!int4> to tensor<8x32xi8>, tensor<8x2xf16>
    %c = quantx.unpack %p as #quantx.packing<linear>
           : tensor<8x32xi8> to tensor<8x64xi4>
    %b = quantx.pack %c as #quantx.packing<interleaved8>
           : tensor<8x64xi4> to tensor<8x32xi8>
    ```
  }];
  let arguments = (ins QuantX_CodeTensor:$codes, QuantX_PackingAttr:$packing);
  let results = (outs QuantX_ByteTensor:$result);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasFolder = 1;
}

def QuantX_UnpackOp : QuantX_ShapedOp<"unpack"> {
  let summary = "unpack codes from bytes";
  let description = [{
    The inverse of `pack`. Signed (signless) codes are sign-extended wherever
    they are kept in more bits, unsigned codes zero-extended. Padding bits are
    ignored. Where the last dimension of the result is dynamic, a row has as
    many codes as its bytes hold.

    Constraints:
    - (unpack_c1) the result has at least one dimension.
    - (unpack_c2) `bytes` has the shape of the result, but for the last
      dimension, ceil(K * n / 8).
    - (unpack_c3) the codes of layouts but `linear` have 4 bits.

    Example:

    ```mlir
    %c = quantx.unpack %b as #quantx.packing<linear>
           : tensor<8x32xi8> to tensor<8x64xi4>
    ```
  }];
  let arguments = (ins QuantX_ByteTensor:$bytes, QuantX_PackingAttr:$packing);
  let results = (outs QuantX_CodeTensor:$result);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Scale layouts
//===----------------------------------------------------------------------===//

def QuantX_RelayoutScalesOp : QuantX_ShapedOp<"relayout_scales"> {
  let summary = "put scales in another order";
  let description = [{
    Between the scales of a `!quantx.scaled` tensor, row-major, and the tiles
    that block-scaled tensor cores read; see `#quantx.scale_layout`. `layout` is
    that of the result, the operand has the other one. Dimensions in front of
    the rows R and columns C are batches, which stay as they are.

    ```
    to tile128x4:  result[b, r div 128, c div 4,
                          r mod 32, (r mod 128) div 32 * 4 + c mod 4] = scales[b, r, c]
                   and 0 bytes where no scale is
    to linear:     the same from right to left
    ```

    Tiles do not tell how many rows and columns they hold: where those of a
    linear result are dynamic, `sizes` gives them, rows first. Sizes that do not
    agree with the number of tiles at run time are not diagnosed.

    Constraints:
    - (relayout_scales_c1) the linear scales have a rank of at least 2, the
      tiles the rank of them and 2 more.
    - (relayout_scales_c2) tiles of RxC scales have the shape
      ceil(R / 128) x ceil(C / 4) x 32 x 16, after the same batches.
    - (relayout_scales_c3) operand and result have the same element type.
    - (relayout_scales_c4) there is one of `sizes` for each dynamic R or C of a
      linear result, and none for tiles.

    Example:

    ```mlir
    %t = quantx.relayout_scales %s to #quantx.scale_layout<tile128x4>
           : tensor<300x9xf8E8M0FNU> to tensor<3x3x32x16xf8E8M0FNU>
    %l = quantx.relayout_scales %t to #quantx.scale_layout<linear>
           : tensor<3x3x32x16xf8E8M0FNU> to tensor<300x9xf8E8M0FNU>
    %d = quantx.relayout_scales %t to #quantx.scale_layout<linear> sizes(%r)
           : tensor<3x3x32x16xf8E8M0FNU> to tensor<?x9xf8E8M0FNU>
    ```

    Incorrect: tiles as a tensor of the shape 384x12, which reads as row-major.
    Correct: 3x3x32x16, whose row-major bytes are those of the tiles.
  }];
  let arguments = (ins QuantX_ByteScaleTensor:$scales,
                       QuantX_ScaleLayoutAttr:$layout,
                       Variadic<Index>:$sizes);
  let results = (outs QuantX_ByteScaleTensor:$result);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    /// Rows, columns and lines of a tile, and the scales in a line.
    static constexpr int64_t kTileRows = 128;
    static constexpr int64_t kTileColumns = 4;
    static constexpr int64_t kTileLines = 32;
    static constexpr int64_t kTileLineSize = 16;

    bool makesTiles() { return getLayout() == ScaleLayout::Tile128x4; }
    /// The type of the operand or result that is linear, and of the other.
    ::mlir::RankedTensorType getLinearType() {
      return makesTiles() ? getScales().getType() : getType();
    }
    ::mlir::RankedTensorType getTiledType() {
      return makesTiles() ? getType() : getScales().getType();
    }
    /// The sizes of the linear scales, for operands that may be converted ones.
    ::llvm::SmallVector<::mlir::OpFoldResult>
    getLinearSizes(::mlir::OpBuilder &builder, ::mlir::Value scales,
                   ::mlir::ValueRange sizes);
    /// The sizes of the tiles of linear scales.
    ::llvm::SmallVector<::mlir::OpFoldResult>
    getTiledSizes(::mlir::OpBuilder &builder,
                  ::llvm::ArrayRef<::mlir::OpFoldResult> linearSizes);
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Error metrics
//===----------------------------------------------------------------------===//

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

#endif // QUANTX_IR_QUANTXOPS_TD
