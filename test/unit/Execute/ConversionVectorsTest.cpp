//===- ConversionVectorsTest.cpp - arith on vectors of small floats -------===//
//
// arith.truncf, extf and vector.bitcast on vectors of many shapes, through the
// CPU pipeline of each target. All bits, against APFloat.
//
//===----------------------------------------------------------------------===//

#include "ConversionOracle.h"
#include "Lowerings.h"
#include "Program.h"
#include "VectorPrograms.h"
#include "quantx/Format/Packing.h"
#include <random>

using namespace quantx;
using namespace quantx::test;

namespace {

struct Case {
  std::string format;
  const char *target;
};

std::vector<Case> getCases() {
  std::vector<Case> cases;
  for (const char *target : getTargets())
    for (const std::string &format : getNarrowFormats())
      cases.push_back({format, target});
  return cases;
}

std::string printCase(const testing::TestParamInfo<Case> &info) {
  return info.param.format + "_" + toIdentifier(info.param.target);
}

class ConversionVectorsTest : public testing::TestWithParam<Case> {};

/// Arrays of f32, f16 and bf16 that a program is run on.
struct WideArrays {
  std::vector<uint32_t> f32;
  std::vector<uint16_t> f16;
  std::vector<uint16_t> bf16;

  uint32_t get(WideType type, size_t index) const {
    return type == WideType::F32   ? f32[index]
           : type == WideType::F16 ? f16[index]
                                   : bf16[index];
  }
};

} // namespace

/// Enough that each shape sees a few thousand values.
static constexpr int runs = 200;

static WideArrays drawValues(int64_t total,
                             llvm::ArrayRef<uint32_t> f32Patterns,
                             std::mt19937 &random) {
  WideArrays arrays;
  for (int64_t i = 0; i < total; ++i) {
    arrays.f32.push_back(f32Patterns[random() % f32Patterns.size()]);
    arrays.f16.push_back(uint16_t(random()));
    arrays.bf16.push_back(uint16_t(random()));
  }
  return arrays;
}

static std::string describe(const Part &part, int64_t index) {
  return part.printVector("") + " " + part.modeName + "element " +
         std::to_string(index);
}

/// The codes of a part, one a byte, and what of them is packed.
static void expectTruncated(const std::string &format, const Part &part,
                            const WideArrays &in, const Array &codes,
                            const Array &packed) {
  std::vector<uint8_t> expected;
  for (int64_t i = 0; i < part.size; ++i) {
    uint32_t bits = in.get(part.wide, part.offset + i);
    expected.push_back(
        expectCode(format, part.wide, bits, part.mode, /*saturate=*/false));
    ASSERT_EQ(int(codes.bytes[part.offset + i]), int(expected.back()))
        << describe(part, i) << ": input 0x" << llvm::utohexstr(bits);
  }
  std::vector<uint8_t> expectedPacked(part.packedSize);
  if (part.packedSize != 0)
    packLinear(expected, expected.size(), getBits(format), expectedPacked);
  auto begin = packed.bytes.begin() + part.packedOffset;
  ASSERT_EQ(std::vector<uint8_t>(begin, begin + part.packedSize),
            expectedPacked)
      << describe(part, 0) << ": packed as " << part.packed;
}

TEST_P(ConversionVectorsTest, Truncates) {
  auto [format, target] = GetParam();
  SKIP_UNLESS_RUNS_HERE(target);
  std::vector<Part> parts = getParts(format);
  Program program(writeTruncations(format, parts), target);
  int64_t total = getTotal(parts);
  std::vector<uint32_t> patterns = getPatterns(format, WideType::F32);
  std::mt19937 random(1);
  for (int run = 0; run < runs; ++run) {
    WideArrays in = drawValues(total, patterns, random);
    std::vector<Array> out =
        program.run({viewArray(ElementType::Float32, {total}, in.f32),
                     viewArray(ElementType::Float16, {total}, in.f16),
                     viewArray(ElementType::BFloat16, {total}, in.bf16)});
    for (const Part &part : parts) {
      expectTruncated(format, part, in, out[0], out[1]);
      if (HasFatalFailure())
        return;
    }
  }
}

static std::vector<uint8_t> drawBytes(int64_t size, std::mt19937 &random) {
  std::vector<uint8_t> bytes(size);
  for (uint8_t &byte : bytes)
    byte = uint8_t(random());
  return bytes;
}

/// The values of `codes` in a part of an array.
static void expectExtended(const std::string &format, const Part &part,
                           llvm::ArrayRef<uint8_t> codes, WideType wide,
                           const Array &values) {
  unsigned mask = (1u << getBits(format)) - 1;
  unsigned width = getByteWidth(wide);
  for (int64_t i = 0; i < part.size; ++i) {
    uint32_t bits = 0;
    std::memcpy(&bits, values.bytes.data() + (part.offset + i) * width, width);
    ASSERT_EQ(bits, expectValue(format, codes[i] & mask, wide))
        << describe(part, i) << ": code " << int(codes[i]);
  }
}

TEST_P(ConversionVectorsTest, Extends) {
  auto [format, target] = GetParam();
  SKIP_UNLESS_RUNS_HERE(target);
  std::vector<Part> parts = getParts(format);
  Program program(writeExtensions(format, parts), target);
  int64_t total = getTotal(parts);
  int64_t packedTotal = getPackedTotal(parts);
  std::mt19937 random(2);
  for (int run = 0; run < runs; ++run) {
    std::vector<uint8_t> codes = drawBytes(total, random);
    std::vector<uint8_t> packed = drawBytes(packedTotal, random);
    std::vector<Array> out =
        program.run({viewArray(ElementType::UInt8, {total}, codes),
                     viewArray(ElementType::UInt8, {packedTotal}, packed)});
    for (const Part &part : parts) {
      expectExtended(format, part,
                     llvm::ArrayRef(codes).slice(part.offset, part.size),
                     part.wide, out[size_t(part.wide)]);
      if (part.packedSize != 0) {
        std::vector<uint8_t> unpacked(part.size);
        unpackLinear(
            llvm::ArrayRef(packed).slice(part.packedOffset, part.packedSize),
            part.size, getBits(format), /*isSigned=*/false, unpacked);
        expectExtended(format, part, unpacked, WideType::F32, out[3]);
      }
      if (HasFatalFailure())
        return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, ConversionVectorsTest,
                         testing::ValuesIn(getCases()), printCase);
