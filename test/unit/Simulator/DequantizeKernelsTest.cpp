//===- DequantizeKernelsTest.cpp - Every code under any scale -------------===//
//
// Kernels of dequantize against the CPU's code: codes and parameters of all bit
// patterns, NaN and infinities too, in rows that leave partial units.
//
//===----------------------------------------------------------------------===//

#include "SimulatedProgram.h"
#include "quantx/Format/ScaleFormat.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace quantx;
using namespace quantx::test;

namespace {

struct DequantizeCase {
  const char *name;
  std::string storage, expressed, scale;
  int64_t block;
  bool hasGlobal = false, hasZeroPoint = false;

  int64_t getBits() const {
    return storage[1] == '4' || storage.back() == '4' ? 4 : 8;
  }
};

class DequantizeKernelsTest
    : public testing::TestWithParam<std::tuple<DequantizeCase, const char *>> {
};

} // namespace

static std::string getProgram(const DequantizeCase &type) {
  std::string text = "!t = !quantx.scaled<" + type.storage + " : " +
                     type.expressed + ", " + type.scale + " per 1x" +
                     std::to_string(type.block);
  text += type.hasGlobal ? ", global f32" : "";
  text += type.hasZeroPoint ? ", zero_point " + type.storage : "";
  return text + R"(>
func.func @f(%q: tensor<?x?x!t>) -> tensor<?x?x)" +
         type.expressed + R"(> {
  %y = quantx.dequantize %q : tensor<?x?x!t> to tensor<?x?x)" +
         type.expressed + R"(>
  return %y : tensor<?x?x)" +
         type.expressed + R"(>
})";
}

/// Values of any bits.
template <typename T>
static std::vector<T> drawBits(int64_t count, std::mt19937 &random) {
  std::vector<T> values(count);
  for (T &value : values)
    value = T(random());
  return values;
}

/// Equal bits, but NaN for NaN.
static void expectEqualHalves(const std::string &type, const Array &want,
                              const Array &got) {
  ASSERT_EQ(got.shape, want.shape);
  auto read = [](const Array &array, size_t i) {
    return uint32_t(array.bytes[2 * i] | array.bytes[2 * i + 1] << 8);
  };
  ScaleFormat format = *lookupScaleFormat(type);
  for (size_t i = 0; i < want.bytes.size() / 2; ++i) {
    uint32_t bits = read(got, i), wanted = read(want, i);
    if (std::isnan(decodeScale(wanted, format)))
      ASSERT_TRUE(std::isnan(decodeScale(bits, format))) << i;
    else
      ASSERT_EQ(bits, wanted) << i;
  }
}

TEST_P(DequantizeKernelsTest, EqualsCPU) {
  const auto &[type, chip] = GetParam();
  std::string text = getProgram(type);
  SimulatedProgram simulated = SimulatedProgram::createForChip(text, chip);
  Program program(text);
  std::mt19937 random(1);
  for (auto [rows, columns] : {std::pair(3, 32), {17, 256}, {5, 80}, {2, 38}}) {
    SCOPED_TRACE(std::to_string(rows) + "x" + std::to_string(columns));
    std::vector<int64_t> grid = {rows, (columns + type.block - 1) / type.block};
    int64_t blocks = grid[0] * grid[1];
    int64_t rowBytes = columns * type.getBits() / 8;
    auto payload = drawBits<uint8_t>(rows * rowBytes, random);
    auto bytes = drawBits<uint8_t>(blocks, random);
    auto halves = drawBits<uint16_t>(blocks, random);
    auto words = drawBits<uint32_t>(blocks, random);
    auto zeroPoints = drawBits<uint8_t>(blocks, random);
    std::vector<float> global = {0x1.23456p-9f};
    std::vector<TensorView> inputs = {
        viewArray(ElementType::UInt8, {rows, rowBytes}, payload)};
    if (type.scale == "f32")
      inputs.push_back(viewArray(ElementType::Float32, grid, words));
    else if (type.scale == "f16" || type.scale == "bf16")
      inputs.push_back(viewArray(type.scale == "f16" ? ElementType::Float16
                                                     : ElementType::BFloat16,
                                 grid, halves));
    else
      inputs.push_back(viewArray(ElementType::UInt8, grid, bytes));
    if (type.hasZeroPoint) {
      for (uint8_t &zeroPoint : zeroPoints)
        zeroPoint &= type.getBits() == 4 ? 0xf : 0xff;
      inputs.push_back(viewArray(ElementType::UInt8, grid, zeroPoints));
    }
    if (type.hasGlobal)
      inputs.push_back(viewArray(ElementType::Float32, {}, global));
    expectEqualHalves(type.expressed, program.run(inputs).front(),
                      simulated.run(inputs).front());
    if (HasFatalFailure())
      return;
  }
}

static const DequantizeCase kCases[] = {
    {"mxfp4", "f4E2M1FN", "bf16", "f8E8M0FNU", 32},
    {"mxfp4_f16", "f4E2M1FN", "f16", "f8E8M0FNU", 32},
    {"nvfp4", "f4E2M1FN", "bf16", "f8E4M3FN", 16, true},
    {"nvfp4_f16", "f4E2M1FN", "f16", "f8E4M3FN", 16, true},
    {"e2m1_by_e4m3", "f4E2M1FN", "bf16", "f8E4M3FN", 16},
    {"e2m1_by_e4m3_f16", "f4E2M1FN", "f16", "f8E4M3FN", 16},
    {"e2m1_by_f32", "f4E2M1FN", "bf16", "f32", 32},
    {"mxfp8", "f8E4M3FN", "bf16", "f8E8M0FNU", 32},
    {"e5m2_by_f32", "f8E5M2", "f16", "f32", 32},
    {"e4m3_by_f16", "f8E4M3FN", "f16", "f16", 16},
    {"mxint8", "i8", "bf16", "f8E8M0FNU", 32},
    {"i8_by_f32", "i8", "bf16", "f32", 32},
    {"ui8_by_f16", "ui8", "f16", "f16", 16, false, true},
    {"ui4_by_f16", "ui4", "bf16", "f16", 32, false, true},
    {"i4_by_bf16", "i4", "f16", "bf16", 16, false, true},
    {"i4_by_f32", "i4", "bf16", "f32", 32},
    {"ui4_in_fours", "ui4", "bf16", "f32", 4, false, true}};

INSTANTIATE_TEST_SUITE_P(Types, DequantizeKernelsTest,
                         testing::Combine(testing::ValuesIn(kCases),
                                          testing::Values("sm_80", "sm_90",
                                                          "sm_100a")),
                         [](const auto &info) {
                           return std::string(std::get<0>(info.param).name) +
                                  "_" + std::get<1>(info.param);
                         });
