//===- Philox.h - The counter-based random generator ------------*- C++ -*-===//
//
// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011; the Random123 library). Stochastic rounding draws from it so that a
// result depends on the seed and the element alone, not on the target, the
// threads or the tiling.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_FORMAT_PHILOX_H
#define QUANTX_FORMAT_PHILOX_H

#include <array>
#include <cstdint>

namespace quantx {

/// The constants of Philox4x32, for those who emit it.
struct PhiloxConstants {
  static constexpr unsigned rounds = 10;
  static constexpr uint32_t multiplier0 = 0xD2511F53;
  static constexpr uint32_t multiplier1 = 0xCD9E8D57;
  static constexpr uint32_t keyIncrement0 = 0x9E3779B9;
  static constexpr uint32_t keyIncrement1 = 0xBB67AE85;
};

/// The four random words of `counter` under `key`.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter,
                                   std::array<uint32_t, 2> key);

/// The random word of the element with linear index `index`: output word 0 for
/// the counter (index low, index high, 0, 0) and the key (seed low, seed high).
uint32_t getRandomBits(uint64_t seed, uint64_t index);

} // namespace quantx

#endif // QUANTX_FORMAT_PHILOX_H
