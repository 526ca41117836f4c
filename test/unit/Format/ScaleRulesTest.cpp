//===- ScaleRulesTest.cpp - Scale rules against float64 -------------------===//

#include "quantx/Format/ScaleRules.h"
#include "Oracle.h"
#include "quantx/Format/Encoding.h"
#include "gtest/gtest.h"

using namespace quantx;

namespace {

const ElementTraits e2m1 = getElementTraits(*lookupFloatFormat("f4E2M1FN"));
const ElementTraits e4m3 = getElementTraits(*lookupFloatFormat("f8E4M3FN"));
const ElementTraits i8 = getElementTraits(IntegerFormat{8, true});

std::vector<ElementTraits> getAllTraits() {
  std::vector<ElementTraits> traits;
  for (const FloatFormat &format : getFloatFormats()) {
    traits.push_back(getElementTraits(format));
  }
  for (unsigned bits = 2; bits <= 8; ++bits) {
    traits.push_back(getElementTraits(IntegerFormat{bits, true, bits - 2}));
    traits.push_back(getElementTraits(IntegerFormat{bits, false}));
  }
  return traits;
}

/// Positive finite f32: every exponent, subnormal ones too, with significands
/// at and beside every eighth, and at and beside qmax's and the last rounding
/// boundary below the next power of two.
std::vector<float> getMagnitudes(const ElementTraits &element) {
  double lastTie = 2 - std::exp2(-int(element.mantissaBits) - 1);
  std::vector<double> significands = {
      std::ldexp(element.maxFinite, -element.maxExponent), lastTie};
  for (int eighth = 0; eighth < 8; ++eighth) {
    significands.push_back(1 + eighth / 8.0);
  }
  std::vector<float> magnitudes;
  for (int exponent = -149; exponent <= 127; ++exponent) {
    for (double significand : significands) {
      auto value = float(std::ldexp(significand, exponent));
      for (float x : {std::nextafter(value, 0.0f), value,
                      std::nextafter(value, INFINITY)}) {
        if (x > 0 && std::isfinite(x)) {
          magnitudes.push_back(x);
        }
      }
    }
  }
  return magnitudes;
}

/// The smallest e in [-127, 127] with a <= limit * 2^e, by trial; 127 if none.
int searchSmallest(double a, double limit) {
  int e = -127;
  while (e < 127 && a > std::ldexp(limit, e)) {
    ++e;
  }
  return e;
}

/// The largest e in [-127, 127] with a >= limit * 2^e, by trial; -127 if none.
int searchLargest(double a, double limit) {
  int e = 127;
  while (e > -127 && a < std::ldexp(limit, e)) {
    --e;
  }
  return e;
}

/// `a` rounded to `mantissaBits` after the leading bit by the host's rounding.
double roundToMantissa(double a, unsigned mantissaBits) {
  int exponent;
  double fraction = std::frexp(a, &exponent); // in [1/2, 1)
  double steps = std::nearbyint(std::ldexp(fraction, int(mantissaBits) + 1));
  return std::ldexp(steps, exponent - int(mantissaBits) - 1);
}

TEST(E8M0RuleTest, EqualsFloat64Search) {
  for (const ElementTraits &element : getAllTraits()) {
    double top = std::exp2(element.maxExponent);
    for (float a : getMagnitudes(element)) {
      auto choose = [&](E8M0Rule rule) {
        return int(chooseE8M0Scale(a, rule, element)) - 127;
      };
      SCOPED_TRACE(testing::Message() << a << " qmax " << element.maxFinite);
      ASSERT_EQ(choose(E8M0Rule::Floor), searchLargest(a, top));
      ASSERT_EQ(choose(E8M0Rule::Ceil), searchSmallest(a, top));
      ASSERT_EQ(choose(E8M0Rule::Even),
                searchLargest(roundToMantissa(a, element.mantissaBits), top));
      ASSERT_EQ(choose(E8M0Rule::Rceil), searchSmallest(a, element.maxFinite));
    }
  }
}

TEST(E8M0RuleTest, WorkedByHandForE2M1) {
  auto choose = [](float a, E8M0Rule rule) {
    return int(chooseE8M0Scale(a, rule, e2m1)) - 127;
  };
  EXPECT_EQ(choose(6.0f, E8M0Rule::Floor), 0);
  EXPECT_EQ(choose(7.9f, E8M0Rule::Floor), 0);
  EXPECT_EQ(choose(4.1f, E8M0Rule::Ceil), 1);
  EXPECT_EQ(choose(6.9f, E8M0Rule::Even), 0);
  EXPECT_EQ(choose(7.0f, E8M0Rule::Even), 1);
  EXPECT_EQ(choose(6.0f, E8M0Rule::Rceil), 0);
  EXPECT_EQ(choose(6.1f, E8M0Rule::Rceil), 1);
}

TEST(E8M0RuleTest, ZeroAndNonFiniteBlocks) {
  for (E8M0Rule rule :
       {E8M0Rule::Floor, E8M0Rule::Ceil, E8M0Rule::Even, E8M0Rule::Rceil}) {
    EXPECT_EQ(chooseE8M0Scale(0.0f, rule, e2m1), 0x00);
    EXPECT_EQ(chooseE8M0Scale(INFINITY, rule, e2m1), 0xFF);
    EXPECT_EQ(chooseE8M0Scale(NAN, rule, e2m1), 0xFF);
  }
}

TEST(AbsMaxTest, ReductionsSeeNonFiniteValues) {
  EXPECT_EQ(computeAbsMax({}), 0.0f);
  EXPECT_EQ(computeAbsMax({1.0f, -3.0f, 2.0f}), 3.0f);
  EXPECT_EQ(computeAbsMax({1.0f, -INFINITY}), INFINITY);
  EXPECT_TRUE(std::isnan(computeAbsMax({NAN, 1.0f, INFINITY})));
  EXPECT_TRUE(std::isnan(computeAbsMax({INFINITY, 1.0f, NAN})));
  EXPECT_EQ(computeFiniteAbsMax({NAN, 1.0f, -2.0f, INFINITY}), 2.0f);
  EXPECT_EQ(computeFiniteAbsMax({NAN}), 0.0f);
}

constexpr ScaleFormat wideFormats[] = {ScaleFormat::F32, ScaleFormat::F16,
                                       ScaleFormat::BF16};

/// The positive scales of f16 or bf16 in order, from APFloat.
std::vector<double> getScaleValues(const llvm::fltSemantics &semantics) {
  std::vector<double> values;
  for (uint32_t bits = 1; oracle::fromBits(semantics, bits).isFinite();
       ++bits) {
    values.push_back(oracle::fromBits(semantics, bits).convertToDouble());
  }
  return values;
}

/// Whether `magnitude` is past the midpoint above qmax, or at it where qmax's
/// code is odd, for e2m1, e4m3 and i8.
bool isBeyond(float magnitude, const ElementTraits &element) {
  if (element.maxFinite == 448) {
    return magnitude > 464;
  }
  return magnitude >= (element.maxFinite == 6 ? 7 : 127.5);
}

/// The nearest scale of the list, or the next one up if `a` saturates under it.
double searchScale(float a, const ElementTraits &element,
                   llvm::ArrayRef<double> scales, bool mayBump) {
  double exact = a / float(element.maxFinite);
  size_t above =
      std::lower_bound(scales.begin(), scales.end(), exact) - scales.begin();
  if (above == scales.size()) {
    return scales.back();
  }
  size_t best = above;
  if (above > 0) {
    double down = exact - scales[above - 1];
    double up = scales[above] - exact;
    // scales[0] has bits 1, so an even index has odd bits.
    if (down < up || (down == up && above % 2 == 0)) {
      best = above - 1;
    }
  }
  bool bump = mayBump && best + 1 < scales.size() &&
              isBeyond(a / float(scales[best]), element);
  return scales[best + bump];
}

TEST(AbsMaxTest, NarrowScalesEqualTheSearch) {
  std::vector<double> f16 = getScaleValues(llvm::APFloat::IEEEhalf());
  std::vector<double> bf16 = getScaleValues(llvm::APFloat::BFloat());
  for (const ElementTraits &element : {e2m1, e4m3, i8}) {
    for (float a : getMagnitudes(element)) {
      ASSERT_EQ(chooseAbsMaxScale(a, ScaleFormat::F16, element),
                searchScale(a, element, f16, /*mayBump=*/true))
          << a;
      ASSERT_EQ(chooseAbsMaxScale(a, ScaleFormat::BF16, element),
                searchScale(a, element, bf16, /*mayBump=*/true))
          << a;
    }
  }
}

TEST(AbsMaxTest, RoundingDownMustNotSaturate) {
  // 2^-24 is the smallest f16: a / 6 = 1.4 of it rounds down, and a / s = 8.4
  // would saturate.
  float a = 6 * 1.4f * 0x1p-24f;
  EXPECT_EQ(chooseAbsMaxScale(a, ScaleFormat::F16, e2m1), 0x1p-23f);
  AbsMaxOptions clipping;
  clipping.margin = 0.999f;
  EXPECT_EQ(chooseAbsMaxScale(a, ScaleFormat::F16, e2m1, clipping), 0x1p-24f);
  // A bf16 scale has 8 significant bits: 255 * 1.0038 rounds to 255 * 1.
  ElementTraits ui8 = getElementTraits(IntegerFormat{8, false});
  EXPECT_EQ(chooseAbsMaxScale(255 * 1.0038f, ScaleFormat::BF16, ui8),
            1.0078125f);
}

TEST(AbsMaxTest, F32IsOneDivision) {
  for (float a : getMagnitudes(i8)) {
    float expected = std::max(float(double(a) / 127), 0x1p-149f);
    // Where a scale is a subnormal f32, rounding down may saturate.
    if (expected > 0x1p-120f) {
      ASSERT_EQ(chooseAbsMaxScale(a, ScaleFormat::F32, i8), expected) << a;
    } else {
      float scale = chooseAbsMaxScale(a, ScaleFormat::F32, i8);
      EXPECT_TRUE(
          scale == expected ||
          (scale == std::nextafter(expected, 1.0f) && a / expected >= 127.5f));
      EXPECT_LT(a / scale, 127.5f);
    }
  }
  EXPECT_EQ(chooseAbsMaxScale(12.0f, ScaleFormat::F32, e2m1), 2.0f);
  AbsMaxOptions options;
  options.margin = 0.75f;
  EXPECT_EQ(chooseAbsMaxScale(12.0f, ScaleFormat::F32, e2m1, options), 1.5f);
}

TEST(AbsMaxTest, RoundsEveryStepFromTheLeft) {
  AbsMaxOptions options;
  options.margin = 0.9f;
  int otherDivision = 0;
  int otherMargin = 0;
  for (int i = 1; i < 1000; ++i) {
    float a = 1 + float(i) / 3001;
    float global = 1 + float(i) / 7919;
    auto product = float(double(a) * double(options.margin));
    auto quotient = float(double(product) / 6);
    auto expected = float(double(quotient) / double(global));
    ASSERT_EQ(chooseAbsMaxScale(a, ScaleFormat::F32, e2m1, options, global),
              expected);
    otherDivision += expected != product / (6 * global);
    otherMargin += expected != a / 6 * options.margin / global;
  }
  EXPECT_GT(otherDivision, 100) << "the inputs do not tell the orders apart";
  EXPECT_GT(otherMargin, 100) << "the inputs do not tell the orders apart";
}

TEST(AbsMaxTest, EndsOfTheScaleType) {
  EXPECT_EQ(chooseAbsMaxScale(3e38f, ScaleFormat::F16, e2m1), 65504.0f);
  EXPECT_EQ(chooseAbsMaxScale(1e-40f, ScaleFormat::F16, e2m1), 0x1p-24f);
  EXPECT_EQ(chooseAbsMaxScale(0x1p-149f, ScaleFormat::F32, i8), 0x1p-149f);
  EXPECT_EQ(chooseAbsMaxScale(0x1p-149f, ScaleFormat::BF16, i8), 0x1p-133f);
  AbsMaxOptions options;
  options.margin = 4.0f;
  EXPECT_EQ(chooseAbsMaxScale(3e38f, ScaleFormat::F32, e2m1, options),
            std::numeric_limits<float>::max());
}

TEST(AbsMaxTest, ZeroAndNonFiniteBlocks) {
  for (ScaleFormat format : wideFormats) {
    EXPECT_EQ(chooseAbsMaxScale(0.0f, format, i8), 1.0f);
    EXPECT_TRUE(std::isnan(chooseAbsMaxScale(INFINITY, format, i8)));
    EXPECT_TRUE(std::isnan(chooseAbsMaxScale(NAN, format, i8)));
  }
  EXPECT_EQ(chooseAbsMaxScale(0.0f, ScaleFormat::E4M3, e2m1), 0.0f);
  EXPECT_EQ(encodeScale(chooseAbsMaxScale(NAN, ScaleFormat::E4M3, e2m1),
                        ScaleFormat::E4M3),
            0x7Fu);
  EXPECT_EQ(encodeScale(NAN, ScaleFormat::F16), 0x7E00u);
  EXPECT_EQ(encodeScale(NAN, ScaleFormat::BF16), 0x7FC0u);
  EXPECT_EQ(encodeScale(NAN, ScaleFormat::E8M0), 0xFFu);
}

TEST(AbsMaxTest, PowerOfTwoIsTheNextUp) {
  AbsMaxOptions options;
  options.powerOfTwo = true;
  auto choose = [&](float a, ScaleFormat format) {
    return chooseAbsMaxScale(a, format, e2m1, options);
  };
  for (ScaleFormat format : wideFormats) {
    EXPECT_EQ(choose(6.0f, format), 1.0f);
    EXPECT_EQ(choose(6.001f, format), 2.0f);
    EXPECT_EQ(choose(11.9f, format), 2.0f);
    EXPECT_EQ(choose(5.9f, format), 1.0f);
  }
  EXPECT_EQ(choose(3e38f, ScaleFormat::F16), 32768.0f);
  EXPECT_EQ(choose(0x1p-149f, ScaleFormat::F32), 0x1p-149f);
  EXPECT_EQ(choose(0x1p-60f, ScaleFormat::F16), 0x1p-24f);
  EXPECT_EQ(choose(1e4f, ScaleFormat::E4M3), 256.0f);
  // The quotient counts, a subnormal f32 included.
  EXPECT_EQ(choose(6 * 0x1.8p-140f, ScaleFormat::F32), 0x1p-139f);
}

TEST(GlobalScaleTest, E4M3BlocksUnderAGlobal) {
  EXPECT_EQ(chooseGlobalScale(2688.0f, e2m1), 1.0f);
  EXPECT_EQ(chooseGlobalScale(448.0f * 448.0f, e4m3), 1.0f);
  EXPECT_EQ(chooseGlobalScale(0.0f, e2m1), 1.0f);
  EXPECT_EQ(chooseGlobalScale(0x1p-149f, e2m1), 0x1p-149f);
  auto choose = [](float a, float global) {
    return encodeScale(
        chooseAbsMaxScale(a, ScaleFormat::E4M3, e2m1, {}, global),
        ScaleFormat::E4M3);
  };
  EXPECT_EQ(choose(2688.0f, 1.0f), 0x7Eu);
  EXPECT_EQ(choose(1e30f, 1.0f), 0x7Eu);
  EXPECT_EQ(choose(6.0f, 2.0f), 0x30u); // 0.5
  EXPECT_EQ(choose(1e-30f, 1.0f), 0x01u);
  // Under E4M3 rounding is to nearest even even where a then saturates.
  EXPECT_EQ(choose(6 * 1.4f * 0x1p-9f, 1.0f), 0x01u);
}

TEST(MinMaxTest, EqualsFloat64) {
  for (unsigned bits = 2; bits <= 8; ++bits) {
    for (bool isSigned : {false, true}) {
      IntegerFormat format = {bits, isSigned};
      for (int i = 0; i < 2000; ++i) {
        // Quotients of small integers: exact ties occur.
        float lo = -float(i * 7 % 64) / 8;
        float hi = float(i * 13 % 101) / 8;
        if (lo == 0 && hi == 0) {
          continue;
        }
        double steps = std::exp2(bits) - 1;
        auto scale = float((double(hi) - double(lo)) / steps);
        double zero = std::nearbyint(float(-double(lo) / double(scale)));
        auto result =
            chooseMinMaxParameters({lo, hi}, ScaleFormat::F32, format);
        ASSERT_EQ(result.scale, scale);
        ASSERT_EQ(result.zeroPoint - format.getMinCode(),
                  std::min(zero, steps));
      }
    }
  }
}

TEST(MinMaxTest, RangeHoldsZero) {
  EXPECT_EQ(computeRange({3.0f, 5.0f}).lo, 0.0f);
  EXPECT_EQ(computeRange({3.0f, 5.0f}).hi, 5.0f);
  EXPECT_EQ(computeRange({-3.0f, -5.0f}).lo, -5.0f);
  EXPECT_EQ(computeRange({-3.0f, -5.0f}).hi, 0.0f);
  EXPECT_TRUE(std::isnan(computeRange({1.0f, NAN}).lo));
  EXPECT_TRUE(std::isnan(computeRange({1.0f, -INFINITY}).hi));
}

TEST(MinMaxTest, SpecialBlocks) {
  IntegerFormat ui4 = {4, false};
  IntegerFormat s4 = {4, true};
  for (ScaleFormat format : wideFormats) {
    auto zeros = chooseMinMaxParameters({0.0f, 0.0f}, format, ui4);
    EXPECT_EQ(zeros.scale, 1.0f);
    EXPECT_EQ(zeros.zeroPoint, 0);
    EXPECT_EQ(chooseMinMaxParameters({0.0f, 0.0f}, format, s4).zeroPoint, -8);
    auto bad = chooseMinMaxParameters(computeRange({NAN}), format, s4);
    EXPECT_TRUE(std::isnan(bad.scale));
    EXPECT_EQ(bad.zeroPoint, 0);
  }
  // hi - lo overflows f32, the scale does not.
  float large = 3e38f;
  auto wide = chooseMinMaxParameters({-large, large}, ScaleFormat::F32, ui4);
  EXPECT_EQ(wide.scale, float(large / 15) * 2);
  EXPECT_EQ(wide.zeroPoint, 8);
  EXPECT_EQ(chooseMinMaxParameters({0.0f, 1e-30f}, ScaleFormat::F16, ui4).scale,
            0x1p-24f);
  EXPECT_EQ(chooseMinMaxParameters({0.0f, 1e30f}, ScaleFormat::F16, ui4).scale,
            65504.0f);
  // A scale cut to 65504 pushes the zero point to the end of the codes.
  EXPECT_EQ(
      chooseMinMaxParameters({-1e30f, 1.0f}, ScaleFormat::F16, ui4).zeroPoint,
      15);
}

TEST(ScaleFormatTest, LookupAndEnds) {
  EXPECT_EQ(lookupScaleFormat("f32"), ScaleFormat::F32);
  EXPECT_EQ(lookupScaleFormat("f16"), ScaleFormat::F16);
  EXPECT_EQ(lookupScaleFormat("bf16"), ScaleFormat::BF16);
  EXPECT_EQ(lookupScaleFormat("f8E8M0FNU"), ScaleFormat::E8M0);
  EXPECT_EQ(lookupScaleFormat("f8E4M3FN"), ScaleFormat::E4M3);
  EXPECT_EQ(lookupScaleFormat("f8E5M2"), std::nullopt);
  auto getLargest = [](ScaleFormat format) {
    return decodeScale(getLargestScaleBits(format), format);
  };
  EXPECT_EQ(getLargest(ScaleFormat::F32), std::numeric_limits<float>::max());
  EXPECT_EQ(getLargest(ScaleFormat::F16), 65504.0f);
  EXPECT_EQ(getLargest(ScaleFormat::BF16), 0x1.fep127f);
  EXPECT_EQ(getLargest(ScaleFormat::E8M0), 0x1p127f);
  EXPECT_EQ(getLargest(ScaleFormat::E4M3), 448.0f);
  EXPECT_EQ(roundScale(0x1p-140f, ScaleFormat::E8M0), 0x1p-127f);
  EXPECT_EQ(roundScale(1e30f, ScaleFormat::E4M3), 448.0f);
  EXPECT_TRUE(std::isnan(roundScale(NAN, ScaleFormat::F16)));
}

} // namespace
