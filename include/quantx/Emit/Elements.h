//===- Elements.h - Emitted quantize and dequantize of elements -*- C++ -*-===//
//
// What quantize, dequantize and error_stats do to one element, given the
// parameters of its block. Values are scalars, or vectors or tensors of one
// shape. Parameters come in their memory form: scales in their scale type, zero
// points as codes in i8, the global scale in f32.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_EMIT_ELEMENTS_H
#define QUANTX_EMIT_ELEMENTS_H

#include "quantx/Emit/Codes.h"

namespace quantx {

/// The parameters of an element's block; null where the type has none.
struct BlockParameters {
  mlir::Value scale;
  mlir::Value zeroPoint;
  mlir::Value global;

  /// From values in the order of the lowered form of `type`.
  static BlockParameters get(ScaledType type, mlir::ValueRange values);
};

/// What the parameters of a block do to each of its elements: computed once a
/// block where several are at hand. All f32, but the zero point, i32; null
/// where there is none.
struct BlockFactors {
  /// NaN where the scale is; one of the two at least.
  mlir::Value scale;
  mlir::Value reciprocal;
  /// Of quantize: the scale and the global scale in one.
  mlir::Value divisor;
  /// Of dequantize.
  mlir::Value global;
  mlir::Value zeroPoint;

  /// The factors after `map`, which is called with each of them.
  BlockFactors map(llvm::function_ref<mlir::Value(mlir::Value)> map) const;
};

/// The factors by which quantize encodes elements of a block.
BlockFactors emitQuantizeFactors(ElementwiseBuilder &b, ScaledType type,
                                 const BlockParameters &parameters);

/// The factors by which dequantize decodes elements of a block.
BlockFactors emitDequantizeFactors(ElementwiseBuilder &b, ScaledType type,
                                   const BlockParameters &parameters);

/// How elements of a block are divided by its scale without a division: x / s
/// is x * reciprocal + x * rest, rounded once. docs/Rationale.md has why the
/// codes are the same. All f32 but the zero point; null where there is none.
struct BlockQuotient {
  /// NaN where the block needs `BlockFactors`: of a scale that is NaN, zero,
  /// negative, near an end of the range of f32, or one of which the range says
  /// nothing.
  mlir::Value reciprocal;
  /// None where the reciprocal is exact: that of an E8M0 scale.
  mlir::Value rest;
  /// What elements are limited to before: the largest code is theirs. None
  /// where the range does without, or the reciprocal is exact.
  mlir::Value least, largest;
  /// A code, in i8.
  mlir::Value zeroPoint;
  /// What is known of the elements over the scale.
  QuotientRange range = QuotientRange::Any;

  /// Whether codes of `type` can be made by a quotient.
  static bool isPossible(ScaledType type, RoundingSpec rounding, bool saturate);

  /// The element types of the values of a quotient for `type`.
  static llvm::SmallVector<mlir::Type> getTypes(ScaledType type,
                                                QuotientRange range);

  /// The values that there are, and the quotient whose values these are after
  /// all of them have been changed.
  llvm::SmallVector<mlir::Value> getValues() const;
  BlockQuotient withValues(mlir::ValueRange values) const;

  /// Whether (i1) no reciprocal, of which there is one or a vector, is NaN.
  mlir::Value emitIsUsable(mlir::ImplicitLocOpBuilder &b) const;
};

/// The quotient by which quantize encodes elements of a block, where it is
/// possible: elements that are known to be in `range` under the scale.
/// `takesAnyPower` keeps E8M0 reciprocals that are no factors of
/// `FloatCodec::encodeProduct`, for who encodes otherwise.
BlockQuotient emitQuantizeQuotient(ElementwiseBuilder &b, ScaledType type,
                                   const BlockParameters &parameters,
                                   QuotientRange range,
                                   bool takesAnyPower = false);

/// A scale of any scale type as f32; exact.
mlir::Value emitDecodeScale(ElementwiseBuilder &b, mlir::Value scale);

/// The code (i8, high bits clear) of `value`, which has the expressed type.
mlir::Value emitQuantizeElement(ElementwiseBuilder &b, ScaledType type,
                                mlir::Value value, const BlockFactors &factors,
                                RoundingSpec rounding, bool saturate);
mlir::Value emitQuantizeElement(ElementwiseBuilder &b, ScaledType type,
                                mlir::Value value,
                                const BlockParameters &parameters,
                                RoundingSpec rounding, bool saturate);

/// The same to nearest even, by a quotient whose reciprocal is not NaN.
mlir::Value emitQuantizeElement(ElementwiseBuilder &b, ScaledType type,
                                mlir::Value value,
                                const BlockQuotient &quotient, bool saturate);

/// What a `code`, given in the low bits of an i8, stands for under a scale of 1
/// (f32). `zeroPoint` is i32, or null for 0.
mlir::Value emitCodeValue(ElementwiseBuilder &b, ScaledType type,
                          mlir::Value code, mlir::Value zeroPoint);

/// What a code under a scale of 1 counts: the power of two of an integer's
/// fraction bits, else 1.
double getCodeUnit(ScaledType type);

/// The same of a `code` in the low bits of an i32, whose other bits are
/// anything; without `getCodeUnit`.
mlir::Value emitCodeValueInWord(ElementwiseBuilder &b, ScaledType type,
                                mlir::Value code, mlir::Value zeroPoint);

/// `value`, that of a code under a scale of 1, in the expressed type.
/// `areNormal` says that `emitAreNormal` is true of the factors.
mlir::Value emitExpressedValue(ElementwiseBuilder &b, ScaledType type,
                               mlir::Value value, const BlockFactors &factors,
                               bool areNormal = false);

/// Whether targets may convert the expressed values of `type` better where it
/// is known that none is subnormal.
bool suitsNormalValues(ScaledType type);

/// Whether no value under `factors`, scalars or vectors of blocks, is subnormal
/// in f32 (i1, one for all lanes): sufficient, not necessary.
mlir::Value emitAreNormal(ElementwiseBuilder &b, const BlockFactors &factors);

/// The value of a `code`, given in the low bits of an i8, as f32: before it is
/// rounded to the expressed type.
mlir::Value emitDequantizeToF32(ElementwiseBuilder &b, ScaledType type,
                                mlir::Value code,
                                const BlockParameters &parameters);

/// The value, in the expressed type, of a `code` given in the low bits of an
/// i8.
mlir::Value emitDequantizeElement(ElementwiseBuilder &b, ScaledType type,
                                  mlir::Value code, const BlockFactors &factors,
                                  bool areNormal = false);
mlir::Value emitDequantizeElement(ElementwiseBuilder &b, ScaledType type,
                                  mlir::Value code,
                                  const BlockParameters &parameters);

/// What the code of `value`, to nearest even and saturating, stands for under a
/// scale of 1 (f32; a zero may have any sign): without that code, for those who
/// measure errors. The value and the parameters are finite.
mlir::Value emitRoundToCodeValue(ElementwiseBuilder &b, ScaledType type,
                                 mlir::Value value,
                                 const BlockParameters &parameters);

/// The same times the scales, as f32: what `value` comes back as.
mlir::Value emitRoundTripToF32(ElementwiseBuilder &b, ScaledType type,
                               mlir::Value value,
                               const BlockParameters &parameters);

/// Whether `value` (of the expressed type) rounds, ties to even, beyond the
/// codes' range under `parameters`; false under a NaN scale.
mlir::Value emitElementSaturates(ElementwiseBuilder &b, ScaledType type,
                                 mlir::Value value,
                                 const BlockParameters &parameters);

} // namespace quantx

#endif // QUANTX_EMIT_ELEMENTS_H
