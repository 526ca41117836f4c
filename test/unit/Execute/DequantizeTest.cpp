//===- DequantizeTest.cpp - Every code under every scale ------------------===//

#include "Program.h"
#include "Reference.h"
#include "quantx/Format/Packing.h"
#include "quantx/Format/ScaleFormat.h"
#include "llvm/ADT/APFloat.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace quantx;
using namespace quantx::test;
using llvm::APFloat;

/// A row for each of the 256 scales of a byte, each with every code.
static constexpr int64_t rows = 256, columns = 256;

static const llvm::fltSemantics &getSemantics(llvm::StringRef type) {
  if (type == "bf16")
    return APFloat::BFloat();
  return type == "f16" ? APFloat::IEEEhalf() : APFloat::IEEEsingle();
}

/// The bits of `value`, an f32, as `expressed`; those of NaN may be any.
static std::optional<uint32_t> round(float value, llvm::StringRef expressed) {
  APFloat number(value);
  if (number.isNaN())
    return std::nullopt;
  bool losesInfo;
  number.convert(getSemantics(expressed), APFloat::rmNearestTiesToEven,
                 &losesInfo);
  return uint32_t(number.bitcastToAPInt().getZExtValue());
}

static std::string printProgram(const TypeSpec &type) {
  int64_t bytes = columns * type.getBits() / 8;
  int64_t blocks = columns / type.blockColumns;
  std::string payload = "tensor<256x" + std::to_string(bytes) + "xi8>";
  std::string scales =
      "tensor<256x" + std::to_string(blocks) + "x" + type.scale + ">";
  std::string scaled = "tensor<256x256x!t>";
  std::string result = "tensor<256x256x" + type.expressed + ">";
  return "!t = " + type.print() + "\nfunc.func @f(%p: " + payload +
         ", %s: " + scales + ") -> " + result +
         " {\n  %q = quantx.assemble %p, %s : " + payload + ", " + scales +
         " to " + scaled + "\n  %y = quantx.dequantize %q : " + scaled +
         " to " + result + "\n  return %y : " + result + "\n}";
}

static std::vector<TypeSpec> getTypes() {
  std::vector<TypeSpec> types;
  for (std::string expressed : {"f32", "bf16", "f16"}) {
    for (std::string storage :
         {"f4E2M1FN", "f6E2M3FN", "f6E3M2FN", "f8E4M3FN", "f8E5M2", "i8", "i4"})
      types.push_back(
          {storage, expressed, "f8E8M0FNU", 1, 32, false, false, "floor"});
    types.push_back(
        {"f4E2M1FN", expressed, "f8E4M3FN", 1, 16, false, false, "absmax"});
  }
  return types;
}

class DequantizeTest : public testing::TestWithParam<TypeSpec> {};

TEST_P(DequantizeTest, EveryCodeUnderEveryScale) {
  const TypeSpec &type = GetParam();
  unsigned bits = type.getBits();
  std::vector<uint8_t> codes(rows * columns), scales;
  for (size_t i = 0; i < codes.size(); ++i)
    codes[i] = uint8_t(i % columns);
  for (int64_t row = 0; row < rows; ++row)
    scales.insert(scales.end(), columns / type.blockColumns, uint8_t(row));
  std::vector<uint8_t> payload(rows * getPackedRowSize(columns, bits));
  packLinear(codes, columns, bits, payload);
  bool isSigned = type.storage.front() == 'i';
  unpackLinear(payload, columns, bits, isSigned, codes);

  std::string program = printProgram(type);
  for (const Form &form : kForms) {
    SCOPED_TRACE(form.name);
    std::vector<Array> got =
        Program(program, form)
            .run({viewArray(ElementType::UInt8,
                            {rows, int64_t(payload.size()) / rows}, payload),
                  viewArray(ElementType::UInt8,
                            {rows, int64_t(scales.size()) / rows}, scales)});
    size_t size = APFloat::getSizeInBits(getSemantics(type.expressed)) / 8;
    for (size_t i = 0; i < codes.size(); ++i) {
      auto scale = uint8_t(i / columns);
      float factor = decodeScale(scale, *lookupScaleFormat(type.scale));
      std::optional<uint32_t> want =
          round(dequantizeElement(codes[i], {factor}, type.getFormat()),
                type.expressed);
      uint32_t bitsGot = 0;
      std::memcpy(&bitsGot, got[0].bytes.data() + i * size, size);
      if (want) {
        ASSERT_EQ(bitsGot, *want)
            << "code " << int(codes[i]) << " scale " << int(scale);
      } else {
        APFloat value(getSemantics(type.expressed),
                      llvm::APInt(unsigned(size) * 8, bitsGot));
        ASSERT_TRUE(value.isNaN() && !value.isSignaling())
            << "code " << int(codes[i]) << " scale " << int(scale);
      }
    }
  }
}

// Scales of every exponent, and next to them others, to bf16: values on both
// sides of what is normal, in one vector too.
TEST(DequantizeScalesTest, EveryExponentToBF16) {
  std::mt19937 random(1);
  for (std::string storage : {"f4E2M1FN", "f8E4M3FN", "f8E5M2", "i8"}) {
    TypeSpec type = {storage, "bf16", "f32", 1, 32, false, false, "absmax"};
    unsigned bits = type.getBits();
    std::vector<uint8_t> codes(rows * columns);
    for (size_t i = 0; i < codes.size(); ++i)
      codes[i] = uint8_t(i % columns);
    std::vector<uint8_t> payload(rows * getPackedRowSize(columns, bits));
    packLinear(codes, columns, bits, payload);
    unpackLinear(payload, columns, bits, storage.front() == 'i', codes);
    std::vector<float> scales;
    for (uint32_t row = 0; row < rows; ++row) {
      for (uint32_t block = 0; block < columns / 32; ++block) {
        uint32_t exponent = block % 4 == 3 ? random() % 256 : row;
        uint32_t mantissa = block % 2 ? random() & 0x7fffff : 0;
        scales.push_back(llvm::bit_cast<float>(exponent << 23 | mantissa));
      }
    }
    for (const Form &form : kForms) {
      SCOPED_TRACE(storage + " " + form.name);
      std::vector<Array> got =
          Program(printProgram(type), form)
              .run({viewArray(ElementType::UInt8,
                              {rows, int64_t(payload.size()) / rows}, payload),
                    viewArray(ElementType::Float32, {rows, columns / 32},
                              scales)});
      for (size_t i = 0; i < codes.size(); ++i) {
        std::optional<uint32_t> want = round(
            dequantizeElement(codes[i], {scales[i / 32]}, type.getFormat()),
            "bf16");
        uint16_t bitsGot;
        std::memcpy(&bitsGot, got[0].bytes.data() + 2 * i, 2);
        if (want)
          ASSERT_EQ(bitsGot, *want) << int(codes[i]) << " * " << scales[i / 32];
        else
          ASSERT_GE(bitsGot & 0x7fff, 0x7fc0) << int(codes[i]);
      }
    }
  }
}

// The scales of blocks are large enough; what the global scale leaves of them
// may not be.
TEST(DequantizeScalesTest, SmallGlobalToBF16) {
  const char *program = R"(
!t = !quantx.scaled<f4E2M1FN : bf16, f8E4M3FN per 1x16, global f32>
func.func @f(%p: tensor<1x32xi8>, %s: tensor<1x4xf8E4M3FN>, %g: tensor<f32>)
    -> tensor<1x64xbf16> {
  %q = quantx.assemble %p, %s, %g
    : tensor<1x32xi8>, tensor<1x4xf8E4M3FN>, tensor<f32> to tensor<1x64x!t>
  %y = quantx.dequantize %q : tensor<1x64x!t> to tensor<1x64xbf16>
  return %y : tensor<1x64xbf16>
})";
  const FloatFormat &format = *lookupFloatFormat("f4E2M1FN");
  std::vector<uint8_t> codes(64), payload(32),
      scales = {0x38, 0x7e, 0x01, 0x39};
  for (size_t i = 0; i < codes.size(); ++i)
    codes[i] = i % 16;
  packLinear(codes, 64, 4, payload);
  for (const Form &form : kForms) {
    Program compiled(program, form);
    for (int exponent : {-149, -130, -126, -120, -60, -40, -39, 0}) {
      SCOPED_TRACE(std::string(form.name) + " " + std::to_string(exponent));
      std::vector<float> global = {std::ldexp(1.25f, exponent)};
      std::vector<Array> got =
          compiled.run({viewArray(ElementType::UInt8, {1, 32}, payload),
                        viewArray(ElementType::UInt8, {1, 4}, scales),
                        viewArray(ElementType::Float32, {}, global)});
      for (size_t i = 0; i < codes.size(); ++i) {
        QuantParameters parameters{
            decodeScale(scales[i / 16], ScaleFormat::E4M3), 0, global[0]};
        uint16_t bits;
        std::memcpy(&bits, got[0].bytes.data() + 2 * i, 2);
        ASSERT_EQ(bits, *round(dequantizeElement(codes[i], parameters, format),
                               "bf16"))
            << "element " << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, DequantizeTest, testing::ValuesIn(getTypes()),
                         [](const testing::TestParamInfo<TypeSpec> &info) {
                           return info.param.storage + "_" + info.param.scale +
                                  "_" + info.param.expressed;
                         });
