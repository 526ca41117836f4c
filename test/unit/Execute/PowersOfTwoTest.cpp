//===- PowersOfTwoTest.cpp - Codes under E8M0 scales ----------------------===//
//
// Targets divide by a power of two in forms of their own. Here are all bf16,
// and f32 at every boundary between two codes and next to it, under all scales.
//
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "quantx/Format/Packing.h"
#include "quantx/Format/Quantize.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace quantx;
using namespace quantx::test;

static constexpr int64_t kBlock = 32;

/// Quantizes rows of two blocks, under scales that are given.
static Program compile(const std::string &wide) {
  return Program("!t = !quantx.scaled<f4E2M1FN : " + wide +
                 ", f8E8M0FNU per 1x32>\n"
                 "func.func @f(%x: tensor<?x64x" +
                 wide +
                 ">, %s: tensor<?x2xf8E8M0FNU>) -> tensor<?x64x!t> {\n"
                 "  %q = quantx.quantize %x, %s : tensor<?x64x" +
                 wide +
                 ">, tensor<?x2xf8E8M0FNU> to tensor<?x64x!t>\n"
                 "  return %q : tensor<?x64x!t>\n}\n");
}

/// The scales of blocks, in turns: `code` and another one.
static std::vector<uint8_t> getScales(int code, size_t blocks) {
  std::vector<uint8_t> scales;
  for (size_t i = 0; i < blocks; ++i)
    scales.push_back(uint8_t(i % 2 == 0 ? code : code * 7 + 3));
  return scales;
}

static std::vector<uint8_t> quantize(const std::vector<float> &values,
                                     const std::vector<uint8_t> &scales) {
  const FloatFormat &format = *lookupFloatFormat("f4E2M1FN");
  std::vector<uint8_t> codes, bytes(values.size() / 2);
  for (auto [i, value] : llvm::enumerate(values)) {
    QuantParameters parameters{decodeE8M0(scales[i / kBlock]), 0, 1.0f};
    codes.push_back(quantizeElement(value, parameters, format) & 0xf);
  }
  packLinear(codes, codes.size(), 4, bytes);
  return bytes;
}

TEST(PowersOfTwoTest, EveryBF16) {
  Program program = compile("bf16");
  std::vector<uint16_t> halves;
  std::vector<float> values;
  for (int bits = 0; bits < 1 << 16; ++bits) {
    halves.push_back(uint16_t(bits));
    values.push_back(decodeBF16(uint16_t(bits)));
  }
  int64_t rows = int64_t(halves.size()) / 64;
  for (int code = 0; code < 256; ++code) {
    SCOPED_TRACE(code);
    std::vector<uint8_t> scales = getScales(code, values.size() / kBlock);
    std::vector<TensorView> inputs = {
        viewArray(ElementType::BFloat16, {rows, 64}, halves),
        viewArray(ElementType::UInt8, {rows, 2}, scales)};
    ASSERT_EQ(program.run(inputs)[0].bytes, quantize(values, scales));
  }
}

/// Where codes change, and values next to it, under scales of 1; both signs.
static std::vector<float> getUnits() {
  std::vector<float> units = {0.0f, -0.0f, HUGE_VALF, -HUGE_VALF,
                              NAN,  -NAN,  3.4e38f,   -3.4e38f};
  for (float boundary : {0.25f, 0.75f, 1.25f, 1.75f, 2.5f, 3.5f, 5.0f, 6.0f,
                         8.0f, 16.0f, 32.0f}) {
    for (float value : {std::nextafter(boundary, 0.0f), boundary,
                        std::nextafter(boundary, HUGE_VALF)}) {
      units.push_back(value);
      units.push_back(-value);
    }
  }
  units.resize(128, 0x1p-149f);
  return units;
}

TEST(PowersOfTwoTest, BoundariesOfF32) {
  Program program = compile("f32");
  for (int code = 0; code < 256; ++code) {
    SCOPED_TRACE(code);
    std::vector<uint8_t> scales = getScales(code, 4);
    std::vector<float> values = getUnits();
    for (auto [i, value] : llvm::enumerate(values))
      value *= decodeE8M0(scales[i / kBlock]);
    std::vector<TensorView> inputs = {
        viewArray(ElementType::Float32, {2, 64}, values),
        viewArray(ElementType::UInt8, {2, 2}, scales)};
    ASSERT_EQ(program.run(inputs)[0].bytes, quantize(values, scales));
  }
}
