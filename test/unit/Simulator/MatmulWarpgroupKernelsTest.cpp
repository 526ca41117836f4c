//===- MatmulWarpgroupKernelsTest.cpp - Products by wgmma, simulated ------===//
//
// Against products in double precision of what the Format layer gives.
//
//===----------------------------------------------------------------------===//

#include "MatmulKernelPrograms.h"
#include "SimulatedDevice.h"
#include <cmath>
#include <cstring>

using namespace quantx;
using namespace quantx::test;

static constexpr const char *kWarpgroupChip = "sm_90a";

namespace {

struct Case {
  const char *name;
  TypeSpec weights;
  const char *element;
};

class WarpgroupKernelsTest : public testing::TestWithParam<Case> {};

} // namespace

static std::vector<Case> getCases() {
  TypeSpec fp8 = {"f8E4M3FN", "f32", "f32", 1, 0, false, false, "absmax"};
  TypeSpec e5m2 = {"f8E5M2", "f32", "f32", 1, 0, false, false, "absmax"};
  TypeSpec blocks = {"f8E4M3FN", "f32", "f32", 4, 64, false, false, "absmax"};
  TypeSpec eights = {"f4E2M1FN", "f32", "f8E4M3FN", 1,
                     8,          false, false,      "absmax"};
  TypeSpec ui8 = {"ui8", "f32", "f32", 1, 64, false, true, "minmax"};
  TypeSpec rows = {"ui4", "f32", "f32", 1, 0, false, true, "minmax"};
  TypeSpec i4 = {"i4", "f32", "f16", 1, 96, false, false, "absmax"};
  TypeSpec g128 = {"ui4", "f32", "f16", 1, 128, false, true, "minmax"};
  return {
      {"mxfp4_by_bf16", mxfp4, "bf16"},   {"mxfp4_by_f16", mxfp4, "f16"},
      {"nvfp4_by_bf16", nvfp4, "bf16"},   {"nvfp4_by_f16", nvfp4, "f16"},
      {"mxfp8_by_bf16", mxfp8, "bf16"},   {"fp8_by_bf16", fp8, "bf16"},
      {"fp8_by_f16", fp8, "f16"},         {"e5m2_by_f16", e5m2, "f16"},
      {"blocks_by_bf16", blocks, "bf16"}, {"eights_by_bf16", eights, "bf16"},
      {"int8_by_bf16", int8, "bf16"},     {"int8_by_f16", int8, "f16"},
      {"ui8_by_bf16", ui8, "bf16"},       {"rows_by_bf16", rows, "bf16"},
      {"int4_by_bf16", int4, "bf16"},     {"int4_by_f16", int4, "f16"},
      {"i4_by_bf16", i4, "bf16"},         {"g128_by_bf16", g128, "bf16"}};
}

// Less than a stage, and more than there is room for; rows that are aligned and
// not; tiles that are full, and those that are not in either direction; no
// products at all.
TEST_P(WarpgroupKernelsTest, SomeTokens) {
  const auto &[name, weights, element] = GetParam();
  Tokens tokens{element, {}};
  SimulatedProgram program = compile(weights, tokens, 19, kWarpgroupChip);
  for (Sizes sizes : {Sizes{19, 37, 320}, Sizes{19, 130, 75}, Sizes{19, 5, 32},
                      Sizes{19, 3, 1}, Sizes{19, 3, 0}})
    checkProduct(program, weights, tokens, sizes);
}

TEST_P(WarpgroupKernelsTest, ManyTokens) {
  const auto &[name, weights, element] = GetParam();
  Tokens tokens{element, {}};
  SimulatedProgram program = compile(weights, tokens, 270, kWarpgroupChip);
  for (Sizes sizes : {Sizes{270, 37, 352}, Sizes{270, 129, 203}})
    checkProduct(program, weights, tokens, sizes);
}

// Tiles follow on one another in a block.
TEST_P(WarpgroupKernelsTest, OneBlock) {
  const auto &[name, weights, element] = GetParam();
  Tokens tokens{element, {}};
  SimulatedDevice::get().setMostBlocks(1);
  checkProduct(compile(weights, tokens, 140, kWarpgroupChip), weights, tokens,
               {140, 270, 300});
  SimulatedDevice::get().setMostBlocks(INT64_MAX);
}

INSTANTIATE_TEST_SUITE_P(Types, WarpgroupKernelsTest,
                         testing::ValuesIn(getCases()),
                         [](const testing::TestParamInfo<Case> &info) {
                           return info.param.name;
                         });

// Scales that are NaN make NaN of the results of their rows alone, and so does
// an infinity where weights are 0 or NaN.
TEST(WarpgroupKernelsCodesTest, NonFinite) {
  constexpr int64_t tokens = 9, outputs = 4, sum = 96;
  for (const TypeSpec &weights : {mxfp4, mxfp8}) {
    SCOPED_TRACE(weights.storage);
    Matrix x = drawMatrix(tokens, sum, 1, "bf16"),
           w = drawMatrix(outputs, sum, 2),
           acc = drawMatrix(tokens, outputs, 3);
    w.values[1 * sum + 40] = NAN;
    std::fill_n(w.values.begin() + 2 * sum, sum, 0.0f);
    x.values[7 * sum + 70] = INFINITY;
    QuantizedInput inputW(weights, w);
    Input inputX(x, "bf16", {tokens, sum});
    Input inputAcc(acc, "f32", {tokens, outputs});
    std::vector<TensorView> views = {inputX.getView()};
    inputW.addViews(views);
    views.push_back(inputAcc.getView());
    std::vector<Array> out =
        compile(weights, {"bf16", {}}, tokens, kWarpgroupChip).run(views);
    std::vector<float> got(tokens * outputs);
    std::memcpy(got.data(), out[0].bytes.data(), out[0].bytes.size());
    for (int64_t m = 0; m < tokens; ++m) {
      EXPECT_TRUE(std::isnan(got[m * outputs + 1])) << m;
      EXPECT_EQ(std::isnan(got[m * outputs + 2]), m == 7) << m;
      EXPECT_EQ(std::isfinite(got[m * outputs]), m != 7) << m;
    }
  }
}
