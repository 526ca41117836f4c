//===- QuantXTypes.td - quantx types -----------------------*- tablegen -*-===//

#ifndef QUANTX_IR_QUANTXTYPES_TD
#define QUANTX_IR_QUANTXTYPES_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinTypeInterfaces.td"
include "quantx/IR/QuantXDialect.td"

class QuantX_Type<string name, string typeMnemonic, list<Trait> traits = []>
    : TypeDef<QuantX_Dialect, name, traits> {
  let mnemonic = typeMnemonic;
}

def QuantX_ScaledType : QuantX_Type<"Scaled", "scaled",
                                    [MemRefElementTypeInterface]> {
  let summary = "element type of a tensor of codes with their scales";
  let description = [{
    The element type of a quantized ranked tensor. It carries everything but the
    values of the parameters: how a code is stored, what it expresses, and which
    scale, over which block, gives it a value:

    ```
    !quantx.scaled<STORAGE : EXPRESSED, SCALE per BLOCK[, global TYPE][, zero_point TYPE]
                   [, packing rows16]>
    x ≈ (code - zero_point) * scale * global
    ```

    - STORAGE is the builtin type of one code.
    - EXPRESSED is the type it quantizes from and dequantizes to.
    - SCALE is the type of a block's scale. A scale multiplies on dequantize.
    - BLOCK has one entry a dimension: a size, or `*` for the whole dimension.
      The scales have the tensor's shape divided by the block, rounded up, so
      the last block of a dimension may be partial. Block `*x*` is per tensor,
      `1x*` per row, `1x32` a 32-element block along the last dimension.
    - `global` adds one f32 scale for the whole tensor (NVFP4).
    - `zero_point` adds one zero point a block, of the storage type. With `global`
      it is given, as in a checkpoint: no scale method chooses both.
    - `packing rows16` is another order of the same tensor in memory, for
      `scaled_matmul` by few rows of activations; see `relayout`, which makes it.

    A code of a float storage type stands for the value of that format. A code
    of an integer type stands for the integer; under an `f8E8M0FNU` scale it is
    OCP MX's fixed point with bits - 2 fraction bits (MXINT8: value
    `code * 2^-6`), so that files in that format mean the same here.

    Constraints:
    - (scaled_c1) STORAGE is f8E4M3FN, f8E5M2, f6E2M3FN, f6E3M2FN, f4E2M1FN, or
      a signless (signed codes) or unsigned integer of 2 to 8 bits.
    - (scaled_c2) EXPRESSED is f32, f16 or bf16.
    - (scaled_c3) SCALE is f32, f16, bf16, f8E8M0FNU or f8E4M3FN.
    - (scaled_c4) BLOCK has at least one entry; each is `*` or from 1 to 2^31 - 1,
      so that no sum of an index and a block overflows.
    - (scaled_c5) `global` is f32.
    - (scaled_c6) `zero_point` is the storage type, and that an integer; it does
      not go with an f8E8M0FNU scale.
    - (scaled_c7) an f8E8M0FNU scale does not go with unsigned storage.
    - (scaled_c8) `packing rows16` goes with storage of 4 or 8 bits and a BLOCK of
      two entries or more, of which the last is `*` or a multiple of 8 and all
      others are 1.

    Example:

    ```mlir
    !mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
    !nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
    !fp8   = !quantx.scaled<f8E4M3FN : bf16, f32 per *x*>
    !int4  = !quantx.scaled<ui4 : f32, f16 per 1x128, zero_point ui4>
    ```

    Incorrect: `tensor<4x64x8x!mxfp4>`: the block `1x32` has two entries, the
    tensor three dimensions. Correct: a type of its own, `per 1x32x1`.

    Lowered form, in this order: the payload, the codes packed along the last
    dimension into `tensor<Mxceil(K*bits/8)xi8>`; the scales; the zero points;
    the global scale `tensor<f32>`. With `packing rows16` a row of these tensors
    is 16 rows side by side: `tensor<ceil(M/16) x 64*ceil(K*bits/32) x i8>` for the
    payload, `tensor<ceil(M/16) x 16*ceil(K/block) x SCALE>` for the scales.
  }];
  let parameters = (ins
    "::mlir::Type":$storageType,
    "::mlir::Type":$expressedType,
    "::mlir::Type":$scaleType,
    ArrayRefParameter<"int64_t", "one entry a dimension">:$blockShape,
    OptionalParameter<"::mlir::Type">:$globalType,
    OptionalParameter<"::mlir::Type">:$zeroPointType,
    DefaultValuedParameter<"::quantx::WeightLayout",
                           "::quantx::WeightLayout::Linear">:$layout
  );
  let builders = [
    TypeBuilder<(ins "::mlir::Type":$storageType,
                     "::mlir::Type":$expressedType, "::mlir::Type":$scaleType,
                     "::llvm::ArrayRef<int64_t>":$blockShape,
                     "::mlir::Type":$globalType,
                     "::mlir::Type":$zeroPointType), [{
      return $_get($_ctxt, storageType, expressedType, scaleType, blockShape,
                   globalType, zeroPointType, ::quantx::WeightLayout::Linear);
    }]>
  ];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The block entry that stands for the whole dimension, printed `*`.
    static constexpr int64_t kWholeDimension = -1;
    /// The largest size of a block in a dimension that is not the whole one.
    static constexpr int64_t kLargestBlock = (int64_t(1) << 31) - 1;

    /// Bits of one code.
    unsigned getStorageBits() const;
    /// The storage type's float format, or null for integer storage.
    const FloatFormat *getFloatFormat() const;
    /// The storage type's integer format; only when `getFloatFormat()` is null.
    IntegerFormat getIntegerFormat() const;
    /// What a scale rule needs to know of the storage type.
    ElementTraits getElementTraits() const;

    unsigned getBlockRank() const { return getBlockShape().size(); }
    bool isWholeDimension(unsigned dim) const {
      return getBlockShape()[dim] == kWholeDimension;
    }
    /// The one dimension along which blocks have more than one element (or may
    /// have); the last one if there is none. Nothing if there are several.
    std::optional<unsigned> getBlockedDimension() const;
    bool hasGlobal() const { return static_cast<bool>(getGlobalType()); }
    bool isLinear() const {
      return getLayout() == ::quantx::WeightLayout::Linear;
    }
    /// Whether the type may have `packing rows16`: codes of 4 or 8 bits, and
    /// blocks of one row, in which a word of its codes is within one.
    bool mayBeRows16() const;
    /// The same type in another layout.
    ScaledType withLayout(::quantx::WeightLayout layout) const;
    bool hasZeroPoint() const { return static_cast<bool>(getZeroPointType()); }
    /// How many tensors carry the parameters: scales, zero points, global.
    unsigned getNumParameters() const {
      return 1 + hasZeroPoint() + hasGlobal();
    }

    /// The shape of the scales (and zero points) of a linear tensor of `shape`:
    /// divided by the block, rounded up; dynamic where `shape` is, but for
    /// whole dimensions, which always have one block.
    llvm::SmallVector<int64_t> getScalesShape(llvm::ArrayRef<int64_t> shape) const;
    /// The shape of the weights (matrices over the elements of a block) of a
    /// tensor of `shape` with blocks along dimension `dim`: one matrix for each
    /// block in that dimension.
    llvm::SmallVector<int64_t> getWeightsShape(llvm::ArrayRef<int64_t> shape,
                                               unsigned dim) const;
    /// The types of scales, zero points and global scale for a tensor of
    /// `shape`, in this order and in the type's layout.
    llvm::SmallVector<::mlir::Type>
    getParameterTypes(llvm::ArrayRef<int64_t> shape) const;
    /// The type of the packed codes: bytes, packed along the last dimension, in
    /// the type's layout.
    ::mlir::RankedTensorType
    getPayloadType(llvm::ArrayRef<int64_t> shape) const;
    /// Prints the block as `1x32` or `1x*`.
    static void printBlock(llvm::raw_ostream &os, llvm::ArrayRef<int64_t> block);
  }];
}

/// A ranked tensor whose element type is !quantx.scaled.
def QuantX_ScaledTensor : Type<
    And<[AnyRankedTensor.predicate,
         CPred<"::llvm::isa<::quantx::ScaledType>("
               "::llvm::cast<::mlir::ShapedType>($_self).getElementType())">]>,
    "ranked tensor of !quantx.scaled", "::mlir::RankedTensorType">;

def QuantX_ExpressedTensor : RankedTensorOf<[F32, F16, BF16]>;

/// A signless or unsigned integer of 2 to 8 bits: one code.
def QuantX_Code : Type<
    CPred<"::quantx::isCodeType($_self)">,
    "2 to 8 bit signless or unsigned integer", "::mlir::IntegerType">;

def QuantX_CodeTensor : RankedTensorOf<[QuantX_Code]>;
def QuantX_ByteTensor : RankedTensorOf<[I8]>;

/// A matrix for each block along one dimension.
def QuantX_WeightTensor : 3DTensorOf<[F32]>;

/// The global scale of a tensor.
def QuantX_GlobalTensor : Type<
    And<[AnyRankedTensor.predicate,
         CPred<"::llvm::cast<::mlir::ShapedType>($_self).getRank() == 0">,
         CPred<"::llvm::cast<::mlir::ShapedType>($_self).getElementType()"
               ".isF32()">]>,
    "tensor<f32>", "::mlir::RankedTensorType">,
    BuildableType<"::mlir::RankedTensorType::get({}, $_builder.getF32Type())">;

/// A tensor of the scales that take a byte.
def QuantX_ByteScaleTensor : RankedTensorOf<[F8E8M0FNU, F8E4M3FN]>;

#endif // QUANTX_IR_QUANTXTYPES_TD
