//===- Oracle.h - llvm::APFloat as an independent oracle --------*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_FORMAT_ORACLE_H
#define QUANTX_TEST_UNIT_FORMAT_ORACLE_H

#include "quantx/Format/Encoding.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/APInt.h"
#include "llvm/ADT/bit.h"
#include <algorithm>
#include <cmath>
#include <ostream>
#include <set>
#include <vector>

namespace quantx {

/// How GoogleTest names the parameter of a failed test.
inline void PrintTo(const FloatFormat &format, std::ostream *os) {
  *os << format.name.str();
}

namespace oracle {

inline const llvm::fltSemantics &getSemantics(const FloatFormat &format) {
  if (format.name == "f8E4M3FN") {
    return llvm::APFloat::Float8E4M3FN();
  }
  if (format.name == "f8E5M2") {
    return llvm::APFloat::Float8E5M2();
  }
  if (format.name == "f6E2M3FN") {
    return llvm::APFloat::Float6E2M3FN();
  }
  if (format.name == "f6E3M2FN") {
    return llvm::APFloat::Float6E3M2FN();
  }
  return llvm::APFloat::Float4E2M1FN();
}

inline float toFloat(uint32_t bits) { return llvm::bit_cast<float>(bits); }
inline uint32_t toBits(float value) { return llvm::bit_cast<uint32_t>(value); }

inline llvm::APFloat fromBits(const llvm::fltSemantics &semantics,
                              uint64_t bits) {
  return llvm::APFloat(
      semantics, llvm::APInt(llvm::APFloat::getSizeInBits(semantics), bits));
}

/// The bits of `bits`, read as `from`, converted to `to`.
inline uint32_t convert(const llvm::fltSemantics &from, uint32_t bits,
                        const llvm::fltSemantics &to) {
  llvm::APFloat value = fromBits(from, bits);
  bool losesInfo;
  value.convert(to, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return uint32_t(value.bitcastToAPInt().getZExtValue());
}

/// A rounding mode as APFloat knows it.
inline llvm::RoundingMode getAPFloatMode(RoundingMode mode) {
  switch (mode) {
  case RoundingMode::NearestEven:
    return llvm::RoundingMode::NearestTiesToEven;
  case RoundingMode::NearestAway:
    return llvm::RoundingMode::NearestTiesToAway;
  case RoundingMode::TowardZero:
    return llvm::RoundingMode::TowardZero;
  case RoundingMode::Upward:
    return llvm::RoundingMode::TowardPositive;
  case RoundingMode::Downward:
    return llvm::RoundingMode::TowardNegative;
  case RoundingMode::NearestTowardZero:
  case RoundingMode::Stochastic:
    break;
  }
  llvm_unreachable("APFloat does not round this way");
}

/// An f32 that rounds to nearest, ties away, as `value` does with ties toward
/// zero: its neighbour toward zero. Every midpoint between codes is an f32, so
/// what is on one steps below it, the next one above steps onto it, and no
/// other changes sides. A code's own value steps off it, and still rounds to
/// it.
inline llvm::APFloat stepTowardZero(llvm::APFloat value) {
  bool losesInfo;
  value.convert(llvm::APFloat::IEEEsingle(),
                llvm::RoundingMode::NearestTiesToEven, &losesInfo);
  assert(!losesInfo && "every input is an f32");
  if (!value.isZero()) {
    value.next(/*nextDown=*/!value.isNegative());
  }
  return value;
}

/// Every mode but stochastic.
inline constexpr RoundingMode deterministicModes[] = {
    RoundingMode::NearestEven, RoundingMode::NearestTowardZero,
    RoundingMode::NearestAway, RoundingMode::TowardZero,
    RoundingMode::Upward,      RoundingMode::Downward};

/// What encoding a finite value or NaN gives by APFloat alone.
inline uint8_t round(llvm::APFloat value, const llvm::fltSemantics &to,
                     RoundingMode mode) {
  if (mode == RoundingMode::NearestTowardZero) {
    mode = RoundingMode::NearestAway;
    if (!value.isNaN()) {
      value = stepTowardZero(value);
    }
  }
  bool losesInfo;
  value.convert(to, getAPFloatMode(mode), &losesInfo);
  return uint8_t(value.bitcastToAPInt().getZExtValue());
}

/// What encoding must give, where `from` is the type of the input; not for
/// stochastic rounding. APFloat leaves Inf and NaN to a format without them
/// open, and never saturates E4M3 and E5M2: those are the rules added here.
inline uint8_t encode(const llvm::fltSemantics &from, uint32_t bits,
                      const FloatFormat &format, bool saturate,
                      RoundingMode mode = RoundingMode::NearestEven) {
  const llvm::fltSemantics &to = getSemantics(format);
  llvm::APFloat input = fromBits(from, bits);
  bool isFiniteOnly = format.nonFinite == NonFinite::None;
  auto getLargest = [&](bool negative) {
    return uint8_t(llvm::APFloat::getLargest(to, negative)
                       .bitcastToAPInt()
                       .getZExtValue());
  };
  if (isFiniteOnly && input.isNaN()) {
    return getLargest(/*negative=*/false);
  }
  if (input.isInfinity()) {
    if (isFiniteOnly || saturate) {
      return getLargest(input.isNegative());
    }
    mode = RoundingMode::NearestEven;
  }
  uint8_t code = round(input, to, mode);
  bool isFinite = fromBits(to, code).isFinite();
  if (saturate && !input.isNaN() && !isFinite) {
    return getLargest(input.isNegative());
  }
  return code;
}

/// The E8M0 code of |value|, in double precision.
inline uint8_t encodeE8M0(double value, RoundingMode mode) {
  constexpr uint8_t nan = 0xFF;
  double magnitude = std::fabs(value);
  if (!std::isfinite(magnitude)) {
    return nan;
  }
  if (magnitude <= 0x1p-127) {
    return 0;
  }
  int exponent = std::ilogb(magnitude);
  double factor = std::scalbn(magnitude, -exponent);
  bool goesUp = false;
  switch (mode) {
  case RoundingMode::NearestEven:
  case RoundingMode::NearestAway:
    goesUp = factor >= 1.5;
    break;
  case RoundingMode::Upward:
    goesUp = factor > 1.0;
    break;
  case RoundingMode::TowardZero:
  case RoundingMode::Downward:
    break;
  default:
    llvm_unreachable("E8M0 is not rounded this way");
  }
  return uint8_t(std::min(exponent + goesUp + 127, int(nan)));
}

/// What `code` must decode to, as the bits of `to`. `from` is E8M0's semantics
/// too, whose NaN APFloat takes for an infinity; it is the quiet one.
inline uint32_t decode(const llvm::fltSemantics &from, uint8_t code,
                       const llvm::fltSemantics &to) {
  bool isE8M0 = &from == &llvm::APFloat::Float8E8M0FNU();
  if (isE8M0 && code == 0xFF) {
    return uint32_t(llvm::APFloat::getQNaN(to).bitcastToAPInt().getZExtValue());
  }
  return convert(from, code, to);
}

/// The finite magnitudes of a format by code, from APFloat.
inline std::vector<double> getMagnitudes(const FloatFormat &format) {
  std::vector<double> magnitudes;
  for (uint32_t code = 0; code < (1u << (format.bits - 1)); ++code) {
    llvm::APFloat value = fromBits(getSemantics(format), code);
    if (!value.isFinite()) {
      break;
    }
    magnitudes.push_back(value.convertToDouble());
  }
  return magnitudes;
}

/// Inputs that tell roundings apart: every exponent of f32 with many
/// mantissas, every code's value, every midpoint between codes (one past the
/// largest included) with neighbours on both sides, and every f16 and bf16.
inline std::vector<uint32_t> getInterestingFloats(const FloatFormat &format) {
  std::set<uint32_t> bits;
  for (uint32_t top = 0; top < (1u << 16); ++top) {
    for (uint32_t low : {0x0000, 0x0001, 0x7FFF, 0x8000, 0x8001, 0xFFFF}) {
      bits.insert((top << 16) | low);
    }
    bits.insert(
        convert(llvm::APFloat::IEEEhalf(), top, llvm::APFloat::IEEEsingle()));
  }
  std::vector<double> magnitudes = getMagnitudes(format);
  size_t last = magnitudes.size() - 1;
  magnitudes.push_back(2 * magnitudes[last] - magnitudes[last - 1]);
  for (size_t i = 0; i + 1 < magnitudes.size(); ++i) {
    for (double value :
         {magnitudes[i], (magnitudes[i] + magnitudes[i + 1]) / 2}) {
      uint32_t center = toBits(float(value));
      for (int delta = -2; delta <= 2; ++delta) {
        bits.insert((center + delta) & 0x7FFFFFFF);
        bits.insert((center + delta) | 0x80000000);
      }
    }
  }
  return {bits.begin(), bits.end()};
}

} // namespace oracle
} // namespace quantx

#endif // QUANTX_TEST_UNIT_FORMAT_ORACLE_H
