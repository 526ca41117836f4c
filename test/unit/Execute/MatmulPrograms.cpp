//===- MatmulPrograms.cpp - Programs of one scaled_matmul -----------------===//

#include "MatmulPrograms.h"

using namespace quantx;
using namespace quantx::test;

/// `4x64`, or `?x?`; a negative size is dynamic, too.
static std::string printShape(bool isDynamic, int64_t rows, int64_t columns) {
  auto print = [&](int64_t size) {
    return isDynamic || size < 0 ? "?" : std::to_string(size);
  };
  return print(rows) + "x" + print(columns);
}

std::string quantx::test::getProgram(const TypeSpec &weights,
                                     const Activations &activations,
                                     bool isDynamic, Sizes sizes) {
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

void quantx::test::check(const Program &program, const TypeSpec &weights,
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

/// The program of `checkBatches`.
static std::string getBatchProgram(Sizes sizes, const std::string &element,
                                   BatchWeights form) {
  bool isQuantized = element == "i8";
  std::string x = "tensor<?x?x?x" + (isQuantized ? "f32" : element) + ">";
  std::string lhs = isQuantized ? "tensor<?x?x?x!a>" : x;
  bool isDynamic = form == BatchWeights::Dynamic;
  std::string y = "tensor<?x" +
                  printShape(/*isDynamic=*/false,
                             isDynamic ? -1 : sizes.columns, sizes.sum) +
                  "x";
  std::string text = R"(
    !w = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x1x32>
    !r = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x1x32, packing rows16>
    !a = !quantx.scaled<i8 : f32, f32 per 1x1x*>
    func.func @f(%x: )" +
                     x + ", %y: " + y +
                     "f32>, %acc: tensor<2x?x?xf32>) -> tensor<2x?x?xf32> {\n";
  if (isQuantized)
    text += "%a = quantx.dynamic_quantize %x using #quantx.absmax : " + x +
            " to " + lhs + "\n";
  text += "%w = quantx.dynamic_quantize %y using #quantx.floor : " + y +
          "f32> to " + y + "!w>\n";
  bool isSideBySide = form == BatchWeights::SideBySide;
  if (isSideBySide)
    text += "%r = quantx.relayout %w : " + y + "!w> to " + y + "!r>\n";
  return text + "%z = quantx.scaled_matmul ins(" + (isQuantized ? "%a" : "%x") +
         (isSideBySide ? ", %r : " : ", %w : ") + lhs + ", " + y +
         (isSideBySide ? "!r>" : "!w>") +
         ") outs(%acc : tensor<2x?x?xf32>) -> tensor<2x?x?xf32>\n"
         "return %z : tensor<2x?x?xf32>\n}\n";
}

void quantx::test::checkBatches(Sizes sizes, const std::string &element,
                                const std::string &target, BatchWeights form) {
  auto [rows, columns, sum] = sizes;
  SCOPED_TRACE(testing::Message() << rows << " rows of " << element);
  Program program(getBatchProgram(sizes, element, form), target);
  std::string plain = element == "i8" ? "f32" : element;
  Matrix x = drawMatrix(2 * rows, sum, 1, plain),
         y = drawMatrix(2 * columns, sum, 2),
         acc = drawMatrix(2 * rows, columns, 3);
  Input inputX(x, plain, {2, rows, sum});
  Input inputY(y, "f32", {2, columns, sum});
  Input inputAcc(acc, "f32", {2, rows, columns});
  std::vector<Array> out =
      program.run({inputX.getView(), inputY.getView(), inputAcc.getView()});
  ASSERT_EQ(out[0].shape, (std::vector<int64_t>{2, rows, columns}));
  Matrix a = element == "i8" ? getDequantized(int8, x) : x;
  Matrix w = getDequantized(mxfp4, y);
  for (int64_t batch : {0, 1}) {
    auto slice = [&](const Matrix &all) {
      int64_t size = int64_t(all.values.size()) / 2;
      auto begin = all.values.begin() + batch * size;
      return Matrix{all.rows / 2, all.columns, {begin, begin + size}};
    };
    auto begin = out[0].bytes.begin() + batch * rows * columns * 4;
    expectProduct({{rows, columns}, {begin, begin + rows * columns * 4}},
                  slice(a), slice(w), slice(acc));
  }
}
