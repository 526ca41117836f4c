//===- NarrowFloatsTest.cpp - Compiled small-float conversions ------------===//
//
// arith.truncf and extf through the CPU pipeline, against APFloat with the
// rules for formats without NaN or infinity on top. All bits are compared.
//
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "llvm/ADT/APFloat.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace quantx;
using namespace quantx::test;
using llvm::APFloat;

namespace {

/// A format as upstream knows it; nothing here comes from our own table.
struct Format {
  const char *name;
  unsigned bits;
  const llvm::fltSemantics &semantics;
  bool isFinite; ///< neither NaN nor infinity
};

} // namespace

static std::vector<Format> getFormats() {
  return {{"f8E4M3FN", 8, APFloat::Float8E4M3FN(), false},
          {"f8E5M2", 8, APFloat::Float8E5M2(), false},
          {"f6E2M3FN", 6, APFloat::Float6E2M3FN(), true},
          {"f6E3M2FN", 6, APFloat::Float6E3M2FN(), true},
          {"f4E2M1FN", 4, APFloat::Float4E2M1FN(), true},
          {"f8E8M0FNU", 8, APFloat::Float8E8M0FNU(), false}};
}

class NarrowFloatsTest : public testing::TestWithParam<Format> {};

static uint8_t encodeByAPFloat(const Format &format, float value) {
  unsigned largest = (1u << (format.bits - 1)) - 1;
  if (format.isFinite && std::isnan(value))
    return largest;
  if (format.isFinite && std::isinf(value))
    return largest | (std::signbit(value) ? largest + 1 : 0);
  // E8M0 has no sign. APFloat 22.1.8 puts it into the exponent; we drop it.
  bool hasSign = &format.semantics != &APFloat::Float8E8M0FNU();
  APFloat converted(hasSign ? value : std::fabs(value));
  bool losesInfo;
  converted.convert(format.semantics, APFloat::rmNearestTiesToEven, &losesInfo);
  return converted.bitcastToAPInt().getZExtValue();
}

static uint32_t decodeByAPFloat(const Format &format, uint8_t code) {
  APFloat value(format.semantics, llvm::APInt(format.bits, code));
  // APFloat converts the NaN of E8M0 to an infinity.
  if (value.isNaN() && &format.semantics == &APFloat::Float8E8M0FNU())
    return 0x7fc00000;
  bool losesInfo;
  value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.bitcastToAPInt().getZExtValue();
}

/// Every bf16, and at every exponent of f32 every boundary between two codes of
/// up to 4 significant bits, with both neighbours.
static std::vector<float> getInputs() {
  std::vector<float> inputs;
  for (uint32_t high = 0; high < 0x10000; ++high)
    inputs.push_back(llvm::bit_cast<float>(high << 16));
  for (uint32_t top = 0; top < (1u << 14); ++top) {
    for (int neighbour : {-1, 0, 1}) {
      uint32_t bits = (top << 18) + static_cast<uint32_t>(neighbour);
      inputs.push_back(llvm::bit_cast<float>(bits));
    }
  }
  return inputs;
}

static std::string getTruncProgram(const Format &format,
                                   const std::string &from) {
  std::string name = format.name;
  std::string integer = "i" + std::to_string(format.bits);
  std::string widen =
      format.bits == 8 ? "" : "  %e = arith.extui %b : " + integer + " to i8\n";
  return "#map = affine_map<(i) -> (i)>\n"
         "func.func @f(%x: tensor<?x" +
         from +
         ">) -> tensor<?xi8> {\n"
         "  %c0 = arith.constant 0 : index\n"
         "  %n = tensor.dim %x, %c0 : tensor<?x" +
         from +
         ">\n"
         "  %o = tensor.empty(%n) : tensor<?xi8>\n"
         "  %r = linalg.generic {indexing_maps = [#map, #map], iterator_types "
         "= [\"parallel\"]} ins(%x : tensor<?x" +
         from +
         ">) outs(%o : tensor<?xi8>) {\n"
         "  ^bb0(%in: " +
         from +
         ", %out: i8):\n"
         "  %c = arith.truncf %in : " +
         from + " to " + name + "\n  %b = arith.bitcast %c : " + name + " to " +
         integer + "\n" + widen + "  linalg.yield " +
         (format.bits == 8 ? "%b" : "%e") +
         " : i8\n  } -> tensor<?xi8>\n"
         "  return %r : tensor<?xi8>\n}\n";
}

static std::string getExtProgram(const Format &format) {
  std::string name = format.name;
  std::string integer = "i" + std::to_string(format.bits);
  std::string narrow =
      format.bits == 8 ? ""
                       : "  %b = arith.trunci %in : i8 to " + integer + "\n";
  return "#map = affine_map<(i) -> (i)>\n"
         "func.func @f(%x: tensor<256xi8>) -> tensor<256xf32> {\n"
         "  %o = tensor.empty() : tensor<256xf32>\n"
         "  %r = linalg.generic {indexing_maps = [#map, #map], iterator_types "
         "= [\"parallel\"]} ins(%x : tensor<256xi8>) outs(%o : "
         "tensor<256xf32>) {\n"
         "  ^bb0(%in: i8, %out: f32):\n" +
         narrow + "  %c = arith.bitcast " + (format.bits == 8 ? "%in" : "%b") +
         " : " + integer + " to " + name + "\n  %y = arith.extf %c : " + name +
         " to f32\n"
         "  linalg.yield %y : f32\n  } -> tensor<256xf32>\n"
         "  return %r : tensor<256xf32>\n}\n";
}

TEST_P(NarrowFloatsTest, TruncateF32) {
  std::vector<float> inputs = getInputs();
  int64_t size = inputs.size();
  TensorView view = viewArray(ElementType::Float32, {size}, inputs);
  for (const char *target : {"native", "generic"}) {
    Program program(getTruncProgram(GetParam(), "f32"), target);
    Array codes = program.run({view}).front();
    for (int64_t i = 0; i < size; ++i) {
      ASSERT_EQ(codes.bytes[i], encodeByAPFloat(GetParam(), inputs[i]))
          << target << ": bits " << std::hex
          << llvm::bit_cast<uint32_t>(inputs[i]);
    }
  }
}

/// Every bit pattern of a 16-bit type.
static void expectEveryHalf(const Format &format, const std::string &from,
                            ElementType element,
                            const llvm::fltSemantics &semantics) {
  std::vector<uint16_t> inputs(0x10000);
  for (size_t i = 0; i < inputs.size(); ++i)
    inputs[i] = static_cast<uint16_t>(i);
  Program program(getTruncProgram(format, from));
  Array codes = program.run({viewArray(element, {0x10000}, inputs)}).front();
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    APFloat value(semantics, llvm::APInt(16, bits));
    ASSERT_EQ(codes.bytes[bits],
              encodeByAPFloat(format, value.convertToFloat()))
        << from << ": bits " << std::hex << bits;
  }
}

TEST_P(NarrowFloatsTest, TruncateEveryF16) {
  expectEveryHalf(GetParam(), "f16", ElementType::Float16, APFloat::IEEEhalf());
}

TEST_P(NarrowFloatsTest, TruncateEveryBF16) {
  expectEveryHalf(GetParam(), "bf16", ElementType::BFloat16, APFloat::BFloat());
}

TEST_P(NarrowFloatsTest, ExtendEveryCode) {
  std::vector<uint8_t> codes(256);
  for (size_t i = 0; i < codes.size(); ++i)
    codes[i] = static_cast<uint8_t>(i);
  Program program(getExtProgram(GetParam()));
  Array values =
      program.run({viewArray(ElementType::UInt8, {256}, codes)}).front();
  uint32_t mask = (1u << GetParam().bits) - 1;
  for (uint32_t code = 0; code < 256; ++code) {
    uint32_t bits;
    std::memcpy(&bits, values.bytes.data() + 4 * code, 4);
    ASSERT_EQ(bits, decodeByAPFloat(GetParam(), code & mask))
        << "code " << std::hex << code;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, NarrowFloatsTest,
                         testing::ValuesIn(getFormats()),
                         [](const testing::TestParamInfo<Format> &info) {
                           return info.param.name;
                         });
