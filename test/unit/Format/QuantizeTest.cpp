//===- QuantizeTest.cpp - Elements and blocks under their parameters ------===//

#include "quantx/Format/Quantize.h"
#include "Oracle.h"
#include "quantx/Format/Philox.h"
#include "gtest/gtest.h"

using namespace quantx;

namespace {

const FloatFormat &e2m1 = *lookupFloatFormat("f4E2M1FN");
const FloatFormat &e4m3 = *lookupFloatFormat("f8E4M3FN");
constexpr IntegerFormat i4 = {4, true};
constexpr IntegerFormat ui4 = {4, false};

TEST(QuantizeTest, ZeroDivisorKeepsTheSignOfTheValue) {
  QuantParameters zero = {0.0f};
  EXPECT_EQ(quantizeElement(3.0f, zero, e2m1), 0x0);
  EXPECT_EQ(quantizeElement(-3.0f, zero, e2m1), 0x8);
  EXPECT_EQ(quantizeElement(-0.0f, zero, e4m3), 0x80);
  EXPECT_EQ(quantizeElement(-3.0f, {0.0f, 5}, ui4), 5);
  // The product underflows although neither factor is zero.
  EXPECT_EQ(quantizeElement(-3.0f, {0x1p-9f, 0, 0x1p-149f}, e2m1), 0x8);
}

TEST(QuantizeTest, NanUnderAZeroDivisorIsNan) {
  const FloatFormat &e5m2 = *lookupFloatFormat("f8E5M2");
  EXPECT_EQ(quantizeElement(NAN, {0.0f}, e4m3), 0x7f);
  EXPECT_EQ(quantizeElement(-NAN, {-0.0f}, e4m3), 0xff);
  EXPECT_EQ(quantizeElement(NAN, {0.0f}, e5m2), 0x7e);
  EXPECT_EQ(quantizeElement(NAN, {0x1p-9f, 0, 0x1p-149f}, e4m3), 0x7f);
  // Formats without NaN.
  EXPECT_EQ(quantizeElement(NAN, {0.0f}, e2m1), 0x7);
  EXPECT_EQ(quantizeElement(NAN, {0.0f, 5}, ui4), 5);
}

TEST(QuantizeTest, NanDivisorGivesCodeZero) {
  EXPECT_EQ(quantizeElement(-3.0f, {NAN}, e2m1), 0);
  EXPECT_EQ(quantizeElement(NAN, {NAN}, e4m3), 0);
  EXPECT_EQ(quantizeElement(3.0f, {NAN, 7}, ui4), 0);
  EXPECT_EQ(quantizeElement(3.0f, {1.0f, 0, NAN}, e2m1), 0);
  EXPECT_TRUE(std::isnan(dequantizeElement(0, {NAN}, e2m1)));
  EXPECT_TRUE(std::isnan(dequantizeElement(0, {NAN}, ui4)));
}

// Each case has f32 operands whose result depends on where it is rounded.
TEST(QuantizeTest, TheProductIsRoundedBeforeTheDivision) {
  int differences = 0;
  for (int i = 1; i < 4000; ++i) {
    float scale = 1 + float(i) / 3001;
    float global = 1 + float(i) / 7919;
    float product = float(double(scale) * double(global));
    // The tie between 4 and 6, as nearly as f32 can say it.
    float value = float(5 * double(scale) * double(global));
    float quotient = float(double(value) / double(product));
    uint8_t expected = oracle::encode(llvm::APFloat::IEEEsingle(),
                                      oracle::toBits(quotient), e2m1, true);
    ASSERT_EQ(quantizeElement(value, {scale, 0, global}, e2m1), expected);
    float inSteps = value / scale / global;
    differences +=
        expected != oracle::encode(llvm::APFloat::IEEEsingle(),
                                   oracle::toBits(inSteps), e2m1, true);
  }
  EXPECT_GT(differences, 100) << "the inputs do not tell the orders apart";
}

TEST(DequantizeTest, MultipliesFromTheLeft) {
  int differences = 0;
  for (int i = 1; i < 1000; ++i) {
    float scale = 1 + float(i) / 3001;
    float global = 1 + float(i) / 7919;
    auto step = float(6 * double(scale));
    auto expected = float(double(step) * double(global));
    ASSERT_EQ(dequantizeElement(0x7, {scale, 0, global}, e2m1), expected);
    ASSERT_EQ(dequantizeElement(0xF, {scale, 0, global}, e2m1), -expected);
    differences += expected != float(6 * double(scale * global));
  }
  EXPECT_GT(differences, 100) << "the inputs do not tell the orders apart";
}

TEST(DequantizeTest, IntegerCodes) {
  EXPECT_EQ(dequantizeElement(0xFF, {0.5f}, i4), -0.5f);
  EXPECT_EQ(dequantizeElement(0x0F, {0.5f, 3}, ui4), 6.0f);
  EXPECT_EQ(dequantizeElement(0xFF, {0.5f}, IntegerFormat{8, false}), 127.5f);
  EXPECT_EQ(dequantizeElement(0xC0, {2.0f}, IntegerFormat{8, true, 6}), -2.0f);
}

TEST(QuantizeTest, SignedCodesAreSignExtendedBytes) {
  EXPECT_EQ(quantizeElement(-1.0f, {1.0f}, i4), 0xFF);
  EXPECT_EQ(quantizeElement(-100.0f, {1.0f}, i4), 0xF8);
  EXPECT_EQ(quantizeElement(100.0f, {1.0f}, i4), 0x07);
}

TEST(QuantizeTest, OptionsReachTheEncoder) {
  QuantizeOptions options;
  options.rounding = RoundingMode::NearestTowardZero;
  EXPECT_EQ(quantizeElement(7.0f, {2.0f}, e2m1, options), 0x5); // 3.5 to 3
  EXPECT_EQ(quantizeElement(7.0f, {2.0f}, e2m1), 0x6);          // 3.5 to 4
  options = {};
  options.saturate = false;
  EXPECT_EQ(quantizeElement(1e9f, {1.0f}, e4m3, options), 0x7F);
  EXPECT_EQ(quantizeElement(1e9f, {1.0f}, e4m3), 0x7E);
}

TEST(QuantizeTest, BlocksEqualTheirElements) {
  QuantizeOptions options;
  options.rounding = RoundingMode::Stochastic;
  options.seed = 42;
  std::vector<float> values(64, 5.0f);
  std::vector<uint8_t> codes(64);
  QuantParameters parameters = {1.0f};
  quantizeBlock(values, parameters, e2m1, codes, options, /*firstIndex=*/100);
  for (unsigned i = 0; i < 64; ++i) {
    // 5 is half way from 4 to 6.
    EXPECT_EQ(codes[i], getRandomBits(42, 100 + i) < 0x80000000 ? 0x7 : 0x6);
  }
  dequantizeBlock(codes, parameters, e2m1, values);
  for (unsigned i = 0; i < 64; ++i) {
    EXPECT_EQ(values[i], codes[i] == 0x7 ? 6.0f : 4.0f);
  }
}

TEST(QuantizeTest, TraitsOfEitherKind) {
  EXPECT_EQ(getElementTraits(ElementFormat(e2m1)).maxFinite, 6);
  EXPECT_EQ(getElementTraits(ElementFormat(ui4)).maxFinite, 15);
}

} // namespace
