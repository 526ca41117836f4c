//===- FloatCodes.cpp - Emitted small-float and E8M0 conversions ----------===//

#include "Rounding.h"
#include "quantx/Emit/Codes.h"
#include "quantx/Format/Mutants.h"

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

static int64_t getF32Bits(double value) {
  return llvm::bit_cast<uint32_t>(static_cast<float>(value));
}

/// The largest finite value, and the value that the code after it would have
/// as a number: the code that overflow takes where it does not saturate.
static double getLargest(const FloatFormat &format) {
  return format.getMaxFinite();
}
static double getBeyond(const FloatFormat &format) {
  return getLargest(format) +
         std::ldexp(1.0, format.getMaxExponent() - int(format.mantissaBits));
}

namespace {

/// An f32 taken apart; all i32 but the conditions.
struct Parts {
  Parts(ElementwiseBuilder &b, Value value)
      : bits(b.asI32(value)), magnitude(b.bitAnd(bits, kF32MagnitudeMask)) {}

  Value isNaN(ElementwiseBuilder &b) const {
    return b.greater(magnitude, kF32InfBits);
  }
  Value isNegative(ElementwiseBuilder &b) const { return b.less(bits, 0); }

  Value bits;
  Value magnitude;
};

} // namespace

/// `magnitude` limited to the largest finite value, but for NaN.
static Value emitLimitNumber(ElementwiseBuilder &b, Value magnitude,
                             const FloatFormat &format) {
  Value number = b.asF32(magnitude);
  Value largest = b.f32(getLargest(format), number);
  return b.asI32(b.select(b.greaterF(number, largest), largest, number));
}

/// Whether a finite magnitude cannot round to what is beyond it: IEEE 754
/// overflow to the largest finite value. Null where it always can.
static Value emitStaysFinite(ElementwiseBuilder &b, const Parts &value,
                             RoundingMode mode) {
  Value isFinite = b.less(value.magnitude, kF32InfBits);
  switch (mode) {
  case RoundingMode::TowardZero:
    return isFinite;
  case RoundingMode::Upward:
    return b.logicalAnd(isFinite, value.isNegative(b));
  case RoundingMode::Downward:
    return b.logicalAnd(isFinite, b.greaterEqual(value.bits, 0));
  default:
    return {};
  }
}

/// The bits of an f32 magnitude whose code, as a number, is that of `value`
/// with overflow and infinities resolved; so is NaN in formats whose one NaN
/// is the overflow code, or that have none.
static Value emitLimitMagnitude(ElementwiseBuilder &b, const Parts &value,
                                const FloatFormat &format, RoundingMode mode,
                                bool saturate) {
  int64_t largest = getF32Bits(getLargest(format));
  int64_t beyond = getF32Bits(getBeyond(format));
  switch (format.nonFinite) {
  case NonFinite::None:
    return b.min(value.magnitude, largest);
  case NonFinite::NanOnly:
    if (saturate)
      return b.min(emitLimitNumber(b, value.magnitude, format), beyond);
    break;
  case NonFinite::InfAndNan:
    if (saturate)
      return b.min(value.magnitude, largest);
    break;
  }
  Value limited = b.min(value.magnitude, beyond);
  if (isPlanted(Mutant::SaturationBeforeRounding))
    limited = b.select(b.greater(value.magnitude, largest),
                       b.i32(beyond, limited), limited);
  if (Value staysFinite = emitStaysFinite(b, value, mode))
    limited = b.select(staysFinite, b.min(value.magnitude, largest), limited);
  return limited;
}

// Codes are laid out so that within a binade, and across the step to the next,
// the code grows by one for each quantum: with ef the exponent field of the
// f32, code = (ef - efmin) * 2^mantissaBits + |x| / quantum(ef), where
// subnormals are the case ef = efmin.

/// The f32 bits of the smallest normal value.
static int64_t getSmallestNormalBits(const FloatFormat &format) {
  return int64_t(kF32Bias + format.getMinExponent()) << kF32MantissaBits;
}

/// The exponent field (f32, i32) that decides the quantum of a magnitude,
/// still at its place in the bits.
static Value emitExponentBits(ElementwiseBuilder &b, Value limited,
                              const FloatFormat &format) {
  return b.bitAnd(b.max(limited, getSmallestNormalBits(format)), kF32InfBits);
}

/// The code of a limited magnitude to nearest even; bits above it are not
/// cleared. With magic = 2^(23 - mantissaBits) binades, the sum x + magic has
/// the count of quanta in its low bits and, after a shift, ef above them. The
/// constant part of ef goes into the low bits of magic, where it cancels modulo
/// 2^8; it is even, so that ties stay ties to even.
static Value emitNearestEvenCode(ElementwiseBuilder &b, Value limited,
                                 const FloatFormat &format, bool hasFMA) {
  assert(format.mantissaBits > 0 && "the low bits of magic must stay even");
  unsigned shift = kF32MantissaBits - format.mantissaBits;
  int64_t lowestField = kF32Bias + format.getMinExponent() + shift;
  int64_t cancel = -(lowestField << format.mantissaBits) & 0xff;
  int64_t scaleBits = (int64_t(shift) << kF32MantissaBits) + cancel;
  Value binade = emitExponentBits(b, limited, format);
  Value sum;
  if (hasFMA) {
    float scale = llvm::bit_cast<float>(
        uint32_t(scaleBits + (int64_t(kF32Bias) << kF32MantissaBits)));
    sum =
        b.fma(b.asF32(binade), b.f32(scale, b.asF32(binade)), b.asF32(limited));
  } else {
    sum = b.add(b.asF32(limited), b.asF32(b.add(binade, scaleBits)));
  }
  return b.add(b.asI32(sum), b.lshr(b.asI32(sum), shift));
}

/// The same in any mode, exactly the code.
static Value emitRoundedCode(ElementwiseBuilder &b, Value limited,
                             const Parts &value, const FloatFormat &format,
                             RoundingSpec rounding) {
  Value exponent =
      b.lshr(emitExponentBits(b, limited, format), kF32MantissaBits);
  Value quantumExponent = b.add(exponent, -int64_t(format.mantissaBits));
  Value count = emitRoundMagnitude(b, b.asF32(limited), value.isNegative(b),
                                   quantumExponent, rounding);
  if (isPlanted(Mutant::CarryLost))
    count = b.select(b.equal(count, 2 << format.mantissaBits),
                     b.i32(1 << format.mantissaBits, count), count);
  Value binade = b.add(exponent, -int64_t(kF32Bias + format.getMinExponent()));
  return b.add(b.shl(binade, format.mantissaBits), count);
}

/// The code (i32) of an f32 NaN of the magnitude `bits`: quiet, with the top of
/// the payload, as APFloat has it.
static Value emitNaNCode(ElementwiseBuilder &b, Value bits,
                         const FloatFormat &format) {
  Value payload = b.bitAnd(b.lshr(bits, kF32MantissaBits - format.mantissaBits),
                           (1 << format.mantissaBits) - 1);
  return b.bitOr(payload, b.i32(format.nanCode, payload));
}

CodeHalves quantx::emitEncodeHalves(ElementwiseBuilder &b, Value input,
                                    const FloatFormat &format,
                                    RoundingSpec rounding, bool saturate,
                                    bool hasFMA) {
  if (isPlanted(Mutant::TiesAway) && rounding.mode == RoundingMode::NearestEven)
    rounding.mode = RoundingMode::NearestAway;
  if (isPlanted(Mutant::NaNToZero))
    input = b.select(b.isNaN(input), b.f32(0.0, input), input);
  // NaN becomes the largest value where there is no NaN, without its sign.
  if (format.nonFinite == NonFinite::None) {
    Value largest = b.f32(getLargest(format), input);
    input = b.select(b.greaterF(largest, input), input, largest);
  }
  Parts value(b, input);
  Value limited = emitLimitMagnitude(b, value, format, rounding.mode, saturate);
  if (isPlanted(Mutant::SubnormalsFlushed))
    limited = b.select(b.less(limited, getSmallestNormalBits(format)),
                       b.i32(0, limited), limited);
  if (isPlanted(Mutant::SmallNegativesLoseSign))
    value.bits =
        b.select(b.less(value.magnitude, getSmallestNormalBits(format)),
                 value.magnitude, value.bits);
  bool isNearestEven = rounding.mode == RoundingMode::NearestEven &&
                       !isPlanted(Mutant::CarryLost);
  Value code = isNearestEven
                   ? emitNearestEvenCode(b, limited, format, hasFMA)
                   : emitRoundedCode(b, limited, value, format, rounding);
  if (format.nonFinite == NonFinite::InfAndNan)
    code =
        b.select(value.isNaN(b), emitNaNCode(b, value.magnitude, format), code);
  return {code, b.lshr(value.bits, 32 - format.bits)};
}

CodeHalves quantx::emitEncodeNumberHalves(ElementwiseBuilder &b, Value input,
                                          const FloatFormat &format, bool fit) {
  Parts value(b, input);
  Value magnitude = value.magnitude;
  if (!fit && !isPlanted(Mutant::NumbersUnlimited))
    magnitude = b.min(magnitude, getF32Bits(getLargest(format)));
  Value code = emitNearestEvenCode(b, magnitude, format, /*hasFMA=*/true);
  return {code, b.lshr(value.bits, 32 - format.bits)};
}

Value quantx::emitEncodePositive(ElementwiseBuilder &b, Value value,
                                 const FloatFormat &format) {
  Value limited = b.min(b.asI32(value), getF32Bits(getLargest(format)));
  return b.bitAnd(emitNearestEvenCode(b, limited, format, /*hasFMA=*/true),
                  format.getMagnitudeMask());
}

Value quantx::emitJoinHalves(ElementwiseBuilder &b, CodeHalves halves,
                             const FloatFormat &format) {
  return b.bitOr(b.bitAnd(halves.magnitude, format.getMagnitudeMask()),
                 b.bitAnd(halves.sign, format.getSignMask()));
}

Value quantx::emitEncodeFloat(ElementwiseBuilder &b, Value value,
                              const FloatFormat &format, RoundingSpec rounding,
                              bool saturate) {
  CodeHalves halves = emitEncodeHalves(b, value, format, rounding, saturate);
  return b.trunc(emitJoinHalves(b, halves, format), 8);
}

// Beyond the midpoint between the largest value and the next; on it, where the
// largest code is odd.
Value quantx::emitFloatOverflows(ElementwiseBuilder &b, Value value,
                                 const FloatFormat &format) {
  Value magnitude = Parts(b, value).magnitude;
  int64_t midpoint = getF32Bits((getLargest(format) + getBeyond(format)) / 2);
  bool tieOverflows = format.maxFiniteCode & 1;
  Value isBeyond = b.greaterEqual(magnitude, midpoint + !tieOverflows);
  return b.logicalAnd(isBeyond, b.less(magnitude, kF32InfBits + 1));
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

/// The f32 bits of a magnitude code taken as a number, given at its place in an
/// f32. Subnormals are put on top of the smallest normal value, and lose it
/// again: no subnormal f32 takes part, for they are slow on some CPUs and zero
/// to a program that asked for that.
static Value emitDecodeNumber(ElementwiseBuilder &b, Value shifted,
                              const FloatFormat &format) {
  int64_t rebias = int64_t(kF32Bias - format.bias) << kF32MantissaBits;
  int64_t oneBinade = int64_t(1) << kF32MantissaBits;
  Value normal = b.add(shifted, rebias);
  Value smallest =
      b.f32(std::ldexp(1.0, format.getMinExponent()), b.asF32(normal));
  Value subnormal = b.sub(b.asF32(b.add(normal, oneBinade)), smallest);
  if (isPlanted(Mutant::SubnormalsReadAsZero))
    subnormal = b.f32(0.0, subnormal);
  return b.select(b.less(shifted, oneBinade), b.asI32(subnormal), normal);
}

Value quantx::emitDecodeFloat(ElementwiseBuilder &b, Value code,
                              const FloatFormat &format) {
  Value wide = b.zext(code, 32);
  Value magnitude = b.bitAnd(wide, format.getMagnitudeMask());
  Value sign =
      b.shl(b.bitAnd(wide, format.getSignMask()), 32 - int64_t(format.bits));
  Value shifted = b.shl(magnitude, kF32MantissaBits - format.mantissaBits);
  Value bits = emitDecodeNumber(b, shifted, format);
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
  if (!isPlanted(Mutant::E8M0ZeroDecodesToZero))
    bits = b.max(bits, subnormalBits);
  bits = b.select(isNaN, b.i32(kF32QuietNaNBits, bits), bits);
  return b.asF32(bits);
}

Value quantx::emitDecodeE8M0(ElementwiseBuilder &b, Value code) {
  Value exponent = b.zext(code, 32);
  if (isPlanted(Mutant::E8M0OffByOne))
    exponent = b.add(exponent, 1);
  return emitE8M0Value(b, exponent, b.equal(exponent, E8M0Format::nanCode));
}

Value quantx::emitDecodeE8M0Reciprocal(ElementwiseBuilder &b, Value code) {
  Value exponent = b.zext(code, 32);
  Value isNaN = b.equal(exponent, E8M0Format::nanCode);
  return emitE8M0Value(
      b, b.sub(b.i32(2 * E8M0Format::bias, exponent), exponent), isNaN);
}

/// What is added to the bits of an f32, so that cutting its mantissa off rounds
/// to a power of two.
static int64_t getE8M0Increment(RoundingMode mode) {
  if (isPlanted(Mutant::E8M0Truncates))
    return 0;
  switch (mode) {
  case RoundingMode::NearestEven:
  case RoundingMode::NearestAway:
    return 1 << (kF32MantissaBits - 1);
  case RoundingMode::Upward:
    return (1 << kF32MantissaBits) - 1;
  case RoundingMode::TowardZero:
  case RoundingMode::Downward:
    return 0;
  default:
    llvm_unreachable("no other mode has a meaning for E8M0");
  }
}

// 2^-127 has one code for itself and all below it: its binade starts a bit
// lower, and only what rounds up leaves it.
Value quantx::emitEncodeE8M0(ElementwiseBuilder &b, Value value,
                             RoundingMode mode) {
  Value magnitude = Parts(b, value).magnitude;
  int64_t increment = getE8M0Increment(mode);
  Value code = b.lshr(b.add(magnitude, increment), kF32MantissaBits);
  Value lowest = b.lshr(b.add(magnitude, increment / 2), kF32MantissaBits);
  Value isSubnormal = b.less(magnitude, 1 << kF32MantissaBits);
  code = b.select(isSubnormal, lowest, code);
  Value isFinite = b.less(magnitude, kF32InfBits);
  code = b.select(isFinite, code, b.i32(E8M0Format::nanCode, code));
  return b.trunc(code, 8);
}
