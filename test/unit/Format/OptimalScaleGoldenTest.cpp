//===- OptimalScaleGoldenTest.cpp - Searches against golden vectors -------===//
//
// test/golden/README.md says what the arrays are.
//
//===----------------------------------------------------------------------===//

#include "Golden.h"
#include "quantx/Format/OptimalScale.h"
#include "quantx/Format/ScaleRules.h"

using namespace quantx;
using namespace quantx::golden;

namespace {

class OptimalGoldenTest : public testing::TestWithParam<const char *> {
protected:
  std::string name = GetParam();
  std::vector<float> x = load<float>("x_" + name);
  BlockFormat format = {*lookupFloatFormat("f4E2M1FN"), ScaleFormat::E8M0};

  llvm::ArrayRef<float> getBlock(size_t block, size_t blockSize) const {
    return llvm::ArrayRef<float>(x).slice(block * blockSize, blockSize);
  }

  /// Expects the bits of the scale, or where two scales tie to the rounding of
  /// `tolerance` the error. Returns whether the bits differ.
  bool expectScale(float scale, uint8_t expected, double error,
                   double expectedError, double tolerance) {
    EXPECT_NEAR(error, expectedError, tolerance * expectedError);
    return encodeScale(scale, format.scale) != expected;
  }
};
INSTANTIATE_TEST_SUITE_P(Inputs, OptimalGoldenTest,
                         testing::Values("gauss", "student", "laplace", "edge"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

TEST_P(OptimalGoldenTest, MXFP4) {
  for (size_t blockSize : {16, 32}) {
    std::string prefix =
        "mxfp4_b" + std::to_string(blockSize) + "_" + name + "_optimal_";
    SCOPED_TRACE(prefix);
    auto scales = load<uint8_t>(prefix + "scale");
    auto errors = load<double>(prefix + "sse");
    ASSERT_EQ(scales.size(), x.size() / blockSize);
    ASSERT_EQ(errors.size(), scales.size());
    size_t ties = 0;
    for (size_t i = 0; i < scales.size(); ++i) {
      llvm::ArrayRef<float> block = getBlock(i, blockSize);
      float scale = chooseOptimalScale(block, format).scale;
      ties += expectScale(scale, scales[i],
                          computeSquaredError(block, {scale}, format),
                          errors[i], 0x1p-48);
    }
    EXPECT_EQ(ties, 0u) << "scales that differ with the same error";
  }
}

TEST_P(OptimalGoldenTest, MXFP4Hessian) {
  for (size_t blockSize : {16, 32}) {
    std::string prefix =
        "mxfp4_b" + std::to_string(blockSize) + "_" + name + "_";
    SCOPED_TRACE(prefix);
    auto scales = load<uint8_t>(prefix + "hessian_scale");
    auto errors = load<double>(prefix + "hessian_err");
    auto hessians = load<float>(prefix + "H");
    size_t area = blockSize * blockSize;
    ASSERT_EQ(scales.size(), x.size() / blockSize);
    ASSERT_EQ(hessians.size(), rowSize / blockSize * area);
    for (size_t i = 0; i < scales.size(); ++i) {
      llvm::ArrayRef<float> block = getBlock(i, blockSize);
      size_t column = i % (rowSize / blockSize);
      llvm::ArrayRef<float> hessian =
          llvm::ArrayRef<float>(hessians).slice(column * area, area);
      float scale = chooseHessianScale(block, hessian, blockSize, format).scale;
      EXPECT_EQ(encodeScale(scale, format.scale), scales[i]) << "block " << i;
      EXPECT_NEAR(
          computeHessianError(block, hessian, blockSize, {scale}, format),
          errors[i], 1e-6 * errors[i])
          << "block " << i;
    }
  }
}

/// The golden errors are in float64, ours round the values as dequantize does:
/// to f32.
TEST_P(OptimalGoldenTest, NVFP4) {
  constexpr size_t blockSize = 16;
  std::string prefix = "nvfp4_" + name + "_";
  auto scales = load<uint8_t>(prefix + "optimal_scale");
  auto errors = load<double>(prefix + "optimal_sse");
  format.scale = ScaleFormat::E4M3;
  format.global = load<float>(prefix + "global").front();
  ASSERT_EQ(scales.size(), x.size() / blockSize);
  size_t ties = 0;
  for (size_t i = 0; i < scales.size(); ++i) {
    llvm::ArrayRef<float> block = getBlock(i, blockSize);
    float scale = chooseOptimalScale(block, format).scale;
    double error =
        computeSquaredError(block, {scale, 0, format.global}, format);
    ties += expectScale(scale, scales[i], error, errors[i], 0x1p-18);
  }
  EXPECT_EQ(ties, 0u) << "scales that differ with the same error";
}

} // namespace
