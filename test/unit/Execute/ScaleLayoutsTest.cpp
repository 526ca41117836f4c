//===- ScaleLayoutsTest.cpp - Compiled relayout_scales --------------------===//
//
// relayout_scales both ways, on shapes around the tiles, against the Format
// layer and against tiles written down byte by byte.
//
//===----------------------------------------------------------------------===//

#include "PackingOracle.h"
#include "Program.h"
#include "quantx/Format/ScaleLayout.h"
#include "gtest/gtest.h"

using namespace quantx;
using namespace quantx::test;

namespace {

struct ScalesCase {
  const char *type;
  Form form;
};

class ScalesTest : public testing::TestWithParam<ScalesCase> {};

} // namespace

/// The tiles byte by byte: strips of 32 rows side by side.
static Bytes tileOracle(const Bytes &scales, size_t rows, size_t columns) {
  Bytes tiles;
  for (size_t top = 0; top < rows; top += 128) {
    for (size_t left = 0; left < columns; left += 4) {
      for (size_t line = 0; line < 32; ++line) {
        for (size_t place = 0; place < 16; ++place) {
          size_t row = top + place / 4 * 32 + line;
          size_t column = left + place % 4;
          bool exists = row < rows && column < columns;
          tiles.push_back(exists ? scales[row * columns + column] : 0);
        }
      }
    }
  }
  return tiles;
}

static std::string
printRelayout(const std::string &result, const std::string &operand,
              const std::string &layout, const std::string &sizes,
              const std::string &from, const std::string &to) {
  return "  " + result + " = quantx.relayout_scales " + operand +
         " to #quantx.scale_layout<" + layout + ">" + sizes + " : " + from +
         " to " + to + "\n";
}

static const int64_t someRows[] = {1, 31, 32, 33, 127, 128, 129, 300};
// Around the tiles and the vectors that rows are taken in.
static const int64_t someColumns[] = {1, 3, 4, 5, 9, 16, 17, 30, 36};
// Fewer, as each is a program's part of its own: compiling them takes long.
static const int64_t someStaticColumns[] = {1, 3, 4, 5, 17, 36};

/// Inputs of a program that tiles scales and untiles tiles.
static std::vector<TensorView> viewScales(int64_t rows, int64_t columns,
                                          const Bytes &scales,
                                          const Bytes &tiles) {
  return {viewArray(ElementType::UInt8, {rows, columns}, scales),
          viewArray(ElementType::UInt8,
                    {(rows + 127) / 128, (columns + 3) / 4, 32, 16}, tiles)};
}

/// The tiles to untile have rubbish for padding.
static Bytes drawTiles(const Bytes &scales, size_t rows, size_t columns) {
  Bytes tiles = drawBytes(getTiledScalesSize(rows, columns), 7);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < columns; ++column)
      tiles[getTiledScaleOffset(row, column, columns)] =
          scales[row * columns + column];
  }
  return tiles;
}

static void expectRelayout(const std::vector<Array> &got, size_t rows,
                           size_t columns, const Bytes &scales) {
  Bytes want = tileOracle(scales, rows, columns);
  Bytes format(want.size(), 0xA5);
  tileScales(scales, rows, columns, format);
  ASSERT_EQ(format, want);
  ASSERT_EQ(got[0].bytes, want);
  ASSERT_EQ(got[1].bytes, scales);
}

TEST_P(ScalesTest, EveryShape) {
  const auto &[type, form] = GetParam();
  std::string linear = printDynamicTensor(type);
  std::string tiles = "tensor<?x?x32x16x" + std::string(type) + ">";
  Program program(
      "func.func @f(%s: " + linear + ", %t: " + tiles +
          ", %r: index, %c: index) -> (" + tiles + ", " + linear + ") {\n" +
          printRelayout("%a", "%s", "tile128x4", "", linear, tiles) +
          printRelayout("%b", "%t", "linear", " sizes(%r, %c)", tiles, linear) +
          "  return %a, %b : " + tiles + ", " + linear + "\n}\n",
      form);
  for (int64_t rows : someRows) {
    for (int64_t columns : someColumns) {
      SCOPED_TRACE(std::to_string(rows) + "x" + std::to_string(columns));
      Bytes scales = drawBytes(rows * columns, rows + columns);
      Bytes tiled = drawTiles(scales, rows, columns);
      std::vector<TensorView> inputs = viewScales(rows, columns, scales, tiled);
      std::vector<int64_t> sizes = {rows, columns};
      std::vector<int64_t> numRows = {rows}, numColumns = {columns};
      inputs.push_back(viewArray(ElementType::Int64, {}, numRows));
      inputs.push_back(viewArray(ElementType::Int64, {}, numColumns));
      std::vector<Array> got = program.run(inputs);
      expectRelayout(got, rows, columns, scales);
      // Compiled code undoes compiled code.
      inputs[1] = viewArray(ElementType::UInt8, got[0].shape, got[0].bytes);
      ASSERT_EQ(program.run(inputs)[1].bytes, scales);
    }
  }
}

TEST_P(ScalesTest, EveryStaticShape) {
  const auto &[type, form] = GetParam();
  std::string arguments, body, values, types;
  std::vector<Bytes> data;
  std::vector<TensorView> inputs;
  data.reserve(2 * std::size(someRows) * std::size(someStaticColumns));
  for (int64_t rows : someRows) {
    for (int64_t columns : someStaticColumns) {
      std::string n = std::to_string(data.size());
      std::string comma = data.empty() ? "" : ", ";
      std::string linear =
          printTensor(std::to_string(rows), std::to_string(columns), type);
      std::string tiles = printTensor(std::to_string((rows + 127) / 128),
                                      std::to_string((columns + 3) / 4),
                                      "32x16x" + std::string(type));
      arguments += comma + "%s" + n + ": " + linear + ", %t" + n + ": " + tiles;
      body +=
          printRelayout("%a" + n, "%s" + n, "tile128x4", "", linear, tiles) +
          printRelayout("%b" + n, "%t" + n, "linear", "", tiles, linear);
      values += comma + "%a" + n + ", %b" + n;
      types += comma + tiles + ", " + linear;
      data.push_back(drawBytes(rows * columns, rows + columns));
      data.push_back(drawTiles(data.back(), rows, columns));
      llvm::append_range(
          inputs,
          viewScales(rows, columns, data[data.size() - 2], data.back()));
    }
  }
  std::vector<Array> got =
      Program("func.func @f(" + arguments + ") -> (" + types + ") {\n" + body +
                  "  return " + values + " : " + types + "\n}\n",
              form)
          .run(inputs);
  size_t next = 0;
  for (int64_t rows : someRows) {
    for (int64_t columns : someStaticColumns) {
      SCOPED_TRACE(std::to_string(rows) + "x" + std::to_string(columns));
      expectRelayout({got[next], got[next + 1]}, rows, columns, data[next]);
      next += 2;
    }
  }
}

// Batches are tiled each on its own; nothing makes no tiles.
TEST_P(ScalesTest, BatchesAndEmpty) {
  const auto &[type, form] = GetParam();
  std::string linear = "tensor<?x?x5x" + std::string(type) + ">";
  std::string tiles = "tensor<?x?x2x32x16x" + std::string(type) + ">";
  Program program(
      "func.func @f(%s: " + linear + ", %r: index) -> (" + tiles + ", " +
          linear + ") {\n" +
          printRelayout("%a", "%s", "tile128x4", "", linear, tiles) +
          "  %b = bufferization.alloc_tensor() copy(%a) : " + tiles + "\n" +
          printRelayout("%c", "%b", "linear", " sizes(%r)", tiles, linear) +
          "  return %a, %c : " + tiles + ", " + linear + "\n}\n",
      form);
  for (int64_t rows : {0, 1, 129}) {
    for (int64_t batches : {0, 1, 3}) {
      Bytes scales = drawBytes(batches * rows * 5, rows);
      std::vector<int64_t> numRows = {rows};
      std::vector<Array> got = program.run(
          {viewArray(ElementType::UInt8, {batches, rows, 5}, scales),
           viewArray(ElementType::Int64, {}, numRows)});
      Bytes want;
      for (int64_t batch = 0; batch < batches; ++batch) {
        auto first = scales.begin() + batch * rows * 5;
        llvm::append_range(want,
                           tileOracle(Bytes(first, first + rows * 5), rows, 5));
      }
      ASSERT_EQ(got[0].bytes, want) << batches << " x " << rows;
      ASSERT_EQ(got[1].bytes, scales) << batches << " x " << rows;
    }
  }
}

static std::vector<ScalesCase> getScalesCases() {
  std::vector<ScalesCase> cases;
  for (const char *type : {"f8E8M0FNU", "f8E4M3FN"})
    for (const Form &form : kForms)
      cases.push_back({type, form});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Types, ScalesTest, testing::ValuesIn(getScalesCases()),
                         [](const testing::TestParamInfo<ScalesCase> &info) {
                           return std::string(info.param.type) + "_" +
                                  info.param.form.name;
                         });
