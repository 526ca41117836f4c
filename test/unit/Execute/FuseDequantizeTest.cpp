//===- FuseDequantizeTest.cpp - Fused contractions against float64 --------===//
//
// Each form that quantx-fuse-dequantize takes (test/Transforms has what becomes
// of them), through the pipeline.
//
//===----------------------------------------------------------------------===//

#include "Lowerings.h"
#include "MatmulOracle.h"

using namespace quantx;
using namespace quantx::test;

namespace {

/// acc + x * y^T, where y is quantized; in any order of dimensions.
struct Contraction {
  const char *name;
  /// The shapes of x and acc: of the sizes 6 (rows), 40 (columns), 72 (sum).
  std::vector<int64_t> x, acc;
  /// The product of %x and %w, 40 x 72, added to %acc.
  const char *statement;
  bool isVector = false;
  bool xIsTransposed = false;
  bool resultIsTransposed = false;
};

class FuseDequantizeTest
    : public testing::TestWithParam<std::tuple<Contraction, bool>> {};

} // namespace

static const Contraction forms[] = {
    {"matmul",
     {6, 72},
     {6, 40},
     R"(linalg.matmul indexing_maps = [
       affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
       affine_map<(m, n, k) -> (m, n)>]
     ins(%x, %w : !x, !w) outs(%acc : !acc) -> !acc)"},
    {"transposed",
     {6, 72},
     {6, 40},
     "linalg.matmul ins(%x, %t : !x, !t) outs(%acc : !acc) -> !acc"},
    {"transposed_activations",
     {72, 6},
     {6, 40},
     R"(linalg.contract indexing_maps = [
       affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (n, k)>,
       affine_map<(m, n, k) -> (m, n)>]
     ins(%x, %w : !x, !w) outs(%acc : !acc) -> !acc)",
     false,
     true},
    {"left",
     {72, 6},
     {40, 6},
     "linalg.matmul ins(%w, %x : !w, !x) outs(%acc : !acc) -> !acc",
     false,
     true,
     true},
    {"matvec",
     {72},
     {40},
     "linalg.matvec ins(%w, %x : !w, !x) outs(%acc : !acc) -> !acc",
     true},
    {"vecmat",
     {72},
     {40},
     "linalg.vecmat ins(%x, %t : !x, !t) outs(%acc : !acc) -> !acc",
     true},
    {"tokens",
     {2, 3, 72},
     {2, 3, 40},
     R"(linalg.contract indexing_maps = [
       affine_map<(s, t, n, k) -> (s, t, k)>, affine_map<(s, t, n, k) -> (n, k)>,
       affine_map<(s, t, n, k) -> (s, t, n)>]
     ins(%x, %w : !x, !w) outs(%acc : !acc) -> !acc)"}};

/// The size is static but for those of rows, where `isDynamic`.
static std::string printType(llvm::ArrayRef<int64_t> shape, bool isDynamic) {
  std::string text = "tensor<";
  for (int64_t size : shape)
    text += (isDynamic && size < 40 ? "?" : std::to_string(size)) + "x";
  return text + "f32>";
}

static std::string getProgram(const Contraction &form, bool isDynamic) {
  return "!q = tensor<40x72x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per "
         "1x32>>\n!w = tensor<40x72xf32>\n!t = tensor<72x40xf32>\n!x = " +
         printType(form.x, isDynamic) +
         "\n!acc = " + printType(form.acc, isDynamic) + R"(
    func.func @f(%x: !x, %y: !w, %acc: !acc) -> !acc {
      %q = quantx.dynamic_quantize %y using #quantx.floor : !w to !q
      %w = quantx.dequantize %q : !q to !w
      %empty = tensor.empty() : !t
      %t = linalg.transpose ins(%w : !w) outs(%empty : !t) permutation = [1, 0]
      %r = )" +
         form.statement + "\n      return %r : !acc\n    }";
}

static std::vector<float> transpose(const Matrix &matrix) {
  std::vector<float> values;
  for (int64_t column = 0; column < matrix.columns; ++column)
    for (int64_t row = 0; row < matrix.rows; ++row)
      values.push_back(matrix.values[row * matrix.columns + column]);
  return values;
}

TEST_P(FuseDequantizeTest, EqualsFloat64) {
  const auto &[form, isDynamic] = GetParam();
  int64_t rows = form.isVector ? 1 : 6;
  Matrix x = drawMatrix(rows, 72, 1), y = drawMatrix(40, 72, 2),
         acc = drawMatrix(rows, 40, 3);
  Matrix givenX = x, givenAcc = acc;
  if (form.xIsTransposed)
    givenX.values = transpose(x);
  if (form.resultIsTransposed)
    givenAcc.values = transpose(acc);
  Program program(getProgram(form, isDynamic));
  std::vector<Array> out =
      program.run({Input(givenX, "f32", form.x).getView(),
                   Input(y, "f32", {40, 72}).getView(),
                   Input(givenAcc, "f32", form.acc).getView()});
  EXPECT_EQ(out[0].shape, form.acc);
  TypeSpec type = {"f4E2M1FN", "f32", "f8E8M0FNU", 1,
                   32,         false, false,       "floor"};
  expectProduct(out[0], x, getDequantized(type, y), acc,
                form.resultIsTransposed);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, FuseDequantizeTest,
    testing::Combine(testing::ValuesIn(forms), testing::Bool()),
    [](const testing::TestParamInfo<std::tuple<Contraction, bool>> &info) {
      return std::string(std::get<0>(info.param).name) +
             (std::get<1>(info.param) ? "_dynamic" : "_static");
    });
