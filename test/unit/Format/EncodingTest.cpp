//===- EncodingTest.cpp - Float encode and decode against APFloat ---------===//

#include "quantx/Format/Encoding.h"
#include "Oracle.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "gtest/gtest.h"

using namespace quantx;

namespace {

/// Every test runs once a format.
class EncodingTest : public testing::TestWithParam<FloatFormat> {
protected:
  const FloatFormat &format = GetParam();
};
INSTANTIATE_TEST_SUITE_P(Formats, EncodingTest,
                         testing::ValuesIn(getFloatFormats().begin(),
                                           getFloatFormats().end()),
                         [](const auto &info) {
                           return info.param.name.str();
                         });

std::string describe(uint32_t bits) { return "f32 0x" + llvm::utohexstr(bits); }

/// Whether `bits` of `from`, widened to f32 as `value`, encodes as APFloat
/// does, in every deterministic mode, saturating or not.
bool matchesOracle(const llvm::fltSemantics &from, uint32_t bits, float value,
                   const FloatFormat &format) {
  for (RoundingMode mode : oracle::deterministicModes) {
    for (bool saturate : {true, false}) {
      if (encode(value, format, mode, saturate) !=
          oracle::encode(from, bits, format, saturate, mode)) {
        return false;
      }
    }
  }
  return true;
}

TEST_P(EncodingTest, InterestingFloatsEqualAPFloat) {
  for (uint32_t bits : oracle::getInterestingFloats(format)) {
    ASSERT_TRUE(matchesOracle(llvm::APFloat::IEEEsingle(), bits,
                              oracle::toFloat(bits), format))
        << describe(bits);
  }
}

TEST_P(EncodingTest, AllF16AndBF16EqualAPFloat) {
  for (uint32_t bits = 0; bits < (1u << 16); ++bits) {
    ASSERT_TRUE(matchesOracle(llvm::APFloat::IEEEhalf(), bits,
                              decodeF16(uint16_t(bits)), format))
        << "f16 0x" << llvm::utohexstr(bits);
    ASSERT_TRUE(matchesOracle(llvm::APFloat::BFloat(), bits,
                              decodeBF16(uint16_t(bits)), format))
        << "bf16 0x" << llvm::utohexstr(bits);
  }
}

TEST_P(EncodingTest, EveryCodeDecodesAsAPFloat) {
  for (uint32_t code = 0; code < (1u << format.bits); ++code) {
    EXPECT_EQ(oracle::toBits(decode(uint8_t(code), format)),
              oracle::convert(oracle::getSemantics(format), code,
                              llvm::APFloat::IEEEsingle()))
        << "code " << code;
  }
}

TEST_P(EncodingTest, DecodeIgnoresBitsAboveTheCode) {
  for (uint32_t code = 0; code < 256; ++code) {
    uint8_t masked = code & ((1u << format.bits) - 1);
    EXPECT_EQ(oracle::toBits(decode(uint8_t(code), format)),
              oracle::toBits(decode(masked, format)));
  }
}

TEST_P(EncodingTest, NearestTowardZeroCountsTheMidpointsBelow) {
  std::vector<double> magnitudes = oracle::getMagnitudes(format);
  std::vector<double> midpoints;
  for (size_t i = 0; i + 1 < magnitudes.size(); ++i) {
    midpoints.push_back((magnitudes[i] + magnitudes[i + 1]) / 2);
  }
  for (uint32_t bits : oracle::getInterestingFloats(format)) {
    float value = oracle::toFloat(bits);
    if (std::isnan(value)) {
      continue;
    }
    uint8_t sign = std::signbit(value) ? format.getSignMask() : 0;
    auto below = llvm::lower_bound(midpoints, double(std::fabs(value)));
    ASSERT_EQ(encode(value, format, RoundingMode::NearestTowardZero,
                     /*saturate=*/true),
              sign | (below - midpoints.begin()))
        << describe(bits);
  }
}

TEST_P(EncodingTest, StochasticPicksANeighbourByTheThreshold) {
  std::vector<double> magnitudes = oracle::getMagnitudes(format);
  for (size_t i = 0; i + 1 < magnitudes.size(); ++i) {
    for (unsigned eighths = 0; eighths < 8; ++eighths) {
      double step = magnitudes[i + 1] - magnitudes[i];
      auto value = float(magnitudes[i] + step * eighths / 8);
      // Up for exactly the random words below fraction * 2^32.
      uint32_t threshold = eighths << 29;
      auto expect = [&](uint32_t randomBits, size_t magnitudeCode) {
        for (uint8_t sign : {uint8_t(0), format.getSignMask()}) {
          EXPECT_EQ(encode(sign ? -value : value, format,
                           RoundingMode::Stochastic, /*saturate=*/true,
                           randomBits),
                    sign | magnitudeCode)
              << value << " with " << randomBits;
        }
      };
      expect(threshold, i);
      expect(0xFFFFFFFF, i);
      if (eighths) {
        expect(threshold - 1, i + 1);
        expect(0, i + 1);
      }
    }
  }
}

TEST_P(EncodingTest, StochasticFractionsBelowOneIn2To32NeverRoundUp) {
  float half =
      std::ldexp(1.0f, format.getMinExponent() - int(format.mantissaBits) - 1);
  auto encodeAt = [&](float value, uint32_t randomBits) {
    return encode(value, format, RoundingMode::Stochastic, /*saturate=*/true,
                  randomBits);
  };
  EXPECT_EQ(encodeAt(half * 0x1p-31f, 0), 1);
  EXPECT_EQ(encodeAt(half * 0x1p-31f, 1), 0);
  EXPECT_EQ(encodeAt(half * 0x1.8p-31f, 1), 0);
  EXPECT_EQ(encodeAt(half * 0x1.fp-32f, 0), 0);
  EXPECT_EQ(encodeAt(0x1p-149f, 0), 0);
  EXPECT_EQ(encodeAt(0.0f, 0), 0);
}

TEST(SaturationTest, HappensAfterRounding) {
  const FloatFormat &e4m3 = *lookupFloatFormat("f8E4M3FN");
  auto encodeOpen = [&](float value) {
    return encode(value, e4m3, RoundingMode::NearestEven, /*saturate=*/false);
  };
  EXPECT_EQ(encodeOpen(463.0f), 0x7E);
  EXPECT_EQ(encodeOpen(464.0f), 0x7E);
  EXPECT_EQ(encodeOpen(std::nextafter(464.0f, 500.0f)), 0x7F);
  EXPECT_EQ(encodeOpen(-465.0f), 0xFF);
  const FloatFormat &e5m2 = *lookupFloatFormat("f8E5M2");
  EXPECT_EQ(encode(-61440.0f, e5m2, RoundingMode::NearestEven, false), 0xFC);
  EXPECT_EQ(encode(61440.0f, e5m2, RoundingMode::NearestTowardZero, false),
            0x7B);
}

TEST(SaturationTest, PredicateBeginsAtThePublishedThresholds) {
  // The midpoint above the largest finite value, and whether it, a tie, rounds
  // to an even code beyond.
  struct Row {
    const char *name;
    float midpoint;
    bool tieSaturates;
  };
  for (const Row &row :
       {Row{"f8E4M3FN", 464.0f, false}, Row{"f8E5M2", 61440.0f, true},
        Row{"f6E2M3FN", 7.75f, true}, Row{"f6E3M2FN", 30.0f, true},
        Row{"f4E2M1FN", 7.0f, true}}) {
    SCOPED_TRACE(row.name);
    const FloatFormat &format = *lookupFloatFormat(row.name);
    for (float sign : {1.0f, -1.0f}) {
      EXPECT_EQ(saturates(sign * row.midpoint, format), row.tieSaturates);
      EXPECT_FALSE(
          saturates(sign * std::nextafter(row.midpoint, 0.0f), format));
      EXPECT_TRUE(saturates(sign * std::nextafter(row.midpoint, 1e9f), format));
      EXPECT_TRUE(saturates(sign * INFINITY, format));
      EXPECT_FALSE(saturates(sign * NAN, format));
      EXPECT_FALSE(saturates(sign * 0.0f, format));
    }
  }
}

TEST(E8M0Test, EncodesAsAPFloat) {
  for (uint32_t top = 0; top < 0x7F80; ++top) {
    for (uint32_t low : {0x0000, 0x0001, 0xFFFF}) {
      uint32_t bits = (top << 16) | low;
      EXPECT_EQ(encodeE8M0(oracle::toFloat(bits)),
                oracle::convert(llvm::APFloat::IEEEsingle(), bits,
                                llvm::APFloat::Float8E8M0FNU()))
          << describe(bits);
    }
  }
  EXPECT_EQ(encodeE8M0(INFINITY), 0xFF);
  EXPECT_EQ(encodeE8M0(NAN), 0xFF);
  EXPECT_EQ(encodeE8M0(-4.0f), 129);
}

TEST(E8M0Test, EncodesAsDoublePrecisionInEveryMode) {
  for (uint32_t top = 0; top < (1u << 16); ++top) {
    for (uint32_t low : {0x0000, 0x0001, 0x7FFF, 0x8000, 0xFFFF}) {
      float value = oracle::toFloat((top << 16) | low);
      for (RoundingMode mode :
           {RoundingMode::NearestEven, RoundingMode::NearestAway,
            RoundingMode::TowardZero, RoundingMode::Upward,
            RoundingMode::Downward}) {
        ASSERT_EQ(encodeE8M0(value, mode), oracle::encodeE8M0(value, mode))
            << describe((top << 16) | low) << " mode " << int(mode);
      }
    }
  }
}

TEST(E8M0Test, DecodesExactlyAndBack) {
  for (int code = 0; code < 255; ++code) {
    float value = decodeE8M0(uint8_t(code));
    EXPECT_EQ(double(value), std::exp2(double(code - 127)));
    EXPECT_EQ(encodeE8M0(value), code);
  }
  EXPECT_EQ(oracle::toBits(decodeE8M0(0)), 0x00400000u);
  EXPECT_TRUE(std::isnan(decodeE8M0(0xFF)));
}

TEST(HalfTest, DecodesAsAPFloat) {
  for (uint32_t bits = 0; bits < (1u << 16); ++bits) {
    ASSERT_EQ(oracle::toBits(decodeF16(uint16_t(bits))),
              oracle::convert(llvm::APFloat::IEEEhalf(), bits,
                              llvm::APFloat::IEEEsingle()));
    ASSERT_EQ(oracle::toBits(decodeBF16(uint16_t(bits))),
              oracle::convert(llvm::APFloat::BFloat(), bits,
                              llvm::APFloat::IEEEsingle()));
  }
}

/// Encodes as APFloat on every value of the 16-bit type and every midpoint.
void expectHalfEncodesAsAPFloat(const llvm::fltSemantics &semantics,
                                uint16_t (*encodeHalf)(float)) {
  for (uint32_t half = 0; half < (1u << 16); ++half) {
    uint32_t value =
        oracle::convert(semantics, half, llvm::APFloat::IEEEsingle());
    uint32_t next = oracle::convert(semantics, (half + 1) & 0xFFFF,
                                    llvm::APFloat::IEEEsingle());
    // Halfway in bits is halfway in value within a binade of the 16-bit type.
    uint32_t middle = value / 2 + next / 2;
    for (uint32_t bits : {value, middle - 1, middle, middle + 1, value + 1}) {
      ASSERT_EQ(encodeHalf(oracle::toFloat(bits)),
                oracle::convert(llvm::APFloat::IEEEsingle(), bits, semantics))
          << describe(bits);
    }
  }
}

TEST(HalfTest, EncodesAsAPFloat) {
  expectHalfEncodesAsAPFloat(llvm::APFloat::IEEEhalf(), encodeF16);
  expectHalfEncodesAsAPFloat(llvm::APFloat::BFloat(), encodeBF16);
  for (uint32_t top = 0; top < (1u << 16); ++top) {
    for (uint32_t low : {0x0000, 0x0001, 0x0FFF, 0x1000, 0x7FFF, 0x8001}) {
      uint32_t bits = (top << 16) | low;
      ASSERT_EQ(encodeF16(oracle::toFloat(bits)),
                oracle::convert(llvm::APFloat::IEEEsingle(), bits,
                                llvm::APFloat::IEEEhalf()))
          << describe(bits);
    }
  }
}

} // namespace
