//===- MlDtypesTest.cpp - Against the tables of ml_dtypes -----------------===//
//
// ml_dtypes rounds with code of its own (Eigen's and its authors'), not with
// LLVM's, so it is a third opinion next to the published tables and APFloat.
// test/golden/ml_dtypes/generate.py says what the tables are.
//
// Where ml_dtypes follows another rule than ours, that is a Difference; all
// other entries are equal.
//
//===----------------------------------------------------------------------===//

#include "../Differences.h"
#include "quantx/Format/Encoding.h"
#include "quantx/IO/Tensor.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/bit.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <vector>

using namespace quantx;
using namespace quantx::test;

namespace {

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

template <typename T>
std::vector<T> load(const std::string &name, ElementType type) {
  std::string path =
      std::string(QUANTX_TEST_GOLDEN_DIR) + "/ml_dtypes/" + name + ".npy";
  llvm::Expected<TensorFile> file = openTensor(path);
  if (!file) {
    ADD_FAILURE() << llvm::toString(file.takeError());
    return {};
  }
  EXPECT_EQ(file->tensor.type, type) << path;
  std::vector<T> values(file->tensor.data.size() / sizeof(T));
  std::memcpy(values.data(), file->tensor.data.data(),
              file->tensor.data.size());
  return values;
}

std::vector<uint8_t> loadCodes(const std::string &name) {
  return load<uint8_t>(name, ElementType::UInt8);
}

std::vector<uint32_t> loadBits(const std::string &name) {
  return load<uint32_t>(name, ElementType::UInt32);
}

/// A table of codes with the values that they are the codes of.
struct EncodeTable {
  std::string name; ///< "f16", "bf16" or "f32": the type of the values
  std::vector<float> values;
  std::vector<uint8_t> codes;
};

std::vector<EncodeTable> loadEncodeTables(const std::string &format) {
  std::vector<float> halves, bfloats, floats;
  for (uint32_t bits = 0; bits < (1u << 16); ++bits) {
    halves.push_back(decodeF16(uint16_t(bits)));
    bfloats.push_back(decodeBF16(uint16_t(bits)));
  }
  for (uint32_t bits : loadBits("f32_inputs"))
    floats.push_back(llvm::bit_cast<float>(bits));
  return {{"f16", halves, loadCodes(format + "_f16")},
          {"bf16", bfloats, loadCodes(format + "_bf16")},
          {"f32", floats, loadCodes(format + "_f32")}};
}

//===----------------------------------------------------------------------===//
// Differences
//===----------------------------------------------------------------------===//

// Values and their codes; codes and their f32 bits.
using EncodeDifference = Difference<float, uint8_t>;
using DecodeDifference = Difference<uint8_t, uint32_t>;

bool hasMantissaBit(float value, unsigned bit) {
  return (llvm::bit_cast<uint32_t>(value) >> bit) & 1;
}

/// In f8E5M2 a code's mantissa has the two leading bits of a NaN's payload.
/// Ours are quiet, and keep the second bit; ml_dtypes clears it.
EncodeDifference getE5M2NanPayload() {
  auto sign = [](float value) { return std::signbit(value) ? 0x80 : 0; };
  return {"E5M2NanPayload",
          [](float value) {
            return std::isnan(value) && hasMantissaBit(value, 21);
          },
          [=](float value) { return uint8_t(sign(value) | 0x7F); },
          [=](float value) { return uint8_t(sign(value) | 0x7E); }};
}

/// FP6 and FP4 have no NaN. Ours is the largest value, as PTX has it; theirs is
/// a zero of the opposite sign.
EncodeDifference getNanWithoutNan(const FloatFormat &format) {
  uint8_t largest = format.getMagnitudeMask(), minusZero = format.getSignMask();
  return {"NanInFormatWithoutNan",
          [](float value) { return std::isnan(value); },
          [=](float) { return largest; },
          [=](float value) {
            return std::signbit(value) ? uint8_t(0) : minusZero;
          }};
}

/// E8M0 has no zero. Ours is the smallest value, theirs NaN.
EncodeDifference getE8M0Zero() {
  return {"E8M0Zero", [](float value) { return value == 0.0f; },
          [](float) { return uint8_t(0x00); },
          [](float) { return uint8_t(0xFF); }};
}

/// Values from 2^-127 up to 1.5 * 2^-127, both excluded, are nearest to 2^-127.
/// ml_dtypes rounds them up to 2^-126 (elsewhere it rounds to nearest).
bool isJustAboveSmallestE8M0(float value) {
  return value > 0x1p-127f && value < 0x1.8p-127f;
}

EncodeDifference getE8M0JustAboveSmallest() {
  return {"E8M0JustAboveSmallest", isJustAboveSmallestE8M0,
          [](float) { return uint8_t(0x00); },
          [](float) { return uint8_t(0x01); }};
}

/// E8M0 has no sign. Ours drops it, theirs makes it NaN. `magnitudes` has what
/// a negative value's magnitude gives. (What rounds beyond the largest value is
/// NaN on both sides.)
EncodeDifference getE8M0Negative(std::map<float, uint8_t> magnitudes) {
  auto ours = [=](float value) { return magnitudes.at(-value); };
  return {"E8M0Negative",
          [=](float value) {
            return value < 0.0f && std::isfinite(value) && ours(value) != 0xFF;
          },
          ours, [](float) { return uint8_t(0xFF); }};
}

std::vector<EncodeDifference> getE8M0Differences(const EncodeTable &table) {
  std::map<float, uint8_t> magnitudes;
  for (auto [value, code] : llvm::zip_equal(table.values, table.codes)) {
    if (value > 0.0f)
      magnitudes[value] = isJustAboveSmallestE8M0(value) ? 0x00 : code;
  }
  std::vector<EncodeDifference> differences = {
      getE8M0Zero(), getE8M0Negative(std::move(magnitudes))};
  // The subnormals of f16 do not reach down to there.
  if (table.name != "f16")
    differences.push_back(getE8M0JustAboveSmallest());
  return differences;
}

std::vector<EncodeDifference> getEncodeDifferences(const FloatFormat &format) {
  switch (format.nonFinite) {
  case NonFinite::None:
    return {getNanWithoutNan(format)};
  case NonFinite::InfAndNan:
    return {getE5M2NanPayload()};
  case NonFinite::NanOnly:
    break;
  }
  return {};
}

/// Our NaN has the code's mantissa as its leading payload bits, theirs the
/// quiet bit alone.
std::vector<DecodeDifference> getDecodeDifferences(const FloatFormat &format) {
  uint32_t mantissaMask = (1u << format.mantissaBits) - 1;
  uint32_t quietBit = 1u << (format.mantissaBits - 1);
  unsigned shift = 23 - format.mantissaBits;
  auto theirs = [](uint8_t code) {
    return code & 0x80 ? 0xFFC00000 : 0x7FC00000;
  };
  DecodeDifference payload = {
      "DecodedNanPayload",
      [=](uint8_t code) {
        bool isE4M3Nan = (code & 0x7F) == 0x7F;
        bool isE5M2Nan = (code & 0x7F) > 0x7C;
        bool isNan =
            format.nonFinite == NonFinite::NanOnly ? isE4M3Nan : isE5M2Nan;
        return isNan && (code & mantissaMask & ~quietBit) != 0;
      },
      [=](uint8_t code) {
        return theirs(code) | uint32_t((code & mantissaMask) << shift);
      },
      theirs};
  if (format.nonFinite == NonFinite::None)
    return {};
  return {payload};
}

/// Compares `ours` with the table's `theirs` for one input, `where`, and counts
/// in `covered` the difference that covers it.
void expectEncodes(const EncodeTable &table,
                   const std::vector<EncodeDifference> &differences,
                   std::function<uint8_t(float)> encodeOurs) {
  ASSERT_EQ(table.values.size(), table.codes.size()) << table.name;
  Comparison<float, uint8_t> comparison(differences);
  for (auto [value, code] : llvm::zip_equal(table.values, table.codes)) {
    std::string where = table.name + " widened to 0x" +
                        llvm::utohexstr(llvm::bit_cast<uint32_t>(value)) + ": ";
    comparison.compare(value, encodeOurs(value), code, where);
    if (testing::Test::HasFatalFailure())
      return;
  }
  comparison.expectAllSeen();
}

void expectDecodes(const std::vector<uint32_t> &table, unsigned codeCount,
                   const std::vector<DecodeDifference> &differences,
                   std::function<float(uint8_t)> decodeOurs) {
  ASSERT_EQ(table.size(), codeCount);
  Comparison<uint8_t, uint32_t> comparison(differences);
  for (unsigned code = 0; code < codeCount; ++code) {
    auto ours = llvm::bit_cast<uint32_t>(decodeOurs(uint8_t(code)));
    comparison.compare(uint8_t(code), ours, table[code],
                       "code 0x" + llvm::utohexstr(code) + ": ");
  }
  comparison.expectAllSeen();
}

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

/// "float8_e4m3fn" for "f8E4M3FN".
std::string getTheirName(llvm::StringRef ours) {
  return "float" + ours.slice(1, 2).str() + "_" + ours.drop_front(2).lower();
}

class MlDtypesTest : public testing::TestWithParam<FloatFormat> {
protected:
  const FloatFormat &format = GetParam();
  std::string theirName = getTheirName(format.name);
};
INSTANTIATE_TEST_SUITE_P(Formats, MlDtypesTest,
                         testing::ValuesIn(getFloatFormats().begin(),
                                           getFloatFormats().end()),
                         [](const auto &info) {
                           return info.param.name.str();
                         });

// ml_dtypes does not saturate, where a format has something to overflow to.
TEST_P(MlDtypesTest, Encodes) {
  for (const EncodeTable &table : loadEncodeTables(theirName)) {
    expectEncodes(table, getEncodeDifferences(format), [&](float value) {
      return encode(value, format, RoundingMode::NearestEven,
                    /*saturate=*/false);
    });
  }
}

TEST_P(MlDtypesTest, Decodes) {
  expectDecodes(loadBits(theirName + "_decode"), 1u << format.bits,
                getDecodeDifferences(format),
                [&](uint8_t code) { return decode(code, format); });
}

TEST(MlDtypesE8M0Test, Encodes) {
  for (const EncodeTable &table : loadEncodeTables("float8_e8m0fnu")) {
    expectEncodes(table, getE8M0Differences(table),
                  [](float value) { return encodeE8M0(value); });
  }
}

TEST(MlDtypesE8M0Test, Decodes) {
  expectDecodes(loadBits("float8_e8m0fnu_decode"), 256, {}, decodeE8M0);
}

/// The bits of `value` and both its neighbours, with either sign.
void expectInputs(llvm::ArrayRef<uint32_t> inputs, double value) {
  auto center = llvm::bit_cast<uint32_t>(float(value));
  EXPECT_EQ(llvm::bit_cast<float>(center), value) << "not an f32";
  for (uint32_t bits : {center - 1, center, center + 1}) {
    for (uint32_t sign : {0u, 1u << 31}) {
      EXPECT_TRUE(llvm::is_contained(inputs, bits | sign))
          << "no entry for f32 0x" << llvm::utohexstr(bits | sign);
    }
  }
}

// The tables are dense where it matters: at their own decoded values, and in
// the middle between two of them.
TEST_P(MlDtypesTest, InputsHaveEveryBoundary) {
  std::vector<uint32_t> inputs = loadBits("f32_inputs");
  std::vector<double> magnitudes;
  for (uint32_t bits : loadBits(theirName + "_decode")) {
    float value = llvm::bit_cast<float>(bits);
    if (value > 0.0f && std::isfinite(value))
      magnitudes.push_back(value);
  }
  ASSERT_EQ(magnitudes.size(), format.maxFiniteCode);
  double step = magnitudes.back() - magnitudes[magnitudes.size() - 2];
  magnitudes.push_back(magnitudes.back() + step);
  double below = 0.0;
  for (double magnitude : magnitudes) {
    expectInputs(inputs, magnitude);
    expectInputs(inputs, (below + magnitude) / 2);
    below = magnitude;
  }
}

TEST(MlDtypesE8M0Test, InputsHaveEveryBoundary) {
  std::vector<uint32_t> inputs = loadBits("f32_inputs");
  for (int exponent = -127; exponent <= 127; ++exponent) {
    expectInputs(inputs, std::ldexp(1.0, exponent));
    expectInputs(inputs, std::ldexp(1.5, exponent));
  }
}

} // namespace
