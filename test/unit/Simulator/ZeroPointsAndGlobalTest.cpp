//===- ZeroPointsAndGlobalTest.cpp - Both parameters in a kernel ----------===//
//
// Zero points under a global scale, as a checkpoint may have them. The same
// numbers come of scales that have the global one, a power of two, in them.
//
//===----------------------------------------------------------------------===//

#include "MatmulKernelPrograms.h"

using namespace quantx;
using namespace quantx::test;

static constexpr int64_t kOutputs = 16, kSum = 80;
static constexpr float kGlobal = 0.25f;

/// Codes of `%w`, their values, and the product of `%x` with them.
static std::string getProgram(int64_t tokens, bool hasGlobal) {
  std::string text = R"(
!t = !quantx.scaled<ui4 : f32, f32 per 1x32GLOBAL, zero_point ui4>
func.func @f(%x: tensor<ROWSx80xf32>, %acc: tensor<ROWSx16xf32>,
             %w: tensor<16x80xf32>, %s: tensor<16x3xf32>,
             %z: tensor<16x3xui4>PARAMETER)
    -> (tensor<16x40xi8>, tensor<16x80xf32>, tensor<ROWSx16xf32>) {
  %q = quantx.quantize %w, %s, %zOPERAND
    : tensor<16x80xf32>, tensor<16x3xf32>, tensor<16x3xui4>OPTYPE
   to tensor<16x80x!t>
  %p, %parts:COUNT = quantx.disassemble %q
    : tensor<16x80x!t> to tensor<16x40xi8>, tensor<16x3xf32>, tensor<16x3xui4>OPTYPE
  %y = quantx.dequantize %q : tensor<16x80x!t> to tensor<16x80xf32>
  %r = quantx.scaled_matmul ins(%x, %q : tensor<ROWSx80xf32>, tensor<16x80x!t>)
    outs(%acc : tensor<ROWSx16xf32>) -> tensor<ROWSx16xf32>
  return %p, %y, %r : tensor<16x40xi8>, tensor<16x80xf32>, tensor<ROWSx16xf32>
})";
  auto replace = [&](const std::string &from, const std::string &to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;)
      text.replace(at, from.size(), to);
  };
  replace("ROWS", std::to_string(tokens));
  replace("GLOBAL", hasGlobal ? ", global f32" : "");
  replace("PARAMETER", hasGlobal ? ", %g: tensor<f32>" : "");
  replace("OPERAND", hasGlobal ? ", %g" : "");
  replace("OPTYPE", hasGlobal ? ", tensor<f32>" : "");
  replace("COUNT", hasGlobal ? "3" : "2");
  return text;
}

TEST(ZeroPointsAndGlobalTest, EqualsScalesWithTheGlobalOne) {
  Matrix w = drawMatrix(kOutputs, kSum, 1), scales{kOutputs, 3, {}};
  std::vector<uint8_t> zeroPoints;
  for (int64_t i = 0; i < kOutputs * 3; ++i) {
    scales.values.push_back(0.5f + float(i % 7) * 0.3f);
    zeroPoints.push_back(uint8_t(i % 16));
  }
  Matrix folded = scales;
  for (float &scale : folded.values)
    scale *= kGlobal;
  std::vector<float> global = {kGlobal};
  // A token, a few, and tiles of them.
  for (int64_t tokens : {1, 3, 40}) {
    SCOPED_TRACE(tokens);
    Matrix x = drawMatrix(tokens, kSum, 2),
           acc = drawMatrix(tokens, kOutputs, 3);
    auto run = [&](bool hasGlobal) {
      Input inputX(x, "f32", {tokens, kSum}),
          inputAcc(acc, "f32", {tokens, kOutputs}),
          inputW(w, "f32", {kOutputs, kSum}),
          inputScales(hasGlobal ? scales : folded, "f32", {kOutputs, 3});
      std::vector<TensorView> views = {
          inputX.getView(), inputAcc.getView(), inputW.getView(),
          inputScales.getView(),
          viewArray(ElementType::UInt8, {kOutputs, 3}, zeroPoints)};
      if (hasGlobal)
        views.push_back(viewArray(ElementType::Float32, {}, global));
      return SimulatedProgram::createForChip(getProgram(tokens, hasGlobal),
                                             kChip)
          .run(views);
    };
    std::vector<Array> both = run(true), without = run(false);
    EXPECT_EQ(both[0].bytes, without[0].bytes) << "codes";
    EXPECT_EQ(both[1].bytes, without[1].bytes) << "values";
    EXPECT_EQ(both[2].bytes, without[2].bytes) << "products";
  }
}
