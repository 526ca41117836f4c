//===- HalfFloatsTest.cpp - f16 by the portable formulas ------------------===//
//
// Every f16 to f32, and to f16 every boundary between two of them with its
// neighbours: by arith.extf and truncf, and by arith.scaling_extf, where a
// scale times 1.0 is itself. All bits, against APFloat.
//
//===----------------------------------------------------------------------===//

#include "ConversionOracle.h"
#include "Lowerings.h"
#include "Program.h"
#include <random>
#include <set>

using namespace quantx;
using namespace quantx::test;

/// `text` with `value` in the place of each `name`.
static std::string replaceAll(std::string text, const std::string &name,
                              const std::string &value) {
  for (size_t at = text.find(name); at != std::string::npos;
       at = text.find(name, at + value.size()))
    text.replace(at, name.size(), value);
  return text;
}

/// How a program converts.
struct Case {
  const char *target;
  bool byVectors;
  bool byScaling;
};

/// Converts a tensor of SIZE elements, at once or by vectors of 16.
static std::string getProgram(const Case &how, const std::string &from,
                              const std::string &to, size_t size) {
  std::string text = how.byVectors ? R"(
    func.func @f(%x: tensor<SIZExFROM>) -> tensor<SIZExTO> {
      %c0 = arith.constant 0 : index
      %c16 = arith.constant 16 : index
      %n = arith.constant SIZE : index
      %pad = arith.constant 0.0 : FROM
      %ones = arith.constant dense<1.0> : vector<16xf8E4M3FN>
      %empty = tensor.empty() : tensor<SIZExTO>
      %y = scf.for %i = %c0 to %n step %c16 iter_args(%o = %empty)
          -> tensor<SIZExTO> {
        %v = vector.transfer_read %x[%i], %pad {in_bounds = [true]}
          : tensor<SIZExFROM>, vector<16xFROM>
        %w = CONVERT<16xFROM> to vector<16xTO>
        %r = vector.transfer_write %w, %o[%i] {in_bounds = [true]}
          : vector<16xTO>, tensor<SIZExTO>
        scf.yield %r : tensor<SIZExTO>
      }
      return %y : tensor<SIZExTO>
    })"
                                   : R"(
    func.func @f(%x: tensor<SIZExFROM>) -> tensor<SIZExTO> {
      %one = arith.constant 1.0 : f8E4M3FN
      %empty = tensor.empty() : tensor<SIZExTO>
      %y = linalg.map ins(%x : tensor<SIZExFROM>) outs(%empty : tensor<SIZExTO>)
        (%v: FROM, %o: TO) {
          %w = CONVERT to TO
          linalg.yield %w : TO
        }
      return %y : tensor<SIZExTO>
    })";
  std::string plain = from == "f16" ? "arith.extf" : "arith.truncf";
  std::string convert;
  if (how.byVectors) {
    convert = how.byScaling
                  ? "arith.scaling_extf %ones, %v : vector<16xf8E4M3FN>, vector"
                  : plain + " %v : vector";
  } else {
    convert = how.byScaling ? "arith.scaling_extf %one, %v : f8E4M3FN, FROM"
                            : plain + " %v : FROM";
  }
  text = replaceAll(text, "CONVERT", convert);
  text = replaceAll(text, "FROM", from);
  text = replaceAll(text, "TO", to);
  return replaceAll(text, "SIZE", std::to_string(size));
}

/// Each f16 as f32, the midpoint to the next, their neighbours, and the same of
/// NaN, in disorder.
static std::vector<uint32_t> getBoundaries() {
  std::set<uint32_t> magnitudes;
  for (uint32_t half = 0; half < 0x8000; ++half) {
    uint32_t bits = oracle::convert(llvm::APFloat::IEEEhalf(), half,
                                    llvm::APFloat::IEEEsingle());
    uint32_t next = oracle::convert(llvm::APFloat::IEEEhalf(), half + 1,
                                    llvm::APFloat::IEEEsingle());
    uint32_t midpoint =
        oracle::toBits((oracle::toFloat(bits) + oracle::toFloat(next)) / 2);
    for (uint32_t center : {bits, midpoint})
      for (int delta = -2; delta <= 2; ++delta)
        magnitudes.insert((center + delta) & 0x7FFFFFFF);
  }
  // The midpoint above the largest value, and every exponent beyond.
  for (uint32_t bits = 0; bits < 0x80000000; bits += 0x00100000)
    for (int delta = -2; delta <= 2; ++delta)
      magnitudes.insert((bits + delta) & 0x7FFFFFFF);
  for (int delta = -2; delta <= 2; ++delta)
    magnitudes.insert(oracle::toBits(65520.0f) + delta);
  std::vector<uint32_t> patterns;
  for (uint32_t bits : magnitudes)
    patterns.insert(patterns.end(), {bits, bits | 0x80000000});
  patterns.resize(llvm::alignTo(patterns.size(), 16));
  std::shuffle(patterns.begin(), patterns.end(), std::mt19937(1));
  return patterns;
}

namespace {

class HalfFloatsTest : public testing::TestWithParam<Case> {};

} // namespace

TEST_P(HalfFloatsTest, ExtendsEveryF16) {
  SKIP_UNLESS_RUNS_HERE(GetParam().target);
  std::vector<uint16_t> halves;
  for (uint32_t i = 0; i < 0x10000; ++i)
    halves.push_back(uint16_t(i * 0x9E37));
  int64_t size = int64_t(halves.size());
  Program program(getProgram(GetParam(), "f16", "f32", halves.size()),
                  GetParam().target);
  std::vector<Array> out =
      program.run({viewArray(ElementType::Float16, {size}, halves)});
  for (auto [i, half] : llvm::enumerate(halves)) {
    uint32_t value;
    std::memcpy(&value, out[0].bytes.data() + 4 * i, 4);
    ASSERT_EQ(value, oracle::convert(llvm::APFloat::IEEEhalf(), half,
                                     llvm::APFloat::IEEEsingle()))
        << "f16 0x" << llvm::utohexstr(half);
  }
}

TEST_P(HalfFloatsTest, TruncatesBoundaries) {
  SKIP_UNLESS_RUNS_HERE(GetParam().target);
  std::vector<uint32_t> values = getBoundaries();
  int64_t size = int64_t(values.size());
  Program program(getProgram(GetParam(), "f32", "f16", values.size()),
                  GetParam().target);
  std::vector<Array> out =
      program.run({viewArray(ElementType::Float32, {size}, values)});
  for (auto [i, value] : llvm::enumerate(values)) {
    uint16_t half;
    std::memcpy(&half, out[0].bytes.data() + 2 * i, 2);
    ASSERT_EQ(half, oracle::convert(llvm::APFloat::IEEEsingle(), value,
                                    llvm::APFloat::IEEEhalf()))
        << "f32 0x" << llvm::utohexstr(value);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Lowerings, HalfFloatsTest,
    testing::Values(Case{"generic", false, true}, Case{"generic", true, true},
                    Case{"generic", false, false}, Case{"generic", true, false},
                    Case{"x86-64-v3", false, true},
                    Case{"x86-64-v3", true, true},
                    Case{"x86-64-v3", false, false},
                    Case{"x86-64-v3", true, false}),
    [](const testing::TestParamInfo<Case> &info) {
      return (info.param.byVectors ? "vector_" : "scalar_") +
             std::string(info.param.byScaling ? "" : "plain_") +
             toIdentifier(info.param.target);
    });
