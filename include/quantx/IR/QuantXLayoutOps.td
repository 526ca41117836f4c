//===- QuantXLayoutOps.td - operations on parts and layouts *- tablegen -*-===//

#ifndef QUANTX_IR_QUANTXLAYOUTOPS_TD
#define QUANTX_IR_QUANTXLAYOUTOPS_TD

include "quantx/IR/QuantXAttrs.td"
include "quantx/IR/QuantXOpBase.td"
include "quantx/IR/QuantXTypes.td"

//===----------------------------------------------------------------------===//
// Parts of a scaled tensor
//===----------------------------------------------------------------------===//

def QuantX_AssembleOp : QuantX_ShapedOp<"assemble"> {
  let summary = "make a scaled tensor of its packed codes and parameters";
  let description = [{
    Gives packed codes and parameters that come from elsewhere (a checkpoint, a
    function argument) their meaning as a scaled tensor. Nothing is computed.

    `payload` holds the codes packed as `#quantx.packing<linear>`; padding bits
    at the end of a row are ignored. For a result with `packing rows16` payload
    and parameters are as `relayout` makes them, and what is padding there must
    be zero. Scales multiply on dequantize. So does the
    global scale: a checkpoint that stores its inverse (as some NVFP4 files do)
    must invert it first.

    A dynamic last dimension of the result counts as many codes as the bytes of
    a payload row hold.

    Constraints:
    - (assemble_c1) `payload` has the result's payload type.
    - (assemble_c2) `parameters` have the parameter types of the result.
    - (assemble_c3) the rank of the result is the rank of the block.
    - (assemble_c4) a result with `packing rows16` has static rows and columns.

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
    - (disassemble_c3) an operand with `packing rows16` has static rows and
      columns.

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
// Layouts of weights
//===----------------------------------------------------------------------===//

def QuantX_RelayoutOp : QuantX_ShapedOp<"relayout"> {
  let summary = "put the rows of a scaled tensor side by side, or back";
  let description = [{
    Between a scaled tensor as its rows stand in memory and the same tensor with
    `packing rows16`, the order in which `scaled_matmul` by few rows of
    activations reads weights fastest: 16 rows are the lanes of a vector, and
    their sums need not be added across lanes. No value changes. Make it once,
    not for each product; that of constant weights is made at compile time.

    16 rows become one row of the payload. It has, for 32 bits of codes (a word)
    at a time, the words of the 16 rows one behind the other; the scales and zero
    points have, for each block, those of the 16 rows. Dimensions in front of
    rows and columns are batches, which stay as they are.

    ```
    row 0 of the payload, 64 bytes a line     and of the scales, 16 a line
    | row 0   row 1        row 15 |           | row 0    row 1         row 15  |
    | word 0  word 0  ...  word 0 |           | block 0  block 0  ...  block 0 |
    | row 0   row 1        row 15 |           | row 0    row 1         row 15  |
    | word 1  word 1  ...  word 1 |           | block 1  block 1  ...  block 1 |
      ...                                       ...
    row 1: the same for rows 16 to 31
    ```

    ```
    payload[b, n div 16, (i div 4) * 64 + (n mod 16) * 4 + i mod 4] =
        linear payload[b, n, i]
    scales[b, n div 16, j * 16 + n mod 16] = linear scales[b, n, j]
    ```

    Rows up to a multiple of 16, and codes up to a whole word, are zero bits. The
    way back ignores them.

    Constraints:
    - (relayout_c1) the result has the shape of the input.
    - (relayout_c2) the types of their elements differ in the packing alone.
    - (relayout_c3) the rank of the input is the rank of the block.
    - (relayout_c4) rows and columns are static where one of the two has
      `packing rows16`.

    Example:

    ```mlir
    %r = quantx.relayout %w : tensor<40x64x!mxfp4> to tensor<40x64x!mxfp4_rows16>
    %p, %s = quantx.disassemble %r : tensor<40x64x!mxfp4_rows16>
               to tensor<3x512xi8>, tensor<3x32xf8E8M0FNU>
    %l = quantx.relayout %r : tensor<40x64x!mxfp4_rows16> to tensor<40x64x!mxfp4>
    ```

    Incorrect: `assemble` of a payload in rows to a type with `packing rows16`.
    Correct: `assemble` to the linear type, and `relayout`.
  }];
  let arguments = (ins QuantX_ScaledTensor:$input);
  let results = (outs QuantX_ScaledTensor:$result);
  let assemblyFormat = [{
    $input attr-dict `:` type($input) `to` type($result)
  }];
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

#endif // QUANTX_IR_QUANTXLAYOUTOPS_TD
