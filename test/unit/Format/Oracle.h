//===- Oracle.h - llvm::APFloat as an independent oracle --------*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_FORMAT_ORACLE_H
#define QUANTX_TEST_UNIT_FORMAT_ORACLE_H

#include "quantx/Format/Format.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/APInt.h"
#include "llvm/ADT/bit.h"
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

/// What encoding must give, where `from` is the type of the input. APFloat
/// leaves Inf and NaN to a format without them open, and never saturates E4M3
/// and E5M2: those are the rules added here.
inline uint8_t encode(const llvm::fltSemantics &from, uint32_t bits,
                      const FloatFormat &format, bool saturate) {
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
  if (isFiniteOnly && input.isInfinity()) {
    return getLargest(input.isNegative());
  }
  auto code = uint8_t(convert(from, bits, to));
  bool isFinite = fromBits(to, code).isFinite();
  if (saturate && !input.isNaN() && !isFinite) {
    return getLargest(input.isNegative());
  }
  return code;
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
