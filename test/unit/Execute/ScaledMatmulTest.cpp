//===- ScaledMatmulTest.cpp - scaled_matmul against float64 ---------------===//

#include "MatmulPrograms.h"
#include <cmath>

using namespace quantx;
using namespace quantx::test;

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

TEST(ScaledMatmulWaysTest, Batched) {
  for (const char *element : {"f32", "i8"})
    for (int64_t rows : {4, 9})
      checkBatches({rows, 5, 72}, element, "native");
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
  Matrix first{2, 3, getElements<float>(out[0])};
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
  std::vector<float> got = getElements<float>(out[0]);
  for (int m = 0; m < 3; ++m)
    EXPECT_TRUE(std::isnan(got[m * 4 + 1])) << m;
  for (int n : {0, 2, 3}) {
    EXPECT_TRUE(std::isfinite(got[n])) << n;
    EXPECT_EQ(got[8 + n], acc.values[8 + n]) << n;
  }
  EXPECT_TRUE(std::isinf(got[4])) << got[4];
  EXPECT_TRUE(std::isnan(got[4 + 2])) << got[4 + 2];
}

// A sum of no products is `init`, whatever the scales of rows and tensors are.
TEST(ScaledMatmulWaysTest, NoProductsWithNaNScales) {
  for (const char *element : {"f32", "bf16"}) {
    Program program(R"(
      !fp8 = !quantx.scaled<f8E4M3FN : f32, f32 per 1x*>
      !nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
      func.func @f(%x: tensor<1x?x)" +
                    std::string(element) +
                    R"(>, %p: tensor<2x?xi8>, %s: tensor<2x1xf32>,
                   %b: tensor<2x?xi8>, %g: tensor<f32>, %acc: tensor<1x2xf32>)
          -> (tensor<1x2xf32>, tensor<1x2xf32>) {
        %blocks = arith.bitcast %b : tensor<2x?xi8> to tensor<2x?xf8E4M3FN>
        %w = quantx.assemble %p, %s
          : tensor<2x?xi8>, tensor<2x1xf32> to tensor<2x?x!fp8>
        %v = quantx.assemble %p, %blocks, %g
          : tensor<2x?xi8>, tensor<2x?xf8E4M3FN>, tensor<f32> to tensor<2x?x!nvfp4>
        %r = quantx.scaled_matmul
          ins(%x, %w : tensor<1x?x)" +
                    element + R"(>, tensor<2x?x!fp8>)
          outs(%acc : tensor<1x2xf32>) -> tensor<1x2xf32>
        %q = quantx.scaled_matmul
          ins(%x, %v : tensor<1x?x)" +
                    element + R"(>, tensor<2x?x!nvfp4>)
          outs(%acc : tensor<1x2xf32>) -> tensor<1x2xf32>
        return %r, %q : tensor<1x2xf32>, tensor<1x2xf32>
      })");
    Matrix none{1, 0, {}}, acc{1, 2, {1.0f, -2.0f}};
    std::vector<uint8_t> bytes;
    std::vector<uint32_t> nan = {0x7fc00000, 0x7fc00000};
    std::vector<Array> out =
        program.run({Input(none, element, {1, 0}).getView(),
                     viewArray(ElementType::Int8, {2, 0}, bytes),
                     viewArray(ElementType::Float32, {2, 1}, nan),
                     viewArray(ElementType::Int8, {2, 0}, bytes),
                     viewArray(ElementType::Float32, {}, nan),
                     Input(acc, "f32", {1, 2}).getView()});
    for (const Array &result : out) {
      float got[2];
      std::memcpy(got, result.bytes.data(), sizeof(got));
      EXPECT_EQ(got[0], 1.0f) << element;
      EXPECT_EQ(got[1], -2.0f) << element;
    }
  }
}
