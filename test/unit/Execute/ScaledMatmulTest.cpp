//===- ScaledMatmulTest.cpp - scaled_matmul against float64 ---------------===//

#include "Lowerings.h"
#include "MatmulOracle.h"
#include <cmath>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

using namespace quantx;
using namespace quantx::test;

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

static const TypeSpec mxfp8 = {"f8E4M3FN", "f32", "f8E8M0FNU", 1,
                               32,         false, false,       "floor"};
static const TypeSpec int8 = {"i8", "f32", "f32", 1, 0, false, false, "absmax"};

/// `4x64`, or `?x?`.
static std::string printShape(bool isDynamic, int64_t rows, int64_t columns) {
  return isDynamic ? "?x?"
                   : std::to_string(rows) + "x" + std::to_string(columns);
}

namespace {

/// Activations: a plain type, or a scaled one.
struct Activations {
  std::string element;
  std::optional<TypeSpec> type;
};

/// M, N and K.
struct Sizes {
  int64_t rows, columns, sum;
};

} // namespace

/// acc + x * y^T, where y, and x if its type says so, are quantized first.
static std::string getProgram(const TypeSpec &weights,
                              const Activations &activations, bool isDynamic,
                              Sizes sizes) {
  std::string x = printShape(isDynamic, sizes.rows, sizes.sum) + "x";
  std::string y = printShape(isDynamic, sizes.columns, sizes.sum) + "x";
  std::string acc =
      "tensor<" + printShape(isDynamic, sizes.rows, sizes.columns) + "xf32>";
  std::string xType = "tensor<" + x + activations.element + ">";
  std::string yType = "tensor<" + y + weights.expressed + ">";
  std::string text = "!w = " + weights.print() + "\n";
  if (activations.type)
    text += "!a = " + activations.type->print() + "\n";
  text += "func.func @f(%x: " + xType + ", %y: " + yType + ", %acc: " + acc +
          ") -> " + acc + " {\n";
  text += "  %w = quantx.dynamic_quantize %y using #quantx." + weights.method +
          " : " + yType + " to tensor<" + y + "!w>\n";
  std::string lhs = "%x", lhsType = xType;
  if (activations.type) {
    lhs = "%a";
    lhsType = "tensor<" + x + "!a>";
    text += "  %a = quantx.dynamic_quantize %x using #quantx." +
            activations.type->method + " : " + xType + " to " + lhsType + "\n";
  }
  text += "  %r = quantx.scaled_matmul ins(" + lhs + ", %w : " + lhsType +
          ", tensor<" + y + "!w>) outs(%acc : " + acc + ") -> " + acc + "\n";
  return text + "  return %r : " + acc + "\n}\n";
}

static void check(const Program &program, const TypeSpec &weights,
                  const Activations &activations, Sizes sizes) {
  Matrix x = drawMatrix(sizes.rows, sizes.sum, 1, activations.element);
  Matrix y = drawMatrix(sizes.columns, sizes.sum, 2, weights.expressed);
  Matrix acc = drawMatrix(sizes.rows, sizes.columns, 3);
  Input inputX(x, activations.element, {sizes.rows, sizes.sum});
  Input inputY(y, weights.expressed, {sizes.columns, sizes.sum});
  Input inputAcc(acc, "f32", {sizes.rows, sizes.columns});
  std::vector<Array> out =
      program.run({inputX.getView(), inputY.getView(), inputAcc.getView()});
  ASSERT_EQ(out[0].shape, (std::vector<int64_t>{sizes.rows, sizes.columns}));
  Matrix a = activations.type ? getDequantized(*activations.type, x) : x;
  expectProduct(out[0], a, getDequantized(weights, y), acc);
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

namespace {

struct Case {
  const char *name;
  TypeSpec weights;
  Activations activations;
};

class ScaledMatmulTest : public testing::TestWithParam<Case> {};

} // namespace

static std::vector<Case> getCases() {
  std::vector<std::pair<const char *, TypeSpec>> weights = {
      {"mxfp4", {"f4E2M1FN", "f32", "f8E8M0FNU", 1, 32, false, false, "floor"}},
      {"mxfp6", {"f6E2M3FN", "f32", "f8E8M0FNU", 1, 32, false, false, "even"}},
      {"mxfp8", mxfp8},
      {"nvfp4", {"f4E2M1FN", "f32", "f8E4M3FN", 1, 16, true, false, "absmax"}},
      {"fp8", {"f8E4M3FN", "f32", "f32", 1, 0, false, false, "absmax"}},
      {"fp8_bf16", {"f8E5M2", "bf16", "f32", 1, 0, false, false, "absmax"}},
      {"fp8_blocks", {"f8E4M3FN", "f32", "f32", 4, 64, false, false, "absmax"}},
      {"int8", int8},
      {"int4_g32", {"ui4", "f32", "f16", 1, 32, false, true, "minmax"}},
      {"int4_g64_f16", {"ui4", "f16", "f16", 1, 64, false, true, "minmax"}},
      {"int4_g128", {"ui4", "f32", "f16", 1, 128, false, true, "minmax"}},
      {"int3_columns", {"i3", "f32", "bf16", 0, 1, false, false, "absmax"}}};
  Activations activations[] = {{"f32", std::nullopt},
                               {"bf16", std::nullopt},
                               {"f16", std::nullopt},
                               {"f32", mxfp8},
                               {"f32", int8}};
  std::vector<Case> cases;
  for (const auto &[name, type] : weights)
    for (const Activations &other : activations)
      cases.push_back({name, type, other});
  return cases;
}

TEST_P(ScaledMatmulTest, Dynamic) {
  const auto &[name, weights, activations] = GetParam();
  Program program(getProgram(weights, activations, /*isDynamic=*/true, {}));
  // Whole blocks; a partial last block, and rows that end within a byte; one
  // row; many; more than tiles have; one product; none.
  for (Sizes sizes :
       {Sizes{3, 5, 128}, Sizes{4, 6, 203}, Sizes{1, 9, 64}, Sizes{9, 18, 641},
        Sizes{35, 37, 331}, Sizes{2, 3, 1}, Sizes{2, 3, 0}, Sizes{0, 3, 32}})
    check(program, weights, activations, sizes);
}

TEST_P(ScaledMatmulTest, Static) {
  const auto &[name, weights, activations] = GetParam();
  Sizes sizes = {5, 6, 75};
  Program program(getProgram(weights, activations, /*isDynamic=*/false, sizes));
  check(program, weights, activations, sizes);
}

INSTANTIATE_TEST_SUITE_P(Types, ScaledMatmulTest, testing::ValuesIn(getCases()),
                         [](const testing::TestParamInfo<Case> &info) {
                           const Activations &other = info.param.activations;
                           return std::string(info.param.name) + "_by_" +
                                  (other.type ? other.type->storage
                                              : other.element);
                         });

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

static const TypeSpec mxfp4 = {"f4E2M1FN", "f32", "f8E8M0FNU", 1,
                               32,         false, false,       "floor"};

// One more and one less than vectors, chunks, blocks and what is decoded at
// once have; by numbers of rows and columns that tiles have and have not.
TEST(ScaledMatmulSizesTest, Sums) {
  TypeSpec nvfp4 = {"f4E2M1FN", "f32", "f8E4M3FN", 1,
                    16,         true,  false,      "absmax"};
  TypeSpec int4 = {"i4", "bf16", "f8E8M0FNU", 1, 64, false, false, "floor"};
  TypeSpec rows = {"ui4", "f32", "f32", 1, 0, false, true, "minmax"};
  for (const TypeSpec &weights : {mxfp4, mxfp8, nvfp4, int4, rows}) {
    Program program(getProgram(weights, {"f32", {}}, /*isDynamic=*/true, {}));
    for (int64_t size : {15, 63, 65, 127, 129, 255, 257, 511, 512, 513, 1023,
                         1025, 4095, 4097})
      for (int64_t numRows : {1, 3, 5})
        check(program, weights, {"f32", {}}, {numRows, 3, size});
  }
}

TEST(ScaledMatmulSizesTest, RowsAndColumns) {
  Program program(getProgram(mxfp4, {"bf16", {}}, /*isDynamic=*/true, {}));
  for (int64_t rows : {1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 33})
    for (int64_t columns : {1, 2, 3, 4, 5, 15, 16, 17, 33})
      check(program, mxfp4, {"bf16", {}}, {rows, columns, 161});
}

TEST(ScaledMatmulSizesTest, StaticRows) {
  // Whole tiles, or not.
  for (Sizes sizes : {Sizes{1, 16, 1024}, Sizes{2, 19, 1041}, Sizes{3, 16, 256},
                      Sizes{5, 17, 130}, Sizes{8, 16, 384}, Sizes{9, 19, 1041},
                      Sizes{12, 32, 4224}, Sizes{17, 16, 128}}) {
    Program program(getProgram(mxfp4, {"f32", {}}, /*isDynamic=*/false, sizes));
    check(program, mxfp4, {"f32", {}}, sizes);
  }
}

//===----------------------------------------------------------------------===//
// Ways
//===----------------------------------------------------------------------===//

TEST(ScaledMatmulWaysTest, Targets) {
  TypeSpec weights = {"ui4", "f16", "f16", 1, 64, false, true, "minmax"};
  for (const char *target : {"generic", "x86-64-v3", "x86-64-v4"}) {
    if (!getMissing(target).empty())
      continue;
    Program program(getProgram(weights, {"f16", {}}, /*isDynamic=*/true, {}),
                    target);
    check(program, weights, {"f16", {}}, {3, 5, 100});
    check(program, weights, {"f16", {}}, {9, 5, 300});
    // Codes looked up in words.
    Program floats(getProgram(mxfp4, {"f32", {}}, /*isDynamic=*/true, {}),
                   target);
    check(floats, mxfp4, {"f32", {}}, {1, 5, 100});
    check(floats, mxfp4, {"f32", {}}, {9, 5, 300});
  }
}

// What has no form in vectors: the lowering to linalg.
TEST(ScaledMatmulWaysTest, Scalar) {
  TypeSpec rounded = mxfp4;
  rounded.expressed = "bf16";
  for (const TypeSpec &weights : {rounded, mxfp8, int8}) {
    Activations activations = {"f32", mxfp8};
    Program program(getProgram(weights, activations, /*isDynamic=*/true, {}),
                    "native", /*threads=*/1, /*chunk=*/0);
    check(program, weights, activations, {3, 5, 100});
  }
}

TEST(ScaledMatmulWaysTest, Threads) {
  Program program(getProgram(mxfp8, {"f32", int8}, /*isDynamic=*/true, {}),
                  "native", /*threads=*/2);
  for (Sizes sizes : {Sizes{5, 7, 96}, Sizes{1, 70, 96}, Sizes{20, 300, 96}})
    check(program, mxfp8, {"f32", int8}, sizes);
}

// Each batch has weights of its own.
TEST(ScaledMatmulWaysTest, Batched) {
  Program program(R"(
    !w = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x1x32>
    !a = !quantx.scaled<i8 : f32, f32 per 1x1x*>
    func.func @f(%x: tensor<?x?x?xf32>, %y: tensor<?x?x72xf32>,
                 %acc: tensor<2x?x?xf32>) -> tensor<2x?x?xf32> {
      %a = quantx.dynamic_quantize %x using #quantx.absmax
        : tensor<?x?x?xf32> to tensor<?x?x?x!a>
      %w = quantx.dynamic_quantize %y using #quantx.floor
        : tensor<?x?x72xf32> to tensor<?x?x72x!w>
      %r = quantx.scaled_matmul
        ins(%a, %w : tensor<?x?x?x!a>, tensor<?x?x72x!w>)
        outs(%acc : tensor<2x?x?xf32>) -> tensor<2x?x?xf32>
      return %r : tensor<2x?x?xf32>
    })");
  for (int64_t rows : {4, 9}) {
    Matrix x = drawMatrix(2 * rows, 72, 1), y = drawMatrix(2 * 5, 72, 2),
           acc = drawMatrix(2 * rows, 5, 3);
    std::vector<Array> out =
        program.run({Input(x, "f32", {2, rows, 72}).getView(),
                     Input(y, "f32", {2, 5, 72}).getView(),
                     Input(acc, "f32", {2, rows, 5}).getView()});
    ASSERT_EQ(out[0].shape, (std::vector<int64_t>{2, rows, 5}));
    Matrix a = getDequantized(int8, x), w = getDequantized(mxfp4, y);
    for (int64_t batch : {0, 1}) {
      auto slice = [&](const Matrix &all) {
        int64_t size = int64_t(all.values.size()) / 2;
        auto begin = all.values.begin() + batch * size;
        return Matrix{all.rows / 2, all.columns, {begin, begin + size}};
      };
      auto begin = out[0].bytes.begin() + batch * rows * 5 * 4;
      expectProduct({{rows, 5}, {begin, begin + rows * 5 * 4}}, slice(a),
                    slice(w), slice(acc));
    }
  }
}

// Vectors of fewer lanes than sums have, and codes of 4 bits in fewer words.
TEST(ScaledMatmulWaysTest, SmallVectors) {
  for (const TypeSpec &weights : {mxfp4, int8}) {
    Program program(getProgram(weights, {"f32", {}}, /*isDynamic=*/true, {}),
                    "native", /*threads=*/1, /*chunk=*/8);
    for (Sizes sizes : {Sizes{1, 5, 100}, Sizes{4, 6, 64}, Sizes{9, 5, 65}})
      check(program, weights, {"f32", {}}, sizes);
  }
}

// The accumulator of a caller is not written, and can be used again.
TEST(ScaledMatmulWaysTest, AccumulatorIsKept) {
  Program program(R"(
    !w = !quantx.scaled<i8 : f32, f32 per 1x*>
    func.func @f(%x: tensor<2x8xf32>, %y: tensor<3x8xf32>, %acc: tensor<2x3xf32>)
        -> (tensor<2x3xf32>, tensor<2x3xf32>) {
      %w = quantx.dynamic_quantize %y using #quantx.absmax
        : tensor<3x8xf32> to tensor<3x8x!w>
      %r = quantx.scaled_matmul ins(%x, %w : tensor<2x8xf32>, tensor<3x8x!w>)
        outs(%acc : tensor<2x3xf32>) -> tensor<2x3xf32>
      %s = quantx.scaled_matmul ins(%x, %w : tensor<2x8xf32>, tensor<3x8x!w>)
        outs(%r : tensor<2x3xf32>) -> tensor<2x3xf32>
      return %r, %s : tensor<2x3xf32>, tensor<2x3xf32>
    })");
  Matrix x = drawMatrix(2, 8, 1), y = drawMatrix(3, 8, 2),
         acc = drawMatrix(2, 3, 3);
  Matrix kept = acc;
  Input inputAcc(acc, "f32", {2, 3});
  std::vector<Array> out =
      program.run({Input(x, "f32", {2, 8}).getView(),
                   Input(y, "f32", {3, 8}).getView(), inputAcc.getView()});
  Matrix w = getDequantized(int8, y);
  expectProduct(out[0], x, w, kept);
  Matrix first{2, 3, std::vector<float>(6)};
  std::memcpy(first.values.data(), out[0].bytes.data(), out[0].bytes.size());
  expectProduct(out[1], x, w, first);
}

//===----------------------------------------------------------------------===//
// NaN, infinities and zeros
//===----------------------------------------------------------------------===//

TEST(ScaledMatmulWaysTest, NonFinite) {
  TypeSpec type = {"f4E2M1FN", "f32", "f8E8M0FNU", 1,
                   32,         false, false,       "floor"};
  Program program(getProgram(type, {"f32", {}}, /*isDynamic=*/true, {}));
  int64_t size = 64;
  Matrix x = drawMatrix(3, size, 1), y = drawMatrix(4, size, 2),
         acc = drawMatrix(3, 4, 3);
  // Weights: a NaN in row 1, a block of zeros in row 2. Activations: an
  // infinity times the zeros in row 1, all zeros in row 2.
  y.values[1 * size + 40] = NAN;
  std::fill_n(y.values.begin() + 2 * size, 32, 0.0f);
  x.values[1 * size + 7] = INFINITY;
  std::fill_n(x.values.begin() + 2 * size, size, 0.0f);
  std::vector<Array> out = program.run({Input(x, "f32", {3, size}).getView(),
                                        Input(y, "f32", {4, size}).getView(),
                                        Input(acc, "f32", {3, 4}).getView()});
  std::vector<float> got(12);
  std::memcpy(got.data(), out[0].bytes.data(), out[0].bytes.size());
  for (int m = 0; m < 3; ++m)
    EXPECT_TRUE(std::isnan(got[m * 4 + 1])) << m;
  for (int n : {0, 2, 3}) {
    EXPECT_TRUE(std::isfinite(got[n])) << n;
    EXPECT_EQ(got[8 + n], acc.values[8 + n]) << n;
  }
  EXPECT_TRUE(std::isinf(got[4])) << got[4];
  EXPECT_TRUE(std::isnan(got[4 + 2])) << got[4 + 2];
}

//===----------------------------------------------------------------------===//
// Tile registers
//===----------------------------------------------------------------------===//

static constexpr const char *tileTarget = "x86-64-v4+amx";

/// Whether this process has tile registers: only who asked Linux gets them.
static bool hasTiles() {
#if defined(__linux__) && defined(__x86_64__)
  constexpr long getPermissions = 0x1022; // ARCH_GET_XCOMP_PERM
  constexpr uint64_t tileData = 1 << 18;
  uint64_t permissions = 0;
  return syscall(SYS_arch_prctl, getPermissions, &permissions) == 0 &&
         (permissions & tileData);
#else
  return false;
#endif
}

// One more and one less than tiles, and the panels and slices of them, have.
TEST(ScaledMatmulTilesTest, Sizes) {
  SKIP_UNLESS_RUNS_HERE(tileTarget);
  Program program(getProgram(mxfp4, {"bf16", {}}, /*isDynamic=*/true, {}),
                  tileTarget);
  for (int64_t rows : {16, 17, 31, 32, 33, 65})
    for (int64_t columns : {1, 15, 16, 17, 31, 33})
      check(program, mxfp4, {"bf16", {}}, {rows, columns, 161});
  for (int64_t size : {1, 31, 32, 33, 127, 129, 255, 256, 257, 511, 513, 1025})
    check(program, mxfp4, {"bf16", {}}, {35, 19, size});
  EXPECT_TRUE(hasTiles());
}

// More rows and columns than a block has.
TEST(ScaledMatmulTilesTest, Blocks) {
  SKIP_UNLESS_RUNS_HERE(tileTarget);
  for (int64_t threads : {1, 2}) {
    Program program(getProgram(mxfp8, {"f32", {}}, /*isDynamic=*/true, {}),
                    tileTarget, threads);
    for (Sizes sizes : {Sizes{513, 515, 33}, Sizes{1024, 34, 65}})
      check(program, mxfp8, {"f32", {}}, sizes);
  }
}

// One tile of activations, or two; whole panels, or not.
TEST(ScaledMatmulTilesTest, StaticSizes) {
  SKIP_UNLESS_RUNS_HERE(tileTarget);
  TypeSpec int4 = {"ui4", "f32", "f16", 1, 64, false, true, "minmax"};
  for (Sizes sizes :
       {Sizes{16, 32, 256}, Sizes{32, 64, 512}, Sizes{33, 40, 320}}) {
    Program program(getProgram(int4, {"f16", {}}, /*isDynamic=*/false, sizes),
                    tileTarget);
    check(program, int4, {"f16", {}}, sizes);
  }
}

// Activations in several pieces; and weights, where a piece of 0 would make NaN
// of an infinity.
TEST(ScaledMatmulTilesTest, NonFinite) {
  SKIP_UNLESS_RUNS_HERE(tileTarget);
  constexpr int64_t rows = 32, columns = 4, size = 64;
  TypeSpec int4 = {"ui4", "f32", "f16", 1, 32, false, true, "minmax"};
  for (const TypeSpec &weights : {mxfp4, int4}) {
    Program program(getProgram(weights, {"f32", {}}, /*isDynamic=*/true, {}),
                    tileTarget);
    Matrix x = drawMatrix(rows, size, 1), y = drawMatrix(columns, size, 2),
           acc = drawMatrix(rows, columns, 3);
    // One infinity times weights that are not 0, and one NaN.
    std::fill_n(y.values.begin(), size, 1.0f);
    y.values[3 * size + 40] = NAN;
    x.values[1 * size + 7] = -INFINITY;
    x.values[2 * size + 7] = NAN;
    std::vector<Array> out =
        program.run({Input(x, "f32", {rows, size}).getView(),
                     Input(y, "f32", {columns, size}).getView(),
                     Input(acc, "f32", {rows, columns}).getView()});
    std::vector<float> got(rows * columns);
    std::memcpy(got.data(), out[0].bytes.data(), out[0].bytes.size());
    for (int64_t row = 0; row < rows; ++row) {
      EXPECT_TRUE(std::isnan(got[row * columns + 3])) << row;
      bool isOrdinary = row != 1 && row != 2;
      EXPECT_TRUE(!isOrdinary || std::isfinite(got[row * columns])) << row;
    }
    EXPECT_EQ(got[1 * columns], -INFINITY);
    EXPECT_TRUE(std::isnan(got[2 * columns]));
  }
}

// f32 has more digits than two pieces: their sum alone is off by 2^-16.
TEST(ScaledMatmulTilesTest, AllDigitsCount) {
  SKIP_UNLESS_RUNS_HERE(tileTarget);
  constexpr int64_t rows = 32, size = 32;
  TypeSpec weights = mxfp4;
  Program program(getProgram(weights, {"f32", {}}, /*isDynamic=*/true, {}),
                  tileTarget);
  Matrix x = drawMatrix(rows, size, 1), y{1, size, std::vector<float>(size)},
         acc{rows, 1, std::vector<float>(rows)};
  // Each result is one activation.
  y.values[5] = 1.0f;
  std::vector<Array> out =
      program.run({Input(x, "f32", {rows, size}).getView(),
                   Input(y, "f32", {1, size}).getView(),
                   Input(acc, "f32", {rows, 1}).getView()});
  std::vector<float> got(rows);
  std::memcpy(got.data(), out[0].bytes.data(), out[0].bytes.size());
  for (int64_t row = 0; row < rows; ++row)
    EXPECT_EQ(got[row], x.values[row * size + 5]) << row;
}
