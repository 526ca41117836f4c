//===- QuantizeKernelsTest.cpp - Kernels against the Format layer ---------===//
//
// The kernels of quantize and dequantize, of every kind of block and method, on
// the simulated GPU: payload, scales, zero points, global scale and values, all
// bits, on shapes that leave partial blocks, units and warps.
//
//===----------------------------------------------------------------------===//

#include "Blocks.h"
#include "Execute/QuantizePrograms.h"
#include "SimulatedProgram.h"
#include "llvm/Support/MathExtras.h"

using namespace quantx;
using namespace quantx::test;

/// To kernels whose conversions are those of `chip`.
static SimulatedProgram compileFor(const std::string &text,
                                   const std::string &chip) {
  return SimulatedProgram(
      text,
      "quantx-fuse-dequantize,quantx-lower-to-gpu,func.func(canonicalize,cse),"
      "one-shot-bufferize{bufferize-function-boundaries=1 "
      "function-boundary-type-conversion=identity-layout-map},"
      "quantx-load-constants,buffer-deallocation-pipeline,"
      "convert-bufferization-to-memref,quantx-use-device-memory,"
      "gpu.module(quantx-expand-narrow-floats{target=" +
          chip + "},canonicalize,cse)");
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

namespace {

struct KernelCase {
  TypeSpec type;
  const char *chip;
};

} // namespace

static std::vector<KernelCase> getCases() {
  std::vector<KernelCase> cases;
  auto add = [&](std::string method, std::string storage, std::string scale,
                 int64_t rows, int64_t columns, std::string expressed = "f32",
                 bool hasGlobal = false, bool hasZeroPoint = false,
                 const char *chip = "sm_90") {
    cases.push_back({{storage, expressed, scale, rows, columns, hasGlobal,
                      hasZeroPoint, method},
                     chip});
  };
  // Blocks in lanes: of one, of several, in units of each size.
  for (std::string method : {"floor", "ceil", "even", "rceil", "optimal"})
    add(method, "f4E2M1FN", "f8E8M0FNU", 1, 32);
  for (std::string storage : {"f8E4M3FN", "f8E5M2", "f6E2M3FN", "f6E3M2FN"})
    add("floor", storage, "f8E8M0FNU", 1, 32, "bf16");
  for (int64_t size : {4, 8, 16, 128, 256})
    add("floor", "f4E2M1FN", "f8E8M0FNU", 1, size);
  for (const char *chip : {"sm_80", "sm_90", "sm_100a"}) {
    add("floor", "f4E2M1FN", "f8E8M0FNU", 1, 32, "bf16", false, false, chip);
    add("absmax", "f4E2M1FN", "f8E4M3FN", 1, 16, "bf16", true, false, chip);
  }
  add("optimal", "f4E2M1FN", "f8E8M0FNU", 1, 32, "bf16");
  add("absmax", "f4E2M1FN", "f8E4M3FN", 1, 16, "f16");
  add("floor", "f4E2M1FN", "f8E8M0FNU", 1, 32, "f16");
  add("minmax", "ui4", "f16", 1, 32, "bf16", false, true);
  // Integers in words, with one zero point or several; with no limits.
  add("minmax", "ui4", "f32", 1, 4, "bf16", false, true);
  add("minmax", "i4", "bf16", 1, 32, "f32", false, true);
  add("minmax", "ui2", "f32", 1, 32, "f32", false, true);
  add("minmax", "ui8", "f16", 1, 16, "bf16", false, true);
  add("absmax", "i4", "f16", 1, 128, "bf16");
  add("absmax", "i4", "f32", 1, 32);
  add("absmax", "f4E2M1FN", "f32", 1, 32, "bf16");
  // A global scale, chosen by a launch before.
  for (std::string method : {"absmax", "optimal", "four_over_six"})
    add(method, "f4E2M1FN", "f8E4M3FN", 1, 16, "f32", true);
  add("absmax", "f4E2M1FN", "f8E4M3FN", 4, 4, "f32", true);
  add("minmax", "ui4", "f16", 1, 128, "f16", false, true);
  add("optimal", "f4E2M1FN", "f8E8M0FNU", 1, 32, "f16");
  add("optimal", "f8E4M3FN", "f8E8M0FNU", 1, 32);
  add("optimal", "f4E2M1FN", "f8E4M3FN", 1, 16);
  add("optimal", "i4", "f16", 1, 32);
  add("optimal", "ui4", "f32", 1, 16, "f32", false, true);
  add("optimal", "ui4", "f16", 1, 32, "bf16", false, true);
  add("four_over_six", "f4E2M1FN", "f8E4M3FN", 1, 16);
  add("hessian", "f4E2M1FN", "f8E8M0FNU", 1, 16);
  add("hessian", "i4", "f16", 1, 16);
  for (std::string storage : {"i3", "i5", "ui7", "i8"})
    add("absmax", storage, "f32", 1, 64);
  // Blocks of threads: rows, columns, squares, sizes that are no power of two,
  // that share bytes, and blocks of several rows.
  add("absmax", "f8E4M3FN", "f32", 1, 0, "bf16");
  add("absmax", "i8", "f32", 1, 0);
  add("minmax", "ui4", "f32", 1, 0, "f32", false, true);
  add("optimal", "i4", "f32", 1, 0);
  add("absmax", "f8E4M3FN", "f32", 128, 128, "bf16");
  add("absmax", "f6E2M3FN", "f32", 2, 5);
  add("floor", "f4E2M1FN", "f8E8M0FNU", 32, 1);
  add("absmax", "i4", "f32", 0, 1);
  add("minmax", "ui3", "bf16", 1, 9, "f32", false, true);
  add("absmax", "f4E2M1FN", "f8E4M3FN", 4, 4);
  add("hessian", "f4E2M1FN", "f8E8M0FNU", 8, 1);
  add("hessian", "f4E2M1FN", "f8E8M0FNU", 1, 0);
  // A whole tensor.
  add("absmax", "f8E4M3FN", "f32", 0, 0);
  add("floor", "f4E2M1FN", "f8E8M0FNU", 0, 0, "bf16");
  add("minmax", "ui4", "f32", 0, 0, "f32", false, true);
  add("optimal", "f4E2M1FN", "f8E8M0FNU", 0, 0);
  // Conversions by the instructions of other chips.
  for (const char *chip : {"sm_80", "sm_100a"}) {
    add("floor", "f4E2M1FN", "f8E8M0FNU", 1, 32, "f16", false, false, chip);
    add("floor", "f6E3M2FN", "f8E8M0FNU", 1, 32, "f32", false, false, chip);
    add("absmax", "f8E4M3FN", "f32", 1, 0, "f32", false, false, chip);
    add("absmax", "f4E2M1FN", "f8E4M3FN", 1, 16, "f32", false, false, chip);
  }
  return cases;
}

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

/// Blocks of every kind one after the other, with zeros, NaN and infinities.
static std::vector<float> drawMatrix(const TypeSpec &type, int64_t size,
                                     oracle::Random &random) {
  int64_t block = std::max(type.blockRows, int64_t(1)) *
                  std::max(type.blockColumns, int64_t(1));
  std::vector<float> matrix;
  while (int64_t(matrix.size()) < size) {
    auto kind = oracle::Kind(random.below(size_t(oracle::Kind::Coarse) + 1));
    oracle::Block values = oracle::makeBlock(kind, block == 1 ? 16 : block,
                                             type.getFormat(), random);
    size_t special = random.below(24);
    if (special == 0)
      std::fill(values.begin(), values.end(), -0.0f);
    if (special == 1)
      values.back() = std::numeric_limits<float>::quiet_NaN();
    if (special == 2)
      values.front() = -std::numeric_limits<float>::infinity();
    matrix.insert(matrix.end(), values.begin(), values.end());
  }
  matrix.resize(size);
  return matrix;
}

static Weights drawWeights(const TypeSpec &type, int64_t rows, int64_t columns,
                           oracle::Random &random) {
  if (!type.hasWeights())
    return {};
  bool isAlongRow = type.blockRows == 1;
  int64_t extent = isAlongRow ? columns : rows;
  int64_t block = isAlongRow ? type.blockColumns : type.blockRows;
  Weights weights;
  weights.size = block ? block : extent;
  weights.count = block ? llvm::divideCeil(extent, block) : 1;
  // The one matrix of a row of no elements has none either.
  for (int64_t i = 0; weights.size > 0 && i < weights.count; ++i) {
    std::vector<float> activations(weights.size * weights.size);
    for (float &x : activations)
      x = float(random.gaussian());
    std::vector<float> hessian = computeBlockHessians(
        activations, weights.size, weights.size, weights.size);
    weights.values.insert(weights.values.end(), hessian.begin(), hessian.end());
  }
  return weights;
}

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

namespace {

class QuantizeKernelsTest : public testing::TestWithParam<KernelCase> {};

} // namespace

TEST_P(QuantizeKernelsTest, EqualFormat) {
  const TypeSpec &type = GetParam().type;
  SimulatedProgram program = compileFor(getProgram(type), GetParam().chip);
  auto run = [&](llvm::ArrayRef<TensorView> inputs) {
    return program.run(inputs);
  };
  oracle::Random random(1);
  // Whole blocks; partial ones in rows of odd sizes; several tiles.
  const int64_t shapes[][2] = {{1, 1}, {3, 33}, {2, 128}, {33, 3},
                               {0, 8}, {4, 0},  {5, 70},  {3, 1056}};
  for (auto [rows, columns] : shapes) {
    // One thread in order sums them.
    bool isSearchedByOne = type.blockColumns == 0 && type.method != "absmax" &&
                           type.method != "minmax";
    if (isSearchedByOne && rows * columns > 1000)
      continue;
    SCOPED_TRACE(std::to_string(rows) + "x" + std::to_string(columns));
    std::vector<float> matrix = drawMatrix(type, rows * columns, random);
    Weights weights = drawWeights(type, rows, columns, random);
    std::vector<Array> got =
        runOn(run, type, {rows, columns}, matrix, 0, weights);
    expectEqual(type, quantize(type, rows, columns, matrix, {}, weights), got);
    if (HasFailure())
      return;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, QuantizeKernelsTest,
                         testing::ValuesIn(getCases()),
                         [](const testing::TestParamInfo<KernelCase> &info) {
                           testing::TestParamInfo<TypeSpec> type(
                               info.param.type, info.index);
                           return formatName(type) + "_" + info.param.chip;
                         });

//===----------------------------------------------------------------------===//
// Rounding and saturation
//===----------------------------------------------------------------------===//

namespace {

struct RoundingCase {
  TypeSpec type;
  bool isStochastic, saturate;
};

class RoundingKernelsTest : public testing::TestWithParam<RoundingCase> {};

} // namespace

static std::vector<RoundingCase> getRoundingCases() {
  const std::string margin = "absmax<margin = 0.5>";
  const TypeSpec types[] = {
      {"f4E2M1FN", "f32", "f8E8M0FNU", 1, 32, false, false, "floor"},
      {"f4E2M1FN", "bf16", "f32", 1, 0, false, false, margin},
      {"f6E3M2FN", "f32", "f8E8M0FNU", 1, 32, false, false, "floor"},
      {"i4", "f32", "f32", 1, 0, false, false, margin},
      {"f8E4M3FN", "f32", "f32", 1, 0, false, false, margin},
      {"f8E5M2", "f16", "f32", 2, 5, false, false, margin}};
  std::vector<RoundingCase> cases;
  for (const TypeSpec &type : types) {
    cases.push_back({type, /*isStochastic=*/true, /*saturate=*/true});
    if (type.getBits() == 8)
      for (bool isStochastic : {true, false})
        cases.push_back({type, isStochastic, /*saturate=*/false});
  }
  return cases;
}

// The random bits are those of the element's index in the whole tensor.
TEST_P(RoundingKernelsTest, EqualFormat) {
  const auto &[type, isStochastic, saturate] = GetParam();
  std::string attributes =
      std::string(isStochastic ? " seed %seed {rounding = "
                                 "#quantx.rounding<stochastic>, "
                               : " {") +
      "saturate = " + (saturate ? "true}" : "false}");
  SimulatedProgram program = compileFor(getProgram(type, attributes), "sm_90");
  auto run = [&](llvm::ArrayRef<TensorView> inputs) {
    return program.run(inputs);
  };
  QuantizeOptions options;
  options.saturate = saturate;
  if (isStochastic)
    options.rounding = RoundingMode::Stochastic;
  options.seed = 0x123456789ABCDEF0;
  oracle::Random random(2);
  for (auto [rows, columns] :
       {std::pair(1, 1), {3, 33}, {5, 70}, {33, 3}, {3, 1056}}) {
    SCOPED_TRACE(std::to_string(rows) + "x" + std::to_string(columns));
    std::vector<float> matrix = drawMatrix(type, rows * columns, random);
    std::vector<Array> got =
        runOn(run, type, {rows, columns}, matrix, int64_t(options.seed));
    expectEqual(type, quantize(type, rows, columns, matrix, options), got);
    if (HasFailure())
      return;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Types, RoundingKernelsTest, testing::ValuesIn(getRoundingCases()),
    [](const testing::TestParamInfo<RoundingCase> &info) {
      testing::TestParamInfo<TypeSpec> type(info.param.type, info.index);
      return formatName(type) + (info.param.isStochastic ? "_stochastic" : "") +
             (info.param.saturate ? "" : "_overflowing");
    });

//===----------------------------------------------------------------------===//
// Reductions of whole tensors
//===----------------------------------------------------------------------===//

// What a tensor is reduced to begins anew in each call, whatever the last one
// left in memory.
TEST(ReductionKernelsTest, BeginAnew) {
  const TypeSpec types[] = {
      {"f4E2M1FN", "f32", "f8E4M3FN", 1, 16, true, false, "absmax"},
      {"f8E4M3FN", "f32", "f32", 0, 0, false, false, "absmax"},
      {"ui4", "f32", "f32", 0, 0, false, true, "minmax"}};
  for (const TypeSpec &type : types) {
    SCOPED_TRACE(type.print());
    SimulatedProgram program = compileFor(getProgram(type), "sm_90");
    auto run = [&](llvm::ArrayRef<TensorView> inputs) {
      return program.run(inputs);
    };
    oracle::Random random(3);
    for (float factor : {1e6f, 1.0f, 1e-6f, 0.0f}) {
      std::vector<float> matrix(3 * 70);
      for (float &x : matrix)
        x = float(random.gaussian()) * factor;
      std::vector<Array> got = runOn(run, type, {3, 70}, matrix, 0);
      expectEqual(type, quantize(type, 3, 70, matrix), got);
    }
  }
}

//===----------------------------------------------------------------------===//
// Scales that do not suit the elements
//===----------------------------------------------------------------------===//

// Under a global scale that was calibrated, block scales may be at an end of
// their range, and elements of any size in their units. The loops on scalars of
// CPUs, which divide, say what the codes are.
TEST(GivenGlobalKernelsTest, EqualScalarLoops) {
  const std::string text = R"(
!t = !quantx.scaled<STORAGE : f32, f8E4M3FN per 1x16, global f32>
func.func @f(%x: tensor<?x?xf32>, %g: tensor<f32>) -> tensor<?x?x!t> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax under %g
    : tensor<?x?xf32> to tensor<?x?x!t>
  return %q : tensor<?x?x!t>
})";
  for (std::string storage : {"f4E2M1FN", "f8E4M3FN", "f8E5M2", "i4", "i8"}) {
    SCOPED_TRACE(storage);
    std::string program = text;
    program.replace(program.find("STORAGE"), 7, storage);
    SimulatedProgram kernels = compileFor(program, "sm_90");
    Program loops(program, kForms[2]);
    oracle::Random random(4);
    std::vector<float> matrix(6 * 48);
    for (float &x : matrix)
      x = std::ldexp(float(random.gaussian()), int(random.below(250)) - 125);
    TensorView x = viewArray(ElementType::Float32, {6, 48}, matrix);
    for (float value : {0x1p-126f, 0x1p-100f, 1.0f, 0x1.8p90f, 0x1p127f}) {
      SCOPED_TRACE(value);
      std::vector<float> global = {value};
      TensorView g = viewArray(ElementType::Float32, {}, global);
      std::vector<Array> got = kernels.run({x, g}), want = loops.run({x, g});
      ASSERT_EQ(got.size(), want.size());
      for (size_t i = 0; i < want.size(); ++i)
        EXPECT_EQ(got[i].bytes, want[i].bytes) << i;
    }
  }
}
