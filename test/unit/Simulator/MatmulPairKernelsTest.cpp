//===- MatmulPairKernelsTest.cpp - Codes and scales in one instruction ----===//
//
// Products of two quantized operands that stay codes, on the simulated GPU,
// against double precision.
//
//===----------------------------------------------------------------------===//

#include "MatmulKernelPrograms.h"
#include "SimulatedDevice.h"
#include <cmath>

using namespace quantx;
using namespace quantx::test;

static constexpr const char *kScaledChip = "sm_120a";
/// Its instructions on codes are for more than 64 tokens.
static constexpr const char *kTensorChip = "sm_100a";

namespace {

/// Two types that are multiplied together.
struct Pair {
  const char *name;
  TypeSpec weights, tokens;
};

class MatmulKernelsPairsTest : public testing::TestWithParam<Pair> {};

} // namespace

static std::vector<Pair> getPairs() {
  TypeSpec e5m2 = {"f8E5M2", "f32", "f8E8M0FNU", 1, 32, false, false, "floor"};
  TypeSpec e2m3 = {"f6E2M3FN", "f32", "f8E8M0FNU", 1,
                   32,         false, false,       "floor"};
  TypeSpec e3m2 = {"f6E3M2FN", "f32", "f8E8M0FNU", 1,
                   32,         false, false,       "floor"};
  TypeSpec fp8 = {"f8E4M3FN", "f32", "f32", 1, 0, false, false, "absmax"};
  return {{"fp8", fp8, fp8},
          {"fp8_by_mxfp8", fp8, mxfp8},
          {"mxfp4", mxfp4, mxfp4},
          {"nvfp4", nvfp4, nvfp4},
          {"mxfp8", mxfp8, mxfp8},
          {"e5m2_by_e4m3", e5m2, mxfp8},
          {"mxfp4_by_mxfp8", mxfp4, mxfp8},
          {"mxfp8_by_mxfp4", mxfp8, mxfp4},
          {"mxfp6_by_mxfp8", e2m3, mxfp8},
          {"mxfp4_by_mxfp6", mxfp4, e3m2}};
}

TEST_P(MatmulKernelsPairsTest, AllTilings) {
  const auto &[name, weights, type] = GetParam();
  Tokens tokens{"f32", type};
  for (Sizes sizes : {Sizes{1, 18, 1184}, Sizes{5, 33, 203}, Sizes{19, 37, 320},
                      Sizes{131, 33, 75}})
    checkProduct(compile(weights, tokens, sizes.tokens, kScaledChip), weights,
                 tokens, sizes);
}

// One stage that is not full, and more than there is room for; rows that are
// aligned and not; tiles that are full, and those that are not in either
// direction; few tokens, which some types have the same kernel for.
TEST_P(MatmulKernelsPairsTest, TensorMemory) {
  const auto &[name, weights, type] = GetParam();
  Tokens tokens{"f32", type};
  for (Sizes sizes :
       {Sizes{65, 33, 75}, Sizes{128, 128, 256}, Sizes{131, 150, 1184},
        Sizes{70, 1, 2080}, Sizes{3, 140, 200}})
    checkProduct(compile(weights, tokens, sizes.tokens, kTensorChip), weights,
                 tokens, sizes);
}

// Tiles follow on one another in a block: it goes on with the phases of its
// mbarriers where it was.
TEST_P(MatmulKernelsPairsTest, TensorMemoryInOneBlock) {
  const auto &[name, weights, type] = GetParam();
  Tokens tokens{"f32", type};
  SimulatedDevice::get().setMostBlocks(1);
  for (Sizes sizes : {Sizes{131, 270, 600}, Sizes{131, 270, 1000}})
    checkProduct(compile(weights, tokens, sizes.tokens, kTensorChip), weights,
                 tokens, sizes);
  SimulatedDevice::get().setMostBlocks(INT64_MAX);
}

INSTANTIATE_TEST_SUITE_P(Types, MatmulKernelsPairsTest,
                         testing::ValuesIn(getPairs()),
                         [](const testing::TestParamInfo<Pair> &info) {
                           return info.param.name;
                         });

/// The product of `x` and `w`, both quantized to `type`, and `acc`.
static std::vector<float> multiplyPair(const TypeSpec &type, const char *chip,
                                       const Matrix &x, const Matrix &w,
                                       const Matrix &acc) {
  QuantizedInput inputX(type, x), inputW(type, w);
  Input inputAcc(acc, "f32", {acc.rows, acc.columns});
  std::vector<TensorView> views;
  inputX.addViews(views);
  inputW.addViews(views);
  views.push_back(inputAcc.getView());
  std::vector<Array> out =
      compile(type, {"f32", type}, acc.rows, chip).run(views);
  std::vector<float> product = getElements<float>(out[0]);
  return product;
}

// Each block has its own scale, in each row another: the sum of a row is exact.
static void checkScales(const TypeSpec &type, const char *chip, int64_t tokens,
                        int64_t outputs) {
  SCOPED_TRACE(type.storage + " on " + chip);
  constexpr int64_t block = 32, sum = 9 * block;
  auto fill = [&](int64_t rows, int64_t factor) {
    Matrix matrix{rows, sum, std::vector<float>(rows * sum, 0.0f)};
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t i = 0; i < sum; ++i)
        matrix.values[row * sum + i] =
            i % block == 0
                ? std::ldexp(1.0f, int(row * factor + i / block * 3) % 11)
                : 0.0f;
    return matrix;
  };
  Matrix x = fill(tokens, 5), w = fill(outputs, 7),
         acc{tokens, outputs, std::vector<float>(tokens * outputs, 0.0f)};
  std::vector<float> got = multiplyPair(type, chip, x, w, acc);
  for (int64_t m = 0; m < tokens; ++m)
    for (int64_t n = 0; n < outputs; ++n) {
      float expected = 0;
      for (int64_t i = 0; i < sum; ++i)
        expected += x.values[m * sum + i] * w.values[n * sum + i];
      EXPECT_EQ(got[m * outputs + n], expected) << m << ", " << n;
    }
}

TEST(MatmulKernelsPairsScalesTest, EachRowAndBlock) {
  for (const TypeSpec &type : {mxfp4, mxfp8}) {
    checkScales(type, kScaledChip, 9, 17);
    checkScales(type, kTensorChip, 130, 140);
  }
}

static void checkNonFinite(const TypeSpec &type, const char *chip,
                           int64_t tokens) {
  SCOPED_TRACE(type.storage + " on " + chip);
  constexpr int64_t sum = 64, outputs = 4;
  Matrix x = drawMatrix(tokens, sum, 1), w = drawMatrix(outputs, sum, 2),
         acc = drawMatrix(tokens, outputs, 3);
  w.values[1 * sum + 40] = NAN;
  std::vector<float> got = multiplyPair(type, chip, x, w, acc);
  for (int64_t i = 0; i < tokens * outputs; ++i)
    EXPECT_EQ(std::isnan(got[i]), i % outputs == 1) << i;
}

// A NaN scale makes NaN of its row, in instructions that take scales too.
TEST(MatmulKernelsCodesTest, NonFiniteScales) {
  for (const TypeSpec &type : {mxfp4, nvfp4, mxfp8}) {
    checkNonFinite(type, kScaledChip, 3);
    checkNonFinite(type, kTensorChip, 70);
  }
}
