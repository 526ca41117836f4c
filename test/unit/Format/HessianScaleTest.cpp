//===- HessianScaleTest.cpp - hessian against brute force -----------------===//

#include "Blocks.h"
#include "quantx/Format/ScaleRules.h"

using namespace quantx;
using namespace quantx::oracle;

namespace {

/// X^T X of `rows` rows of unequal columns: positive definite if rows >= size.
std::vector<float> makeHessian(size_t size, size_t rows, Random &random) {
  std::vector<double> sizes;
  for (size_t i = 0; i < size; ++i) {
    sizes.push_back(std::exp2(random.gaussian()));
  }
  std::vector<double> sums(size * size);
  for (size_t row = 0; row < rows; ++row) {
    std::vector<double> values;
    double common = random.gaussian();
    for (size_t i = 0; i < size; ++i) {
      values.push_back(sizes[i] * (random.gaussian() + 0.5 * common));
    }
    for (size_t i = 0; i < size; ++i) {
      for (size_t j = 0; j < size; ++j) {
        sums[i * size + j] += values[i] * values[j];
      }
    }
  }
  return {sums.begin(), sums.end()};
}

/// What brute force needs to know of one scale.
struct Outcome {
  double squared = 0, clipped = 0, zeroed = 0, weighted = 0;
};

Outcome evaluate(llvm::ArrayRef<float> block, llvm::ArrayRef<float> hessian,
                 size_t size, const BlockFormat &format, const Values &values,
                 float scale) {
  Outcome outcome;
  std::vector<double> residuals;
  for (float x : block) {
    double y = double(roundTrip(x, values, scale, format.global, 0));
    auto end = float(x < 0 ? values.values.front() : values.values.back());
    double limit = std::fabs(double(end * scale * format.global));
    double residual = double(x) - y;
    residuals.push_back(residual);
    outcome.squared += residual * residual;
    double excess = std::max(std::fabs(double(x)) - limit, 0.0);
    outcome.clipped += excess * excess;
    double value = values.round(double(getQuotient(x, scale, format.global)));
    outcome.zeroed += value == 0 ? double(x) * double(x) : 0;
  }
  for (size_t i = 0; i < residuals.size(); ++i) {
    double sum = 0;
    for (size_t j = 0; j < residuals.size(); ++j) {
      sum += double(hessian[i * size + j]) * residuals[j];
    }
    outcome.weighted += residuals[i] * sum;
  }
  return outcome;
}

/// The best of the candidates as OptimalScale.h defines them, all scales of
/// `scales` tried.
float searchAll(llvm::ArrayRef<float> block, llvm::ArrayRef<float> hessian,
                size_t size, const BlockFormat &format, const Values &values,
                llvm::ArrayRef<double> scales, float naive) {
  auto get = [&](float scale) {
    return evaluate(block, hessian, size, format, values, scale);
  };
  Outcome reference = get(naive);
  float best = naive;
  double least = reference.weighted;
  for (double scale : scales) {
    // Cheap: the largest element alone. Below, products are subnormal.
    double excess = double(computeAbsMax(block)) -
                    std::max(values.values.back(), -values.values.front()) *
                        scale * double(format.global);
    if (computeAbsMax(block) > 0x1p-100f && excess > 0 &&
        excess * excess > reference.squared * (1 + 0x1p-20)) {
      continue;
    }
    Outcome outcome = get(float(scale));
    if (outcome.clipped <= reference.squared &&
        outcome.zeroed <= reference.squared && outcome.weighted < least) {
      least = outcome.weighted;
      best = float(scale);
    }
  }
  return best;
}

class HessianScaleTest : public testing::TestWithParam<ElementFormat> {
protected:
  void expectBruteForce(ScaleFormat scale, size_t count) {
    bool fixedPoint = scale == ScaleFormat::E8M0;
    ElementFormat element = GetParam();
    if (const auto *format = std::get_if<IntegerFormat>(&element)) {
      element =
          IntegerFormat{format->bits, true, fixedPoint ? format->bits - 2 : 0};
    }
    Values values = getValues(element);
    std::vector<double> scales = getScales(scale);
    size_t notNaive = 0;
    auto check =
        [&](llvm::ArrayRef<float> block) -> std::optional<std::string> {
      float absMax = computeAbsMax(block);
      // Weighted errors would be infinite in this oracle, as values are.
      if (absMax == 0 || absMax > 0x1p125f) {
        return std::nullopt;
      }
      Random random(block.size());
      std::vector<float> hessian = makeHessian(64, 20, random);
      BlockFormat format = {element, scale};
      if (scale == ScaleFormat::E4M3) {
        format.global =
            chooseGlobalScale(absMax * 2, getElementTraits(element));
      }
      float naive = chooseNaiveScale(block, format);
      float best = searchAll(block, hessian, 64, format, values, scales, naive);
      float chosen = chooseHessianScale(block, hessian, 64, format).scale;
      notNaive += best != naive;
      if (chosen == best) {
        return std::nullopt;
      }
      return "chose " + std::to_string(chosen) + ", best is " +
             std::to_string(best) + ", naive is " + std::to_string(naive);
    };
    expectForAllBlocks(element, count, check, {16, 3, 32, 1, 17, 8});
    EXPECT_GT(notNaive, 0u);
  }
};
INSTANTIATE_TEST_SUITE_P(Elements, HessianScaleTest,
                         testing::ValuesIn(getElementFormats(false)),
                         [](const auto &info) { return getName(info.param); });

TEST_P(HessianScaleTest, EqualsBruteForceUnderE8M0) {
  expectBruteForce(ScaleFormat::E8M0, 12);
}

TEST_P(HessianScaleTest, EqualsBruteForceUnderE4M3) {
  expectBruteForce(ScaleFormat::E4M3, 12);
}

TEST_P(HessianScaleTest, EqualsBruteForceUnderBF16) {
  expectBruteForce(ScaleFormat::BF16, 3);
}

TEST_P(HessianScaleTest, EqualsBruteForceUnderF16) {
  expectBruteForce(ScaleFormat::F16, 2);
}

/// Under f32, no scale near the choice is better, nor any of many others, but
/// by the rounding of the products.
TEST_P(HessianScaleTest, NoOtherF32IsBetter) {
  BlockFormat format = {GetParam(), ScaleFormat::F32};
  Values values = getValues(GetParam());
  auto check = [&](llvm::ArrayRef<float> block) -> std::optional<std::string> {
    float absMax = computeAbsMax(block);
    if (absMax < 0x1p-100f || absMax > 0x1p125f) {
      return std::nullopt;
    }
    size_t size = block.size();
    Random random(size);
    std::vector<float> hessian = makeHessian(size, 2 * size, random);
    auto get = [&](float scale) {
      return evaluate(block, hessian, size, format, values, scale);
    };
    float naive = chooseNaiveScale(block, format);
    float chosen = chooseHessianScale(block, hessian, size, format).scale;
    Outcome reference = get(naive);
    double error = get(chosen).weighted;
    if (error > reference.weighted) {
      return "worse than the naive scale";
    }
    double squares = 0, trace = 0;
    for (size_t i = 0; i < size; ++i) {
      squares += double(block[i]) * double(block[i]);
      trace += double(hessian[i * size + i]);
    }
    for (int i = 0; i < 300; ++i) {
      float other = i < 100 ? toFloat(toBits(chosen) + i - 50)
                            : naive * float(4 * random.uniform());
      Outcome outcome = get(other);
      // ||H|| <= trace, and both residuals are rounded by 2^-24 |y|.
      double tolerance = 0x1p-22 * std::sqrt(trace * squares);
      if (other > 0 && outcome.clipped <= reference.squared &&
          outcome.zeroed <= reference.squared &&
          std::sqrt(error) > std::sqrt(outcome.weighted) + tolerance) {
        return "chose " + std::to_string(chosen) + ", better is " +
               std::to_string(other);
      }
    }
    return std::nullopt;
  };
  expectForAllBlocks(GetParam(), 2, check, {4, 16});
}

const ElementFormat e2m1 = *lookupFloatFormat("f4E2M1FN");

/// With the identity it is the squared error, and the choice is optimal's.
TEST(HessianScaleIdentityTest, IsOptimal) {
  std::vector<float> identity(32 * 32);
  for (size_t i = 0; i < 32; ++i) {
    identity[i * 33] = 1;
  }
  for (ScaleFormat scale : {ScaleFormat::E8M0, ScaleFormat::E4M3,
                            ScaleFormat::F16, ScaleFormat::BF16}) {
    auto check =
        [&](llvm::ArrayRef<float> block) -> std::optional<std::string> {
      BlockFormat format = {e2m1, scale};
      if (scale == ScaleFormat::E4M3) {
        format.global =
            chooseGlobalScale(computeAbsMax(block), getElementTraits(e2m1));
      }
      auto getError = [&](float chosen) {
        return computeSquaredError(block, {chosen, 0, format.global}, format);
      };
      double optimal = getError(chooseOptimalScale(block, format).scale);
      double weighted =
          getError(chooseHessianScale(block, identity, 32, format).scale);
      if (std::fabs(weighted - optimal) > 0x1p-40 * optimal) {
        return "not as good as optimal";
      }
      return std::nullopt;
    };
    expectForAllBlocks(e2m1, 30, check, {5, 16, 32});
  }
}

/// Errors where it counts less are accepted for smaller ones where it counts.
TEST(HessianScaleIdentityTest, WeighsElements) {
  BlockFormat format = {e2m1, ScaleFormat::E8M0};
  Block block = {4.25f, 0.25f, 0.25f, 0.25f};
  std::vector<float> even(16), small(16);
  for (size_t i = 0; i < 4; ++i) {
    even[i * 5] = 1;
    small[i * 5] = i == 0 ? 0.001f : 1;
  }
  // Under 1/2 the first is 1.25 off, and the squared error of the naive scale,
  // 0.25, rules it out: so does clipping 0.25 more.
  EXPECT_EQ(chooseHessianScale(block, even, 4, format).scale, 1.0f);
  EXPECT_EQ(chooseHessianScale(block, small, 4, format).scale, 1.0f);
  // With more to gain it is a candidate.
  Block longer(40, 0.25f);
  longer[0] = 4.25f;
  std::vector<float> weights(40 * 40);
  for (size_t i = 0; i < 40; ++i) {
    weights[i * 41] = i == 0 ? 0.001f : 1;
  }
  EXPECT_EQ(chooseHessianScale(longer, weights, 40, format).scale, 0.5f);
}

TEST(HessianScaleEdgeTest, SpecialBlocks) {
  std::vector<float> hessian = {2, 1, 1, 2};
  BlockFormat format = {e2m1, ScaleFormat::E8M0};
  EXPECT_EQ(chooseHessianScale({0.0f, 0.0f}, hessian, 2, format).scale,
            0x1p-127f);
  EXPECT_TRUE(
      std::isnan(chooseHessianScale({1.0f, NAN}, hessian, 2, format).scale));
  for (float bad : {NAN, INFINITY, -INFINITY}) {
    for (size_t i = 0; i < 4; ++i) {
      std::vector<float> damaged = hessian;
      damaged[i] = bad;
      ScaleChoice choice = chooseHessianScale({1.0f, 2.0f}, damaged, 2, format);
      EXPECT_TRUE(std::isnan(choice.scale));
      EXPECT_EQ(choice.evaluations, 0u);
    }
  }
  // All errors are zero, or negative: still the least, and no crash.
  std::vector<float> zeros(4), negative = {-1, 0, 0, -1};
  EXPECT_EQ(chooseHessianScale({4.5f, 1.0f}, zeros, 2, format).scale, 1.0f);
  EXPECT_FALSE(
      std::isnan(chooseHessianScale({4.5f, 1.0f}, negative, 2, format).scale));
}

TEST(BlockHessiansTest, AreTheProductsOfTheColumns) {
  // 3 rows of 5 columns in blocks of 2: the last is half empty.
  std::vector<float> activations = {1, 2, 3, 4, 5, -1, 0, 2,
                                    1, 3, 7, 1, 0, 0,  2};
  std::vector<float> hessians = computeBlockHessians(activations, 3, 5, 2);
  EXPECT_EQ(hessians,
            (std::vector<float>{51, 9, 9, 5, 13, 14, 14, 17, 38, 0, 0, 0}));
  EXPECT_TRUE(computeBlockHessians({}, 0, 0, 16).empty());
  // Rounded once: 2^24 + 1 is no f32, but the sum of squares keeps it till the
  // end.
  std::vector<float> column = {4096, 1, 1};
  EXPECT_EQ(computeBlockHessians(column, 3, 1, 1)[0], 16777218.0f);
}

} // namespace
