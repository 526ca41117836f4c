//===- IntegerTest.cpp - Integer codes against float64 --------------------===//

#include "Oracle.h"
#include "quantx/Format/Encoding.h"
#include "gtest/gtest.h"
#include <algorithm>

using namespace quantx;

namespace {

std::vector<IntegerFormat> getIntegerFormats() {
  std::vector<IntegerFormat> formats;
  for (unsigned bits = 2; bits <= 8; ++bits) {
    formats.push_back({bits, false});
    formats.push_back({bits, true});
    formats.push_back({bits, true, bits - 2});
  }
  return formats;
}

/// Every bf16, and sixteenths around the codes with both f32 neighbours.
std::vector<float> getInputs() {
  std::vector<float> inputs;
  for (uint32_t top = 0; top < (1u << 16); ++top) {
    inputs.push_back(oracle::toFloat(top << 16));
  }
  for (int sixteenth = -300 * 16; sixteenth <= 300 * 16; ++sixteenth) {
    float value = float(sixteenth) / 16;
    inputs.push_back(value);
    inputs.push_back(std::nextafter(value, INFINITY));
    inputs.push_back(std::nextafter(value, -INFINITY));
  }
  return inputs;
}

/// Rounds with the host's nearest even, on an integer-scaled double.
double getUnclamped(float value, const IntegerFormat &format, int zeroPoint) {
  return std::nearbyint(double(value) * double(1 << format.fractionBits)) +
         zeroPoint;
}

TEST(IntegerTest, NearestEvenEqualsFloat64) {
  std::vector<float> inputs = getInputs();
  for (const IntegerFormat &format : getIntegerFormats()) {
    for (int zeroPoint : {0, format.getMinCode(), format.getMaxCode(), 1}) {
      for (float value : inputs) {
        double expected = std::isnan(value)
                              ? double(zeroPoint)
                              : getUnclamped(value, format, zeroPoint);
        int clamped = int(std::clamp<double>(expected, format.getMinCode(),
                                             format.getMaxCode()));
        ASSERT_EQ(
            encodeInteger(value, format, zeroPoint, RoundingMode::NearestEven),
            clamped)
            << value << " bits " << format.bits;
        ASSERT_EQ(saturates(value, format, zeroPoint), expected != clamped)
            << value << " bits " << format.bits;
      }
    }
  }
}

TEST(IntegerTest, CodesDecodeExactlyAndEncodeBack) {
  for (const IntegerFormat &format : getIntegerFormats()) {
    for (int code = format.getMinCode(); code <= format.getMaxCode(); ++code) {
      float value = decodeInteger(code, format, /*zeroPoint=*/3);
      EXPECT_EQ(double(value), (code - 3) / double(1 << format.fractionBits));
      for (RoundingMode mode :
           {RoundingMode::NearestEven, RoundingMode::NearestTowardZero,
            RoundingMode::Stochastic}) {
        EXPECT_EQ(encodeInteger(value, format, /*zeroPoint=*/3, mode), code);
      }
    }
  }
}

TEST(IntegerTest, NonFiniteTakesTheZeroPointAndTheEnds) {
  IntegerFormat i8 = {8, true};
  auto encode = [&](float value, int zeroPoint) {
    return encodeInteger(value, i8, zeroPoint, RoundingMode::NearestEven);
  };
  EXPECT_EQ(encode(NAN, 5), 5);
  EXPECT_EQ(encode(NAN, 500), 127);
  EXPECT_EQ(encode(INFINITY, 5), 127);
  EXPECT_EQ(encode(-INFINITY, 5), -128);
  EXPECT_EQ(encode(3e38f, -100), 127);
  EXPECT_FALSE(saturates(NAN, i8, 0));
  EXPECT_TRUE(saturates(INFINITY, i8, 0));
}

TEST(IntegerTest, TiesTowardZero) {
  IntegerFormat i4 = {4, true};
  for (int whole = 0; whole < 7; ++whole) {
    for (int sign : {1, -1}) {
      float tie = sign * (whole + 0.5f);
      float above = std::nextafter(tie, sign * 100.0f);
      EXPECT_EQ(encodeInteger(tie, i4, 0, RoundingMode::NearestTowardZero),
                sign * whole);
      EXPECT_EQ(encodeInteger(above, i4, 0, RoundingMode::NearestTowardZero),
                sign * (whole + 1));
    }
  }
}

TEST(IntegerTest, StochasticFollowsTheThreshold) {
  IntegerFormat i8 = {8, true};
  auto encode = [&](float value, uint32_t randomBits) {
    return encodeInteger(value, i8, /*zeroPoint=*/10, RoundingMode::Stochastic,
                         randomBits);
  };
  EXPECT_EQ(encode(2.25f, 0x3FFFFFFF), 13);
  EXPECT_EQ(encode(2.25f, 0x40000000), 12);
  EXPECT_EQ(encode(-2.25f, 0x3FFFFFFF), 7);
  EXPECT_EQ(encode(-2.25f, 0x40000000), 8);
  EXPECT_EQ(encode(2.0f, 0), 12);
  EXPECT_EQ(encode(0x1p-32f, 0), 11);
  EXPECT_EQ(encode(0x1.8p-33f, 0), 10);
}

} // namespace
