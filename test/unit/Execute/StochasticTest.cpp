//===- StochasticTest.cpp - The mean of stochastic rounding ---------------===//
//
// ConversionsTest compares the bits in every lowering; here, what they are for:
// over many seeds the mean of a value's codes is the value.
//
//===----------------------------------------------------------------------===//

#include "ConversionOracle.h"
#include "Lowerings.h"

using namespace quantx;
using namespace quantx::test;

namespace {

class StochasticTest : public testing::TestWithParam<FloatFormat> {
protected:
  const FloatFormat &format = GetParam();
};

/// A value between the magnitudes `low` and `low + step`, or their negatives.
struct Sample {
  float value;
  double low;
  double step;

  /// How probable the larger magnitude is.
  double getProbability() const { return (std::fabs(value) - low) / step; }
};

} // namespace

/// Eighths of the way between codes of every binade, and far from any.
static std::vector<Sample> getSamples(const FloatFormat &format) {
  std::vector<double> magnitudes = oracle::getMagnitudes(format);
  std::vector<Sample> samples;
  for (size_t i = 0; i + 1 < magnitudes.size(); i += 3) {
    double step = magnitudes[i + 1] - magnitudes[i];
    double fraction = double(i % 8) / 8 + 0.0625;
    auto value = float(magnitudes[i] + fraction * step);
    samples.push_back({i % 2 ? -value : value, magnitudes[i], step});
  }
  // A mean that needs many seeds to show.
  samples.push_back({float(magnitudes[1] / 256), 0.0, magnitudes[1]});
  return samples;
}

TEST_P(StochasticTest, MeanOverSeedsIsTheValue) {
  constexpr int seeds = 8192;
  constexpr size_t vectorSize = 16;
  ConversionSpec spec;
  spec.format = format.name.str();
  spec.rounding = RoundingMode::Stochastic;
  spec.vectorSize = vectorSize;
  ConversionKernel kernel = llvm::cantFail(ConversionKernel::create(spec));

  std::vector<Sample> samples = getSamples(format);
  std::vector<float> values(llvm::alignTo(samples.size(), vectorSize));
  for (auto [i, sample] : llvm::enumerate(samples))
    values[i] = sample.value;
  std::vector<double> sums(samples.size());
  std::vector<uint8_t> codes(values.size());
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    kernel.run({reinterpret_cast<const uint8_t *>(values.data()),
                values.size() * sizeof(float)},
               codes, seed);
    for (size_t i = 0; i < samples.size(); ++i)
      sums[i] +=
          oracle::toFloat(expectValue(spec.format, codes[i], WideType::F32));
  }
  for (auto [sample, sum] : llvm::zip(samples, sums)) {
    double p = sample.getProbability();
    double standardError = sample.step * std::sqrt(p * (1 - p) / seeds);
    EXPECT_NEAR(sum / seeds, sample.value, 4 * standardError);
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, StochasticTest,
                         testing::ValuesIn(getFloatFormats().begin(),
                                           getFloatFormats().end()),
                         [](const auto &info) {
                           return info.param.name.str();
                         });
