//===- FewTokensKernelsTest.cpp - scaled_matmul by few tokens, simulated --===//
//
// The kernel that takes weights right to registers: numbers of tokens, and what
// its ways to multiply by scales could get wrong.
//
//===----------------------------------------------------------------------===//

#include "MatmulKernelPrograms.h"
#include "quantx/Format/Encoding.h"
#include <cmath>
#include <limits>

using namespace quantx;
using namespace quantx::test;

//===----------------------------------------------------------------------===//
// Numbers of tokens
//===----------------------------------------------------------------------===//

namespace {

struct Case {
  const char *name;
  TypeSpec weights;
  const char *element;
};

class FewTokensKernelsTest : public testing::TestWithParam<Case> {};

} // namespace

/// acc + x * w^T of types as they print, all sizes static.
static SimulatedProgram compileStatic(const std::string &type,
                                      const std::string &element, Sizes sizes,
                                      const char *chip = kChip) {
  std::string m = std::to_string(sizes.tokens) + "x";
  std::string n = std::to_string(sizes.outputs) + "x";
  std::string k = std::to_string(sizes.sum) + "x";
  std::string x = "tensor<" + m + k + element + ">";
  std::string w = "tensor<" + n + k + "!w>";
  std::string acc = "tensor<" + m + n + "f32>";
  return SimulatedProgram::createForChip(
      "!w = " + type + "\nfunc.func @f(%x: " + x + ", %w: " + w +
          ", %acc: " + acc + ") -> " + acc +
          " {\n%r = quantx.scaled_matmul ins(%x, %w : " + x + ", " + w +
          ") outs(%acc : " + acc + ") -> " + acc + "\nreturn %r : " + acc +
          "\n}\n",
      chip);
}

static std::vector<Case> getCases() {
  TypeSpec int4_g128 = {"ui4", "f32", "f16", 1, 128, false, true, "minmax"};
  TypeSpec i4 = {"i4", "f32", "bf16", 1, 256, false, false, "absmax"};
  TypeSpec mxfp4_g64 = {"f4E2M1FN", "f32", "f8E8M0FNU", 1,
                        64,         false, false,       "floor"};
  TypeSpec fp8 = {"f8E4M3FN", "f32", "f32", 1, 0, false, false, "absmax"};
  TypeSpec fp8_g128 = {"f8E4M3FN", "f32", "f32", 128,
                       128,        false, false, "absmax"};
  TypeSpec e5m2 = {"f8E5M2", "f32", "f32", 1, 0, false, false, "absmax"};
  TypeSpec ui8 = {"ui8", "f32", "f32", 1, 64, false, true, "minmax"};
  TypeSpec ui8_row = {"ui8", "f32", "f32", 1, 0, false, true, "minmax"};
  return {{"mxfp4_by_bf16", mxfp4, "bf16"},
          {"mxfp4_g64_by_bf16", mxfp4_g64, "bf16"},
          {"nvfp4_by_bf16", nvfp4, "bf16"},
          {"nvfp4_by_f16", nvfp4, "f16"},
          {"int4_g128_by_bf16", int4_g128, "bf16"},
          {"int4_g128_by_f16", int4_g128, "f16"},
          {"i4_by_bf16", i4, "bf16"},
          {"i4_by_f16", i4, "f16"},
          {"fp8_by_bf16", fp8, "bf16"},
          {"fp8_by_f16", fp8, "f16"},
          {"fp8_g128_by_bf16", fp8_g128, "bf16"},
          {"e5m2_by_f16", e5m2, "f16"},
          {"int8_by_bf16", int8, "bf16"},
          {"int8_by_f16", int8, "f16"},
          {"ui8_by_bf16", ui8, "bf16"},
          {"ui8_row_by_f16", ui8_row, "f16"}};
}

// More than the steps of all warps, and a rest; rows that are not aligned, and
// an odd one; fewer rows than lanes have.
TEST_P(FewTokensKernelsTest, OneToken) {
  const auto &[name, weights, element] = GetParam();
  Tokens tokens{element, {}};
  SimulatedProgram program = compile(weights, tokens, 1);
  for (Sizes sizes : {Sizes{1, 17, 2400}, Sizes{1, 35, 387}, Sizes{1, 3, 40}})
    checkProduct(program, weights, tokens, sizes);
}

TEST_P(FewTokensKernelsTest, EachNumberOfTokens) {
  const auto &[name, weights, element] = GetParam();
  Tokens tokens{element, {}};
  for (int64_t count : {2, 3, 8}) {
    SimulatedProgram program = compile(weights, tokens, count);
    for (Sizes sizes : {Sizes{count, 37, 1184}, Sizes{count, 5, 203}})
      checkProduct(program, weights, tokens, sizes);
  }
}

// Sizes that are known give a lane twice as many rows, and whole tiles one
// address for them.
TEST_P(FewTokensKernelsTest, StaticSizes) {
  const auto &[name, weights, element] = GetParam();
  for (Sizes sizes : {Sizes{3, 37, 1184}, Sizes{8, 64, 640}}) {
    SimulatedProgram program = compileStatic(weights.print(), element, sizes);
    checkProduct(program, weights, {element, {}}, sizes);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, FewTokensKernelsTest,
                         testing::ValuesIn(getCases()),
                         [](const testing::TestParamInfo<Case> &info) {
                           return info.param.name;
                         });

// None, and one more than the kernel has.
TEST(FewTokensKernelsSizesTest, DynamicTokens) {
  SimulatedProgram program = SimulatedProgram::createForChip(R"(
    !w = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>
    func.func @f(%x: tensor<?x?xbf16>, %w: tensor<?x?x!w>,
                 %acc: tensor<?x?xf32>) -> tensor<?x?xf32> {
      %r = quantx.scaled_matmul ins(%x, %w : tensor<?x?xbf16>, tensor<?x?x!w>)
        outs(%acc : tensor<?x?xf32>) -> tensor<?x?xf32>
      return %r : tensor<?x?xf32>
    })",
                                                             kChip);
  for (int64_t tokens : {0, 1, 2, 8, 9})
    checkProduct(program, mxfp4, {"bf16", {}}, {tokens, 17, 288});
  checkProduct(program, mxfp4, {"bf16", {}}, {4, 0, 64});
}

//===----------------------------------------------------------------------===//
// Scales
//===----------------------------------------------------------------------===//

/// w * x^T of one token of ones; `views` are those of w, N x K.
static std::vector<float> sumRows(const std::string &type,
                                  const std::string &element, int64_t rows,
                                  int64_t sum, llvm::ArrayRef<TensorView> views,
                                  const char *chip = kChip) {
  SimulatedProgram program = compileStatic(type, element, {1, rows, sum}, chip);
  Input ones({1, sum, std::vector<float>(sum, 1.0f)}, element, {1, sum});
  Input zeros({1, rows, std::vector<float>(rows, 0.0f)}, "f32", {1, rows});
  std::vector<TensorView> inputs = {ones.getView()};
  inputs.insert(inputs.end(), views.begin(), views.end());
  inputs.push_back(zeros.getView());
  std::vector<Array> out = program.run(inputs);
  std::vector<float> sums = getElements<float>(out[0]);
  return sums;
}

/// Expects the sums of rows, each of which has one code that is not 0, or none:
/// NaN where that is expected, and else the same numbers.
static void expectSums(llvm::ArrayRef<float> sums,
                       llvm::ArrayRef<float> expected) {
  for (size_t i = 0; i < sums.size(); ++i) {
    if (std::isnan(expected[i]))
      EXPECT_TRUE(std::isnan(sums[i])) << i << ": " << sums[i];
    else
      EXPECT_EQ(sums[i], expected[i]) << i;
  }
}

// Every E8M0 scale of one block, by the largest code and by the smallest; the
// blocks around it have scales of 1. NaN is NaN, and what f32 does not hold is
// infinite.
TEST(FewTokensKernelsScalesTest, EveryE8M0) {
  constexpr int64_t rows = 512, sum = 512, block = 32, codes = sum / 2;
  std::vector<uint8_t> payload(rows * codes), scales(rows * sum / block, 127);
  std::vector<float> expected;
  for (int64_t row = 0; row < rows; ++row) {
    int64_t position = row * 37 % sum;
    uint8_t code = row < 256 ? 0x7 : 0x1;
    payload[row * codes + position / 2] = uint8_t(code << (position % 2 * 4));
    scales[(row * sum + position) / block] = uint8_t(row);
    double value = std::ldexp(code == 0x7 ? 6.0 : 0.5, int(row % 256) - 127);
    expected.push_back(row % 256 == 255 ? NAN : float(value));
  }
  expectSums(
      sumRows("!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>", "bf16",
              rows, sum,
              {viewArray(ElementType::UInt8, {rows, codes}, payload),
               viewArray(ElementType::UInt8, {rows, sum / block}, scales)}),
      expected);
}

// The same of E4M3, with its signs.
TEST(FewTokensKernelsScalesTest, EveryE4M3) {
  constexpr int64_t rows = 512, sum = 512, block = 16, codes = sum / 2;
  const FloatFormat &format = *lookupFloatFormat("f8E4M3FN");
  std::vector<uint8_t> payload(rows * codes), scales(rows * sum / block, 0x38);
  std::vector<float> expected, global = {0.25f};
  for (int64_t row = 0; row < rows; ++row) {
    int64_t position = row * 37 % sum;
    uint8_t code = row < 256 ? 0xf : 0x1;
    payload[row * codes + position / 2] = uint8_t(code << (position % 2 * 4));
    scales[(row * sum + position) / block] = uint8_t(row);
    expected.push_back((code == 0xf ? -6.0f : 0.5f) * 0.25f *
                       decode(uint8_t(row), format));
  }
  for (const char *chip : {"sm_80", kChip})
    for (const char *element : {"bf16", "f16"})
      expectSums(
          sumRows(
              "!quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>",
              element, rows, sum,
              {viewArray(ElementType::UInt8, {rows, codes}, payload),
               viewArray(ElementType::UInt8, {rows, sum / block}, scales),
               viewArray(ElementType::Float32, {}, global)},
              chip),
          expected);
}

// An infinite scale makes its own row infinite, not NaN: it is that of no
// elements beyond the end.
TEST(FewTokensKernelsScalesTest, InfiniteInLastBlock) {
  constexpr int64_t rows = 3, sum = 160, codes = sum / 2;
  std::vector<uint8_t> payload(rows * codes, 0x11);
  std::vector<uint16_t> scales = {0x3c00, 0x3c00, 0x3c00,
                                  0x7c00, 0x7c00, 0x3c00};
  float infinity = std::numeric_limits<float>::infinity();
  expectSums(sumRows("!quantx.scaled<ui4 : f32, f16 per 1x128>", "bf16", rows,
                     sum,
                     {viewArray(ElementType::UInt8, {rows, codes}, payload),
                      viewArray(ElementType::Float16, {rows, 2}, scales)}),
             {160.0f, infinity, infinity});
}

// Half a byte behind an odd row is nothing, whatever its bits are.
TEST(FewTokensKernelsScalesTest, OddRows) {
  constexpr int64_t rows = 2, sum = 33, codes = 17;
  std::vector<uint8_t> payload(rows * codes, 0x22), scales = {127, 254, 127, 1};
  for (int64_t row = 0; row < rows; ++row)
    payload[row * codes + codes - 1] = 0x70;
  expectSums(sumRows("!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>",
                     "bf16", rows, sum,
                     {viewArray(ElementType::UInt8, {rows, codes}, payload),
                      viewArray(ElementType::UInt8, {rows, 2}, scales)}),
             {32.0f, 32.0f});
}

// Activations that are infinite, or NaN, by weights that are 0 or not.
TEST(FewTokensKernelsScalesTest, NonFiniteTokens) {
  Tokens tokens{"bf16", {}};
  SimulatedProgram program = compile(mxfp4, tokens, 3);
  int64_t sum = 64;
  Matrix x = drawMatrix(3, sum, 1, "bf16"), w = drawMatrix(2, sum, 2),
         acc = drawMatrix(3, 2, 3);
  x.values[0 * sum + 7] = INFINITY;
  x.values[1 * sum + 40] = NAN;
  w.values[0 * sum + 7] = w.values[0 * sum] = 6.0f;
  w.values[1 * sum + 7] = 0.0f;
  QuantizedInput inputW(mxfp4, w);
  std::vector<TensorView> views;
  Input inputX(x, "bf16", {3, sum}), inputAcc(acc, "f32", {3, 2});
  views.push_back(inputX.getView());
  inputW.addViews(views);
  views.push_back(inputAcc.getView());
  std::vector<Array> out = program.run(views);
  std::vector<float> got = getElements<float>(out[0]);
  EXPECT_EQ(got[0], std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(got[1]));
  EXPECT_TRUE(std::isnan(got[2]) && std::isnan(got[3]));
  EXPECT_TRUE(std::isfinite(got[4]) && std::isfinite(got[5]));
}
