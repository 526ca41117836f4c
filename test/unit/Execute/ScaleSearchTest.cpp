//===- ScaleSearchTest.cpp - Compiled scale searches against Format -------===//
//
// optimal, four_over_six and hessian on blocks of every kind, compiled and run:
// payload, scales, zero points and values, all bits, equal those of the Format
// layer, which has brute force over every scale as its oracle.
//
//===----------------------------------------------------------------------===//

#include "Blocks.h"
#include "QuantizePrograms.h"
#include "quantx/Format/ScaleRules.h"
#include "llvm/Support/MathExtras.h"

using namespace quantx;
using namespace quantx::test;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static std::vector<TypeSpec> getTypes() {
  std::vector<TypeSpec> types;
  auto add = [&](std::string method, std::string storage, std::string scale,
                 int64_t rows, int64_t columns, bool hasGlobal = false,
                 std::string expressed = "f32") {
    types.push_back({storage, expressed, scale, rows, columns, hasGlobal,
                     /*hasZeroPoint=*/false, method});
  };
  for (std::string storage : {"f8E4M3FN", "f8E5M2", "f6E2M3FN", "f6E3M2FN",
                              "f4E2M1FN", "i2", "i4", "i8"})
    add("optimal", storage, "f8E8M0FNU", 1, 32);
  add("optimal", "f4E2M1FN", "f8E8M0FNU", 1, 16);
  add("optimal", "f4E2M1FN", "f8E8M0FNU", 1, 128);
  // The smallest and the largest blocks that are vectors.
  for (int64_t size : {8, 64}) {
    add("optimal", "f4E2M1FN", "f8E8M0FNU", 1, size);
    add("optimal", "f4E2M1FN", "f8E4M3FN", 1, size, /*hasGlobal=*/true);
    add("optimal", "i4", "f16", 1, size);
  }
  add("optimal", "f4E2M1FN", "f8E8M0FNU", 32, 1);
  add("optimal", "f6E2M3FN", "f8E8M0FNU", 4, 8);
  // Sizes, and so the window of exponents, known at run time.
  add("optimal", "f4E2M1FN", "f8E8M0FNU", 1, 0);
  add("optimal", "i3", "f8E8M0FNU", 1, 0);
  add("optimal", "f8E4M3FN", "f8E8M0FNU", 0, 0);
  for (std::string storage : {"f4E2M1FN", "f6E3M2FN", "f8E4M3FN", "i4"}) {
    add("optimal", storage, "f8E4M3FN", 1, 16, /*hasGlobal=*/true);
    add("optimal", storage, "f8E4M3FN", 1, 16);
  }
  add("optimal", "f4E2M1FN", "f8E4M3FN", 4, 4, /*hasGlobal=*/true);
  add("optimal", "f4E2M1FN", "f8E4M3FN", 1, 0, /*hasGlobal=*/true);
  for (std::string scale : {"f32", "f16", "bf16"}) {
    for (std::string storage : {"f4E2M1FN", "f8E4M3FN", "i4", "i8", "ui4"})
      add("optimal", storage, scale, 1, 32);
    for (std::string storage : {"ui2", "i4", "ui4"}) {
      add("optimal", storage, scale, 1, 16);
      types.back().hasZeroPoint = true;
    }
  }
  // Longer than a vector: terms are vectors, and bounds are summed by lanes.
  for (std::string scale : {"f32", "f16"}) {
    add("optimal", "ui4", scale, 1, 128);
    types.back().hasZeroPoint = true;
  }
  add("optimal", "i4", "f32", 1, 0);
  add("optimal", "f6E3M2FN", "f16", 8, 4);
  add("four_over_six", "f4E2M1FN", "f8E4M3FN", 1, 16, /*hasGlobal=*/true);
  add("four_over_six", "f4E2M1FN", "f8E4M3FN", 1, 32);
  add("four_over_six", "f4E2M1FN", "f8E4M3FN", 4, 4, /*hasGlobal=*/true);
  for (std::string storage : {"f8E5M2", "f6E2M3FN", "f4E2M1FN", "i4"}) {
    add("hessian", storage, "f8E8M0FNU", 1, 16);
    add("hessian", storage, "f8E4M3FN", 1, 16, /*hasGlobal=*/true);
  }
  for (std::string scale : {"f32", "f16", "bf16"}) {
    add("hessian", "f4E2M1FN", scale, 1, 8);
    add("hessian", "i4", scale, 1, 16);
  }
  add("hessian", "f4E2M1FN", "f8E8M0FNU", 8, 1);
  add("hessian", "f4E2M1FN", "f8E8M0FNU", 1, 0);
  // Values that are infinite in the expressed type make a scale no candidate.
  for (std::string expressed : {"f16", "bf16"}) {
    add("optimal", "f4E2M1FN", "f8E8M0FNU", 1, 32, false, expressed);
    add("optimal", "f4E2M1FN", "f8E4M3FN", 1, 16, true, expressed);
    add("hessian", "f4E2M1FN", "f8E8M0FNU", 1, 16, false, expressed);
    add("optimal", "f8E4M3FN", "f32", 1, 32, false, expressed);
    add("optimal", "i4", "f16", 1, 16, false, expressed);
    types.back().hasZeroPoint = true;
  }
  return types;
}

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

/// Blocks of `kind` one after the other; some have zeros alone, or a value that
/// is not finite.
static std::vector<float> drawMatrix(const TypeSpec &type, oracle::Kind kind,
                                     int64_t rows, int64_t columns,
                                     oracle::Random &random) {
  int64_t size = std::max(type.blockRows, int64_t(1)) *
                 std::max(type.blockColumns, int64_t(1));
  std::vector<float> matrix;
  while (int64_t(matrix.size()) < rows * columns) {
    oracle::Block block = oracle::makeBlock(kind, size == 1 ? 16 : size,
                                            type.getFormat(), random);
    size_t special = random.below(24);
    if (special == 0)
      std::fill(block.begin(), block.end(), -0.0f);
    if (special == 1)
      block.back() = std::numeric_limits<float>::quiet_NaN();
    if (special == 2)
      block.front() = -std::numeric_limits<float>::infinity();
    matrix.insert(matrix.end(), block.begin(), block.end());
  }
  matrix.resize(rows * columns);
  return matrix;
}

/// Hessians of random activations, of which some are not finite, and some not
/// symmetric or positive.
static Weights drawWeights(const TypeSpec &type, int64_t rows, int64_t columns,
                           oracle::Random &random) {
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
      x = float(random.gaussian() * (random.below(8) ? 1 : 10));
    std::vector<float> hessian = computeBlockHessians(
        activations, weights.size, weights.size, weights.size);
    size_t special = random.below(12);
    if (special == 0)
      hessian = activations;
    if (special == 1)
      hessian.back() = std::numeric_limits<float>::quiet_NaN();
    weights.values.insert(weights.values.end(), hessian.begin(), hessian.end());
  }
  return weights;
}

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

class ScaleSearchTest : public testing::TestWithParam<TypeSpec> {};

static void expectEqualsFormat(const TypeSpec &type, llvm::StringRef target) {
  Program program(getProgram(type), target);
  const int64_t shapes[][2] = {{1, 1},  {3, 33}, {16, 128},
                               {33, 3}, {4, 0},  {40, 48}};
  for (int kind = 0; kind <= int(oracle::Kind::Last); ++kind) {
    oracle::Random random(kind);
    for (auto [rows, columns] : shapes) {
      SCOPED_TRACE(type.print() + " " + type.method + " " +
                   std::to_string(rows) + "x" + std::to_string(columns) + " " +
                   oracle::getName(oracle::Kind(kind)));
      std::vector<float> matrix =
          drawMatrix(type, oracle::Kind(kind), rows, columns, random);
      Weights weights;
      if (type.hasWeights())
        weights = drawWeights(type, rows, columns, random);
      std::vector<Array> got =
          runOn(program, type, {rows, columns}, matrix, 0, weights);
      expectEqual(type, quantize(type, rows, columns, matrix, {}, weights),
                  got);
      if (testing::Test::HasFatalFailure())
        return;
    }
  }
}

TEST_P(ScaleSearchTest, EqualsFormat) {
  expectEqualsFormat(GetParam(), "native");
}

INSTANTIATE_TEST_SUITE_P(Types, ScaleSearchTest, testing::ValuesIn(getTypes()),
                         formatName);

/// The two best scales of `block`, by their bits; those of four_over_six where
/// that is the method.
static std::pair<uint32_t, uint32_t> findTwo(const TypeSpec &type,
                                             llvm::ArrayRef<float> block) {
  float amax = computeAbsMax(block);
  auto encode = [](float scale) {
    return encodeScale(scale, ScaleFormat::E4M3);
  };
  if (type.method == "four_over_six")
    return {encode(amax / 6), encode(amax / 4)};
  std::vector<std::pair<double, uint32_t>> errors;
  for (uint32_t bits = 1; bits <= getLargestScaleBits(ScaleFormat::E4M3);
       ++bits) {
    float scale = decodeScale(bits, ScaleFormat::E4M3);
    errors.push_back(
        {computeSquaredError(block, {scale},
                             {type.getFormat(), ScaleFormat::E4M3}),
         bits});
  }
  std::sort(errors.begin(), errors.end());
  return {errors[0].second, errors[1].second};
}

/// Two blocks that differ in the last bit of one element, between which two
/// scales change places; empty where none are found.
static std::vector<float> drawNearTie(const TypeSpec &type, size_t size,
                                      oracle::Random &random) {
  std::vector<float> block(size);
  for (float &x : block)
    x = float(4 * random.gaussian());
  auto [first, second] = findTwo(type, block);
  float &x = block[random.below(size)];
  auto isFirstBetter = [&, first = first, second = second](float value) {
    x = value;
    auto evaluate = [&](uint32_t bits) {
      float scale = decodeScale(bits, ScaleFormat::E4M3);
      return computeSquaredError(block, {scale},
                                 {type.getFormat(), ScaleFormat::E4M3});
    };
    return evaluate(first) < evaluate(second);
  };
  float low = x, high = x;
  bool isFirst = isFirstBetter(x);
  for (int i = 0; i < 64 && isFirstBetter(high) == isFirst; ++i)
    high = float(random.uniform() * 4);
  if (isFirstBetter(high) == isFirst)
    return {};
  while (std::nextafter(low, high) != high) {
    float middle = low / 2 + high / 2;
    if (middle == low || middle == high)
      break;
    (isFirstBetter(middle) == isFirst ? low : high) = middle;
  }
  std::vector<float> blocks;
  for (float value : {low, high}) {
    x = value;
    auto [best, next] = findTwo(type, block);
    if (std::minmax(best, next) != std::minmax(first, second))
      return {};
    blocks.insert(blocks.end(), block.begin(), block.end());
  }
  return blocks;
}

// Approximate errors cannot tell which of two scales is better: they are closer
// than those are to the exact ones.
TEST(ScaleSearchNearTiesTest, EqualsFormat) {
  for (const char *method : {"optimal", "four_over_six"}) {
    for (int64_t size : {8, 16, 64}) {
      TypeSpec type = {"f4E2M1FN", "f32", "f8E4M3FN", 1,
                       size,       false, false,      method};
      SCOPED_TRACE(type.print() + " " + method);
      oracle::Random random(size);
      std::vector<float> matrix;
      while (int64_t(matrix.size()) < 64 * size) {
        std::vector<float> blocks = drawNearTie(type, size, random);
        matrix.insert(matrix.end(), blocks.begin(), blocks.end());
      }
      int64_t columns = matrix.size();
      for (const char *target : {"native", "generic"}) {
        Program program(getProgram(type), target);
        std::vector<Array> got = runOn(program, type, {1, columns}, matrix, 0);
        expectEqual(type, quantize(type, 1, columns, matrix), got);
      }
    }
  }
}

// The errors of a power of two and its neighbour differ by 2^-25 of what they
// are summed up from: a sum in f32 may lose that, or not, as elements come.
// Where the finer scale is the other one, the naive one is 1; so it is where
// that is the coarser one.
TEST(ScaleSearchNeighboursTest, EqualsFormat) {
  std::vector<float> finerWins(32), coarserWins(32);
  finerWins[0] = 4.0f;
  std::fill_n(finerWins.begin() + 1, 16, 0.25f);
  finerWins[17] = 0x1p-3f + 0x1p-26f;
  coarserWins[0] = 7.5f;
  coarserWins[1] = 7.0f + 0x1p-21f;
  std::fill_n(coarserWins.begin() + 2, 8, 0.5f);
  coarserWins[10] = 0.25f + 0x1p-19f - 0x1p-25f;
  oracle::Random random(10);
  std::vector<float> matrix;
  for (int i = 0; i < 128; ++i) {
    std::vector<float> &block = i % 2 ? finerWins : coarserWins;
    for (size_t j = block.size(); j > 1; --j)
      std::swap(block[j - 1], block[random.below(j)]);
    for (float x : block)
      matrix.push_back(random.below(2) ? x : -x);
  }
  TypeSpec type = {"f4E2M1FN", "f32", "f8E8M0FNU", 1,
                   32,         false, false,       "optimal"};
  QuantizedMatrix want = quantize(type, 32, 128, matrix);
  std::vector<uint32_t> scales;
  for (int i = 0; i < 128; ++i)
    scales.push_back(i % 2 ? 126 : 128);
  EXPECT_EQ(want.scales, scales);
  for (const char *target : {"native", "generic"}) {
    Program program(getProgram(type), target);
    expectEqual(type, want, runOn(program, type, {32, 128}, matrix, 0));
  }
}

// The choice does not depend on the target.
TEST(ScaleSearchGenericTest, EqualsFormat) {
  expectEqualsFormat(
      {"f4E2M1FN", "f32", "f8E8M0FNU", 1, 32, false, false, "optimal"},
      "generic");
  expectEqualsFormat(
      {"f4E2M1FN", "f32", "f8E4M3FN", 1, 16, true, false, "optimal"},
      "generic");
}

TEST(ScaleSearchThreadsTest, EqualsFormat) {
  TypeSpec type = {"f4E2M1FN", "f32", "f8E8M0FNU", 1,
                   32,         false, false,       "optimal"};
  Program program(getProgram(type), "native", /*threads=*/2);
  oracle::Random random(7);
  std::vector<float> matrix =
      drawMatrix(type, oracle::Kind::Gaussian, 64, 96, random);
  std::vector<Array> got = runOn(program, type, {64, 96}, matrix, 0);
  expectEqual(type, quantize(type, 64, 96, matrix), got);
}

// Loops of known lengths, in which LLVM 22 would look for a checksum for ever.
TEST(ScaleSearchStaticTest, EqualsFormat) {
  TypeSpec type = {"f4E2M1FN", "f32", "f8E4M3FN", 1,
                   16,         true,  false,      "optimal"};
  oracle::Random random(9);
  for (int64_t rows : {16, 64}) {
    std::string text = getProgram(type);
    std::string shape = std::to_string(rows) + "x32x";
    for (size_t at; (at = text.find("?x?x")) != std::string::npos;)
      text.replace(at, 4, shape);
    Program program(text);
    std::vector<float> matrix =
        drawMatrix(type, oracle::Kind::Gaussian, rows, 32, random);
    std::vector<Array> got = runOn(program, type, {rows, 32}, matrix, 0);
    expectEqual(type, quantize(type, rows, 32, matrix), got);
  }
}

// Weights whose sizes turn out to be wrong: no scale, and nothing is read that
// is not there.
TEST(HessianTest, WeightsOfWrongShape) {
  TypeSpec type = {"f4E2M1FN", "f32", "f8E8M0FNU", 1,
                   16,         false, false,       "hessian"};
  Program program(getProgram(type));
  oracle::Random random(8);
  for (auto [count, size] : {std::pair(1, 16), {4, 16}, {3, 8}, {3, 32}}) {
    std::vector<float> matrix =
        drawMatrix(type, oracle::Kind::Gaussian, 2, 40, random);
    Weights weights = {count, size,
                       std::vector<float>(count * size * size, 1.0f)};
    std::vector<Array> got = runOn(program, type, {2, 40}, matrix, 0, weights);
    EXPECT_EQ(got[1].bytes, std::vector<uint8_t>(6, E8M0Format::nanCode));
  }
}
