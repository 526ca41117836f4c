//===- FewPairsTest.cpp - Few rows of floats by pairs of bf16 -------------===//
//
// Few rows of floats are multiplied as pairs of bf16 where the target has fast
// dot products of these; elsewhere as f32. What is expected is the same
// everywhere.
//
//===----------------------------------------------------------------------===//

#include "Rows16Programs.h"
#include <cmath>
#include <limits>

using namespace quantx;
using namespace quantx::test;

static const TypeSpec fp8Row = {"f8E4M3FN", "f32", "f32", 1,
                                0,          false, false, "absmax"};

static const std::pair<const char *, TypeSpec> allWeights[] = {
    {"mxfp4", mxfp4},
    {"mxfp4_bf16",
     {"f4E2M1FN", "bf16", "f8E8M0FNU", 1, 32, false, false, "floor"}},
    {"nvfp4", nvfp4},
    {"mxfp8", mxfp8},
    {"e5m2", {"f8E5M2", "f32", "f8E8M0FNU", 1, 32, false, false, "floor"}},
    {"fp8_row", fp8Row},
    {"fp8_blocks", {"f8E4M3FN", "f32", "f32", 4, 64, false, false, "absmax"}},
    {"ui4_g32", int4},
    {"ui4_g128", {"ui4", "f32", "f16", 1, 128, false, true, "minmax"}},
    {"i4_minmax", {"i4", "f32", "f32", 1, 64, false, true, "minmax"}},
    {"i4_g64", {"i4", "f32", "bf16", 1, 64, false, false, "absmax"}},
    {"ui4_row", {"ui4", "f32", "f32", 1, 0, false, true, "minmax"}}};

namespace {
class FewPairsTest
    : public testing::TestWithParam<std::pair<const char *, TypeSpec>> {
protected:
  static constexpr int64_t columns = 7;

  const TypeSpec &getWeights() const { return GetParam().second; }

  void checkSizes(const std::string &element, Sizes sizes) const {
    SCOPED_TRACE(testing::Message() << element << ", " << sizes.rows << " x "
                                    << sizes.columns << " x " << sizes.sum);
    Program program(
        getProgram(getWeights(), {element}, /*isDynamic=*/false, sizes));
    check(program, getWeights(), {element}, sizes);
  }

  /// The results of one row `x` by weights of `y`, whose program is of `x`
  /// times these.
  std::vector<float> multiply(const Program &program,
                              const std::string &element, const Matrix &x,
                              const Matrix &y) const {
    Matrix acc{1, y.rows, std::vector<float>(size_t(y.rows), 0.0f)};
    std::vector<Array> out = program.run(
        {Input(x, element, {1, x.columns}).getView(),
         Input(y, getWeights().expressed, {y.rows, y.columns}).getView(),
         Input(acc, "f32", {1, y.rows}).getView()});
    std::vector<float> results = getElements<float>(out[0]);
    return results;
  }
};
} // namespace

TEST_P(FewPairsTest, Rows) {
  for (const char *element : {"f32", "bf16", "f16"})
    for (int64_t rows : {1, 3, 8})
      checkSizes(element, {rows, columns, 320});
}

// One more and one less than lanes, groups, and what is decoded at once have;
// the least K that loses digits, and one less.
TEST_P(FewPairsTest, Sums) {
  for (int64_t sum : {1, 15, 63, 65, 129, 255, 256, 257, 383, 512, 1023, 2048})
    checkSizes(sum < 256 ? "bf16" : "f32", {1, columns, sum});
}

// Digits of an activation that bf16 does not hold count.
TEST_P(FewPairsTest, AllDigitsCount) {
  constexpr int64_t sum = 256;
  for (const char *element : {"f32", "f16"}) {
    Program program(getProgram(getWeights(), {element}, /*isDynamic=*/false,
                               {1, columns, sum}));
    Matrix x{1, sum, std::vector<float>(sum, 1.0f + 0x1p-9f)};
    Matrix y = drawMatrix(columns, sum, 2, getWeights().expressed);
    for (float &value : y.values)
      value = std::fabs(value);
    Matrix w = getDequantized(getWeights(), y);
    std::vector<float> got = multiply(program, element, x, y);
    for (int64_t n = 0; n < columns; ++n) {
      double want = 0;
      for (int64_t k = 0; k < sum; ++k)
        want += double(x.values[k]) * w.values[n * sum + k];
      EXPECT_NEAR(got[n], want, 1e-5 * want) << element << ", column " << n;
    }
  }
}

// What is nearest to the largest numbers in bf16 is infinite: their weights are
// so small beside others that codes are below 1.
TEST_P(FewPairsTest, LargestNumbers) {
  constexpr int64_t sum = 256, place = 99;
  constexpr float largest = std::numeric_limits<float>::max();
  Program program(getProgram(getWeights(), {"f32"}, /*isDynamic=*/false,
                             {1, columns, sum}));
  Matrix x{1, sum, std::vector<float>(sum, 0.0f)};
  x.values[place] = largest;
  Matrix y = drawMatrix(columns, sum, 2, getWeights().expressed);
  for (int64_t n = 0; n < columns; ++n) {
    y.values[n * sum + place] = 0x1p-16f;
    y.values[n * sum + place + 1] = 1.0f;
  }
  Matrix w = getDequantized(getWeights(), y);
  std::vector<float> got = multiply(program, "f32", x, y);
  for (int64_t n = 0; n < columns; ++n) {
    double want = double(largest) * w.values[n * sum + place];
    EXPECT_NEAR(got[n], want, 1e-5 * want) << "column " << n;
  }
}

// By IEEE 754: the product of a 0 and an infinity is NaN.
TEST_P(FewPairsTest, InfinitiesAndNaN) {
  constexpr int64_t sum = 320, place = 77;
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const char *element : {"f32", "bf16", "f16"}) {
    Program program(getProgram(getWeights(), {element}, /*isDynamic=*/false,
                               {1, columns, sum}));
    for (float special : {infinity, -infinity, nan}) {
      Matrix x = drawMatrix(1, sum, 1, element);
      x.values[place] = special;
      Matrix y = drawMatrix(columns, sum, 2, getWeights().expressed);
      Matrix w = getDequantized(getWeights(), y);
      std::vector<float> got = multiply(program, element, x, y);
      for (int64_t n = 0; n < columns; ++n) {
        float want = special * w.values[n * sum + place];
        if (std::isnan(want))
          EXPECT_TRUE(std::isnan(got[n])) << element << ", column " << n;
        else
          EXPECT_EQ(got[n], want) << element << ", column " << n;
      }
    }
  }
}

// Zero points are subtracted exactly: weights of 0 give 0, whatever stands
// for them.
TEST_P(FewPairsTest, ZeroWeights) {
  constexpr int64_t sum = 256;
  for (const char *element : {"f32", "bf16"}) {
    Program program(getProgram(getWeights(), {element}, /*isDynamic=*/false,
                               {1, columns, sum}));
    Matrix x = drawMatrix(1, sum, 1, element);
    Matrix y = drawMatrix(columns, sum, 2, getWeights().expressed);
    // One weight of a block has a magnitude, and no activation.
    for (int64_t n = 0; n < columns; ++n) {
      for (int64_t k = 0; k < sum; ++k) {
        if (k % 16 != 3)
          y.values[n * sum + k] = 0.0f;
        else
          x.values[k] = 0.0f;
      }
    }
    for (float result : multiply(program, element, x, y))
      EXPECT_EQ(result, 0.0f) << element;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Types, FewPairsTest, testing::ValuesIn(allWeights),
    [](const testing::TestParamInfo<std::pair<const char *, TypeSpec>> &info) {
      return std::string(info.param.first);
    });

// Codes that are infinite, by activations whose second piece is 0.
TEST(FewPairsWaysTest, InfiniteCodes) {
  Program program(R"(
    !w = !quantx.scaled<f8E5M2 : f32, f8E8M0FNU per 1x32>
    func.func @f(%x: tensor<1x256xf32>, %p: tensor<2x256xi8>, %s: tensor<2x8xi8>,
                 %acc: tensor<1x2xf32>) -> tensor<1x2xf32> {
      %scales = arith.bitcast %s : tensor<2x8xi8> to tensor<2x8xf8E8M0FNU>
      %w = quantx.assemble %p, %scales
        : tensor<2x256xi8>, tensor<2x8xf8E8M0FNU> to tensor<2x256x!w>
      %r = quantx.scaled_matmul ins(%x, %w : tensor<1x256xf32>, tensor<2x256x!w>)
        outs(%acc : tensor<1x2xf32>) -> tensor<1x2xf32>
      return %r : tensor<1x2xf32>
    })");
  Matrix x{1, 256, std::vector<float>(256, 1.0f)}, acc{1, 2, {0.0f, 0.0f}};
  std::vector<uint8_t> codes(512, 0x3c), scales(16, 127);
  codes[5] = 0x7c;
  codes[256 + 9] = 0x7d;
  std::vector<Array> out =
      program.run({Input(x, "f32", {1, 256}).getView(),
                   viewArray(ElementType::Int8, {2, 256}, codes),
                   viewArray(ElementType::Int8, {2, 8}, scales),
                   Input(acc, "f32", {1, 2}).getView()});
  float got[2];
  std::memcpy(got, out[0].bytes.data(), sizeof(got));
  EXPECT_EQ(got[0], std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(got[1])) << got[1];
}

TEST(FewPairsWaysTest, Threads) {
  Sizes sizes = {2, 301, 512};
  Program program(getProgram(int4, {"f32"}, /*isDynamic=*/false, sizes),
                  "native", /*threads=*/2);
  check(program, int4, {"f32"}, sizes);
}

TEST(FewPairsWaysTest, Batched) {
  for (const char *element : {"f32", "bf16"})
    for (int64_t rows : {1, 4})
      checkBatches({rows, 5, 288}, element, "native", BatchWeights::Static);
}

// The last group of activations is whole, or is not.
TEST(FewPairsWaysTest, SideBySide) {
  for (const TypeSpec &weights : {mxfp4, nvfp4, mxfp8, fp8Row, int4})
    for (int64_t sum : {72, 320})
      for (int64_t rows : {1, 3, 8})
        MatmulProgram(weights, {"bf16"}, rows, /*columns=*/19, sum).check(rows);
}
