//===- QuantXAttrs.td - quantx attributes ------------------*- tablegen -*-===//

#ifndef QUANTX_IR_QUANTXATTRS_TD
#define QUANTX_IR_QUANTXATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "quantx/IR/QuantXDialect.td"
include "quantx/IR/QuantXInterfaces.td"

class QuantX_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<QuantX_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

/// `#quantx.NAME<KEYWORD>`. What is generated for `assemblyFormat` says twice
/// that a keyword is wrong.
class QuantX_KeywordAttr<EnumAttrInfo info, string attrMnemonic>
    : EnumAttr<QuantX_Dialect, info, attrMnemonic> {
  let assemblyFormat = ?;
  let hasCustomAssemblyFormat = 1;
}

//===----------------------------------------------------------------------===//
// Rounding
//===----------------------------------------------------------------------===//

def QuantX_Rounding : I32EnumAttr<"Rounding", "how a value becomes a code", [
    I32EnumAttrCase<"NearestEven", 0, "nearest_even">,
    I32EnumAttrCase<"NearestTowardZero", 1, "nearest_toward_zero">,
    I32EnumAttrCase<"Stochastic", 2, "stochastic">]> {
  let cppNamespace = "::quantx";
  let genSpecializedAttr = 0;
}

def QuantX_RoundingAttr : QuantX_KeywordAttr<QuantX_Rounding, "rounding"> {
  let summary = "how a value between two codes is rounded";
  let description = [{
    Syntax:

    ```
    #quantx.rounding<nearest_even | nearest_toward_zero | stochastic>
    ```

    - `nearest_even`: to the nearest code, ties to the even code.
    - `nearest_toward_zero`: to the nearest code, ties to the smaller magnitude.
    - `stochastic`: to the code above or below with a probability proportional
      to the distance, so that the mean over many seeds is the value itself. The
      random word of an element is word 0 of Philox4x32-10 keyed by the seed and
      counted by the element's row-major linear index: it depends on nothing
      else.
  }];
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

def QuantX_Packing : I32EnumAttr<"Packing", "how codes share bytes", [
    I32EnumAttrCase<"Linear", 0, "linear">,
    I32EnumAttrCase<"SplitHalf", 1, "split_half">,
    I32EnumAttrCase<"Interleaved8", 2, "interleaved8">]> {
  let cppNamespace = "::quantx";
  let genSpecializedAttr = 0;
}

def QuantX_PackingAttr : QuantX_KeywordAttr<QuantX_Packing, "packing"> {
  let summary = "how the codes of a row share bytes";
  let description = [{
    Syntax:

    ```
    #quantx.packing<linear | split_half | interleaved8>
    ```

    - `linear`: along the last dimension, the first code in the lowest bits,
      little-endian across bytes. A row that does not fill its last byte is
      padded with zero bits.

    ```
    4 bits      byte 0                 6 bits  byte 0   byte 1   byte 2
           bit  7..4   3..0                    7......0 7......0 7......0
                code1  code0                   11000000 22221111 33333322
    ```

    - `split_half`, of 4-bit codes: blocks of 32 codes, whose first half is in
      the low and whose second half is in the high bits of 16 bytes. It is the
      order of ggml's block types.

    ```
                byte 0         byte 1         ...  byte 15
           bit  7..4    3..0   7..4    3..0        7..4    3..0
                code16  code0  code17  code1       code31  code15
    ```

    - `interleaved8`, of 4-bit codes: groups of 8 codes, whose even ones come
      before the odd ones. It is the order of AWQ's and FasterTransformer's
      INT4 weights: one shift and one mask of the little-endian word give a pair
      of neighbours, 16 bits apart.

    ```
                byte 0         byte 1         byte 2         byte 3
           bit  7..4    3..0   7..4    3..0   7..4    3..0   7..4    3..0
                code2   code0  code6   code4  code3   code1  code7   code5
    ```

    In every layout a row of K codes of n bits takes ceil(K * n / 8) bytes. A
    last block or group of m codes, too few to fill it, is laid out as if it
    had h = ceil(m / 2) bytes. In `split_half` byte j has the codes j and j + h.
    In `interleaved8` the h even codes take the first h places, the odd ones the
    rest. With m odd the last place is zero bits. Of m = 5:

    ```
    split_half       byte 0         byte 1         byte 2
                bit  7..4    3..0   7..4    3..0   7..4    3..0
                     code3   code0  code4   code1  0       code2

    interleaved8     byte 0         byte 1         byte 2
                bit  7..4    3..0   7..4    3..0   7..4    3..0
                     code2   code0  code1   code4  0       code3
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Scale layouts
//===----------------------------------------------------------------------===//

def QuantX_ScaleLayout : I32EnumAttr<"ScaleLayout", "the order of scales", [
    I32EnumAttrCase<"Linear", 0, "linear">,
    I32EnumAttrCase<"Tile128x4", 1, "tile128x4">]> {
  let cppNamespace = "::quantx";
  let genSpecializedAttr = 0;
}

def QuantX_ScaleLayoutAttr : QuantX_KeywordAttr<QuantX_ScaleLayout, "scale_layout"> {
  let summary = "the order of 8-bit scales in memory";
  let description = [{
    Syntax:

    ```
    #quantx.scale_layout<linear | tile128x4>
    ```

    - `linear`: row-major, R rows of C scales, as the blocks that they belong
      to. It is the order in every `!quantx.scaled` tensor.
    - `tile128x4`: tiles of 128 rows and 4 columns, row-major, which block-scaled
      tensor cores read. In the 512 bytes of a tile, row r and column c are at
      the offset (r mod 32) * 16 + (r div 32) * 4 + c. R and C are padded with
      zero bytes to multiples of 128 and 4. As a tensor it has the shape
      ceil(R / 128) x ceil(C / 4) x 32 x 16:

    ```
    line 0    r0  c0..3   r32 c0..3   r64 c0..3   r96  c0..3
    line 1    r1  c0..3   r33 c0..3   r65 c0..3   r97  c0..3
    ...
    line 31   r31 c0..3   r63 c0..3   r95 c0..3   r127 c0..3
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Scale methods
//===----------------------------------------------------------------------===//

class QuantX_ScaleMethod<string name, string attrMnemonic>
    : QuantX_Attr<name, attrMnemonic>;

def QuantX_AbsmaxAttr : QuantX_ScaleMethod<"Absmax", "absmax"> {
  let summary = "scale from the largest magnitude of a block";
  let description = [{
    With a = max |x| over the block and qmax the largest finite code,

    ```
    s = a * margin / qmax                         f32, f16, bf16 scales
    g = amax(tensor) / (448 * qmax)               f8E4M3FN scales under a global
    s = f8E4M3FN(a / qmax / g)
    ```

    in f32, rounded to nearest even to the scale type. With margin 1 the scale
    is rounded up where rounding down would make a saturate. A scale that
    underflows to 0 while a > 0 becomes the smallest positive value of its type,
    and so does g; one that overflows becomes the largest finite. `pow2` takes
    the next power of two up. An all-zero block has scale 1, or 0 in f8E4M3FN;
    an all-zero tensor has g = 1. A block that holds a NaN or Inf has a NaN
    scale, and the global scale is taken over the finite values alone.

    Suits types without `zero_point`: f32, f16 and bf16 scales without `global`,
    and f8E4M3FN scales, where g is 1 without `global` (margin 1, no `pow2`).

    Constraints:
    - (absmax_c1) margin is in (0, 1].

    Example: `#quantx.absmax`, `#quantx.absmax<margin = 0.9>`,
    `#quantx.absmax<pow2>`, `#quantx.absmax<margin = 0.9, pow2>`.
  }];
  let parameters = (ins
    APFloatParameter<"multiplies the largest magnitude; in (0, 1]">:$margin,
    "bool":$pow2);
  let builders = [
    AttrBuilder<(ins), [{ return $_get($_ctxt, ::llvm::APFloat(1.0), false); }]>
  ];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def QuantX_MinmaxAttr : QuantX_ScaleMethod<"Minmax", "minmax"> {
  let summary = "scale and zero point from the range of a block";
  let description = [{
    With lo = min(x, 0) and hi = max(x, 0) over the block, in f32,

    ```
    s = (hi - lo) / (qmax - qmin), rounded to the scale type
    z = clamp(rne(-lo / s) + qmin, qmin, qmax)
    ```

    so that zero is exactly representable. The scale is rounded, and kept from
    0 and from overflow, as by `#quantx.absmax`. An all-zero block has scale 1
    and the zero point of an empty range; a block that holds a NaN or Inf has a
    NaN scale and zero point 0.

    Suits types with a `zero_point` and an f32, f16 or bf16 scale.
  }];
}

class QuantX_E8M0Method<string name, string attrMnemonic>
    : QuantX_ScaleMethod<name, attrMnemonic>;

def QuantX_FloorAttr : QuantX_E8M0Method<"Floor", "floor"> {
  let summary = "power-of-two scale, OCP MX's rule";
  let description = [{
    `e = floor(log2 a) - emax`, s = 2^e, with a = max |x| over the block and
    emax the exponent of the largest finite code. Exact, from the exponent bits.
    e is clamped to [-127, 127]; a = 0 gives e = -127; a block that holds a NaN
    or Inf gets the NaN scale 0xFF. The largest element may saturate: that is
    the rule's known weakness. Suits f8E8M0FNU scales.
  }];
}

def QuantX_CeilAttr : QuantX_E8M0Method<"Ceil", "ceil"> {
  let summary = "power-of-two scale, rounded up";
  let description = [{
    `e = ceil(log2 a) - emax`, otherwise as `#quantx.floor`.
  }];
}

def QuantX_EvenAttr : QuantX_E8M0Method<"Even", "even"> {
  let summary = "power-of-two scale of the rounded largest magnitude";
  let description = [{
    a is first rounded, ties to even, to the element's mantissa bits; then as
    `#quantx.floor`.
  }];
}

def QuantX_RceilAttr : QuantX_E8M0Method<"Rceil", "rceil"> {
  let summary = "smallest power-of-two scale that does not saturate";
  let description = [{
    `e = ceil(log2(a / qmax))`, exact: the significands are compared, nothing is
    divided. Otherwise as `#quantx.floor`.
  }];
}

def QuantX_OptimalAttr : QuantX_ScaleMethod<"Optimal", "optimal"> {
  let summary = "the scale of least squared error";
  let description = [{
    The scale with the least sum of (x - y)^2 over the block, where y is what
    `dequantize` makes of x's code (ties to even) in f32, without rounding to an
    expressed type of 16 bits. `error_stats` adds up the same squares.

    - f8E8M0FNU scales: among all 255. Compared exactly for FP4, FP6 and integer
      storage.
    - f8E4M3FN scales: among all 126 positive ones, under the global scale of
      `#quantx.absmax`, or 1 without `global`.
    - f16 and bf16 scales: among all positive ones; with `zero_point`, among all
      pairs.
    - f32 scales: as f16, but the root of the error may exceed the least one by
      2^-21 times the root of the sum of x^2.

    On a tie, the scale of `#quantx.floor` (f8E8M0FNU), `#quantx.minmax` (with
    `zero_point`) or `#quantx.absmax`: the naive one; else the smaller. A block
    of zeros, or with a NaN or Inf, has the naive scale. A scale under which a
    value dequantizes to an infinity is no candidate, but for the naive one.

    The search looks only at scales that no proven bound excludes: at most one
    other for f4E2M1FN in blocks of 32. `docs/optimal-scales.md` has the proofs.

    Suits f8E8M0FNU, f32, f16 and bf16 scales without `global`, and f8E4M3FN
    scales without `zero_point`.
  }];
}

def QuantX_FourOverSixAttr
    : QuantX_ScaleMethod<"FourOverSix", "four_over_six"> {
  let summary = "the better of the scales that take the largest to 6 and to 4";
  let description = [{
    Of f8E4M3FN(a / 6 / g), which is `#quantx.absmax`, and f8E4M3FN(a / 4 / g)
    the one with the smaller squared error; the first on a tie. The global scale
    g, special blocks and the error are as in `#quantx.optimal`.

    Suits f4E2M1FN storage under f8E4M3FN scales.
  }];
}

def QuantX_HessianAttr : QuantX_ScaleMethod<"Hessian", "hessian"> {
  let summary = "the scale of least error weighted by a Hessian";
  let description = [{
    As `#quantx.optimal`, but the error is r^T H r for the residual r = x - y of
    the block. `weighted_by` gives H: a tensor of one n x n matrix for each block
    of n elements in the blocked dimension of size K, ceil(K / n) x n x n; blocks
    at the same place of that dimension share one. A last block of m elements
    uses the leading m x m part. For the layer y = W x and calibration
    activations X, H is X_j^T X_j for the columns j of the block.

    The sum is in f64: t_i = sum_j H[i][j] * r[j], then sum_i r[i] * t_i. The
    candidates are the naive scale and those that neither clip nor zero too
    much: the sum of squares of what exceeds the largest dequantized value is
    not above the squared error E of the naive scale, nor is the sum of x^2 over
    the elements whose code is zero (either sum above E shows that the squared
    error is). On a tie the naive scale, else the smaller.

    A block of zeros, or with a NaN or Inf, has the naive scale. A block under an
    H that holds a NaN or Inf (also outside the leading part) has the NaN scale,
    whatever its elements. So have all blocks where dynamic sizes of the weights turn
    out to be wrong. H need not be symmetric or positive.

    Suits types without `zero_point` whose block has more than one element along
    one dimension only; with `global`, f8E4M3FN scales.
  }];
}

//===----------------------------------------------------------------------===//
// Syntax
//===----------------------------------------------------------------------===//

def QuantX_WithTypeAttr : QuantX_Attr<"WithType", "with_type"> {
  let summary = "an attribute and the type written after it";
  let description = [{
    What `#quantx.floor : tensor<8x64xf32>` parses to: MLIR's parser takes a type
    after any dialect attribute as the attribute's own. The ops whose syntax has
    an attribute in front of their types take the two apart again; it has no
    other use. Elsewhere it prints as `#quantx.with_type<#quantx.floor, i32>`.
  }];
  let parameters = (ins "::mlir::Attribute":$attribute, "::mlir::Type":$type);
  let assemblyFormat = "`<` $attribute `,` $type `>`";
}

#endif // QUANTX_IR_QUANTXATTRS_TD
