//===- Philox.cpp - The counter-based random generator --------------------===//

#include "quantx/Format/Philox.h"
#include "quantx/Format/Mutants.h"

using namespace quantx;

std::array<uint32_t, 4> quantx::philox4x32(std::array<uint32_t, 4> counter,
                                           std::array<uint32_t, 2> key) {
  for (unsigned round = 0; round < PhiloxConstants::rounds; ++round) {
    uint64_t product0 = uint64_t(PhiloxConstants::multiplier0) * counter[0];
    uint64_t product1 = uint64_t(PhiloxConstants::multiplier1) * counter[2];
    counter = {
        uint32_t(product1 >> 32) ^ counter[1] ^ key[0], uint32_t(product1),
        uint32_t(product0 >> 32) ^ counter[3] ^ key[1], uint32_t(product0)};
    key[0] += PhiloxConstants::keyIncrement0;
    key[1] += PhiloxConstants::keyIncrement1;
  }
  return counter;
}

uint32_t quantx::getRandomBits(uint64_t seed, uint64_t index) {
  index += isPlanted(Mutant::FormatRandomCounterOff);
  return philox4x32({uint32_t(index), uint32_t(index >> 32), 0, 0},
                    {uint32_t(seed), uint32_t(seed >> 32)})[0];
}
