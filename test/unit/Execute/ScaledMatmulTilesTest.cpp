//===- ScaledMatmulTilesTest.cpp - Integers and tile registers ------------===//

#include "MatmulPrograms.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

using namespace quantx;
using namespace quantx::test;

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

static const TypeSpec int8Group32 = {"i8", "f32", "f32", 1,
                                     32,   false, false, "absmax"};

/// Codes that are integers, with scales of blocks, whole rows and powers of
/// two.
static std::vector<TypeSpec> getIntegerWeights() {
  return {mxfp4,
          {"i8", "f32", "f8E8M0FNU", 1, 32, false, false, "floor"},
          int8,
          {"i8", "f32", "f32", 1, 256, false, false, "absmax"},
          {"i4", "f32", "bf16", 1, 64, false, false, "absmax"},
          {"ui4", "f32", "f16", 1, 32, false, true, "minmax"},
          {"ui4", "f32", "f16", 1, 128, false, true, "minmax"},
          {"ui4", "f32", "f32", 1, 0, false, true, "minmax"}};
}

/// Activations whose scale is that of rows, or of blocks if `number` is odd.
static Activations getIntegers(size_t number) {
  return {"f32", number % 2 ? int8Group32 : int8};
}

/// Checks a program of static sizes.
static void checkStatic(const TypeSpec &weights, const Activations &activations,
                        Sizes sizes, const std::string &target = "native") {
  Program program(getProgram(weights, activations, /*isDynamic=*/false, sizes),
                  target);
  check(program, weights, activations, sizes);
}

// Rows with a rest of a group, and of whole chunks; blocks of less than tiles
// need as well.
TEST(ScaledMatmulIntegersTest, FewRows) {
  std::vector<TypeSpec> weights = getIntegerWeights();
  weights.push_back(
      {"f4E2M1FN", "f32", "f8E4M3FN", 1, 16, true, false, "absmax"});
  weights.push_back({"ui8", "f32", "f32", 1, 16, false, true, "minmax"});
  for (auto [i, type] : llvm::enumerate(weights)) {
    checkStatic(type, getIntegers(i), {1, 5, 333});
    checkStatic(type, getIntegers(i + 1), {3, 5, i % 3 ? 512 : 640});
  }
}

// One scale on each side of several vectors, whose integers are summed first.
TEST(ScaledMatmulIntegersTest, LongRuns) {
  const std::vector<TypeSpec> weights = {
      int8,
      {"i8", "f32", "f32", 1, 256, false, false, "absmax"},
      {"i4", "f32", "f32", 1, 0, false, false, "absmax"},
      {"i4", "f32", "bf16", 1, 512, false, false, "absmax"},
      {"ui4", "f32", "f32", 1, 0, false, true, "minmax"}};
  for (const TypeSpec &type : weights) {
    checkStatic(type, {"f32", int8}, {1, 5, 1024});
    checkStatic(type, {"f32", int8}, {3, 5, 1536});
  }
}

// Each number of rows has a form.
TEST(ScaledMatmulIntegersTest, Dynamic) {
  Program program(getProgram(mxfp4, getIntegers(1), /*isDynamic=*/true, {}));
  for (Sizes sizes :
       {Sizes{1, 5, 1}, Sizes{2, 3, 127}, Sizes{4, 4, 129}, Sizes{7, 3, 512}})
    check(program, mxfp4, getIntegers(1), sizes);
}

//===----------------------------------------------------------------------===//
// Many rows of integers in vector registers
//===----------------------------------------------------------------------===//

// Rows that are whole tiles, or not, and too few for tile registers; columns
// that are 16 or 64; what is put side by side at once, and more.
TEST(ScaledMatmulManyIntegersTest, Sizes) {
  constexpr Sizes allSizes[] = {
      {12, 16, 128}, {13, 64, 384}, {9, 80, 640}, {25, 64, 256}};
  std::vector<TypeSpec> weights = getIntegerWeights();
  weights.push_back(
      {"f4E2M1FN", "f32", "f8E4M3FN", 1, 16, true, false, "absmax"});
  for (auto [i, type] : llvm::enumerate(weights)) {
    checkStatic(type, getIntegers(i), allSizes[i % 4]);
    checkStatic(type, getIntegers(i + 1), allSizes[(i + 1) % 4]);
  }
}

TEST(ScaledMatmulManyIntegersTest, DynamicRows) {
  Program program(
      getProgram(mxfp4, getIntegers(1), /*isDynamic=*/false, {-1, 48, 256}),
      "native", /*threads=*/2);
  for (int64_t rows : {0, 1, 8, 9, 11, 12, 13, 24, 37})
    check(program, mxfp4, getIntegers(1), {rows, 48, 256});
}

TEST(ScaledMatmulManyIntegersTest, Batched) {
  checkBatches({19, 32, 128}, "i8", "native", BatchWeights::Static);
  checkBatches({13, 21, 128}, "i8", "native", BatchWeights::SideBySide);
}

//===----------------------------------------------------------------------===//
// Many rows of bf16 in vector registers
//===----------------------------------------------------------------------===//

// Where the target has dot products of pairs, and no tile registers.
TEST(ScaledMatmulManyPairsTest, Sizes) {
  constexpr Sizes allSizes[] = {
      {12, 16, 128}, {13, 64, 384}, {9, 80, 640}, {25, 32, 256}};
  std::vector<TypeSpec> weights = getIntegerWeights();
  weights.push_back(
      {"f4E2M1FN", "f32", "f8E4M3FN", 1, 16, true, false, "absmax"});
  weights.push_back(mxfp8);
  weights.push_back({"f8E5M2", "f32", "f32", 1, 0, false, false, "absmax"});
  // Codes less zero points have 9 bits: not held by bf16.
  weights.push_back({"ui8", "f32", "f32", 1, 32, false, true, "minmax"});
  for (auto [i, type] : llvm::enumerate(weights)) {
    checkStatic(type, {"bf16"}, allSizes[i % 4]);
    checkStatic(type, {"bf16"}, allSizes[(i + 1) % 4]);
  }
}

// More of K than what is decoded of 64 rows at once has.
TEST(ScaledMatmulManyPairsTest, LongRows) {
  checkStatic(mxfp4, {"bf16"}, {9, 64, 8192});
}

TEST(ScaledMatmulManyPairsTest, Batched) {
  checkBatches({19, 32, 128}, "bf16", "native", BatchWeights::Static);
  checkBatches({13, 21, 128}, "bf16", "native", BatchWeights::SideBySide);
}

TEST(ScaledMatmulManyPairsTest, DynamicRows) {
  Program program(
      getProgram(mxfp8, {"bf16"}, /*isDynamic=*/false, {-1, 48, 256}), "native",
      /*threads=*/2);
  for (int64_t rows : {0, 1, 8, 9, 11, 12, 13, 24, 37})
    check(program, mxfp8, {"bf16"}, {rows, 48, 256});
}

//===----------------------------------------------------------------------===//
// Many rows of f32 in vector registers
//===----------------------------------------------------------------------===//

static constexpr const char *floatTargets[] = {"native", "x86-64-v3"};

// Several tiles, as many rows as they have or fewer in the last; columns that
// are 16 or 64; activations that are f32, or scaled.
TEST(ScaledMatmulManyFloatsTest, Sizes) {
  constexpr Sizes allSizes[] = {
      {12, 16, 128}, {13, 64, 384}, {29, 80, 640}, {5, 32, 256}};
  const std::vector<TypeSpec> weights = {
      mxfp4,
      int8,
      {"i4", "f32", "bf16", 1, 64, false, false, "absmax"},
      {"ui4", "f32", "f16", 1, 32, false, true, "minmax"},
      {"f4E2M1FN", "f32", "f8E4M3FN", 1, 16, true, false, "absmax"},
      {"ui8", "f32", "f32", 1, 32, false, true, "minmax"}};
  for (auto [i, type] : llvm::enumerate(weights)) {
    checkStatic(type, {"f32"}, allSizes[i % 4]);
    if (getMissing("x86-64-v3").empty())
      checkStatic(type, {"f32", mxfp8}, allSizes[(i + 1) % 4], "x86-64-v3");
  }
}

TEST(ScaledMatmulManyFloatsTest, Batched) {
  for (const char *target : floatTargets) {
    if (!getMissing(target).empty())
      continue;
    checkBatches({19, 32, 128}, "f32", target, BatchWeights::Static);
    checkBatches({13, 21, 128}, "f32", target, BatchWeights::SideBySide);
  }
}

TEST(ScaledMatmulManyFloatsTest, DynamicRows) {
  for (const char *target : floatTargets) {
    if (!getMissing(target).empty())
      continue;
    Program program(
        getProgram(mxfp4, {"f32"}, /*isDynamic=*/false, {-1, 48, 256}), target,
        /*threads=*/2);
    for (int64_t rows : {0, 1, 3, 4, 5, 8, 9, 12, 13, 24, 37})
      check(program, mxfp4, {"f32"}, {rows, 48, 256});
  }
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

TEST(ScaledMatmulTilesTest, Batched) {
  SKIP_UNLESS_RUNS_HERE(tileTarget);
  for (const char *element : {"f32", "i8"})
    checkBatches({19, 5, 72}, element, tileTarget);
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
    std::vector<float> got = getElements<float>(out[0]);
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
  std::vector<float> got = getElements<float>(out[0]);
  for (int64_t row = 0; row < rows; ++row)
    EXPECT_EQ(got[row], x.values[row * size + 5]) << row;
}

//===----------------------------------------------------------------------===//
// Integers in tile registers
//===----------------------------------------------------------------------===//

// Rows, columns and sums that are whole tiles, steps, runs and slices, or not.
TEST(ScaledMatmulIntegerTilesTest, Sizes) {
  SKIP_UNLESS_RUNS_HERE(tileTarget);
  for (auto [i, weights] : llvm::enumerate(getIntegerWeights())) {
    Sizes sizes = i % 3 ? Sizes{35, 18, 1217} : Sizes{16, 32, 512};
    checkStatic(weights, getIntegers(i), sizes, tileTarget);
  }
  Program program(getProgram(mxfp4, getIntegers(0), /*isDynamic=*/true, {}),
                  tileTarget);
  for (Sizes sizes : {Sizes{17, 33, 1}, Sizes{33, 5, 95}, Sizes{65, 18, 1217}})
    check(program, mxfp4, getIntegers(0), sizes);
}

TEST(ScaledMatmulIntegerTilesTest, Blocks) {
  SKIP_UNLESS_RUNS_HERE(tileTarget);
  Sizes sizes = {513, 515, 65};
  Program program(getProgram(int8, getIntegers(0), /*isDynamic=*/false, sizes),
                  tileTarget,
                  /*threads=*/2);
  check(program, int8, getIntegers(0), sizes);
}

// Results are exact where scales are powers of two: the largest integers do not
// leave what has one scale.
TEST(ScaledMatmulIntegerTilesTest, LargestIntegers) {
  SKIP_UNLESS_RUNS_HERE(tileTarget);
  constexpr int64_t rows = 16, columns = 16, size = 1024;
  Activations codes = {"f32", int8};
  Program program(
      getProgram(int8, codes, /*isDynamic=*/false, {rows, columns, size}),
      tileTarget);
  Matrix x{rows, size, std::vector<float>(rows * size, 127.0f)},
      y{columns, size, std::vector<float>(columns * size, -127.0f)},
      acc{rows, columns, std::vector<float>(rows * columns, 1.0f)};
  for (int64_t row = 0; row < rows; ++row)
    x.values[row * size + row] = 126.0f;
  std::vector<Array> out =
      program.run({Input(x, "f32", {rows, size}).getView(),
                   Input(y, "f32", {columns, size}).getView(),
                   Input(acc, "f32", {rows, columns}).getView()});
  std::vector<float> got = getElements<float>(out[0]);
  for (float value : got)
    EXPECT_EQ(value, 1.0f - 127.0f * 127 * size + 127);
}
