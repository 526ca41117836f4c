//===- SimulatedFloats.h - What tensor cores multiply -----------*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDFLOATS_H
#define QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDFLOATS_H

#include <cmath>
#include <cstdint>

namespace quantx::test {

/// A number with `exponentBits` and `mantissaBits`, subnormals and a NaN with
/// all bits set; with `hasInfinity`, the largest exponent is that of IEEE.
inline double decodeFloat(uint32_t bits, int exponentBits, int mantissaBits,
                          bool hasInfinity) {
  int bias = (1 << (exponentBits - 1)) - 1;
  uint32_t magnitude = bits & ((1u << (exponentBits + mantissaBits)) - 1);
  auto exponent = int(magnitude >> mantissaBits);
  int mantissa = int(magnitude) & ((1 << mantissaBits) - 1);
  double value = exponent == 0 ? std::ldexp(mantissa, 1 - bias - mantissaBits)
                               : std::ldexp(mantissa + (1 << mantissaBits),
                                            exponent - bias - mantissaBits);
  bool isTop = exponent == (1 << exponentBits) - 1;
  if (hasInfinity && isTop)
    value = mantissa == 0 ? INFINITY : NAN;
  if (!hasInfinity && isTop && mantissa == (1 << mantissaBits) - 1)
    value = NAN;
  return bits >> (exponentBits + mantissaBits) ? -value : value;
}

inline double decodeE2M1(uint32_t bits) {
  constexpr double magnitudes[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
  double value = magnitudes[bits % 8];
  return bits < 8 ? value : -value;
}

/// A scale: UE8M0, or UE4M3, which has no sign.
inline double decodeScale(uint8_t code, bool isE8M0) {
  constexpr uint8_t nan = 0xff;
  constexpr int bias = 127;
  if (isE8M0)
    return code == nan ? NAN : std::ldexp(1.0, int(code) - bias);
  return decodeFloat(code & 0x7f, 4, 3, /*hasInfinity=*/false);
}

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDFLOATS_H
