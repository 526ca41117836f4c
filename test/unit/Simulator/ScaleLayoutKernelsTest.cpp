//===- ScaleLayoutKernelsTest.cpp - Kernels of relayout_scales ------------===//
//
// relayout_scales both ways on the simulated GPU, on shapes around the tiles
// and around the four tiles that a thread takes at once, against the Format
// layer.
//
//===----------------------------------------------------------------------===//

#include "Execute/PackingOracle.h"
#include "SimulatedProgram.h"
#include "quantx/Format/ScaleLayout.h"
#include "gtest/gtest.h"

using namespace quantx;
using namespace quantx::test;

namespace {

/// Scales in both layouts; tiles have rubbish for padding.
struct Scales {
  Scales(int64_t batches, int64_t rows, int64_t columns)
      : batches(batches), rows(rows), columns(columns) {
    size_t tiledSize = getTiledScalesSize(rows, columns);
    for (int64_t batch = 0; batch < batches; ++batch) {
      Bytes scales = drawBytes(rows * columns, unsigned(rows + columns));
      Bytes padded(tiledSize), unpadded = drawBytes(tiledSize, 7);
      tileScales(scales, rows, columns, padded);
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t column = 0; column < columns; ++column)
          unpadded[getTiledScaleOffset(row, column, columns)] =
              scales[row * columns + column];
      linear.insert(linear.end(), scales.begin(), scales.end());
      tiles.insert(tiles.end(), padded.begin(), padded.end());
      rubbish.insert(rubbish.end(), unpadded.begin(), unpadded.end());
    }
  }

  std::vector<TensorView> getViews(bool hasBatches) const {
    std::vector<int64_t> linearShape = {batches, rows, columns};
    std::vector<int64_t> tiledShape = {batches, (rows + 127) / 128,
                                       (columns + 3) / 4, 32, 16};
    llvm::ArrayRef<int64_t> linearSizes(linearShape), tiledSizes(tiledShape);
    return {viewArray(ElementType::UInt8, linearSizes.drop_front(!hasBatches),
                      linear),
            viewArray(ElementType::UInt8, tiledSizes.drop_front(!hasBatches),
                      rubbish)};
  }

  int64_t batches, rows, columns;
  Bytes linear, tiles, rubbish;
};

class ScaleLayoutKernelsTest : public testing::TestWithParam<const char *> {};

} // namespace

static std::string getProgram(const std::string &linear,
                              const std::string &tiles,
                              const std::string &sizes) {
  std::string arguments = sizes.empty() ? "" : ", %r: index, %c: index";
  return "func.func @f(%s: " + linear + ", %t: " + tiles + arguments +
         ") -> (" + tiles + ", " + linear + ") {\n" +
         "  %a = quantx.relayout_scales %s to "
         "#quantx.scale_layout<tile128x4> : " +
         linear + " to " + tiles + "\n" +
         "  %b = quantx.relayout_scales %t to #quantx.scale_layout<linear>" +
         sizes + " : " + tiles + " to " + linear + "\n" +
         "  return %a, %b : " + tiles + ", " + linear + "\n}\n";
}

static void expectRelayout(const SimulatedProgram &program,
                           const Scales &scales,
                           llvm::ArrayRef<TensorView> inputs) {
  std::vector<Array> got = program.run(inputs);
  ASSERT_EQ(got[0].bytes, scales.tiles);
  ASSERT_EQ(got[1].bytes, scales.linear);
}

TEST_P(ScaleLayoutKernelsTest, DynamicShapes) {
  std::string type = GetParam();
  SimulatedProgram program = SimulatedProgram::createForChip(
      getProgram("tensor<?x?x" + type + ">", "tensor<?x?x32x16x" + type + ">",
                 " sizes(%r, %c)"),
      "sm_90");
  for (int64_t rows : {1, 33, 96, 97, 128, 129, 300}) {
    for (int64_t columns : {1, 3, 4, 5, 16, 17, 32, 36}) {
      SCOPED_TRACE(std::to_string(rows) + "x" + std::to_string(columns));
      Scales scales(1, rows, columns);
      std::vector<TensorView> inputs = scales.getViews(/*hasBatches=*/false);
      std::vector<int64_t> numRows = {rows}, numColumns = {columns};
      inputs.push_back(viewArray(ElementType::Int64, {}, numRows));
      inputs.push_back(viewArray(ElementType::Int64, {}, numColumns));
      expectRelayout(program, scales, inputs);
      if (HasFailure())
        return;
    }
  }
}

TEST_P(ScaleLayoutKernelsTest, Batches) {
  std::string type = GetParam();
  SimulatedProgram program = SimulatedProgram::createForChip(
      getProgram("tensor<?x200x48x" + type + ">",
                 "tensor<?x2x12x32x16x" + type + ">", ""),
      "sm_90");
  for (int64_t batches : {0, 1, 3}) {
    Scales scales(batches, 200, 48);
    expectRelayout(program, scales, scales.getViews(/*hasBatches=*/true));
  }
}

INSTANTIATE_TEST_SUITE_P(Types, ScaleLayoutKernelsTest,
                         testing::Values("f8E8M0FNU", "f8E4M3FN"),
                         [](const testing::TestParamInfo<const char *> &info) {
                           return std::string(info.param);
                         });
