//===- ErrorStatsTest.cpp - error_stats against a float64 sum -------------===//

#include "Program.h"
#include "Reference.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace quantx;
using namespace quantx::test;

namespace {
struct Stats {
  double sse = 0;
  float maxError = 0;
  int64_t saturated = 0;
  int64_t flushed = 0;
};
} // namespace

static std::string getProgram(const TypeSpec &type) {
  return "!t = " + type.print() +
         "\nfunc.func @f(%x: tensor<?x?xf32>) -> (f32, f32, i64, i64) {\n"
         "  %q = quantx.dynamic_quantize %x using #quantx." +
         type.method +
         " : tensor<?x?xf32> to tensor<?x?x!t>\n"
         "  %e:4 = quantx.error_stats %x, %q : tensor<?x?xf32>, "
         "tensor<?x?x!t> -> f32, f32, i64, i64\n"
         "  return %e#0, %e#1, %e#2, %e#3 : f32, f32, i64, i64\n}\n";
}

template <typename T>
static T read(const Array &array) {
  T value;
  EXPECT_EQ(array.bytes.size(), sizeof(T));
  std::memcpy(&value, array.bytes.data(), sizeof(T));
  return value;
}

static Stats runProgram(const TypeSpec &type, int64_t rows, int64_t columns,
                        const std::vector<float> &matrix) {
  Program program(getProgram(type));
  std::vector<Array> results =
      program.run({viewArray(ElementType::Float32, {rows, columns}, matrix)});
  return {read<float>(results[0]), read<float>(results[1]),
          read<int64_t>(results[2]), read<int64_t>(results[3])};
}

/// The sums from the dequantized values alone; what saturates, from the largest
/// magnitude that the type represents in each row.
static Stats computeStats(const TypeSpec &type, int64_t rows, int64_t columns,
                          const std::vector<float> &matrix,
                          double firstSaturated) {
  QuantizedMatrix quantized = quantize(type, rows, columns, matrix);
  Stats stats;
  for (size_t i = 0; i < matrix.size(); ++i) {
    double x = matrix[i], y = quantized.values[i];
    stats.sse += (x - y) * (x - y);
    stats.maxError =
        std::max(stats.maxError, std::fabs(matrix[i] - quantized.values[i]));
    stats.flushed += x != 0 && y == 0;
    double scale = decodeScale(quantized.scales[i / size_t(columns)],
                               *lookupScaleFormat(type.scale));
    stats.saturated += std::fabs(x / scale) > firstSaturated;
  }
  return stats;
}

static std::vector<float> drawMatrix(size_t size) {
  std::mt19937 random(3);
  std::student_t_distribution<float> heavy(2.0f);
  std::vector<float> values(size);
  for (float &value : values)
    value = random() % 16 ? heavy(random) : heavy(random) * 1e-4f;
  return values;
}

// A scale half as large as the largest magnitude needs clips; values up to the
// middle between the largest code and the next one round down to the largest.
TEST(ErrorStatsTest, ClippedF8) {
  TypeSpec type{"f8E4M3FN", "f32", "f32", 1,
                0,          false, false, "absmax<margin = 0.5>"};
  std::vector<float> matrix = drawMatrix(64 * 1000);
  Stats got = runProgram(type, 64, 1000, matrix);
  Stats want = computeStats(type, 64, 1000, matrix, 464.0);
  EXPECT_NEAR(got.sse, want.sse, 1e-6 * want.sse);
  EXPECT_EQ(got.maxError, want.maxError);
  EXPECT_EQ(got.saturated, want.saturated);
  EXPECT_EQ(got.flushed, want.flushed);
  EXPECT_GT(want.saturated, 64);
  EXPECT_GT(want.flushed, 0);
}

// Floor saturates where the largest magnitude rounds beyond 6: from 7 on, the
// tie itself too, as 6 has the odd code.
TEST(ErrorStatsTest, FloorMXFP4) {
  TypeSpec type{"f4E2M1FN", "f32", "f8E8M0FNU", 1, 0, false, false, "floor"};
  std::vector<float> matrix = drawMatrix(500 * 32);
  Stats got = runProgram(type, 500, 32, matrix);
  Stats want = computeStats(type, 500, 32, matrix, std::nextafter(7.0, 0.0));
  EXPECT_NEAR(got.sse, want.sse, 1e-6 * want.sse);
  EXPECT_EQ(got.saturated, want.saturated);
  EXPECT_EQ(got.flushed, want.flushed);
  EXPECT_GT(want.saturated, 0);
}

// A sum of a million squares of like size: a running sum in f32 would be off by
// far more than 1e-6.
TEST(ErrorStatsTest, LongSum) {
  TypeSpec type{"i8", "f32", "f32", 1, 0, false, false, "absmax"};
  std::vector<float> matrix = drawMatrix(1000 * 1000);
  Stats got = runProgram(type, 1000, 1000, matrix);
  Stats want = computeStats(type, 1000, 1000, matrix, 127.5);
  EXPECT_NEAR(got.sse, want.sse, 1e-6 * want.sse);
  EXPECT_EQ(got.saturated, 0);
}

TEST(ErrorStatsTest, NaNAndEmpty) {
  TypeSpec type{"f4E2M1FN", "f32", "f8E8M0FNU", 1, 0, false, false, "floor"};
  std::vector<float> matrix = drawMatrix(4 * 32);
  matrix[5] = std::numeric_limits<float>::infinity();
  Stats stats = runProgram(type, 4, 32, matrix);
  EXPECT_TRUE(std::isnan(stats.sse));
  EXPECT_TRUE(std::isnan(stats.maxError));
  std::vector<float> rest(matrix.begin() + 32, matrix.end());
  Stats others = computeStats(type, 3, 32, rest, std::nextafter(7.0, 0.0));
  EXPECT_EQ(stats.saturated, others.saturated);
  EXPECT_EQ(stats.flushed, others.flushed);

  Stats empty = runProgram(type, 0, 32, {});
  EXPECT_EQ(empty.sse, 0.0);
  EXPECT_EQ(empty.maxError, 0.0f);
  EXPECT_EQ(empty.saturated + empty.flushed, 0);
}
