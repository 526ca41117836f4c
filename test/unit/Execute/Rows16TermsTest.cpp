//===- Rows16TermsTest.cpp - Floats as bytes, by weights side by side -----===//
//
// Few rows of floats are multiplied as bytes where the weights are integers, K
// is large and the target has dot products of bytes; elsewhere as floats. What
// is expected is the same everywhere.
//
//===----------------------------------------------------------------------===//

#include "Rows16Programs.h"
#include <cmath>
#include <limits>
#ifdef __GLIBC__
#include <malloc.h>
#endif

using namespace quantx;
using namespace quantx::test;

static const TypeSpec uint4Group128 = {"ui4", "f32", "f16", 1,
                                       128,   false, true,  "minmax"};
static const TypeSpec int4Signed = {"i4", "f32", "bf16", 1,
                                    64,   false, false,  "absmax"};
static const TypeSpec uint8Group32 = {"ui8", "f32", "f32", 1,
                                      32,    false, true,  "minmax"};

static const std::pair<const char *, TypeSpec> allWeights[] = {
    {"mxfp4", mxfp4},       {"nvfp4", nvfp4},
    {"int8", int8},         {"mxint8", mxint8},
    {"ui4_g32", int4},      {"ui4_g128", uint4Group128},
    {"i4_g64", int4Signed}, {"ui8_g32", uint8Group32}};

namespace {
class Rows16TermsTest
    : public testing::TestWithParam<std::pair<const char *, TypeSpec>> {
protected:
  static constexpr int64_t columns = 19, sum = 320;

  const TypeSpec &getWeights() const { return GetParam().second; }
  MatmulProgram getProgram(const std::string &element,
                           std::optional<int64_t> rows) const {
    return {getWeights(), {element}, rows, columns, sum};
  }
};
} // namespace

TEST_P(Rows16TermsTest, Activations) {
  for (const char *element : {"f32", "bf16", "f16"})
    getProgram(element, 1).check(1);
  for (const char *element : {"f32", "bf16"})
    getProgram(element, 2).check(2);
}

/// Row 0 of `x` has an element in each 32 that is 2^24 times the others, where
/// weights are 0: the sums are those of the others alone.
TEST_P(Rows16TermsTest, SmallBesideLarge) {
  for (const char *element : {"f32", "bf16"}) {
    Matrix x = drawMatrix(2, sum, 1, element);
    Matrix y = drawMatrix(columns, sum, 2);
    Matrix acc{2, columns, std::vector<float>(2 * columns, 0.0f)};
    for (int64_t k = 5; k < sum; k += 32) {
      x.values[k] = std::ldexp(x.values[k], 24);
      for (int64_t n = 0; n < columns; ++n)
        y.values[n * sum + k] = 0.0f;
    }
    auto [result, weights] = getProgram(element, 2).run(x, y, acc);
    expectProduct(result, x, weights, acc);
  }
}

// Where all values have one sign, what is lost has, too, and adds up: from 2^15
// on bytes alone would lose more than the bound.
TEST_P(Rows16TermsTest, SlightlySmall) {
  MatmulProgram program = getProgram("f32", 1);
  for (int exponent : {8, 12, 13, 14, 15, 16, 20}) {
    Matrix x = drawMatrix(1, sum, 1);
    Matrix y = drawMatrix(columns, sum, 2);
    Matrix acc{1, columns, std::vector<float>(columns, 0.0f)};
    for (float &value : x.values)
      value = 1.0f + std::fabs(std::remainder(value, 1.0f));
    for (float &value : y.values)
      value = std::fabs(value);
    for (int64_t k = 5; k < sum; k += 32) {
      x.values[k] = std::ldexp(1.0f, exponent);
      for (int64_t n = 0; n < columns; ++n)
        y.values[n * sum + k] = 0.0f;
    }
    auto [result, weights] = program.run(x, y, acc);
    expectProduct(result, x, weights, acc);
  }
}

// One group has a small value, or none has: the numbers of those that are
// multiplied as floats.
TEST_P(Rows16TermsTest, OneSmallGroup) {
  MatmulProgram program = getProgram("f32", 1);
  for (int64_t group = 0; group <= sum; group += 64) {
    Matrix x = drawMatrix(1, sum, 1);
    Matrix y = drawMatrix(columns, sum, 2);
    Matrix acc = drawMatrix(1, columns, 3);
    for (float &value : x.values)
      value = std::copysign(std::max(std::fabs(value), 0.125f), value);
    if (group < sum)
      x.values[group + 63] = 0x1.234568p-20f;
    auto [result, weights] = program.run(x, y, acc);
    expectProduct(result, x, weights, acc);
  }
}

// Exponents at both ends of f32: where sums are subnormal, as exact as those
// are.
TEST_P(Rows16TermsTest, Exponents) {
  MatmulProgram program = getProgram("f32", 1);
  for (int exponent : {-140, -120, -90, -80, 60, 100}) {
    Matrix x = drawMatrix(1, sum, 1);
    Matrix y = drawMatrix(columns, sum, 2);
    Matrix acc{1, columns, std::vector<float>(columns, 0.0f)};
    for (float &value : x.values)
      value = std::ldexp(value, exponent);
    auto [result, weights] = program.run(x, y, acc);
    for (int64_t n = 0; n < columns; ++n) {
      double want = 0, magnitudes = 0;
      for (int64_t k = 0; k < sum; ++k) {
        double product = double(x.values[k]) * weights.values[n * sum + k];
        want += product;
        magnitudes += std::fabs(product);
      }
      float got;
      std::memcpy(&got, result.bytes.data() + sizeof(float) * n, sizeof(float));
      EXPECT_NEAR(got, want, 1e-5 * magnitudes + 4 * sum * 0x1p-149)
          << "2^" << exponent << ", column " << n;
    }
  }
}

TEST_P(Rows16TermsTest, NothingButZeros) {
  Matrix x{1, sum, std::vector<float>(sum, 0.0f)};
  Matrix acc = drawMatrix(1, columns, 3);
  auto [result, weights] =
      getProgram("f32", 1).run(x, drawMatrix(columns, sum, 2), acc);
  expectProduct(result, x, weights, acc);
}

// By IEEE 754: the product of a 0 and an infinity is NaN.
TEST_P(Rows16TermsTest, InfinitiesAndNaN) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const char *element : {"f32", "bf16"}) {
    MatmulProgram program = getProgram(element, 1);
    for (float special : {infinity, -infinity, nan}) {
      Matrix x = drawMatrix(1, sum, 1, element);
      x.values[77] = special;
      Matrix acc = drawMatrix(1, columns, 3);
      auto [result, weights] = program.run(x, drawMatrix(columns, sum, 2), acc);
      for (int64_t n = 0; n < columns; ++n) {
        float got, want = special * weights.values[n * sum + 77];
        std::memcpy(&got, result.bytes.data() + sizeof(float) * n,
                    sizeof(float));
        if (std::isnan(want))
          EXPECT_TRUE(std::isnan(got)) << "column " << n;
        else
          EXPECT_EQ(got, want) << "column " << n;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Types, Rows16TermsTest, testing::ValuesIn(allWeights),
    [](const testing::TestParamInfo<std::pair<const char *, TypeSpec>> &info) {
      return std::string(info.param.first);
    });

namespace {

/// Has memory hold other than zeros as it is got, where the C library can.
struct FilledMemory {
  FilledMemory() { fill(0xa5); }
  ~FilledMemory() { fill(0); }

private:
  static void fill(int byte) {
#ifdef M_PERTURB
    mallopt(M_PERTURB, byte);
#endif
  }
};

} // namespace

// A form for more rows than there are.
TEST(Rows16TermsSizesTest, MissingRows) {
  FilledMemory filled;
  for (const char *element : {"bf16", "f32"}) {
    MatmulProgram program(mxfp4, {element}, std::nullopt, /*columns=*/16,
                          /*sum=*/256);
    for (int64_t rows : {0, 2, 3, 1})
      program.check(rows);
  }
}

// The least K, one less than a multiple of groups, and numbers of rows that
// show at run time.
TEST(Rows16TermsSizesTest, Sums) {
  for (int64_t sum : {192, 255, 256, 257, 384}) {
    for (const TypeSpec &weights : {mxfp4, uint4Group128}) {
      MatmulProgram program(weights, {"f32"}, std::nullopt, /*columns=*/33,
                            sum);
      for (int64_t rows : {0, 1, 2, 3})
        program.check(rows);
    }
  }
}

TEST(Rows16TermsSizesTest, Batched) {
  for (const char *element : {"f32", "bf16"})
    for (int64_t rows : {1, 2})
      checkBatches({rows, 21, 256}, element, "native",
                   BatchWeights::SideBySide);
}

TEST(Rows16TermsSizesTest, Threads) {
  MatmulProgram program(int4, {"bf16"}, /*rows=*/1, /*columns=*/300,
                        /*sum=*/512, kForms[1], /*threads=*/2);
  program.check(1);
}
