//===- WeightLayoutKernelsTest.cpp - Kernels of relayout ------------------===//
//
// relayout both ways on the simulated GPU against the Format layer, on rows
// around 16 and on columns around a word, with rubbish for padding.
//
//===----------------------------------------------------------------------===//

#include "Execute/PackingOracle.h"
#include "SimulatedProgram.h"
#include "quantx/Format/WeightLayout.h"
#include "gtest/gtest.h"

using namespace quantx;
using namespace quantx::test;

namespace {

/// A scaled type and the parts of its tensors.
struct WeightType {
  const char *name, *text;
  unsigned bits;
  int64_t block; ///< 0 for whole rows
  ElementType scale;
  size_t scaleBytes;
  bool hasZeroPoint, hasGlobal;
};

struct WeightCase {
  WeightType type;
  int64_t rows, columns;
};

/// A part in both layouts, with zeros for padding, and with rubbish.
struct Part {
  Part(ElementType type, size_t elementBytes, size_t unit, int64_t rows,
       int64_t columns, unsigned lastBits);

  ElementType type;
  std::vector<int64_t> linearShape, interleavedShape;
  Bytes linear, interleaved, dirtyLinear, dirtyInterleaved;
};

class WeightLayoutKernelsTest : public testing::TestWithParam<WeightCase> {};

} // namespace

Part::Part(ElementType type, size_t elementBytes, size_t unit, int64_t rows,
           int64_t columns, unsigned lastBits)
    : type(type), linearShape({rows, columns}) {
  size_t rowBytes = size_t(columns) * elementBytes;
  size_t size = getInterleavedSize(rows, rowBytes, unit);
  int64_t groups = (rows + 15) / 16;
  interleavedShape = {groups, int64_t(size / elementBytes) / groups};
  dirtyLinear = drawBytes(rows * rowBytes, unsigned(rows + columns));
  linear = dirtyLinear;
  if (lastBits != 0)
    for (int64_t row = 1; row <= rows; ++row)
      linear[row * rowBytes - 1] &= uint8_t((1 << lastBits) - 1);
  interleaved.resize(size);
  interleaveRows(linear, rows, rowBytes, unit, interleaved);
  dirtyInterleaved = drawBytes(size, 7);
  for (int64_t row = 0; row < rows; ++row)
    for (size_t byte = 0; byte < rowBytes; ++byte)
      dirtyInterleaved[getInterleavedOffset(row, byte, rowBytes, unit)] =
          linear[row * rowBytes + byte];
}

static std::vector<Part> getParts(const WeightCase &param) {
  const auto &[type, rows, columns] = param;
  int64_t blocks = type.block ? (columns + type.block - 1) / type.block : 1;
  std::vector<Part> parts = {
      {ElementType::UInt8, 1, kPayloadUnit, rows,
       int64_t(getPackedRowSize(columns, type.bits)),
       unsigned(columns * type.bits % 8)},
      {type.scale, type.scaleBytes, type.scaleBytes, rows, blocks, 0}};
  if (type.hasZeroPoint)
    parts.push_back({ElementType::UInt8, 1, 1, rows, blocks, 0});
  return parts;
}

/// A function that puts its first operand's rows side by side, and those of the
/// second one back.
static std::string getProgram(const WeightCase &param) {
  std::string shape = "tensor<" + std::to_string(param.rows) + "x" +
                      std::to_string(param.columns) + "x";
  std::string text = param.type.text;
  std::string linear = shape + "!a>", interleaved = shape + "!b>";
  return "!a = !quantx.scaled<" + text + ">\n!b = !quantx.scaled<" + text +
         ", packing rows16>\nfunc.func @f(%x: " + linear +
         ", %y: " + interleaved + ") -> (" + interleaved + ", " + linear +
         ") {\n  %r = quantx.relayout %x : " + linear + " to " + interleaved +
         "\n  %l = quantx.relayout %y : " + interleaved + " to " + linear +
         "\n  return %r, %l : " + interleaved + ", " + linear + "\n}\n";
}

TEST_P(WeightLayoutKernelsTest, EqualFormat) {
  SimulatedProgram program =
      SimulatedProgram::createForChip(getProgram(GetParam()), "sm_90");
  std::vector<Part> parts = getParts(GetParam());
  std::vector<float> global = {1.5f};
  std::vector<TensorView> inputs;
  for (bool isInterleaved : {false, true}) {
    for (const Part &part : parts) {
      inputs.push_back(
          isInterleaved
              ? viewArray(part.type, part.interleavedShape,
                          part.dirtyInterleaved)
              : viewArray(part.type, part.linearShape, part.dirtyLinear));
    }
    if (GetParam().type.hasGlobal)
      inputs.push_back(viewArray(ElementType::Float32, {}, global));
  }
  std::vector<Array> got = program.run(inputs);
  size_t half = got.size() / 2;
  for (size_t i = 0; i < parts.size(); ++i) {
    EXPECT_EQ(got[i].shape, parts[i].interleavedShape);
    EXPECT_EQ(got[i].bytes, parts[i].interleaved) << "part " << i;
    EXPECT_EQ(got[half + i].shape, parts[i].linearShape);
    EXPECT_EQ(got[half + i].bytes, parts[i].linear) << "part " << i << " back";
  }
}

static std::vector<WeightCase> getCases() {
  const WeightType mxfp4 = {"mxfp4",
                            "f4E2M1FN : f32, f8E8M0FNU per 1x32",
                            4,
                            32,
                            ElementType::UInt8,
                            1,
                            false,
                            false};
  const WeightType nvfp4 = {"nvfp4",
                            "f4E2M1FN : f32, f8E4M3FN per 1x16, global f32",
                            4,
                            16,
                            ElementType::UInt8,
                            1,
                            false,
                            true};
  const WeightType int4 = {"int4",
                           "ui4 : f32, f16 per 1x32, zero_point ui4",
                           4,
                           32,
                           ElementType::Float16,
                           2,
                           true,
                           false};
  const WeightType int8 = {
      "int8", "i8 : f32, f32 per 1x*", 8, 0, ElementType::Float32, 4, false,
      false};
  std::vector<WeightCase> cases;
  for (auto [rows, columns] :
       {std::pair{1, 1}, {15, 7}, {16, 8}, {17, 9}, {33, 33}, {48, 64}})
    cases.push_back({mxfp4, rows, columns});
  for (const WeightType &type : {nvfp4, int4, int8})
    for (auto [rows, columns] : {std::pair{17, 33}, {32, 64}})
      cases.push_back({type, rows, columns});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Types, WeightLayoutKernelsTest,
                         testing::ValuesIn(getCases()),
                         [](const testing::TestParamInfo<WeightCase> &info) {
                           return std::string(info.param.type.name) + "_" +
                                  std::to_string(info.param.rows) + "x" +
                                  std::to_string(info.param.columns);
                         });
