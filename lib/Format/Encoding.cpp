//===- Encoding.cpp - Scalar encode and decode ----------------------------===//
//
// Encoding is integer arithmetic on the bits of the f32, so no rounding of the
// host takes part.
//
//===----------------------------------------------------------------------===//

#include "quantx/Format/Encoding.h"
#include "quantx/Format/Mutants.h"
#include "llvm/ADT/bit.h"
#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

using namespace quantx;

static constexpr unsigned f32MantissaBits = 23;
static constexpr uint32_t f32SignMask = 0x80000000;
static constexpr uint32_t f32Infinity = 0x7F800000;
static constexpr uint32_t f32FractionMask = 0x007FFFFF;
static constexpr uint32_t f32QuietBit = 0x00400000;

/// `mode` on the magnitude of a value of the given sign: Downward is TowardZero
/// or its opposite, for which Upward stands.
static RoundingMode getMagnitudeMode(RoundingMode mode, bool isNegative) {
  if (mode != RoundingMode::Upward && mode != RoundingMode::Downward) {
    return mode;
  }
  bool growsMagnitude = (mode == RoundingMode::Upward) != isNegative;
  return growsMagnitude ? RoundingMode::Upward : RoundingMode::TowardZero;
}

/// floor(significand / 2^shift), or one more as `mode` decides from the bits
/// that are cut off. `significand` has at most 24 bits, `shift` is at least 1.
static uint32_t shiftRight(uint32_t significand, int shift, RoundingMode mode,
                           uint32_t randomBits) {
  assert(shift > 0 && "an f32 has more mantissa bits than any code");
  // From 57 on every mode rounds 24 bits (and 24 + 32) to zero.
  shift = std::min(shift, 57);
  uint64_t quotient = uint64_t(significand) >> shift;
  uint64_t rest = significand - (quotient << shift);
  uint64_t half = uint64_t(1) << (shift - 1);
  bool up = false;
  switch (mode) {
  case RoundingMode::NearestEven:
    up = rest > half || (rest == half && (quotient & 1));
    if (isPlanted(Mutant::FormatTiesAway))
      up = rest >= half;
    break;
  case RoundingMode::NearestTowardZero:
    up = rest > half;
    break;
  case RoundingMode::Stochastic:
    up = randomBits < ((rest << 32) >> shift);
    break;
  case RoundingMode::NearestAway:
    up = rest >= half;
    break;
  case RoundingMode::Upward:
    up = rest != 0;
    break;
  case RoundingMode::TowardZero:
  case RoundingMode::Downward:
    break;
  }
  return uint32_t(quotient) + up;
}

/// The magnitude code of a finite f32 in the format of `mantissaBits` bits
/// whose smallest normal exponent is `minExponent`, as if its exponents had no
/// upper end. `magnitude` holds the bits of the f32 without the sign.
static uint32_t encodeMagnitude(uint32_t magnitude, unsigned mantissaBits,
                                int minExponent, RoundingMode mode,
                                uint32_t randomBits) {
  uint32_t significand = magnitude & f32FractionMask;
  if (magnitude >> f32MantissaBits) {
    significand |= f32FractionMask + 1;
  }
  // The value is significand * 2^(exponent - 23), and the codes around it are
  // 2^(codeExponent - mantissaBits) apart.
  int exponent = std::max<int>(magnitude >> f32MantissaBits, 1) - 127;
  int codeExponent = std::max(exponent, minExponent);
  int shift =
      codeExponent - exponent + int(f32MantissaBits) - int(mantissaBits);
  uint32_t steps = shiftRight(significand, shift, mode, randomBits);
  if (isPlanted(Mutant::FormatCarryLost) && steps == 2u << mantissaBits)
    steps /= 2;
  // `steps` counts the hidden bit of a normal value, which is what makes the
  // exponent field start at 1; a carry out of the mantissa adds to it likewise.
  return (uint32_t(codeExponent - minExponent) << mantissaBits) + steps;
}

/// The magnitude code that infinity and all that rounds beyond the largest
/// finite value take.
static uint8_t getOverflowCode(const FloatFormat &format, bool saturate) {
  if (saturate || format.nonFinite == NonFinite::None) {
    return format.maxFiniteCode;
  }
  return format.nonFinite == NonFinite::NanOnly ? format.nanCode
                                                : format.getInfCode();
}

uint8_t quantx::encode(float value, const FloatFormat &format,
                       RoundingMode mode, bool saturate, uint32_t randomBits) {
  uint32_t bits = llvm::bit_cast<uint32_t>(value);
  uint32_t magnitude = bits & ~f32SignMask;
  uint8_t sign = (bits & f32SignMask) ? format.getSignMask() : 0;
  if (magnitude > f32Infinity) {
    if (format.nonFinite == NonFinite::None) {
      return isPlanted(Mutant::FormatNaNToZero) ? 0 : format.maxFiniteCode;
    }
    uint32_t payload = (magnitude & f32FractionMask) >>
                       (f32MantissaBits - format.mantissaBits);
    return sign | format.nanCode | uint8_t(payload);
  }
  if (magnitude == f32Infinity) {
    return sign | getOverflowCode(format, saturate);
  }
  mode = getMagnitudeMode(mode, sign != 0);
  uint32_t code = encodeMagnitude(magnitude, format.mantissaBits,
                                  format.getMinExponent(), mode, randomBits);
  if (code > format.maxFiniteCode) {
    bool staysFinite = saturate || mode == RoundingMode::TowardZero;
    return sign | getOverflowCode(format, staysFinite);
  }
  return sign | uint8_t(code);
}

/// The value of a finite magnitude code; exact in f32 for every format here.
static float decodeMagnitude(uint32_t code, unsigned mantissaBits,
                             int minExponent) {
  uint32_t field = code >> mantissaBits;
  uint32_t hiddenBit = uint32_t(1) << mantissaBits;
  uint32_t significand = (code & (hiddenBit - 1)) | (field ? hiddenBit : 0);
  int exponent = minExponent + std::max<int>(field, 1) - 1;
  return std::ldexp(float(significand), exponent - int(mantissaBits));
}

float quantx::decode(uint8_t code, const FloatFormat &format) {
  uint32_t sign = (code & format.getSignMask()) ? f32SignMask : 0;
  uint8_t magnitude = code & format.getMagnitudeMask();
  uint32_t bits;
  if (magnitude <= format.maxFiniteCode) {
    bits = llvm::bit_cast<uint32_t>(decodeMagnitude(
        magnitude, format.mantissaBits, format.getMinExponent()));
  } else if (format.nonFinite == NonFinite::InfAndNan &&
             magnitude == format.getInfCode()) {
    bits = f32Infinity;
  } else {
    uint32_t payload = magnitude & ((1u << format.mantissaBits) - 1);
    bits = f32Infinity | f32QuietBit |
           (payload << (f32MantissaBits - format.mantissaBits));
  }
  return llvm::bit_cast<float>(sign | bits);
}

/// `magnitude` (not NaN) rounded to an integer. Adding a half is not exact in
/// floating point; splitting off the fraction is.
static double roundMagnitude(double magnitude, RoundingMode mode,
                             uint32_t randomBits) {
  if (std::isinf(magnitude)) {
    return magnitude;
  }
  double whole = std::floor(magnitude);
  double fraction = magnitude - whole;
  bool up = false;
  switch (mode) {
  case RoundingMode::NearestEven:
    up = fraction > 0.5 || (fraction == 0.5 && std::fmod(whole, 2.0) == 1.0);
    break;
  case RoundingMode::NearestTowardZero:
    up = fraction > 0.5;
    break;
  case RoundingMode::Stochastic:
    up = randomBits < std::floor(std::ldexp(fraction, 32));
    break;
  case RoundingMode::NearestAway:
    up = fraction >= 0.5;
    break;
  case RoundingMode::Upward:
    up = fraction != 0.0;
    break;
  case RoundingMode::TowardZero:
  case RoundingMode::Downward:
    break;
  }
  return up ? whole + 1.0 : whole;
}

/// The code of `value` (not NaN) as if the codes had no ends.
static double encodeUnbounded(float value, const IntegerFormat &format,
                              int zeroPoint, RoundingMode mode,
                              uint32_t randomBits) {
  double scaled = std::ldexp(std::fabs(double(value)), format.fractionBits);
  mode = getMagnitudeMode(mode, std::signbit(value));
  double rounded = roundMagnitude(scaled, mode, randomBits);
  return std::copysign(rounded, value) + zeroPoint;
}

int quantx::encodeInteger(float value, const IntegerFormat &format,
                          int zeroPoint, RoundingMode mode,
                          uint32_t randomBits) {
  double code = std::isnan(value) ? zeroPoint
                                  : encodeUnbounded(value, format, zeroPoint,
                                                    mode, randomBits);
  return int(
      std::clamp<double>(code, format.getMinCode(), format.getMaxCode()));
}

float quantx::decodeInteger(int code, const IntegerFormat &format,
                            int zeroPoint) {
  return std::ldexp(float(code - zeroPoint), -int(format.fractionBits));
}

bool quantx::saturates(float value, const FloatFormat &format) {
  uint32_t magnitude = llvm::bit_cast<uint32_t>(value) & ~f32SignMask;
  if (magnitude >= f32Infinity) {
    return magnitude == f32Infinity;
  }
  return encodeMagnitude(magnitude, format.mantissaBits,
                         format.getMinExponent(), RoundingMode::NearestEven,
                         /*randomBits=*/0) > format.maxFiniteCode;
}

bool quantx::saturates(float value, const IntegerFormat &format,
                       int zeroPoint) {
  if (std::isnan(value)) {
    return false;
  }
  double code = encodeUnbounded(value, format, zeroPoint,
                                RoundingMode::NearestEven, /*randomBits=*/0);
  return code < format.getMinCode() || code > format.getMaxCode();
}

/// What is added to the bits of an f32, so that cutting its mantissa off rounds
/// to a power of two. The hidden bit is the last bit kept, and it is odd: ties
/// go up.
static uint32_t getE8M0Increment(RoundingMode mode) {
  switch (mode) {
  case RoundingMode::NearestEven:
  case RoundingMode::NearestAway:
    return f32QuietBit;
  case RoundingMode::Upward:
    return f32FractionMask;
  default:
    assert(
        (mode == RoundingMode::TowardZero || mode == RoundingMode::Downward) &&
        "no other mode has a meaning for E8M0");
    return 0;
  }
}

uint8_t quantx::encodeE8M0(float value, RoundingMode mode) {
  if (!std::isfinite(value)) {
    return E8M0Format::nanCode;
  }
  uint32_t magnitude = llvm::bit_cast<uint32_t>(value) & ~f32SignMask;
  uint32_t increment = getE8M0Increment(mode);
  // Code 0 is the f32 subnormal 2^-127: its binade starts a bit lower.
  if (magnitude <= f32FractionMask) {
    return magnitude + increment / 2 > f32FractionMask;
  }
  return uint8_t((magnitude + increment) >> f32MantissaBits);
}

float quantx::decodeE8M0(uint8_t code) {
  if (code == E8M0Format::nanCode) {
    return std::numeric_limits<float>::quiet_NaN();
  }
  return std::ldexp(1.0f, int(code) - E8M0Format::bias);
}

/// f16 and bf16: IEEE formats of 16 bits.
static uint16_t encodeIEEE16(float value, unsigned mantissaBits,
                             int minExponent) {
  uint32_t bits = llvm::bit_cast<uint32_t>(value);
  uint32_t magnitude = bits & ~f32SignMask;
  uint16_t sign = uint16_t((bits & f32SignMask) >> 16);
  uint16_t infinity = uint16_t((0x8000u >> mantissaBits) - 1) << mantissaBits;
  if (magnitude > f32Infinity) {
    uint32_t payload = (magnitude & f32FractionMask) | f32QuietBit;
    return sign | infinity |
           uint16_t(payload >> (f32MantissaBits - mantissaBits));
  }
  if (magnitude == f32Infinity) {
    return sign | infinity;
  }
  uint32_t code = encodeMagnitude(magnitude, mantissaBits, minExponent,
                                  RoundingMode::NearestEven, /*randomBits=*/0);
  return sign | uint16_t(std::min<uint32_t>(code, infinity));
}

uint16_t quantx::encodeF16(float value) {
  return encodeIEEE16(value, /*mantissaBits=*/10, /*minExponent=*/-14);
}

uint16_t quantx::encodeBF16(float value) {
  return encodeIEEE16(value, /*mantissaBits=*/7, /*minExponent=*/-126);
}

float quantx::decodeF16(uint16_t bits) {
  uint32_t sign = uint32_t(bits & 0x8000) << 16;
  uint16_t magnitude = bits & 0x7FFF;
  uint32_t payload = magnitude & 0x3FF;
  uint32_t result;
  if (magnitude < 0x7C00) {
    result = llvm::bit_cast<uint32_t>(decodeMagnitude(magnitude, 10, -14));
  } else {
    result = f32Infinity | (payload << 13) | (payload ? f32QuietBit : 0);
  }
  return llvm::bit_cast<float>(sign | result);
}

float quantx::decodeBF16(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  bool isNan = (wide & ~f32SignMask) > f32Infinity;
  return llvm::bit_cast<float>(wide | (isNan ? f32QuietBit : 0));
}
