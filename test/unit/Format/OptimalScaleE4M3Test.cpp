//===- OptimalScaleE4M3Test.cpp - optimal against all 126 scales ----------===//

#include "Blocks.h"
#include "quantx/Format/ScaleRules.h"

using namespace quantx;
using namespace quantx::oracle;

namespace {

/// The errors of all positive E4M3 scales, in f32 and f64 as error_stats.
std::vector<double> computeErrors(llvm::ArrayRef<float> block,
                                  const BlockFormat &format,
                                  const Values &values) {
  std::vector<double> errors;
  for (double scale : getScales(ScaleFormat::E4M3)) {
    errors.push_back(computeError(block, format, values, float(scale)));
  }
  return errors;
}

/// The errors of all positive E4M3 scales if no value were rounded but to the
/// nearest code.
std::vector<double> computeIdealErrors(llvm::ArrayRef<float> block,
                                       const BlockFormat &format,
                                       const Values &values) {
  std::vector<double> errors;
  for (double scale : getScales(ScaleFormat::E4M3)) {
    double unit = scale * double(format.global);
    double sum = 0;
    for (float x : block) {
      double residual = double(x) - values.round(double(x) / unit) * unit;
      sum += residual * residual;
    }
    errors.push_back(sum);
  }
  return errors;
}

double sumSquares(llvm::ArrayRef<float> block) {
  double sum = 0;
  for (float x : block) {
    sum += double(x) * double(x);
  }
  return sum;
}

size_t getNaiveIndex(llvm::ArrayRef<float> block, const BlockFormat &format) {
  float scale =
      chooseAbsMaxScale(computeAbsMax(block), ScaleFormat::E4M3,
                        getElementTraits(format.element), {}, format.global);
  return encodeScale(scale, ScaleFormat::E4M3) - 1;
}

/// How often the search and brute force in f32 chose, and chose differently.
struct Count {
  size_t blocks = 0;
  size_t differences = 0;
};

/// The chosen scale must be the best one, but where two agree to the rounding
/// of f32; and never be worse than the naive one, not by the last bit.
std::optional<std::string> checkOptimal(llvm::ArrayRef<float> block,
                                        const BlockFormat &format,
                                        Count &count) {
  if (computeAbsMax(block) == 0) {
    return std::nullopt;
  }
  Values values = getValues(format.element);
  std::vector<double> errors = computeErrors(block, format, values);
  size_t naive = getNaiveIndex(block, format);
  size_t best = findLeast(errors, naive);
  float scale = chooseOptimalScale(block, format).scale;
  size_t chosen = encodeScale(scale, ScaleFormat::E4M3) - 1;
  ++count.blocks;
  if (chosen == best) {
    return std::nullopt;
  }
  ++count.differences;
  double tolerance = 0x1p-21 * std::sqrt(sumSquares(block));
  if (errors[chosen] > errors[naive] ||
      !(std::sqrt(errors[chosen]) <= std::sqrt(errors[best]) + tolerance)) {
    return "chose " + std::to_string(chosen + 1) + ", best is " +
           std::to_string(best + 1) + ", naive is " + std::to_string(naive + 1);
  }
  return std::nullopt;
}

/// The global scale that a tensor `factor` times as large as the block has.
float getGlobal(llvm::ArrayRef<float> block, const ElementFormat &element,
                double factor) {
  return chooseGlobalScale(
      float(std::min(double(computeAbsMax(block)) * factor, 3e38)),
      getElementTraits(element));
}

class OptimalScaleE4M3Test : public testing::TestWithParam<ElementFormat> {};
INSTANTIATE_TEST_SUITE_P(Elements, OptimalScaleE4M3Test,
                         testing::ValuesIn(getElementFormats(false, true)),
                         [](const auto &info) { return getName(info.param); });

/// The block as the largest of its tensor, and far below it: there, scales are
/// subnormal or zero.
TEST_P(OptimalScaleE4M3Test, EqualsBruteForceUnderAGlobalScale) {
  Count count;
  for (double factor : {1.0, 3.0, 200.0, 20000.0, 1e6}) {
    SCOPED_TRACE(factor);
    expectForAllBlocks(GetParam(), 12, [&](llvm::ArrayRef<float> block) {
      float global = getGlobal(block, GetParam(), factor);
      return checkOptimal(block, {GetParam(), ScaleFormat::E4M3, global},
                          count);
    });
  }
  EXPECT_EQ(count.blocks, 720u);
  EXPECT_LE(count.differences, 5u);
}

TEST_P(OptimalScaleE4M3Test, EqualsBruteForceAlone) {
  Count count;
  expectForAllBlocks(GetParam(), 24, [&](llvm::ArrayRef<float> block) {
    return checkOptimal(block, {GetParam(), ScaleFormat::E4M3}, count);
  });
  EXPECT_LE(count.differences, 2u);
}

/// Without any rounding but to codes, in f64, the choice is as good.
TEST_P(OptimalScaleE4M3Test, EqualsIdealBruteForce) {
  auto check = [&](llvm::ArrayRef<float> block) -> std::optional<std::string> {
    float global = getGlobal(block, GetParam(), 2);
    BlockFormat format = {GetParam(), ScaleFormat::E4M3, global};
    // Ideal values are neither subnormal nor infinite.
    if (global < 0x1p-100f || computeAbsMax(block) > 0x1p125f) {
      return std::nullopt;
    }
    Values values = getValues(GetParam());
    std::vector<double> errors = computeIdealErrors(block, format, values);
    float scale = chooseOptimalScale(block, format).scale;
    double error = errors[encodeScale(scale, ScaleFormat::E4M3) - 1];
    double best = *std::min_element(errors.begin(), errors.end());
    double tolerance = 0x1p-21 * std::sqrt(sumSquares(block));
    if (std::sqrt(error) > std::sqrt(best) + tolerance) {
      return "chose " + std::to_string(scale);
    }
    return std::nullopt;
  };
  expectForAllBlocks(GetParam(), 12, check);
}

TEST_P(OptimalScaleE4M3Test, NoOtherMethodIsBetter) {
  auto check = [&](llvm::ArrayRef<float> block) -> std::optional<std::string> {
    float global = getGlobal(block, GetParam(), 5);
    BlockFormat format = {GetParam(), ScaleFormat::E4M3, global};
    if (computeAbsMax(block) == 0) {
      return std::nullopt;
    }
    auto getError = [&](float scale) {
      return computeSquaredError(block, {scale, 0, global}, format);
    };
    double error = getError(chooseOptimalScale(block, format).scale);
    for (float margin : {1.0f, 0.97f, 0.9f, 0.8f, 0.5f}) {
      float other = chooseAbsMaxScale(computeAbsMax(block), ScaleFormat::E4M3,
                                      getElementTraits(GetParam()),
                                      {margin, /*powerOfTwo=*/false}, global);
      if (error > getError(other)) {
        return "worse than absmax with margin " + std::to_string(margin);
      }
    }
    if (getName(GetParam()) == "f4E2M1FN" &&
        error > getError(chooseFourOverSixScale(block, format).scale)) {
      return "worse than four_over_six";
    }
    float power = chooseAbsMaxScale(computeAbsMax(block), ScaleFormat::E4M3,
                                    getElementTraits(GetParam()),
                                    {1.0f, /*powerOfTwo=*/true}, global);
    double tolerance = 0x1p-21 * std::sqrt(sumSquares(block));
    if (std::sqrt(error) > std::sqrt(getError(power)) + tolerance) {
      return "worse than pow2";
    }
    return std::nullopt;
  };
  expectForAllBlocks(GetParam(), 60, check);
}

const ElementFormat e2m1 = *lookupFloatFormat("f4E2M1FN");

TEST(FourOverSixTest, IsTheBetterOfTwo) {
  Values values = getValues(e2m1);
  size_t fours = 0, count = 0;
  auto check = [&](llvm::ArrayRef<float> block) -> std::optional<std::string> {
    float amax = computeAbsMax(block);
    float global = getGlobal(block, e2m1, 1.5);
    BlockFormat format = {e2m1, ScaleFormat::E4M3, global};
    std::vector<double> errors = computeErrors(block, format, values);
    // The nearest E4M3 value by distance; a tie goes to even bits.
    auto findNearest = [&](float exact) {
      std::vector<double> scales = getScales(ScaleFormat::E4M3);
      size_t best = 0;
      for (size_t i = 1; i < scales.size(); ++i) {
        double distance = std::fabs(scales[i] - double(exact));
        double least = std::fabs(scales[best] - double(exact));
        // Bits are i + 1.
        best = distance < least || (distance == least && i % 2 == 1) ? i : best;
      }
      return best;
    };
    size_t six = findNearest(amax / 6.0f / global);
    size_t four = findNearest(amax / 4.0f / global);
    bool takesFour = errors[four] < errors[six];
    fours += takesFour;
    ++count;
    ScaleChoice choice = chooseFourOverSixScale(block, format);
    if (encodeScale(choice.scale, ScaleFormat::E4M3) - 1 !=
            (takesFour ? four : six) ||
        choice.evaluations != 2) {
      return takesFour ? "expected 4" : "expected 6";
    }
    return std::nullopt;
  };
  expectForAllBlocks(e2m1, 60, check);
  EXPECT_GT(fours, count / 20);
  EXPECT_GT(count - fours, count / 20);
}

TEST(FourOverSixTest, SpecialBlocks) {
  BlockFormat format = {e2m1, ScaleFormat::E4M3, 0.5f};
  EXPECT_EQ(chooseFourOverSixScale({0.0f}, format).scale, 0.0f);
  EXPECT_TRUE(std::isnan(chooseFourOverSixScale({NAN, 1.0f}, format).scale));
  // 6 and 4 are exact: a tie, and six is first.
  EXPECT_EQ(chooseFourOverSixScale({12.0f}, format).scale, 4.0f);
  EXPECT_EQ(chooseFourOverSixScale({8.0f, 6.0f}, format).scale, 4.0f);
}

TEST(OptimalScaleE4M3EdgeTest, SpecialBlocks) {
  for (const ElementFormat &element : getElementFormats(false, true)) {
    BlockFormat format = {element, ScaleFormat::E4M3, 0.5f};
    EXPECT_EQ(chooseOptimalScale({0.0f, -0.0f}, format).scale, 0.0f);
    EXPECT_EQ(chooseOptimalScale({}, format).scale, 0.0f);
    EXPECT_TRUE(std::isnan(chooseOptimalScale({1.0f, NAN}, format).scale));
    EXPECT_TRUE(std::isnan(chooseOptimalScale({-INFINITY}, format).scale));
    EXPECT_EQ(chooseOptimalScale({NAN}, format).evaluations, 0u);
  }
}

/// A tie goes to absmax's scale, else to the smaller one.
TEST(OptimalScaleE4M3EdgeTest, Ties) {
  BlockFormat format = {e2m1, ScaleFormat::E4M3};
  // Exact under 1 (6), 1.5 (4), 2 (3), 3 (2), 4 (1.5), 6 (1) and 12 (0.5).
  EXPECT_EQ(chooseOptimalScale({6.0f}, format).scale, 1.0f);
  // 6 and 4 and 1: only 1 makes all exact; 4.5 is in no grid with 6.
  EXPECT_EQ(chooseOptimalScale({6.0f, 4.5f}, format).scale, 1.5f);
  // absmax gives 13/12, which is not E4M3's: 1.125. Exact are 13/8, 13/4, ...
  EXPECT_EQ(chooseOptimalScale({6.5f}, format).scale, 1.625f);
}

/// The mean number of evaluations on Gaussian blocks: a deterministic figure.
TEST(OptimalScaleE4M3CountTest, FewOf126ScalesAreEvaluated) {
  Random random(1);
  std::vector<float> tensor;
  for (int i = 0; i < 16 * 4096; ++i) {
    tensor.push_back(float(0.02 * random.gaussian()));
  }
  float global =
      chooseGlobalScale(computeFiniteAbsMax(tensor), getElementTraits(e2m1));
  BlockFormat format = {e2m1, ScaleFormat::E4M3, global};
  double evaluations = 0;
  for (size_t i = 0; i < tensor.size(); i += 16) {
    llvm::ArrayRef<float> block = llvm::ArrayRef<float>(tensor).slice(i, 16);
    evaluations += chooseOptimalScale(block, format).evaluations;
  }
  double mean = evaluations / 4096;
  EXPECT_GT(126 / mean, 15) << mean;
}

} // namespace
