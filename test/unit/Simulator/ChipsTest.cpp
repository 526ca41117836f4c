//===- ChipsTest.cpp - The NVVM pipeline on the simulated GPU -------------===//

#include "SimulatedProgram.h"
#include "gtest/gtest.h"

using namespace quantx;
using namespace quantx::test;

namespace {

class ChipsTest : public testing::TestWithParam<const char *> {};

} // namespace

static constexpr const char *kDequantize = R"(
!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
func.func @dequantize(%q: tensor<?x?x!mxfp4>) -> tensor<?x?xf32> {
  %y = quantx.dequantize %q : tensor<?x?x!mxfp4> to tensor<?x?xf32>
  return %y : tensor<?x?xf32>
})";

/// Every code under scales of all sizes, in rows of several lengths. NaN, which
/// a GPU gives other bits, is left out.
TEST_P(ChipsTest, Dequantize) {
  SimulatedProgram simulated =
      SimulatedProgram::createForChip(kDequantize, GetParam());
  Program program(kDequantize);
  for (int64_t blocks : {0, 1, 2, 3, 8, 17}) {
    for (int64_t rows : {1, 3, 19}) {
      std::vector<uint8_t> payload(rows * blocks * 16), scales(rows * blocks);
      for (size_t i = 0; i < payload.size(); ++i)
        payload[i] = uint8_t(i * 31);
      for (size_t i = 0; i < scales.size(); ++i)
        scales[i] = uint8_t((i * 7 + rows) % 255);
      std::vector<TensorView> inputs = {
          viewArray(ElementType::UInt8, {rows, blocks * 16}, payload),
          viewArray(ElementType::UInt8, {rows, blocks}, scales)};
      Array actual = simulated.run(inputs).front();
      Array expected = program.run(inputs).front();
      EXPECT_EQ(actual.shape, expected.shape);
      EXPECT_EQ(actual.bytes, expected.bytes)
          << rows << " rows of " << blocks << " blocks";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Chips, ChipsTest,
                         testing::Values("sm_80", "sm_90", "sm_90a", "sm_100a",
                                         "sm_120a"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });
