//===- PhiloxTest.cpp - Philox4x32-10 and stochastic rounding's mean ------===//

#include "quantx/Format/Philox.h"
#include "quantx/Format/Encoding.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace quantx;

namespace {

using Words = std::array<uint32_t, 4>;

// The known-answer vectors that Random123 publishes (kat_vectors, philox4x32
// with 10 rounds).
TEST(PhiloxTest, KnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8}));
  uint32_t ones = 0xFFFFFFFF;
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (Words{0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD}));
  EXPECT_EQ(philox4x32({0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344},
                       {0xA4093822, 0x299F31D0}),
            (Words{0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1}));
}

TEST(PhiloxTest, SeedAndIndexGoLowWordFirst) {
  EXPECT_EQ(getRandomBits(0, 0), 0x6627E8D5u);
  EXPECT_EQ(
      getRandomBits(0x299F31D0A4093822, 0x85A308D3243F6A88),
      philox4x32({0x243F6A88, 0x85A308D3, 0, 0}, {0xA4093822, 0x299F31D0})[0]);
}

/// The mean of `draw(seed)` over seeds, which must be `expected` within four
/// standard errors of a variable that is one of two values `step` apart.
template <typename Draw>
void expectMean(double expected, double step, Draw draw) {
  constexpr unsigned count = 20000;
  double sum = 0;
  for (unsigned seed = 0; seed < count; ++seed) {
    sum += draw(seed);
  }
  EXPECT_NEAR(sum / count, expected, 4 * (step / 2) / std::sqrt(count))
      << expected;
}

TEST(StochasticTest, FloatMeanIsTheValue) {
  const FloatFormat &e2m1 = *lookupFloatFormat("f4E2M1FN");
  const FloatFormat &e4m3 = *lookupFloatFormat("f8E4M3FN");
  for (float value : {0.1f, 0.7f, -2.3f, 3.9f, -5.01f}) {
    expectMean(value, std::fabs(value) < 2 ? 0.5 : 2, [&](uint64_t seed) {
      return decode(encode(value, e2m1, RoundingMode::Stochastic, true,
                           getRandomBits(seed, 77)),
                    e2m1);
    });
    expectMean(value, 0.5, [&](uint64_t seed) {
      return decode(encode(value, e4m3, RoundingMode::Stochastic, true,
                           getRandomBits(seed, 78)),
                    e4m3);
    });
  }
}

TEST(StochasticTest, IntegerMeanIsTheValue) {
  IntegerFormat i4 = {4, true};
  for (float value : {0.1f, -0.3f, 2.75f, -6.5f}) {
    expectMean(value, 1, [&](uint64_t seed) {
      return double(encodeInteger(value, i4, 0, RoundingMode::Stochastic,
                                  getRandomBits(seed, 79)));
    });
  }
}

} // namespace
