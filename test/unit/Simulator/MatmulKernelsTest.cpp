//===- MatmulKernelsTest.cpp - Kernels of scaled_matmul, simulated --------===//
//
// Against products in double precision of what the Format layer gives, on the
// simulated GPU: all that lanes share, copies, races and bounds included.
//
//===----------------------------------------------------------------------===//

#include "MatmulKernelPrograms.h"
#include "quantx/Format/Encoding.h"
#include <cmath>
#include <limits>

using namespace quantx;
using namespace quantx::test;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

namespace {

struct Case {
  const char *name;
  TypeSpec weights;
  Tokens tokens;
};

class MatmulKernelsTest : public testing::TestWithParam<Case> {};

} // namespace

static std::vector<Case> getCases() {
  Tokens f32{"f32", {}}, bf16{"bf16", {}}, f16{"f16", {}};
  TypeSpec fp8 = {"f8E4M3FN", "f32", "f32", 1, 0, false, false, "absmax"};
  TypeSpec e5m2 = {"f8E5M2", "f32", "f32", 1, 0, false, false, "absmax"};
  TypeSpec blocks = {"f8E4M3FN", "f32", "f32", 4, 64, false, false, "absmax"};
  TypeSpec mxint8 = {"i8", "bf16", "f8E8M0FNU", 1, 32, false, false, "floor"};
  TypeSpec ui8 = {"ui8", "f32", "f32", 1, 64, false, true, "minmax"};
  TypeSpec i4 = {"i4", "f32", "f16", 1, 128, false, false, "absmax"};
  // What has no matrix instructions.
  TypeSpec mxfp6 = {"f6E2M3FN", "f32", "f8E8M0FNU", 1,
                    32,         false, false,       "even"};
  TypeSpec i3 = {"i3", "f32", "bf16", 0, 1, false, false, "absmax"};
  TypeSpec rounded = {"ui4", "f16", "f16", 1, 64, false, true, "minmax"};
  return {{"mxfp4_by_f32", mxfp4, f32},
          {"mxfp4_by_bf16", mxfp4, bf16},
          {"mxfp4_by_f16", mxfp4, f16},
          {"mxfp4_by_mxfp8", mxfp4, {"f32", mxfp8}},
          {"mxfp4_by_int8", mxfp4, {"f32", int8}},
          {"nvfp4_by_bf16", nvfp4, bf16},
          {"nvfp4_by_f16", nvfp4, f16},
          {"mxfp8_by_bf16", mxfp8, bf16},
          {"mxfp8_by_mxfp4", mxfp8, {"f32", mxfp4}},
          {"fp8_by_bf16", fp8, bf16},
          {"fp8_by_f16", fp8, f16},
          {"e5m2_by_bf16", e5m2, bf16},
          {"e5m2_by_f16", e5m2, f16},
          {"blocks_by_bf16", blocks, bf16},
          {"int8_by_bf16", int8, bf16},
          {"int8_by_f16", int8, f16},
          {"int8_by_int8", int8, {"f32", int8}},
          {"mxint8_by_bf16", mxint8, bf16},
          {"ui8_by_f32", ui8, f32},
          {"int4_by_bf16", int4, bf16},
          {"int4_by_f16", int4, f16},
          {"i4_by_bf16", i4, bf16},
          {"i4_by_f32", i4, f32},
          {"mxfp6_by_bf16", mxfp6, bf16},
          {"i3_by_f32", i3, f32},
          {"rounded_by_f16", rounded, f16}};
}

// Rows that are aligned and not; whole blocks, and a partial last one; more
// than a stage; one product, and none.
TEST_P(MatmulKernelsTest, OneToken) {
  const auto &[name, weights, tokens] = GetParam();
  SimulatedProgram program = compile(weights, tokens, 1);
  for (Sizes sizes : {Sizes{1, 17, 128}, Sizes{1, 5, 203}, Sizes{1, 18, 1184},
                      Sizes{1, 3, 1}, Sizes{1, 3, 0}})
    checkProduct(program, weights, tokens, sizes);
}

TEST_P(MatmulKernelsTest, FewTokens) {
  const auto &[name, weights, tokens] = GetParam();
  SimulatedProgram program = compile(weights, tokens, 5);
  for (Sizes sizes : {Sizes{5, 18, 672}, Sizes{5, 33, 75}})
    checkProduct(program, weights, tokens, sizes);
}

INSTANTIATE_TEST_SUITE_P(Types, MatmulKernelsTest,
                         testing::ValuesIn(getCases()),
                         [](const testing::TestParamInfo<Case> &info) {
                           return info.param.name;
                         });

//===----------------------------------------------------------------------===//
// Tiles of many tokens
//===----------------------------------------------------------------------===//

TEST(MatmulKernelsTilesTest, SomeTokens) {
  for (const TypeSpec &weights : {mxfp4, nvfp4, int4})
    for (const char *element : {"bf16", "f32"}) {
      Tokens tokens{element, {}};
      SimulatedProgram program = compile(weights, tokens, 19);
      for (Sizes sizes : {Sizes{19, 37, 320}, Sizes{19, 130, 75}})
        checkProduct(program, weights, tokens, sizes);
    }
}

TEST(MatmulKernelsTilesTest, ManyTokens) {
  Tokens tokens{"bf16", {}};
  for (const TypeSpec &weights : {mxfp4, int4}) {
    SimulatedProgram program = compile(weights, tokens, 131);
    for (Sizes sizes : {Sizes{131, 37, 352}, Sizes{131, 258, 75}})
      checkProduct(program, weights, tokens, sizes);
  }
}

// The kernel is chosen by the number of tokens at run time.
TEST(MatmulKernelsTilesTest, DynamicTokens) {
  SimulatedProgram program = SimulatedProgram::createForChip(R"(
    !w = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
    func.func @f(%x: tensor<?x?xf32>, %w: tensor<?x?x!w>,
                 %acc: tensor<?x?xf32>) -> tensor<?x?xf32> {
      %r = quantx.scaled_matmul ins(%x, %w : tensor<?x?xf32>, tensor<?x?x!w>)
        outs(%acc : tensor<?x?xf32>) -> tensor<?x?xf32>
      return %r : tensor<?x?xf32>
    })",
                                                             kChip);
  for (int64_t tokens : {0, 1, 2, 8, 9, 65})
    checkProduct(program, mxfp4, {"f32", {}}, {tokens, 17, 96});
}

// Each batch has weights of its own, and blocks that batches share.
static void checkBatches(const char *chip, int64_t tokens) {
  SCOPED_TRACE(chip);
  SimulatedProgram program = SimulatedProgram::createForChip(R"(
    !w = !quantx.scaled<i8 : f32, f32 per *x2x*>
    func.func @f(%x: tensor<2x?x?xbf16>, %w: tensor<2x?x?x!w>,
                 %acc: tensor<2x?x?xf32>) -> tensor<2x?x?xf32> {
      %r = quantx.scaled_matmul ins(%x, %w : tensor<2x?x?xbf16>, tensor<2x?x?x!w>)
        outs(%acc : tensor<2x?x?xf32>) -> tensor<2x?x?xf32>
      return %r : tensor<2x?x?xf32>
    })",
                                                             chip);
  int64_t outputs = 6, sum = 72;
  Matrix x = drawMatrix(2 * tokens, sum, 1, "bf16");
  Matrix acc = drawMatrix(2 * tokens, outputs, 3);
  std::vector<int8_t> codes;
  std::vector<float> scales = {0.5f, 2.0f, 0.375f};
  Matrix w{2 * outputs, sum, {}};
  for (int64_t i = 0; i < 2 * outputs * sum; ++i) {
    codes.push_back(int8_t(i * 37));
    w.values.push_back(float(codes.back()) * scales[i / sum % outputs / 2]);
  }
  Input inputX(x, "bf16", {2, tokens, sum});
  Input inputAcc(acc, "f32", {2, tokens, outputs});
  std::vector<Array> out = program.run(
      {inputX.getView(), viewArray(ElementType::Int8, {2, outputs, sum}, codes),
       viewArray(ElementType::Float32, {1, outputs / 2, 1}, scales),
       inputAcc.getView()});
  for (int64_t batch : {0, 1}) {
    auto slice = [&](const Matrix &all) {
      int64_t size = int64_t(all.values.size()) / 2;
      auto begin = all.values.begin() + batch * size;
      return Matrix{all.rows / 2, all.columns, {begin, begin + size}};
    };
    auto begin = out[0].bytes.begin() + batch * tokens * outputs * 4;
    expectProduct({{tokens, outputs}, {begin, begin + tokens * outputs * 4}},
                  slice(x), slice(w), slice(acc));
  }
}

TEST(MatmulKernelsTilesTest, Batched) {
  checkBatches(kChip, 3);
  checkBatches("sm_90a", 11);
}

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

// Every code, NaN and infinities too, times 1: the sum of a row is its value.
static void checkCodes(const std::string &storage, unsigned bits,
                       llvm::ArrayRef<float> values, const char *element) {
  SCOPED_TRACE(storage + " by " + element);
  int64_t count = int64_t(values.size()), sum = 32;
  SimulatedProgram program = SimulatedProgram::createForChip(
      "!w = !quantx.scaled<" + storage +
          " : f32, f32 per 1x*>\n"
          "func.func @f(%x: tensor<1x32x" +
          element +
          ">, %w: tensor<?x32x!w>, %acc: tensor<1x?xf32>) -> tensor<1x?xf32> "
          "{\n"
          "%r = quantx.scaled_matmul ins(%x, %w : tensor<1x32x" +
          element +
          ">, tensor<?x32x!w>) outs(%acc : tensor<1x?xf32>) -> "
          "tensor<1x?xf32>\n"
          "return %r : tensor<1x?xf32>}",
      kChip);
  // The code number n is element n of its row, all others are 0.
  std::vector<uint8_t> payload(count * sum * bits / 8);
  for (int64_t n = 0; n < count; ++n) {
    int64_t bit = (n * sum + n % sum) * bits;
    payload[bit / 8] = uint8_t(n << (bit % 8));
  }
  Matrix x{1, sum, std::vector<float>(sum, 1.0f)};
  Matrix acc{1, count, std::vector<float>(count, 0.0f)};
  std::vector<float> scales(count, 1.0f);
  std::vector<Array> out = program.run(
      {Input(x, element, {1, sum}).getView(),
       viewArray(ElementType::UInt8, {count, sum * bits / 8}, payload),
       viewArray(ElementType::Float32, {count, 1}, scales),
       Input(acc, "f32", {1, count}).getView()});
  std::vector<float> got = getElements<float>(out[0]);
  for (int64_t n = 0; n < count; ++n) {
    if (std::isnan(values[n]))
      EXPECT_TRUE(std::isnan(got[n])) << n;
    else
      EXPECT_EQ(got[n], values[n]) << n;
  }
}

TEST(MatmulKernelsCodesTest, Floats) {
  for (const char *name : {"f4E2M1FN", "f8E4M3FN", "f8E5M2"}) {
    const FloatFormat &format = *lookupFloatFormat(name);
    std::vector<float> values;
    for (int code = 0; code < 1 << format.bits; ++code)
      values.push_back(decode(uint8_t(code), format));
    for (const char *element : {"bf16", "f16", "f32"})
      checkCodes(name, format.bits, values, element);
  }
}

TEST(MatmulKernelsCodesTest, Integers) {
  for (auto [name, bits, isSigned] :
       {std::tuple("i4", 4, true), std::tuple("ui4", 4, false),
        std::tuple("i8", 8, true), std::tuple("ui8", 8, false)}) {
    std::vector<float> values;
    for (int code = 0; code < 1 << bits; ++code) {
      bool isNegative = isSigned && code >= 1 << (bits - 1);
      values.push_back(float(isNegative ? code - (1 << bits) : code));
    }
    for (const char *element : {"bf16", "f16"})
      checkCodes(name, unsigned(bits), values, element);
  }
}

// A NaN scale, an infinity times 0, and f32 that three bf16 must not change.
TEST(MatmulKernelsCodesTest, NonFinite) {
  Tokens tokens{"f32", {}};
  SimulatedProgram program = compile(mxfp4, tokens, 3);
  int64_t sum = 64;
  Matrix x = drawMatrix(3, sum, 1), w = drawMatrix(4, sum, 2),
         acc = drawMatrix(3, 4, 3);
  w.values[1 * sum + 40] = NAN;
  std::fill_n(w.values.begin() + 2 * sum, 32, 0.0f);
  x.values[1 * sum + 7] = INFINITY;
  std::fill_n(x.values.begin() + 2 * sum, sum, 0.0f);
  QuantizedInput inputW(mxfp4, w);
  std::vector<TensorView> views;
  Input inputX(x, "f32", {3, sum}), inputAcc(acc, "f32", {3, 4});
  views.push_back(inputX.getView());
  inputW.addViews(views);
  views.push_back(inputAcc.getView());
  std::vector<Array> out = program.run(views);
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
