//===- ErrorStatsKernelsTest.cpp - Kernels of error_stats -----------------===//
//
// error_stats on the simulated GPU: against sums in double precision of what
// dequantize gives, and against the CPU's code for what saturates.
//
//===----------------------------------------------------------------------===//

#include "Blocks.h"
#include "Execute/QuantizePrograms.h"
#include "SimulatedProgram.h"
#include <cmath>

using namespace quantx;
using namespace quantx::test;

static std::string getStatsProgram(const TypeSpec &type) {
  std::string expressed = "tensor<?x?x" + type.expressed + ">";
  return "!t = " + type.print() + "\nfunc.func @f(%x: " + expressed +
         ", %seed: i64) -> (" + expressed + ", f32, f32, i64, i64) {\n" +
         "  %q = quantx.dynamic_quantize %x using #quantx." + type.method +
         " : " + expressed + " to tensor<?x?x!t>\n" +
         "  %y = quantx.dequantize %q : tensor<?x?x!t> to " + expressed + "\n" +
         "  %e:4 = quantx.error_stats %x, %q : " + expressed +
         ", tensor<?x?x!t> -> f32, f32, i64, i64\n" +
         "  return %y, %e#0, %e#1, %e#2, %e#3 : " + expressed +
         ", f32, f32, i64, i64\n}\n";
}

static std::vector<float> getValues(const TypeSpec &type, const Array &array) {
  if (type.expressed == "f32")
    return getElements<float>(array);
  std::vector<float> values;
  for (uint16_t bits : getElements<uint16_t>(array))
    values.push_back(type.expressed == "f16" ? decodeF16(bits)
                                             : decodeBF16(bits));
  return values;
}

/// Compares `got` with what follows from its values of `matrix`.
static void expectSums(const TypeSpec &type, const std::vector<Array> &got,
                       const std::vector<float> &matrix) {
  std::vector<float> values = getValues(type, got[0]);
  ASSERT_EQ(values.size(), matrix.size());
  double sum = 0;
  float largest = 0;
  int64_t flushed = 0;
  for (auto [x, y] : llvm::zip_equal(matrix, values)) {
    sum += (double(x) - double(y)) * (double(x) - double(y));
    largest = std::max(largest, std::fabs(x - y));
    flushed += x != 0 && y == 0;
  }
  EXPECT_NEAR(getElements<float>(got[1])[0], sum, 1e-6 * sum);
  EXPECT_EQ(getElements<float>(got[2])[0], largest);
  EXPECT_EQ(getElements<int64_t>(got[4])[0], flushed);
}

static std::vector<TypeSpec> getTypes() {
  return {
      {"f4E2M1FN", "f32", "f8E8M0FNU", 1, 32, false, false, "floor"},
      {"f4E2M1FN", "f32", "f8E4M3FN", 1, 16, true, false, "absmax"},
      {"f6E2M3FN", "bf16", "f8E8M0FNU", 1, 32, false, false, "floor"},
      {"f8E4M3FN", "f16", "f32", 1, 0, false, false, "absmax<margin = 0.5>"},
      {"ui4", "f32", "f16", 1, 24, false, true, "minmax"},
      {"i5", "f32", "f32", 2, 3, false, false, "absmax<margin = 0.5>"}};
}

namespace {
class ErrorStatsKernelsTest : public testing::TestWithParam<TypeSpec> {};
} // namespace

TEST_P(ErrorStatsKernelsTest, EqualCPU) {
  const TypeSpec &type = GetParam();
  SimulatedProgram program =
      SimulatedProgram::createForChip(getStatsProgram(type), "sm_90");
  Program cpu(getStatsProgram(type));
  auto run = [&](llvm::ArrayRef<TensorView> inputs) {
    return program.run(inputs);
  };
  oracle::Random random(1);
  int64_t saturated = 0;
  // The last ones have several tiles: whole units, and units that are not.
  for (auto [rows, columns] :
       {std::pair(0, 32), {1, 1}, {3, 33}, {5, 70}, {9, 512}, {9, 515}}) {
    SCOPED_TRACE(std::to_string(rows) + "x" + std::to_string(columns));
    std::vector<float> matrix(rows * columns);
    for (float &x : matrix)
      x = float(random.gaussian() * (random.below(8) ? 1 : 1e-3));
    std::vector<Array> got = runOn(run, type, {rows, columns}, matrix, 0);
    expectSums(type, got, matrix);
    std::vector<Array> want = runOn(cpu, type, {rows, columns}, matrix, 0);
    EXPECT_EQ(got[3].bytes, want[3].bytes) << "saturated";
    saturated += getElements<int64_t>(got[3])[0];
    if (HasFailure())
      return;
  }
  if (type.method == "floor" || type.method == "absmax<margin = 0.5>") {
    EXPECT_GT(saturated, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, ErrorStatsKernelsTest,
                         testing::ValuesIn(getTypes()), formatName);

// NaN errors; a block under a NaN scale counts neither way.
TEST(ErrorStatsKernelsNaNTest, NonFinite) {
  TypeSpec type{"f4E2M1FN", "f32", "f8E8M0FNU", 1, 32, false, false, "floor"};
  SimulatedProgram program =
      SimulatedProgram::createForChip(getStatsProgram(type), "sm_90");
  std::vector<float> matrix(4 * 32, 7.0f);
  matrix[37] = std::numeric_limits<float>::infinity();
  auto run = [&](llvm::ArrayRef<TensorView> inputs) {
    return program.run(inputs);
  };
  std::vector<Array> got = runOn(run, type, {4, 32}, matrix, 0);
  EXPECT_TRUE(std::isnan(getElements<float>(got[1])[0]));
  EXPECT_TRUE(std::isnan(getElements<float>(got[2])[0]));
  EXPECT_EQ(getElements<int64_t>(got[3])[0], 3 * 32);
  EXPECT_EQ(getElements<int64_t>(got[4])[0], 0);
}
