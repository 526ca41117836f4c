//===- GoldenTest.cpp - The golden vectors, bit for bit -------------------===//
//
// test/golden/README.md says what the arrays are.
//
//===----------------------------------------------------------------------===//

#include "Golden.h"
#include "quantx/Format/Quantize.h"
#include "quantx/Format/ScaleRules.h"
#include "llvm/ADT/bit.h"
#include <vector>

using namespace quantx;
using namespace quantx::golden;

namespace {

class GoldenTest : public testing::TestWithParam<const char *> {
protected:
  std::string name = GetParam();
  std::vector<float> x = load<float>("x_" + name);

  /// Whether quantizing x, in blocks of `blockSize` with `getParameters(block
  /// index)`, gives exactly `expected`.
  template <typename GetParameters>
  void expectCodes(llvm::ArrayRef<uint8_t> expected, size_t blockSize,
                   const ElementFormat &format, GetParameters getParameters) {
    ASSERT_EQ(expected.size(), x.size());
    std::vector<uint8_t> codes(x.size());
    for (size_t block = 0; block < x.size() / blockSize; ++block) {
      quantizeBlock(getBlock(block, blockSize), getParameters(block), format,
                    llvm::MutableArrayRef<uint8_t>(codes).slice(
                        block * blockSize, blockSize));
    }
    EXPECT_EQ(llvm::ArrayRef<uint8_t>(codes), expected);
  }

  llvm::ArrayRef<float> getBlock(size_t block, size_t blockSize) const {
    return llvm::ArrayRef<float>(x).slice(block * blockSize, blockSize);
  }
};
INSTANTIATE_TEST_SUITE_P(Inputs, GoldenTest,
                         testing::Values("gauss", "student", "laplace", "edge"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

TEST_P(GoldenTest, MXFP4) {
  const FloatFormat &e2m1 = *lookupFloatFormat("f4E2M1FN");
  std::pair<const char *, E8M0Rule> rules[] = {{"floor", E8M0Rule::Floor},
                                               {"ceil", E8M0Rule::Ceil},
                                               {"even", E8M0Rule::Even},
                                               {"rceil", E8M0Rule::Rceil}};
  for (size_t blockSize : {16, 32}) {
    for (auto [ruleName, rule] : rules) {
      std::string prefix =
          "mxfp4_b" + std::to_string(blockSize) + "_" + name + "_" + ruleName;
      SCOPED_TRACE(prefix);
      std::vector<uint8_t> scales = load<uint8_t>(prefix + "_scale");
      ASSERT_EQ(scales.size(), x.size() / blockSize);
      for (size_t block = 0; block < scales.size(); ++block) {
        float absMax = computeAbsMax(getBlock(block, blockSize));
        EXPECT_EQ(chooseE8M0Scale(absMax, rule, getElementTraits(e2m1)),
                  scales[block])
            << "block " << block;
      }
      expectCodes(load<uint8_t>(prefix + "_codes"), blockSize, e2m1,
                  [&](size_t block) {
                    return QuantParameters{decodeE8M0(scales[block])};
                  });
    }
  }
}

TEST_P(GoldenTest, NVFP4) {
  constexpr size_t blockSize = 16;
  const FloatFormat &e2m1 = *lookupFloatFormat("f4E2M1FN");
  ElementTraits traits = getElementTraits(e2m1);
  std::string prefix = "nvfp4_" + name;
  float global = load<float>(prefix + "_global").front();
  EXPECT_EQ(chooseGlobalScale(computeFiniteAbsMax(x), traits), global);
  std::vector<uint8_t> scales = load<uint8_t>(prefix + "_absmax_scale");
  ASSERT_EQ(scales.size(), x.size() / blockSize);
  for (size_t block = 0; block < scales.size(); ++block) {
    float absMax = computeAbsMax(getBlock(block, blockSize));
    float scale =
        chooseAbsMaxScale(absMax, ScaleFormat::E4M3, traits, {}, global);
    EXPECT_EQ(encodeScale(scale, ScaleFormat::E4M3), scales[block])
        << "block " << block;
  }
  expectCodes(load<uint8_t>(prefix + "_absmax_codes"), blockSize, e2m1,
              [&](size_t block) {
                return QuantParameters{
                    decodeScale(scales[block], ScaleFormat::E4M3), 0, global};
              });
}

TEST_P(GoldenTest, INT8Rows) {
  IntegerFormat i8 = {8, true};
  std::vector<float> scales = load<float>("int8_row_" + name + "_scale");
  ASSERT_EQ(scales.size(), x.size() / rowSize);
  for (size_t row = 0; row < scales.size(); ++row) {
    EXPECT_EQ(chooseAbsMaxScale(computeAbsMax(getBlock(row, rowSize)),
                                ScaleFormat::F32, getElementTraits(i8)),
              scales[row])
        << "row " << row;
  }
  expectCodes(load<uint8_t>("int8_row_" + name + "_codes"), rowSize, i8,
              [&](size_t row) { return QuantParameters{scales[row]}; });
}

TEST_P(GoldenTest, INT4Groups) {
  constexpr size_t groupSize = 64;
  IntegerFormat ui4 = {4, false};
  std::string prefix = "int4_g64_" + name;
  std::vector<float> scales = load<float>(prefix + "_scale");
  std::vector<uint8_t> zeroPoints = load<uint8_t>(prefix + "_zero_point");
  ASSERT_EQ(scales.size(), x.size() / groupSize);
  ASSERT_EQ(zeroPoints.size(), scales.size());
  for (size_t group = 0; group < scales.size(); ++group) {
    auto parameters = chooseMinMaxParameters(
        computeRange(getBlock(group, groupSize)), ScaleFormat::F32, ui4);
    EXPECT_EQ(parameters.scale, scales[group]) << "group " << group;
    EXPECT_EQ(parameters.zeroPoint, zeroPoints[group]) << "group " << group;
  }
  expectCodes(load<uint8_t>(prefix + "_codes"), groupSize, ui4,
              [&](size_t group) {
                return QuantParameters{scales[group], zeroPoints[group]};
              });
}

} // namespace
