//===- EncodedLayoutsTest.cpp - Quantizing into other layouts -------------===//
//
// quantize that encodes straight into a layout and dequantize that decodes
// straight from one, against the linear payload of loops that nothing is fused
// into.
//
//===----------------------------------------------------------------------===//

#include "PackingOracle.h"
#include "Program.h"
#include "gtest/gtest.h"
#include <random>

using namespace quantx;
using namespace quantx::test;

namespace {

/// One parameter of a type: the element type, and how it is passed.
struct Parameter {
  std::string type;
  ElementType element;
};

/// A type, and the integer that its codes unpack to.
struct StorageCase {
  const char *name;
  const char *scaled;
  const char *method;
  std::vector<Parameter> parameters;
  CodeType type;
};

class StorageTest : public testing::TestWithParam<StorageCase> {};

} // namespace

/// The texts of programs for one type and length of rows; 0 is dynamic.
struct StorageText {
  StorageText(const StorageCase &param, size_t columns)
      : alias("!t = " + std::string(param.scaled) + "\n"),
        method(param.method) {
    auto make = [&](size_t size, const std::string &element) {
      return columns == 0 ? printDynamicTensor(element)
                          : printTensor(size, element);
    };
    values = make(columns, "f32");
    scaled = make(columns, "!t");
    codes = make(columns, param.type.print());
    bytes = make(getPackedRowSize(columns, param.type.bits), "i8");
    for (auto [i, parameter] : llvm::enumerate(param.parameters)) {
      std::string comma = i ? ", " : "", n = std::to_string(i);
      bool isGlobal = parameter.type.empty();
      // Blocks of 32.
      std::string type =
          isGlobal ? "tensor<f32>" : make((columns + 31) / 32, parameter.type);
      names += comma + "%s" + n;
      types += comma + type;
      arguments += comma + "%s" + n + ": " + type;
    }
  }

  /// Quantizes %x, and takes the result apart.
  std::string printQuantize(const std::string &suffix) const {
    return "  %q = quantx.dynamic_quantize %x using #quantx." + method +
           suffix + " : " + values + " to " + scaled + "\n  %p, " + names +
           " = quantx.disassemble %q : " + scaled + " to " + bytes + ", " +
           types + "\n";
  }

  /// Encodes into `layout`, by way of the linear payload.
  std::string printEncode(const Layout &layout,
                          const std::string &suffix) const {
    return alias + "func.func @f(%x: " + values + ", %seed: i64) -> (" + bytes +
           ", " + types + ") {\n" + printQuantize(suffix) +
           printPacking("%c", "unpack", "%p", kLinear, bytes, codes) +
           printPacking("%l", "pack", "%c", layout, codes, bytes) +
           "  return %l, " + names + " : " + bytes + ", " + types + "\n}\n";
  }

  /// Decodes from `layout`, by way of the linear payload.
  std::string printDecode(const Layout &layout) const {
    return alias + "func.func @f(%l: " + bytes + ", " + arguments + ") -> " +
           values + " {\n" +
           printPacking("%c", "unpack", "%l", layout, bytes, codes) +
           printPacking("%p", "pack", "%c", kLinear, codes, bytes) +
           "  %q = quantx.assemble %p, " + names + " : " + bytes + ", " +
           types + " to " + scaled +
           "\n  %y = quantx.dequantize %q : " + scaled + " to " + values +
           "\n  return %y : " + values + "\n}\n";
  }

  /// The linear payload, the parameters and the values: nothing to fuse.
  std::string printPlain(const std::string &suffix) const {
    return alias + "func.func @f(%x: " + values + ", %seed: i64) -> (" + bytes +
           ", " + types + ", " + values + ") {\n" + printQuantize(suffix) +
           "  %y = quantx.dequantize %q : " + scaled + " to " + values +
           "\n  return %p, " + names + ", %y : " + bytes + ", " + types + ", " +
           values + "\n}\n";
  }

  std::string alias, method;
  std::string values, scaled, codes, bytes;
  /// Of the parameters.
  std::string names, types, arguments;
};

static std::vector<float> drawMatrix(size_t size) {
  std::mt19937 random(3);
  std::normal_distribution<float> gauss;
  std::vector<float> matrix(size);
  for (float &value : matrix)
    value = gauss(random);
  return matrix;
}

/// Compares the programs for `layout` with those for linear payloads. Rows of
/// decoded values may have one code of padding more.
static void expectSameCodes(const StorageCase &param, const Layout &layout,
                            const Program &plain, const Program &encode,
                            const Program &decode, int64_t columns) {
  std::vector<float> matrix = drawMatrix(kRows * columns);
  std::vector<int64_t> seeds = {77};
  std::vector<TensorView> inputs = {
      viewArray(ElementType::Float32, {kRows, columns}, matrix),
      viewArray(ElementType::Int64, {}, seeds)};
  std::vector<Array> want = plain.run(inputs);
  std::vector<Array> got = encode.run(inputs);
  Bytes codes =
      unpackOracle(PackingLayout::Linear, param.type, want[0].bytes, columns);
  ASSERT_EQ(got[0].bytes, packOracle(layout.value, param.type, codes, columns));

  std::vector<TensorView> parts = {
      viewArray(ElementType::UInt8, got[0].shape, got[0].bytes)};
  for (size_t i = 0; i < param.parameters.size(); ++i) {
    ASSERT_EQ(got[i + 1].bytes, want[i + 1].bytes) << "parameter " << i;
    parts.push_back(viewArray(param.parameters[i].element, got[i + 1].shape,
                              got[i + 1].bytes));
  }
  Array values = decode.run(parts).front();
  size_t held = values.shape[1];
  ASSERT_GE(held, size_t(columns));
  for (size_t row = 0; row < kRows; ++row) {
    ASSERT_EQ(std::memcmp(&values.bytes[row * held * 4],
                          &want.back().bytes[row * columns * 4], columns * 4),
              0)
        << "row " << row;
  }
}

static std::vector<Layout> getLayouts(const CodeType &type) {
  if (type.bits == 4)
    return {kLinear, kSplitHalf, kInterleaved8};
  return {kLinear};
}

// One loop encodes into each layout, one decodes from it.
TEST_P(StorageTest, DynamicLengths) {
  const StorageCase &param = GetParam();
  StorageText text(param, 0);
  for (const char *suffix :
       {"", " seed %seed {rounding = #quantx.rounding<stochastic>}"}) {
    Program plain(text.printPlain(suffix));
    for (const Layout &layout : getLayouts(param.type)) {
      Program encode(text.printEncode(layout, suffix));
      Program decode(text.printDecode(layout));
      for (size_t columns : kSomeLengths) {
        SCOPED_TRACE(layout.print() + suffix + " columns " +
                     std::to_string(columns));
        expectSameCodes(param, layout, plain, encode, decode, columns);
        if (HasFatalFailure())
          return;
      }
    }
  }
}

TEST_P(StorageTest, StaticLengths) {
  const StorageCase &param = GetParam();
  for (size_t columns : {1, 9, 33, 63, 64}) {
    StorageText text(param, columns);
    Program plain(text.printPlain(""), "generic");
    for (const Layout &layout : getLayouts(param.type)) {
      SCOPED_TRACE(layout.print() + " columns " + std::to_string(columns));
      Program encode(text.printEncode(layout, ""), "generic");
      Program decode(text.printDecode(layout), "generic");
      expectSameCodes(param, layout, plain, encode, decode, columns);
      if (HasFatalFailure())
        return;
    }
  }
}

static std::string formatStorage(const testing::TestParamInfo<StorageCase> &i) {
  return i.param.name;
}

static const Parameter e8m0 = {"f8E8M0FNU", ElementType::UInt8};
static const Parameter e4m3 = {"f8E4M3FN", ElementType::UInt8};
static const Parameter f16 = {"f16", ElementType::Float16};
static const Parameter f32 = {"f32", ElementType::Float32};
static const Parameter globalF32 = {"", ElementType::Float32};

INSTANTIATE_TEST_SUITE_P(
    Types, StorageTest,
    testing::Values(
        StorageCase{"mxfp4",
                    "!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>",
                    "floor",
                    {e8m0},
                    {4, false}},
        StorageCase{
            "fp4_global",
            "!quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x32, global f32>",
            "absmax",
            {e4m3, globalF32},
            {4, true}},
        StorageCase{"i4",
                    "!quantx.scaled<i4 : f32, f32 per 1x32>",
                    "absmax",
                    {f32},
                    {4, true}},
        StorageCase{"ui4",
                    "!quantx.scaled<ui4 : f32, f16 per 1x32, zero_point ui4>",
                    "minmax",
                    {f16, {"ui4", ElementType::UInt8}},
                    {4, false}},
        StorageCase{"i3",
                    "!quantx.scaled<i3 : f32, f32 per 1x32>",
                    "absmax",
                    {f32},
                    {3, true}},
        StorageCase{"fp6",
                    "!quantx.scaled<f6E3M2FN : f32, f8E8M0FNU per 1x32>",
                    "even",
                    {e8m0},
                    {6, false}}),
    formatStorage);
