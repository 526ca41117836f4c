//===- MatmulKernelPrograms.cpp - scaled_matmul, compiled for GPUs --------===//

#include "MatmulKernelPrograms.h"

using namespace quantx;
using namespace quantx::test;

/// acc + x * w^T, all sizes dynamic but M.
static std::string getProgram(const TypeSpec &weights, const Tokens &tokens,
                              int64_t numTokens) {
  std::string rows = std::to_string(numTokens);
  std::string text = "!w = " + weights.print() + "\n";
  if (tokens.type)
    text += "!a = " + tokens.type->print() + "\n";
  std::string x =
      "tensor<" + rows + "x?x" + (tokens.type ? "!a" : tokens.element) + ">";
  std::string acc = "tensor<" + rows + "x?xf32>";
  return text + "func.func @f(%x: " + x + ", %w: tensor<?x?x!w>, %acc: " + acc +
         ") -> " + acc + " {\n  %r = quantx.scaled_matmul ins(%x, %w : " + x +
         ", tensor<?x?x!w>) outs(%acc : " + acc + ") -> " + acc +
         "\n  return %r : " + acc + "\n}\n";
}

void quantx::test::checkProduct(const SimulatedProgram &program,
                                const TypeSpec &weights, const Tokens &tokens,
                                Sizes sizes) {
  SCOPED_TRACE(testing::Message()
               << sizes.tokens << " x " << sizes.outputs << " x " << sizes.sum);
  Matrix x = drawMatrix(sizes.tokens, sizes.sum, 1, tokens.element);
  Matrix w = drawMatrix(sizes.outputs, sizes.sum, 2, weights.expressed);
  Matrix acc = drawMatrix(sizes.tokens, sizes.outputs, 3);
  Input inputX(x, tokens.element, {sizes.tokens, sizes.sum});
  Input inputAcc(acc, "f32", {sizes.tokens, sizes.outputs});
  std::vector<TensorView> views;
  std::optional<QuantizedInput> quantizedX;
  if (tokens.type) {
    quantizedX.emplace(*tokens.type, x);
    quantizedX->addViews(views);
    x.values = quantizedX->getValues();
  } else {
    views.push_back(inputX.getView());
  }
  QuantizedInput inputW(weights, w);
  inputW.addViews(views);
  w.values = inputW.getValues();
  views.push_back(inputAcc.getView());
  std::vector<Array> out = program.run(views);
  ASSERT_EQ(out[0].shape, (std::vector<int64_t>{sizes.tokens, sizes.outputs}));
  expectProduct(out[0], x, w, acc);
}

SimulatedProgram quantx::test::compile(const TypeSpec &weights,
                                       const Tokens &tokens, int64_t numTokens,
                                       const char *chip) {
  return SimulatedProgram::createForChip(getProgram(weights, tokens, numTokens),
                                         chip);
}
