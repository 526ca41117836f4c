//===- OptimalScaleE8M0Test.cpp - optimal against all 255 scales ----------===//

#include "Blocks.h"
#include "quantx/Format/ScaleRules.h"

using namespace quantx;
using namespace quantx::oracle;

namespace {

/// The error of each power of two less the sum of x^2, without rounding, by
/// brute force: the sum of y^2 - 2 x y, y the value nearest to x. Both products
/// are exact in f64.
std::vector<ExactSum> computeErrors(llvm::ArrayRef<float> block,
                                    const Values &values) {
  std::vector<ExactSum> errors;
  for (double scale : getScales(ScaleFormat::E8M0)) {
    ExactSum error;
    for (float x : block) {
      double y = values.round(double(x) / scale) * scale;
      error.add(y * y);
      error.add(-2 * double(x) * y);
    }
    errors.push_back(error);
  }
  return errors;
}

double subtract(ExactSum left, const ExactSum &right) {
  left.subtract(right);
  return left.get();
}

/// Whether a value of the block would be infinite in `format`.
bool overflows(llvm::ArrayRef<float> block, const Values &values, double scale,
               ExpressedFormat format) {
  return llvm::any_of(block, [&](float x) {
    return std::fabs(values.round(double(x) / scale) * scale) >=
           getOverflowThreshold(format);
  });
}

/// The code of the best of all 255 scales by exact errors. Only the naive one
/// may make a value infinite.
size_t searchAll(llvm::ArrayRef<float> block, llvm::ArrayRef<ExactSum> errors,
                 const Values &values, size_t naive, ExpressedFormat format) {
  std::vector<double> scales = getScales(ScaleFormat::E8M0);
  size_t best = naive;
  for (size_t code = 0; code < scales.size(); ++code) {
    double difference = subtract(errors[code], errors[best]);
    bool wins =
        difference < 0 || (difference == 0 && best != naive && code < best);
    if (wins && !overflows(block, values, scales[code], format)) {
      best = code;
    }
  }
  return best;
}

float getFloorScale(llvm::ArrayRef<float> block, const ElementFormat &element) {
  return decodeE8M0(chooseE8M0Scale(computeAbsMax(block), E8M0Rule::Floor,
                                    getElementTraits(element)));
}

/// The formats under which sums over small blocks are exact in f64.
bool hasExactSums(const ElementFormat &element) {
  return getName(element) != "f8E4M3FN" && getName(element) != "f8E5M2";
}

std::optional<std::string> checkOptimal(llvm::ArrayRef<float> block,
                                        const BlockFormat &format) {
  if (computeAbsMax(block) == 0) {
    return std::nullopt;
  }
  Values values = getValues(format.element);
  std::vector<ExactSum> errors = computeErrors(block, values);
  size_t naive = encodeE8M0(getFloorScale(block, format.element));
  size_t best = searchAll(block, errors, values, naive, format.expressed);
  size_t chosen = encodeE8M0(chooseOptimalScale(block, format).scale);
  if (chosen == best) {
    return std::nullopt;
  }
  double excess = subtract(errors[chosen], errors[best]);
  ExactSum squares;
  for (float x : block) {
    squares.add(double(x) * double(x));
  }
  double tolerance = 0x1p-50 * squares.get();
  if (!hasExactSums(format.element) && excess >= 0 && excess <= tolerance) {
    return std::nullopt;
  }
  return "chose code " + std::to_string(chosen) + ", best is " +
         std::to_string(best) + ", naive is " + std::to_string(naive);
}

class OptimalScaleE8M0Test : public testing::TestWithParam<ElementFormat> {};
INSTANTIATE_TEST_SUITE_P(Elements, OptimalScaleE8M0Test,
                         testing::ValuesIn(getElementFormats(true)),
                         [](const auto &info) { return getName(info.param); });

TEST_P(OptimalScaleE8M0Test, EqualsBruteForce) {
  BlockFormat format = {GetParam(), ScaleFormat::E8M0};
  expectForAllBlocks(GetParam(), 36, [&](llvm::ArrayRef<float> block) {
    return checkOptimal(block, format);
  });
}

TEST_P(OptimalScaleE8M0Test, EqualsBruteForceForLargeBlocks) {
  BlockFormat format = {GetParam(), ScaleFormat::E8M0};
  expectForAllBlocks(
      GetParam(), 2,
      [&](llvm::ArrayRef<float> block) { return checkOptimal(block, format); },
      {300, 1500});
}

TEST_P(OptimalScaleE8M0Test, NoOtherMethodIsBetter) {
  BlockFormat format = {GetParam(), ScaleFormat::E8M0};
  ElementTraits traits = getElementTraits(GetParam());
  auto check = [&](llvm::ArrayRef<float> block) -> std::optional<std::string> {
    double error = computeSquaredError(
        block, {chooseOptimalScale(block, format).scale}, format);
    for (E8M0Rule rule :
         {E8M0Rule::Floor, E8M0Rule::Ceil, E8M0Rule::Even, E8M0Rule::Rceil}) {
      float other =
          decodeE8M0(chooseE8M0Scale(computeAbsMax(block), rule, traits));
      // Where the exact errors are equal, the rounded sums may not be.
      if (error > computeSquaredError(block, {other}, format) * (1 + 0x1p-40)) {
        return "worse than rule " + std::to_string(int(rule));
      }
    }
    return std::nullopt;
  };
  expectForAllBlocks(GetParam(), 200, check);
}

/// The window as docs/optimal-scales.md states it: outside of it, no block of
/// its size that was found by a search for the worst one has a better scale.
TEST_P(OptimalScaleE8M0Test, WindowIsFiniteAndNested) {
  ElementGrid grid = getElementGrid(GetParam());
  for (size_t size : {1, 2, 16, 32, 4096, 1 << 20}) {
    int steps = 1;
    double threshold = getLowerThreshold(grid, size, steps);
    while (threshold > grid.leading) {
      ++steps;
      ASSERT_LE(steps, 64);
      double next = getLowerThreshold(grid, size, steps);
      EXPECT_LE(next, threshold);
      threshold = next;
    }
    EXPECT_LE(threshold, getLowerThreshold(grid, 2 * size, steps));
  }
}

/// As Theorem 3 counts: the bits between the smallest difference of two errors
/// and the largest sum of them fit a double.
TEST(E8M0WindowTest, SumsAreExact) {
  for (const ElementFormat &element : getElementFormats(true)) {
    if (!hasExactSums(element)) {
      continue;
    }
    ElementGrid grid = getElementGrid(element);
    for (size_t size = 1; size <= 256; size *= 2) {
      int finest = 0;
      while (getLowerThreshold(grid, size, finest + 1) > grid.leading) {
        ++finest;
      }
      double quantum = std::ldexp(grid.quantum, -finest);
      double least = quantum * quantum * 0x1p-23;
      double most = double(size) * 4 * grid.leading * grid.leading;
      EXPECT_LE(std::log2(most / least), 53) << getName(element) << " " << size;
    }
  }
}

/// For the element that loses least and others that gain most, the threshold
/// is not far off: it is where the finer scale stops to win, or little above.
TEST(E8M0WindowTest, IsTightForE2M1) {
  ElementFormat e2m1 = *lookupFloatFormat("f4E2M1FN");
  BlockFormat format = {e2m1, ScaleFormat::E8M0};
  ElementGrid grid = getElementGrid(e2m1);
  EXPECT_EQ(getUpperThreshold(grid), 7.0);
  for (size_t size : {17, 32, 64, 101}) {
    double threshold = getLowerThreshold(grid, size, 1);
    EXPECT_NEAR(threshold,
                std::min(3.5 + double(size - 1) / 32,
                         3 + std::sqrt(double(size - 1) / 16 + 1)),
                1e-9);
    // The others at a quarter: halfway between 0 and 0.5, and on the half grid.
    auto choose = [&](double ratio) {
      Block block(size, 0.25f);
      block[0] = float(ratio);
      return chooseOptimalScale(block, format).scale;
    };
    EXPECT_EQ(choose(threshold * (1 + 1e-6)), 1.0f);
    if (threshold <= 5) { // beyond, 6 is nearer than the bound assumes
      EXPECT_EQ(choose(threshold * (1 - 1e-6)), 0.5f);
    }
  }
  EXPECT_LT(getLowerThreshold(grid, 16, 1), 4.0);
  EXPECT_GT(getLowerThreshold(grid, 18, 1), 4.0);
  EXPECT_LT(getLowerThreshold(grid, 100, 2), 4.0);
}

TEST(E8M0WindowTest, OneAlternativeIsEnoughForE2M1) {
  ElementFormat e2m1 = *lookupFloatFormat("f4E2M1FN");
  BlockFormat format = {e2m1, ScaleFormat::E8M0};
  expectForAllBlocks(
      e2m1, 300,
      [&](llvm::ArrayRef<float> block) -> std::optional<std::string> {
        unsigned evaluations = chooseOptimalScale(block, format).evaluations;
        if (evaluations > 2) {
          return std::to_string(evaluations) + " evaluations";
        }
        return std::nullopt;
      });
}

/// Of two equal errors the naive scale's counts, else the smaller's.
TEST(OptimalScaleE8M0TieTest, GoesToTheNaiveScale) {
  BlockFormat format = {*lookupFloatFormat("f4E2M1FN"), ScaleFormat::E8M0};
  // Exact under 1 and 1/2 alike, and under 2 too: 4 and 2.
  EXPECT_EQ(chooseOptimalScale({4.0f, 2.0f}, format).scale, 1.0f);
  // 7 is 1 off under 1 and under 2.
  EXPECT_EQ(chooseOptimalScale({7.0f}, format).scale, 1.0f);
  EXPECT_EQ(chooseOptimalScale({std::nextafter(7.0f, 8.0f)}, format).scale,
            2.0f);
  EXPECT_EQ(chooseOptimalScale({-std::nextafter(7.0f, 8.0f)}, format).scale,
            2.0f);
  // Under 4, 7.5 becomes 8 as well: the smaller of the better ones.
  EXPECT_EQ(chooseOptimalScale({7.5f}, format).scale, 2.0f);
  EXPECT_EQ(chooseOptimalScale({7.5f}, format).evaluations, 2u);
  EXPECT_EQ(chooseOptimalScale({4.5f}, format).evaluations, 1u);
}

TEST(OptimalScaleE8M0EdgeTest, ZeroAndNonFiniteBlocks) {
  for (const ElementFormat &element : getElementFormats(true)) {
    BlockFormat format = {element, ScaleFormat::E8M0};
    EXPECT_EQ(chooseOptimalScale({0.0f, -0.0f}, format).scale, 0x1p-127f);
    EXPECT_EQ(chooseOptimalScale({}, format).scale, 0x1p-127f);
    EXPECT_TRUE(std::isnan(chooseOptimalScale({1.0f, NAN}, format).scale));
    EXPECT_TRUE(std::isnan(chooseOptimalScale({INFINITY}, format).scale));
    EXPECT_EQ(chooseOptimalScale({0.0f}, format).evaluations, 0u);
    EXPECT_EQ(chooseOptimalScale({NAN}, format).evaluations, 0u);
  }
}

/// 2 s would be better, but its 4 is infinite in the expressed type.
TEST(OptimalScaleE8M0EdgeTest, InfiniteValuesAreNoCandidates) {
  BlockFormat f32 = {*lookupFloatFormat("f4E2M1FN"), ScaleFormat::E8M0};
  float largest = std::numeric_limits<float>::max();
  EXPECT_EQ(chooseOptimalScale({largest}, f32).scale, 0x1p125f);
  EXPECT_EQ(chooseOptimalScale({largest / 2}, f32).scale, 0x1p125f);
  BlockFormat f16 = f32;
  f16.expressed = ExpressedFormat::F16;
  EXPECT_EQ(chooseOptimalScale({65504.0f}, f16).scale, 0x1p13f);
  EXPECT_EQ(chooseOptimalScale({65504.0f}, f32).scale, 0x1p14f);
  BlockFormat bf16 = f32;
  bf16.expressed = ExpressedFormat::BF16;
  EXPECT_EQ(chooseOptimalScale({0x1.fep127f}, bf16).scale, 0x1p125f);
  EXPECT_EQ(chooseOptimalScale({0x1.fep126f}, bf16).scale, 0x1p125f);
}

/// The smallest scale, code 0, is a candidate like any other.
TEST(OptimalScaleE8M0EdgeTest, TheSmallestScaleCanWin) {
  BlockFormat format = {*lookupFloatFormat("f4E2M1FN"), ScaleFormat::E8M0};
  Block block(32, 0.25f * 0x1p-126f);
  block[0] = 4.2f * 0x1p-126f;
  EXPECT_EQ(getFloorScale(block, format.element), 0x1p-126f);
  EXPECT_EQ(chooseOptimalScale(block, format).scale, 0x1p-127f);
  for (float &x : block) {
    x /= 2;
  }
  EXPECT_EQ(chooseOptimalScale(block, format).scale, 0x1p-127f);
}

/// Scaling by a power of two changes nothing but the exponent, from the
/// smallest f32 to the largest: errors neither under- nor overflow.
TEST(OptimalScaleE8M0EdgeTest, IsTheSameOverTheWholeRange) {
  ElementFormat e2m1 = *lookupFloatFormat("f4E2M1FN");
  BlockFormat format = {e2m1, ScaleFormat::E8M0};
  Random random(5);
  for (int i = 0; i < 200; ++i) {
    Block block = makeBlock(Kind::Gaussian, 16, e2m1, random);
    int exponent = std::ilogb(computeAbsMax(block));
    for (float &x : block) {
      // Multiples of 2^-12 up to 2: no bit is lost down to 2^-137.
      x = std::ldexp(std::trunc(std::ldexp(x, 12 - exponent)), -12);
    }
    int naive = std::ilogb(getFloorScale(block, e2m1));
    int offset = std::ilogb(chooseOptimalScale(block, format).scale) - naive;
    for (int shift = 126 - 1; shift >= -124; --shift) {
      Block scaled = block;
      for (float &x : scaled) {
        x = std::ldexp(x, shift);
      }
      ASSERT_EQ(std::ilogb(chooseOptimalScale(scaled, format).scale),
                naive + shift + offset)
          << toString(scaled);
    }
  }
}

/// What error_stats adds up, y in f32, is what the exact errors are.
TEST_P(OptimalScaleE8M0Test, DequantizedValuesAreExact) {
  Values values = getValues(GetParam());
  std::vector<double> scales = getScales(ScaleFormat::E8M0);
  for (double scale : scales) {
    for (size_t i = 0; i < values.values.size(); ++i) {
      double product = values.values[i] * scale;
      if (std::fabs(product) < 0x1p128) {
        ASSERT_EQ(double(float(values.values[i]) * float(scale)), product);
      }
    }
  }
}

/// The shrinker finds the simplest failing block.
TEST(ShrinkTest, FindsTheSimplestBlock) {
  Random random(3);
  ElementFormat e2m1 = *lookupFloatFormat("f4E2M1FN");
  auto check = [](llvm::ArrayRef<float> block) -> std::optional<std::string> {
    size_t large = 0;
    for (float x : block) {
      large += std::fabs(x) >= 1.25f * std::fabs(block.back());
    }
    return large >= 2 ? std::optional<std::string>("two large ones")
                      : std::nullopt;
  };
  Block block = makeBlock(Kind::Gaussian, 64, e2m1, random);
  block.back() = 0x1.234p-20f;
  ASSERT_TRUE(check(block).has_value());
  Block simplest = shrink(block, check);
  EXPECT_EQ(simplest.size(), 2u) << toString(simplest);
  EXPECT_TRUE(check(simplest).has_value());
}

} // namespace
