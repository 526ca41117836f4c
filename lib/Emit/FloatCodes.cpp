//===- FloatCodes.cpp - Emitted small-float and E8M0 conversions ----------===//

#include "Rounding.h"
#include "quantx/Emit/Codes.h"

using namespace mlir;
using namespace quantx;

static constexpr int kF32Bias = 127;
static constexpr int kF32MantissaBits = 23;
static constexpr int64_t kF32MagnitudeMask = 0x7fffffff;
static constexpr int64_t kF32InfBits = 0x7f800000;
static constexpr int64_t kF32QuietNaNBits = 0x7fc00000;

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

/// The magnitude code (i32) of the f32 magnitude `bits`, not yet limited to the
/// largest finite code: one binade more is told apart.
///
/// Codes are laid out so that within a binade, and across the step to the next,
/// the code grows by one for each quantum: with ef the exponent field,
/// code = (ef - efmin) * 2^mantissaBits + |x| / quantum(ef), where subnormals
/// are the case ef = efmin.
static Value emitMagnitudeCode(ElementwiseBuilder &b, Value bits,
                               const FloatFormat &format,
                               RoundingSpec rounding) {
  int64_t minExponent = kF32Bias + format.getMinExponent();
  int64_t beyond = kF32Bias + format.getMaxExponent() + 1;
  Value limited = b.min(bits, beyond << kF32MantissaBits);
  Value exponent = b.max(b.lshr(limited, kF32MantissaBits), minExponent);
  Value quantumExponent = b.add(exponent, -int64_t(format.mantissaBits));
  Value count =
      emitRoundMagnitude(b, b.asF32(limited), quantumExponent, rounding);
  Value binade = b.add(exponent, -minExponent);
  return b.add(b.shl(binade, format.mantissaBits), count);
}

/// Replaces codes beyond the largest finite one.
static Value emitLimitCode(ElementwiseBuilder &b, Value code,
                           const FloatFormat &format, bool saturate) {
  if (saturate || format.nonFinite == NonFinite::None)
    return b.min(code, format.maxFiniteCode);
  int64_t overflow = format.nonFinite == NonFinite::NanOnly
                         ? format.nanCode
                         : format.getInfCode();
  return b.select(b.greater(code, format.maxFiniteCode), b.i32(overflow, code),
                  code);
}

/// The code (i32) of an f32 NaN of the magnitude `bits`: quiet, with the top of
/// the payload, as APFloat has it.
static Value emitNaNCode(ElementwiseBuilder &b, Value bits,
                         const FloatFormat &format) {
  Value payload = b.bitAnd(b.lshr(bits, kF32MantissaBits - format.mantissaBits),
                           (1 << format.mantissaBits) - 1);
  return b.bitOr(payload, b.i32(format.nanCode, payload));
}

Value quantx::emitEncodeFloat(ElementwiseBuilder &b, Value value,
                              const FloatFormat &format, RoundingSpec rounding,
                              bool saturate) {
  Value bits = b.asI32(value);
  Value magnitude = b.bitAnd(bits, kF32MagnitudeMask);
  Value sign = b.shl(b.lshr(bits, 31), format.bits - 1);
  Value code = emitMagnitudeCode(b, magnitude, format, rounding);
  code = emitLimitCode(b, code, format, saturate);
  Value isNaN = b.greater(magnitude, kF32InfBits);
  if (format.nonFinite == NonFinite::None) {
    code =
        b.select(isNaN, b.i32(format.maxFiniteCode, code), b.bitOr(code, sign));
  } else {
    Value nan = emitNaNCode(b, magnitude, format);
    code = b.bitOr(b.select(isNaN, nan, code), sign);
  }
  return b.trunc(code, 8);
}

Value quantx::emitFloatOverflows(ElementwiseBuilder &b, Value value,
                                 const FloatFormat &format) {
  Value magnitude = b.bitAnd(b.asI32(value), kF32MagnitudeMask);
  Value code = emitMagnitudeCode(b, magnitude, format, RoundingSpec());
  Value isBeyond = b.greater(code, format.maxFiniteCode);
  return b.logicalAnd(isBeyond, b.less(magnitude, kF32InfBits + 1));
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

// The code's exponent and mantissa are put into an f32's; multiplying by a
// power of two corrects the bias, and makes subnormals right on the way.
Value quantx::emitDecodeFloat(ElementwiseBuilder &b, Value code,
                              const FloatFormat &format) {
  Value wide = b.zext(code, 32);
  Value magnitude = b.bitAnd(wide, format.getMagnitudeMask());
  Value sign =
      b.shl(b.lshr(b.bitAnd(wide, format.getSignMask()), format.bits - 1), 31);
  Value shifted = b.shl(magnitude, kF32MantissaBits - format.mantissaBits);
  double correction = std::ldexp(1.0, kF32Bias - format.bias);
  Value bits = b.asI32(b.mul(b.asF32(shifted), correction));
  int64_t lastNumber = format.maxFiniteCode;
  if (format.nonFinite == NonFinite::InfAndNan) {
    lastNumber = format.getInfCode();
    bits = b.select(b.equal(magnitude, lastNumber), b.i32(kF32InfBits, bits),
                    bits);
  }
  if (format.nonFinite != NonFinite::None) {
    // Quiet, with the code's payload on top.
    Value payload = b.bitAnd(shifted, (1 << kF32MantissaBits) - 1);
    Value nan = b.bitOr(payload, b.i32(kF32QuietNaNBits, payload));
    bits = b.select(b.greater(magnitude, lastNumber), nan, bits);
  }
  return b.asF32(b.bitOr(bits, sign));
}

/// 2^(exponent - 127) for an i32 `exponent` in [0, 254], whose lowest value is
/// a subnormal f32; NaN where `isNaN`.
static Value emitE8M0Value(ElementwiseBuilder &b, Value exponent, Value isNaN) {
  constexpr int64_t subnormalBits = 0x00400000; // 2^-127
  Value bits = b.shl(exponent, kF32MantissaBits);
  bits = b.select(b.equal(exponent, 0), b.i32(subnormalBits, bits), bits);
  bits = b.select(isNaN, b.i32(kF32QuietNaNBits, bits), bits);
  return b.asF32(bits);
}

Value quantx::emitDecodeE8M0(ElementwiseBuilder &b, Value code) {
  Value exponent = b.zext(code, 32);
  return emitE8M0Value(b, exponent, b.equal(exponent, E8M0Format::nanCode));
}

Value quantx::emitDecodeE8M0Reciprocal(ElementwiseBuilder &b, Value code) {
  Value exponent = b.zext(code, 32);
  Value isNaN = b.equal(exponent, E8M0Format::nanCode);
  return emitE8M0Value(
      b, b.sub(b.i32(2 * E8M0Format::bias, exponent), exponent), isNaN);
}

// A normal value goes to the next power of two from one and a half on: the
// mantissa's top bit. 2^-127 has one code for itself and all below it.
Value quantx::emitEncodeE8M0(ElementwiseBuilder &b, Value value) {
  Value magnitude = b.bitAnd(b.asI32(value), kF32MagnitudeMask);
  Value half = b.bitAnd(b.lshr(magnitude, kF32MantissaBits - 1), 1);
  Value code = b.add(b.lshr(magnitude, kF32MantissaBits), half);
  // A subnormal's top mantissa bit is 2^-127 itself: up from 1.5 * 2^-127.
  Value isSubnormal = b.less(magnitude, 1 << kF32MantissaBits);
  Value goesUp = b.greaterEqual(magnitude, 0x00600000);
  code = b.select(isSubnormal, b.zext(goesUp, 32), code);
  return b.trunc(b.min(code, E8M0Format::nanCode), 8);
}
