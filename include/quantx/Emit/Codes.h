//===- Codes.h - Emitted conversions between values and codes ---*- C++ -*-===//
//
// The emitted counterparts of quantx/Format/Encoding.h. Values are f32, codes
// and random words integers, all of one shape (scalars, vectors or tensors).
// Every formula is exact for every bit pattern.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_EMIT_CODES_H
#define QUANTX_EMIT_CODES_H

#include "quantx/Emit/ElementwiseBuilder.h"
#include "quantx/Format/Encoding.h"
#include "quantx/IR/QuantXAttrs.h"

namespace quantx {

/// How a value between two codes is rounded.
struct RoundingSpec {
  RoundingSpec(RoundingMode mode = RoundingMode::NearestEven) : mode(mode) {}
  /// `randomBits` is the element's i32 random word; null but for stochastic.
  RoundingSpec(Rounding mode, mlir::Value randomBits);

  RoundingMode mode;
  mlir::Value randomBits;
};

/// A code in two halves, all i32: the bits of `magnitude` below the sign bit,
/// and the sign bit of `sign`, whose bits above it are clear. The other bits
/// are anything.
struct CodeHalves {
  mlir::Value magnitude;
  mlir::Value sign;
};

/// The code of `value` (f32) before its halves are put together. Infinities and
/// values that round beyond the largest finite code saturate, or become Inf or
/// NaN where the format has it and `saturate` is off. NaN becomes the format's
/// NaN, or the largest finite code where it has none. `hasFMA` says that the
/// target multiplies and adds in one instruction; the bits are the same.
CodeHalves emitEncodeHalves(ElementwiseBuilder &b, mlir::Value value,
                            const FloatFormat &format, RoundingSpec rounding,
                            bool saturate, bool hasFMA = false);

/// The same to nearest even and saturating, of values that are not NaN, by a
/// target that multiplies and adds in one instruction. `fit` says that none
/// rounds beyond the largest finite code.
CodeHalves emitEncodeNumberHalves(ElementwiseBuilder &b, mlir::Value value,
                                  const FloatFormat &format, bool fit);

/// The code (i32) of `value` (f32), which is 0 or positive, to nearest even and
/// saturating, by a target that multiplies and adds in one instruction.
mlir::Value emitEncodePositive(ElementwiseBuilder &b, mlir::Value value,
                               const FloatFormat &format);

/// The code of two halves, high bits clear.
mlir::Value emitJoinHalves(ElementwiseBuilder &b, CodeHalves halves,
                           const FloatFormat &format);

/// The code as i8, high bits clear.
mlir::Value emitEncodeFloat(ElementwiseBuilder &b, mlir::Value value,
                            const FloatFormat &format, RoundingSpec rounding,
                            bool saturate);

/// The value (f32) of a `code` given as i8 or i32; bits above the code's are
/// ignored.
mlir::Value emitDecodeFloat(ElementwiseBuilder &b, mlir::Value code,
                            const FloatFormat &format);

/// f32 from f16, and f16 from f32 to nearest even, without the instructions
/// that `arith.extf` and `truncf` need. A NaN becomes quiet, with its sign and
/// the payload that fits.
mlir::Value emitExtendF16(ElementwiseBuilder &b, mlir::Value value);
mlir::Value emitTruncateToF16(ElementwiseBuilder &b, mlir::Value value);

/// Whether `value` rounds, ties to even, beyond the largest finite code. False
/// for NaN, true for infinities.
mlir::Value emitFloatOverflows(ElementwiseBuilder &b, mlir::Value value,
                               const FloatFormat &format);

/// The value (f32) of an E8M0 `code` given as i8: 2^(code - 127), NaN for 0xFF.
mlir::Value emitDecodeE8M0(ElementwiseBuilder &b, mlir::Value code);

/// The reciprocal (f32) of the value of an E8M0 `code`; exact.
mlir::Value emitDecodeE8M0Reciprocal(ElementwiseBuilder &b, mlir::Value code);

/// The E8M0 code (i8) of |value|; see `encodeE8M0` for what each mode gives.
mlir::Value emitEncodeE8M0(ElementwiseBuilder &b, mlir::Value value,
                           RoundingMode mode = RoundingMode::NearestEven);

/// clamp(round(value * 2^fractionBits) + zeroPoint, qmin, qmax) as i32. NaN
/// counts as 0. `zeroPoint` is i32, or null for 0.
mlir::Value emitEncodeInteger(ElementwiseBuilder &b, mlir::Value value,
                              const IntegerFormat &format,
                              mlir::Value zeroPoint, RoundingSpec rounding);

/// Whether round-to-nearest-even of `value` plus the zero point leaves
/// [qmin, qmax].
mlir::Value emitIntegerOverflows(ElementwiseBuilder &b, mlir::Value value,
                                 const IntegerFormat &format,
                                 mlir::Value zeroPoint);

/// A `code` given in the low bits of an i8, as i32: sign- or zero-extended.
mlir::Value emitExtendInteger(ElementwiseBuilder &b, mlir::Value code,
                              const IntegerFormat &format);

/// A `code` (i8, high bits clear) sign- or zero-extended to the whole i8.
mlir::Value emitExtendInByte(ElementwiseBuilder &b, mlir::Value code,
                             const IntegerFormat &format);

/// Word 0 of Philox4x32-10 for `index` (i64) under `seed` (i64), as i32.
mlir::Value emitRandomBits(ElementwiseBuilder &b, mlir::Value seed,
                           mlir::Value index);

} // namespace quantx

#endif // QUANTX_EMIT_CODES_H
