//===- QuotientsTest.cpp - Codes without divisions ------------------------===//
//
// quantize multiplies by reciprocals. Here are elements at every boundary
// between two codes and a few f32 to both sides of it, under scales of many
// significands, and of all kinds that need a division after all.
//
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "quantx/Format/Packing.h"
#include "quantx/Format/Quantize.h"
#include "quantx/Format/ScaleFormat.h"
#include "quantx/Format/ScaleRules.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace quantx;
using namespace quantx::test;

namespace {

struct Storage {
  const char *name;
  ElementFormat format;
  unsigned bits;
  bool hasZeroPoint;
};

class QuotientsTest : public testing::TestWithParam<Storage> {};

} // namespace

static Storage getFloatStorage(const char *name) {
  const FloatFormat &format = *lookupFloatFormat(name);
  return {name, format, format.bits, false};
}

static Storage getIntegerStorage(const char *name, unsigned bits, bool isSigned,
                                 bool hasZeroPoint) {
  return {name, IntegerFormat{bits, isSigned}, bits, hasZeroPoint};
}

/// Where codes change, for a scale of 1: midpoints between neighbours.
static std::vector<float> getBoundaries(const ElementFormat &format) {
  std::vector<float> boundaries;
  if (const auto *floats = std::get_if<FloatFormat>(&format)) {
    for (unsigned code = 0; code < floats->maxFiniteCode; ++code)
      boundaries.push_back((decode(uint8_t(code), *floats) +
                            decode(uint8_t(code + 1), *floats)) /
                           2);
    return boundaries;
  }
  int count = 1 << std::get<IntegerFormat>(format).bits;
  for (int i = 0; i < count; ++i)
    boundaries.push_back(float(i) + 0.5f);
  return boundaries;
}

static float moveBy(float value, int steps) {
  for (; steps > 0; --steps)
    value = std::nextafter(value, HUGE_VALF);
  for (; steps < 0; ++steps)
    value = std::nextafter(value, -HUGE_VALF);
  return value;
}

/// The elements of a row under `scale`, as many as are a multiple of 64.
static std::vector<float> getRow(const ElementFormat &format, float scale) {
  std::vector<float> row = {0.0f,      -0.0f,      HUGE_VALF, -HUGE_VALF,
                            NAN,       -NAN,       3.4e38f,   -3.4e38f,
                            0x1p-149f, -0x1p-149f, scale,     -scale};
  for (float boundary : getBoundaries(format)) {
    float value = boundary * scale;
    for (int steps = -2; steps <= 2; ++steps) {
      row.push_back(moveBy(value, steps));
      row.push_back(-row.back());
    }
  }
  row.resize((row.size() + 63) / 64 * 64, 1.0f);
  return row;
}

static std::vector<float> getScales() {
  std::vector<float> scales = {
      1.0f,      0x1.fffffep+0f, 0x1.fffffcp-3f, 0x1.000002p+0f, 0x1p-126f,
      0x1p-127f, 0x1p-149f,      0x1.8p+75f,     0x1p+76f,       0x1p+100f,
      0x1p+127f, 0x1.8p-126f,    0.0f,           -1.5f,          NAN,
      HUGE_VALF};
  // Those for which the quotient is wrong.
  for (uint32_t bits :
       {0x6d7ffe, 0x6e7ffe, 0x72fffe, 0x74fffe, 0x7b7ffe, 0x7efffe, 0x7fffff})
    scales.push_back(llvm::bit_cast<float>(bits | 127u << 23));
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    uint32_t bits = uint32_t(random()) & 0x7fffff;
    scales.push_back(llvm::bit_cast<float>(bits | (64 + i % 130) << 23));
  }
  return scales;
}

static std::vector<uint8_t> getCodes(const Storage &storage,
                                     const std::vector<float> &row, float scale,
                                     int zeroPoint) {
  QuantParameters parameters{scale, zeroPoint, 1.0f};
  std::vector<uint8_t> codes;
  for (float value : row)
    codes.push_back(quantizeElement(value, parameters, storage.format) &
                    ((1 << storage.bits) - 1));
  std::vector<uint8_t> bytes(getPackedRowSize(row.size(), storage.bits));
  packLinear(codes, row.size(), storage.bits, bytes);
  return bytes;
}

static std::string printProgram(const Storage &storage, int64_t columns,
                                const std::string &rows) {
  std::string size = std::to_string(columns);
  std::string zeroPoint = storage.hasZeroPoint
                              ? ", zero_point " + std::string(storage.name)
                              : std::string();
  std::string matrix = "tensor<" + rows + "x" + size + "x";
  std::string scales = "tensor<" + rows + "x1xf32>";
  std::string zeros = "tensor<" + rows + "x1x" + storage.name + ">";
  bool has = storage.hasZeroPoint;
  return "!t = !quantx.scaled<" + std::string(storage.name) +
         " : f32, f32 per 1x*" + zeroPoint + ">\n" +
         "func.func @f(%x: " + matrix + "f32>, %s: " + scales +
         (has ? ", %z: " + zeros : "") + ") -> " + matrix +
         "!t> {\n  %q = quantx.quantize %x, %s" + (has ? ", %z" : "") + " : " +
         matrix + "f32>, " + scales + (has ? ", " + zeros : "") + " to " +
         matrix + "!t>\n  return %q : " + matrix + "!t>\n}\n";
}

/// Compiled for one row, whose quotient comes first, or for any number of rows.
static void expectEqualsDivision(const Storage &storage,
                                 const std::string &rows) {
  int64_t columns = int64_t(getRow(storage.format, 1.0f).size());
  Program program(printProgram(storage, columns, rows));
  int zeroPoint = 0;
  for (float scale : getScales()) {
    SCOPED_TRACE(std::to_string(llvm::bit_cast<uint32_t>(scale)));
    std::vector<float> row = getRow(storage.format, scale);
    std::vector<float> scales = {scale};
    std::vector<TensorView> inputs = {
        viewArray(ElementType::Float32, {1, columns}, row),
        viewArray(ElementType::Float32, {1, 1}, scales)};
    std::vector<uint8_t> zeros = {uint8_t(zeroPoint)};
    if (storage.hasZeroPoint)
      inputs.push_back(viewArray(ElementType::UInt8, {1, 1}, zeros));
    ASSERT_EQ(program.run(inputs)[0].bytes,
              getCodes(storage, row, scale, zeroPoint));
    if (storage.hasZeroPoint)
      zeroPoint = (zeroPoint + 3) % (1 << storage.bits);
  }
}

TEST_P(QuotientsTest, OneRow) { expectEqualsDivision(GetParam(), "1"); }

TEST_P(QuotientsTest, AnyRows) { expectEqualsDivision(GetParam(), "?"); }

//===----------------------------------------------------------------------===//
// Under global scales
//===----------------------------------------------------------------------===//

static constexpr int64_t kBlock = 16;

/// Blocks whose largest magnitudes are where the next f8E4M3FN scale begins
/// under `global`, and a few f32 to both sides of it.
static std::vector<float> getBlocks(const ElementFormat &format, float global) {
  std::vector<float> largest = {0.0f,    -0.0f,     NAN,       HUGE_VALF,
                                3.4e38f, 0x1p-149f, 0x1p-126f, 1.0f};
  for (float boundary : getBoundaries(*lookupFloatFormat("f8E4M3FN")))
    for (int steps = -4; steps <= 4; ++steps)
      largest.push_back(moveBy(boundary * 6.0f * global, steps));
  std::vector<float> elements = getBoundaries(format), blocks;
  for (float value : largest) {
    for (int64_t i = 0; i < kBlock; ++i) {
      float part = elements[i % elements.size()] / 6.0f;
      blocks.push_back(i == 0 ? value : i % 2 ? value * part : -value * part);
    }
  }
  return blocks;
}

static std::vector<float> getGlobals() {
  std::vector<float> globals;
  for (float scale : getScales())
    if (scale > 0.0f && std::isfinite(scale))
      globals.push_back(scale);
  // The ends of the ranges that have products in place of divisions.
  for (int exponent : {-55, -25, 29, 76})
    for (int steps = -1; steps <= 1; ++steps)
      globals.push_back(moveBy(std::ldexp(1.0f, exponent), steps));
  return globals;
}

TEST(GlobalQuotientsTest, EqualDivisions) {
  Program program(R"(
!t = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>
func.func @f(%x: tensor<1x?xf32>, %g: tensor<f32>) -> tensor<1x?x!t> {
  %q = quantx.dynamic_quantize %x using #quantx.absmax under %g
    : tensor<1x?xf32> to tensor<1x?x!t>
  return %q : tensor<1x?x!t>
})");
  Storage storage = getFloatStorage("f4E2M1FN");
  ElementTraits traits = getElementTraits(storage.format);
  for (float global : getGlobals()) {
    SCOPED_TRACE(std::to_string(llvm::bit_cast<uint32_t>(global)));
    std::vector<float> row = getBlocks(storage.format, global);
    std::vector<uint8_t> codes, scales;
    for (size_t first = 0; first < row.size(); first += kBlock) {
      llvm::ArrayRef<float> block = llvm::ArrayRef(row).slice(first, kBlock);
      float scale = chooseAbsMaxScale(computeAbsMax(block), ScaleFormat::E4M3,
                                      traits, {}, global);
      scales.push_back(encodeScale(scale, ScaleFormat::E4M3));
      for (float value : block)
        codes.push_back(
            quantizeElement(value, {scale, 0, global}, storage.format));
    }
    std::vector<uint8_t> bytes(getPackedRowSize(row.size(), storage.bits));
    packLinear(codes, row.size(), storage.bits, bytes);
    std::vector<float> globals = {global};
    std::vector<Array> got = program.run(
        {viewArray(ElementType::Float32, {1, int64_t(row.size())}, row),
         viewArray(ElementType::Float32, {}, globals)});
    ASSERT_EQ(got[1].bytes, scales);
    ASSERT_EQ(got[0].bytes, bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Storages, QuotientsTest,
    testing::Values(getFloatStorage("f4E2M1FN"), getFloatStorage("f6E2M3FN"),
                    getFloatStorage("f6E3M2FN"), getFloatStorage("f8E4M3FN"),
                    getFloatStorage("f8E5M2"),
                    getIntegerStorage("i4", 4, true, false),
                    getIntegerStorage("i8", 8, true, false),
                    getIntegerStorage("ui4", 4, false, true),
                    getIntegerStorage("ui8", 8, false, true)),
    [](const testing::TestParamInfo<Storage> &info) {
      return std::string(info.param.name);
    });
