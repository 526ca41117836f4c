//===- SimulatedFloats.h - What tensor cores multiply -----------*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDFLOATS_H
#define QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDFLOATS_H

#include <cmath>
#include <cstdint>

namespace quantx::test {

/// A number with `exponentBits` and `mantissaBits`, and subnormals.
inline double decodeNumber(uint32_t bits, int exponentBits, int mantissaBits) {
  int bias = (1 << (exponentBits - 1)) - 1;
  uint32_t magnitude = bits & ((1u << (exponentBits + mantissaBits)) - 1);
  auto exponent = int(magnitude >> mantissaBits);
  int mantissa = int(magnitude) & ((1 << mantissaBits) - 1);
  double value = exponent == 0 ? std::ldexp(mantissa, 1 - bias - mantissaBits)
                               : std::ldexp(mantissa + (1 << mantissaBits),
                                            exponent - bias - mantissaBits);
  return bits >> (exponentBits + mantissaBits) ? -value : value;
}

/// The same with a NaN that has all bits set; or, with `hasInfinity`, with what
/// IEEE has of the largest exponent.
inline double decodeFloat(uint32_t bits, int exponentBits, int mantissaBits,
                          bool hasInfinity) {
  uint32_t magnitude = bits & ((1u << (exponentBits + mantissaBits)) - 1);
  uint32_t top = ((1u << exponentBits) - 1) << mantissaBits;
  uint32_t last = (1u << mantissaBits) - 1;
  if (hasInfinity && magnitude == top)
    return bits == magnitude ? INFINITY : -INFINITY;
  if (hasInfinity ? magnitude > top : magnitude == (top | last))
    return NAN;
  return decodeNumber(bits, exponentBits, mantissaBits);
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
