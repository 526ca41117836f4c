//===- PackedCodes.h - Emitted encoding of whole vectors --------*- C++ -*-===//
//
// Vectors of elements to packed codes and back, in forms that leave a target to
// compute several in each register: `FloatCodec::encodePacked` is where it says
// how. For targets whose instructions for minima and maxima of floats give the
// number where one operand is NaN, and that multiply in bf16.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_EMIT_PACKEDCODES_H
#define QUANTX_EMIT_PACKEDCODES_H

#include "quantx/Emit/Elements.h"

namespace quantx {

/// How vectors of elements are encoded, to nearest even.
struct PackedEncoder {
  ScaledType type;
  bool saturate;
  /// Elements of a block whose scale is a number are finite, and in its units
  /// no more than 2^20: those that the scale was chosen for.
  bool areChosenFor = false;

  /// Whether there is such a form.
  static bool isPossible(ScaledType type, RoundingSpec rounding, bool saturate);

  /// The packed codes (bytes) of `values`, a vector of one dimension in the
  /// expressed type or f32, whose codes fill whole bytes. The quotient is that
  /// of all of them, or has vectors. Codes are 0 under a NaN scale if that is
  /// E8M0; under others the reciprocal is not NaN.
  mlir::Value encode(ElementwiseBuilder &b, mlir::Value values,
                     const BlockQuotient &quotient) const;

private:
  mlir::Value encodeFloats(ElementwiseBuilder &b, mlir::Value values,
                           const BlockQuotient &quotient) const;
  mlir::Value encodeIntegers(ElementwiseBuilder &b, mlir::Value values,
                             const BlockQuotient &quotient) const;
  /// The packed codes of integers in the low bits of `sums` (i32), to which
  /// `zeroPoint` (i8, or null) is added.
  mlir::Value packSums(ElementwiseBuilder &b, mlir::Value sums,
                       mlir::Value zeroPoint) const;
  mlir::Value divide(ElementwiseBuilder &b, mlir::Value values,
                     const BlockQuotient &quotient) const;
};

/// How vectors of packed codes are decoded, to bf16 or f16.
struct PackedDecoder {
  static constexpr int64_t kCodes = 8;

  ScaledType type;

  /// Whether there is such a form.
  static bool isPossible(ScaledType type);

  /// The eight values, in the expressed type, of the packed codes in `bytes`,
  /// whose parameters are one. NaN is some NaN.
  mlir::Value decode(ElementwiseBuilder &b, mlir::Value bytes,
                     const BlockParameters &parameters) const;

private:
  mlir::Value multiplyPairs(ElementwiseBuilder &b, mlir::Value bytes,
                            mlir::Value scale) const;
  mlir::Value decodeToF16(ElementwiseBuilder &b, mlir::Value bytes,
                          mlir::Value zeroPoint, mlir::Value scale) const;
};

} // namespace quantx

#endif // QUANTX_EMIT_PACKEDCODES_H
