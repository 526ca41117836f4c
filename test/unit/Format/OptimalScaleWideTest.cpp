//===- OptimalScaleWideTest.cpp - optimal under f32, f16 and bf16 ---------===//

#include "Blocks.h"
#include "quantx/Format/ScaleRules.h"

using namespace quantx;
using namespace quantx::oracle;

namespace {

double computeNorm(llvm::ArrayRef<float> block) {
  double sum = 0;
  for (float x : block) {
    sum += double(x) * double(x);
  }
  return std::sqrt(sum);
}

float getNaiveScale(llvm::ArrayRef<float> block, const BlockFormat &format) {
  return chooseAbsMaxScale(computeAbsMax(block), format.scale,
                           getElementTraits(format.element));
}

/// Whether no code but that of zero is nearest to an element under `scale`: no
/// larger scale gives another error.
bool isAllZero(llvm::ArrayRef<float> block, const Values &values,
               double scale) {
  double quantum = values.values[values.zero + 1];
  return double(computeAbsMax(block)) < scale * quantum * 0.49;
}

/// The scale that brute force over all values finds; errors as error_stats has
/// them. Of ties the naive one, else the smallest.
float searchAll(llvm::ArrayRef<float> block, const BlockFormat &format,
                const Values &values, llvm::ArrayRef<double> scales) {
  float naive = getNaiveScale(block, format);
  float best = naive;
  double least = computeError(block, format, values, naive);
  for (double scale : scales) {
    double error = computeError(block, format, values, float(scale));
    if (error < least) {
      least = error;
      best = float(scale);
    }
    if (isAllZero(block, values, scale)) {
      break;
    }
  }
  return best;
}

std::string describe(float chosen, float best, float naive) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << llvm::format("chose %a, best is %a, naive is %a", double(chosen),
                         double(best), double(naive));
  return text;
}

class OptimalScaleWideTest : public testing::TestWithParam<ElementFormat> {
protected:
  void expectBruteForce(ScaleFormat scale, size_t count) {
    BlockFormat format = {GetParam(), scale};
    Values values = getValues(GetParam());
    std::vector<double> scales = getScales(scale);
    auto check =
        [&](llvm::ArrayRef<float> block) -> std::optional<std::string> {
      if (computeAbsMax(block) == 0) {
        return std::nullopt;
      }
      float best = searchAll(block, format, values, scales);
      float chosen = chooseOptimalScale(block, format).scale;
      if (chosen == best) {
        return std::nullopt;
      }
      return describe(chosen, best, getNaiveScale(block, format));
    };
    expectForAllBlocks(GetParam(), count, check,
                       {1, 2, 3, 8, 16, 5, 32, 13, 33, 64});
  }
};
INSTANTIATE_TEST_SUITE_P(Elements, OptimalScaleWideTest,
                         testing::ValuesIn(getElementFormats(false, true)),
                         [](const auto &info) { return getName(info.param); });

TEST_P(OptimalScaleWideTest, EqualsBruteForceOverAllF16) {
  expectBruteForce(ScaleFormat::F16, 3);
}

TEST_P(OptimalScaleWideTest, EqualsBruteForceOverAllBF16) {
  expectBruteForce(ScaleFormat::BF16, 3);
}

/// The least error over all real scales in (low, high] if nothing is rounded
/// but to codes: the least of each quadratic between two breakpoints.
double computeIdealLeast(llvm::ArrayRef<float> block, const Values &values,
                         double low, double high) {
  std::vector<double> ends = {low, high};
  for (float x : block) {
    for (size_t i = 0; i + 1 < values.values.size(); ++i) {
      double tie = (values.values[i] + values.values[i + 1]) / 2;
      double scale = tie == 0 ? 0 : double(x) / tie;
      if (scale > low && scale < high) {
        ends.push_back(scale);
      }
    }
  }
  std::sort(ends.begin(), ends.end());
  double least = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i + 1 < ends.size(); ++i) {
    double middle = (ends[i] + ends[i + 1]) / 2;
    double squares = 0, products = 0;
    std::vector<double> codes;
    for (float x : block) {
      codes.push_back(values.round(double(x) / middle));
      squares += codes.back() * codes.back();
      products += codes.back() * double(x);
    }
    double vertex = squares == 0 ? middle : products / squares;
    vertex = std::clamp(vertex, ends[i], ends[i + 1]);
    double error = 0;
    for (size_t j = 0; j < block.size(); ++j) {
      double residual = double(block[j]) - codes[j] * vertex;
      error += residual * residual;
    }
    least = std::min(least, error);
  }
  return least;
}

/// In f32: not above the least of all quadratics but by the rounding of the
/// products, and not above the naive error at all.
TEST_P(OptimalScaleWideTest, IsTheLeastQuadraticUnderF32) {
  BlockFormat format = {GetParam(), ScaleFormat::F32};
  Values values = getValues(GetParam());
  auto check = [&](llvm::ArrayRef<float> block) -> std::optional<std::string> {
    float amax = computeAbsMax(block);
    // Subnormal products round by more, and infinite ones are not ideal.
    if (amax < 0x1p-100f || amax > 0x1p126f) {
      return std::nullopt;
    }
    float naive = getNaiveScale(block, format);
    float chosen = chooseOptimalScale(block, format).scale;
    double error = computeError(block, format, values, chosen);
    if (error > computeError(block, format, values, naive)) {
      return "worse than naive: " + describe(chosen, naive, naive);
    }
    double low = double(naive) / 64, high = double(naive) * 64;
    double least = computeIdealLeast(block, values, low, high);
    if (std::sqrt(error) > std::sqrt(least) + 0x1p-22 * computeNorm(block)) {
      return describe(chosen, 0, naive) + ": error " + std::to_string(error) +
             ", least " + std::to_string(least);
    }
    return std::nullopt;
  };
  expectForAllBlocks(GetParam(), 6, check, {1, 3, 8, 16, 32, 20});
}

/// No f32 near the choice is better, nor any other, but by the rounding of the
/// products.
TEST_P(OptimalScaleWideTest, NoOtherF32IsBetter) {
  BlockFormat format = {GetParam(), ScaleFormat::F32};
  Values values = getValues(GetParam());
  auto check = [&](llvm::ArrayRef<float> block) -> std::optional<std::string> {
    if (computeAbsMax(block) < 0x1p-100f) {
      return std::nullopt;
    }
    float naive = getNaiveScale(block, format);
    float chosen = chooseOptimalScale(block, format).scale;
    double error = computeError(block, format, values, chosen);
    double tolerance = 0x1p-22 * computeNorm(block);
    std::vector<float> others;
    for (int step = -200; step <= 200; ++step) {
      others.push_back(toFloat(toBits(chosen) + step));
    }
    Random random(toBits(chosen));
    for (int i = 0; i < 400; ++i) {
      others.push_back(naive * float(random.uniform()));
      others.push_back(naive * float(1 + 3 * random.uniform()));
      float margin = float(1 - 0.5 * random.uniform());
      others.push_back(chooseAbsMaxScale(computeAbsMax(block), format.scale,
                                         getElementTraits(GetParam()),
                                         {margin, /*powerOfTwo=*/false}));
    }
    for (float other : others) {
      if (other > 0 && std::sqrt(error) > std::sqrt(computeError(
                                              block, format, values, other)) +
                                              tolerance) {
        return describe(chosen, other, naive);
      }
    }
    return std::nullopt;
  };
  expectForAllBlocks(GetParam(), 3, check, {2, 16, 32});
}

constexpr ScaleFormat wideFormats[] = {ScaleFormat::F32, ScaleFormat::F16,
                                       ScaleFormat::BF16};

TEST(OptimalScaleWideEdgeTest, SpecialBlocks) {
  for (ScaleFormat scale : wideFormats) {
    BlockFormat format = {IntegerFormat{4, true}, scale};
    EXPECT_EQ(chooseOptimalScale({0.0f, -0.0f}, format).scale, 1.0f);
    EXPECT_EQ(chooseOptimalScale({}, format).scale, 1.0f);
    EXPECT_TRUE(std::isnan(chooseOptimalScale({1.0f, NAN}, format).scale));
    EXPECT_TRUE(std::isnan(chooseOptimalScale({INFINITY}, format).scale));
    EXPECT_EQ(chooseOptimalScale({7.0f, 1.0f}, format).scale, 1.0f);
    EXPECT_EQ(chooseOptimalScale({7.0f, 1.0f}, format).evaluations, 1u);
  }
}

/// Where the naive scale makes a value infinite in the expressed type, one that
/// does not is chosen.
TEST(OptimalScaleWideEdgeTest, InfiniteValuesAreNotChosen) {
  BlockFormat format = {IntegerFormat{8, true}, ScaleFormat::BF16, 1.0f,
                        ExpressedFormat::F16};
  Block block = {65504.0f, 3.0f};
  float naive = getNaiveScale(block, format);
  ASSERT_GE(naive * 127, 65520.0f);
  float chosen = chooseOptimalScale(block, format).scale;
  EXPECT_LT(computeError(block, format, getValues(format.element), chosen),
            HUGE_VAL);
  EXPECT_EQ(chosen, searchAll(block, format, getValues(format.element),
                              getScales(ScaleFormat::BF16)));
}

/// Small elements that a larger scale hits are worth more than the largest one.
TEST(OptimalScaleWideEdgeTest, LargerThanNaive) {
  Block block(16, 1.0f);
  block[0] = 3.0f;
  for (ScaleFormat scale : wideFormats) {
    BlockFormat format = {IntegerFormat{4, true}, scale};
    ASSERT_LT(getNaiveScale(block, format), 0.5f);
    EXPECT_EQ(chooseOptimalScale(block, format).scale, 0.5f);
  }
}

/// The search needs few sums over a block, however long.
TEST(OptimalScaleWideCountTest, EvaluationsStayFew) {
  for (ScaleFormat scale : wideFormats) {
    for (const char *name : {"i4", "i8", "f8E4M3FN"}) {
      ElementFormat element = IntegerFormat{name[1] == '4' ? 4u : 8u, true};
      if (name[0] == 'f') {
        element = *lookupFloatFormat(name);
      }
      for (size_t size : {32, 128, 1024}) {
        Random random(size);
        double evaluations = 0;
        constexpr int count = 10;
        for (int i = 0; i < count; ++i) {
          Block block = makeBlock(Kind::Gaussian, size, element, random);
          evaluations +=
              chooseOptimalScale(block, {element, scale}).evaluations;
        }
        // Of f32 there are many between the local minima of long blocks.
        bool isF32 = scale == ScaleFormat::F32;
        EXPECT_LT(evaluations / count,
                  size == 1024 ? (isF32 ? 4000 : 500) : (isF32 ? 800 : 200))
            << name << " " << size << " " << int(scale);
        RecordProperty(std::string(name) + "_" + std::to_string(int(scale)) +
                           "_" + std::to_string(size),
                       std::to_string(evaluations / count));
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// Zero points
//===----------------------------------------------------------------------===//

/// The pair that brute force over all zero points and all scales finds; of ties
/// minmax's, else the smallest scale, then zero point.
std::pair<float, int> searchAllPairs(llvm::ArrayRef<float> block,
                                     const BlockFormat &format,
                                     const Values &values,
                                     llvm::ArrayRef<double> scales) {
  const auto &element = std::get<IntegerFormat>(format.element);
  auto naive =
      chooseMinMaxParameters(computeRange(block), format.scale, element);
  std::pair<float, int> best = {naive.scale, naive.zeroPoint};
  double least =
      computeError(block, format, values, naive.scale, naive.zeroPoint);
  for (double scale : scales) {
    // No element is next to another code than the zero point's.
    if (double(computeAbsMax(block)) < scale * 0.49) {
      break;
    }
    // The two ends of the block exceed the range of the codes by this much
    // together, and so by half its square at least.
    BlockRange range = computeRange(block);
    double excess = double(range.hi) - double(range.lo) -
                    (values.values.back() - values.values.front()) * scale;
    if (excess > 0 && excess * excess / 2 > least * (1 + 0x1p-20)) {
      continue;
    }
    for (int zeroPoint = element.getMinCode();
         zeroPoint <= element.getMaxCode(); ++zeroPoint) {
      double error =
          computeError(block, format, values, float(scale), zeroPoint);
      if (error < least) {
        least = error;
        best = {float(scale), zeroPoint};
      }
    }
  }
  return best;
}

TEST(OptimalParametersTest, EqualsBruteForceOverAllPairs) {
  std::pair<IntegerFormat, ScaleFormat> types[] = {
      {{2, false}, ScaleFormat::F16},
      {{2, true}, ScaleFormat::BF16},
      {{4, false}, ScaleFormat::BF16},
      {{4, true}, ScaleFormat::BF16}};
  for (auto [element, scale] : types) {
    BlockFormat format = {element, scale};
    Values values = getValues(format.element);
    std::vector<double> scales = getScales(scale);
    auto check =
        [&](llvm::ArrayRef<float> block) -> std::optional<std::string> {
      if (computeAbsMax(block) == 0) {
        return std::nullopt;
      }
      auto best = searchAllPairs(block, format, values, scales);
      ScaleChoice chosen = chooseOptimalParameters(block, format);
      if (chosen.scale == best.first && chosen.zeroPoint == best.second) {
        return std::nullopt;
      }
      return describe(chosen.scale, best.first, best.first) + ", zero points " +
             std::to_string(chosen.zeroPoint) + " and " +
             std::to_string(best.second);
    };
    expectForAllBlocks(format.element, 1, check, {9});
  }
}

TEST(OptimalParametersTest, NeverWorseThanMinmax) {
  for (unsigned bits : {2, 4, 8}) {
    for (bool isSigned : {false, true}) {
      IntegerFormat element = {bits, isSigned};
      BlockFormat format = {element, ScaleFormat::F32};
      size_t better = 0;
      auto check =
          [&](llvm::ArrayRef<float> block) -> std::optional<std::string> {
        if (computeAbsMax(block) == 0) {
          return std::nullopt;
        }
        auto naive =
            chooseMinMaxParameters(computeRange(block), format.scale, element);
        ScaleChoice chosen = chooseOptimalParameters(block, format);
        double error = computeSquaredError(
            block, {chosen.scale, chosen.zeroPoint}, format);
        double other =
            computeSquaredError(block, {naive.scale, naive.zeroPoint}, format);
        better += error < other;
        if (error > other) {
          return "worse";
        }
        return std::nullopt;
      };
      expectForAllBlocks(format.element, 2, check, {16, 64});
      EXPECT_GT(better, 8u);
    }
  }
}

TEST(OptimalParametersTest, SpecialBlocks) {
  BlockFormat format = {IntegerFormat{4, false}, ScaleFormat::F16};
  ScaleChoice zeros = chooseOptimalParameters({0.0f, 0.0f}, format);
  EXPECT_EQ(zeros.scale, 1.0f);
  EXPECT_EQ(zeros.zeroPoint, 0);
  ScaleChoice bad = chooseOptimalParameters({1.0f, NAN}, format);
  EXPECT_TRUE(std::isnan(bad.scale));
  EXPECT_EQ(bad.zeroPoint, 0);
  // Exact under minmax: nothing to search.
  ScaleChoice exact = chooseOptimalParameters({-3.0f, 12.0f, 4.0f}, format);
  EXPECT_EQ(exact.scale, 1.0f);
  EXPECT_EQ(exact.zeroPoint, 3);
  EXPECT_EQ(exact.evaluations, 1u);
}

} // namespace
