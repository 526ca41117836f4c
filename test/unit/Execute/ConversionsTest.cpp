//===- ConversionsTest.cpp - Compiled conversions, every pattern ----------===//
//
// The codec of each target, compiled: every code, every f16 and every bf16, and
// of f32 every exponent, every boundary and its neighbours, in every rounding
// mode, saturating or not, packed or not. All bits, against APFloat.
//
//===----------------------------------------------------------------------===//

#include "ConversionOracle.h"
#include "Lowerings.h"
#include "quantx/Format/Packing.h"
#include "quantx/Format/Philox.h"
#include "llvm/Support/Parallel.h"
#include <map>

using namespace quantx;
using namespace quantx::test;

using Direction = ConversionSpec::Direction;

/// Every array is a multiple of every vector.
static constexpr size_t arrayGranule = 128;

static constexpr uint64_t testSeed = 0x123456789ABCDEF0;
/// So that the high word of the index changes within the array.
static constexpr uint64_t testFirst = 0xFFFFF000;

//===----------------------------------------------------------------------===//
// Running a kernel
//===----------------------------------------------------------------------===//

/// Bit patterns of a wide type as an array of it; zeros fill the last granule.
static std::vector<uint8_t> toBytes(llvm::ArrayRef<uint32_t> patterns,
                                    WideType type) {
  unsigned width = getByteWidth(type);
  std::vector<uint8_t> bytes(llvm::alignTo(patterns.size(), arrayGranule) *
                             width);
  for (size_t i = 0; i < patterns.size(); ++i)
    std::memcpy(bytes.data() + i * width, &patterns[i], width);
  return bytes;
}

/// The codes of `patterns`, one a byte.
static std::vector<uint8_t> encode(const ConversionSpec &spec,
                                   llvm::ArrayRef<uint32_t> patterns) {
  ConversionKernel kernel = llvm::cantFail(ConversionKernel::create(spec));
  std::vector<uint8_t> in = toBytes(patterns, spec.wide);
  size_t count = in.size() / getByteWidth(spec.wide);
  // What is not written is the code of few values.
  std::vector<uint8_t> out(count * spec.getCodeBits() / 8, 0xA5);
  kernel.run(in, out, testSeed, testFirst);
  std::vector<uint8_t> codes = out;
  if (spec.isPacked) {
    codes.resize(count);
    unpackLinear(out, count, spec.getCodeBits(), /*isSigned=*/false, codes);
  }
  codes.resize(patterns.size());
  return codes;
}

/// The values of `codes`, one a byte; packing cuts bits above the code's off.
static std::vector<uint32_t> decode(const ConversionSpec &spec,
                                    llvm::ArrayRef<uint8_t> codes) {
  std::vector<uint8_t> in(codes.size() * spec.getCodeBits() / 8);
  packLinear(codes, codes.size(), spec.getCodeBits(), in);
  unsigned width = getByteWidth(spec.wide);
  std::vector<uint8_t> out(codes.size() * width, 0xA5);
  llvm::cantFail(ConversionKernel::create(spec)).run(in, out);
  std::vector<uint32_t> values(codes.size());
  for (size_t i = 0; i < codes.size(); ++i)
    std::memcpy(&values[i], out.data() + i * width, width);
  return values;
}

//===----------------------------------------------------------------------===//
// What it must give
//===----------------------------------------------------------------------===//

static uint8_t expectCode(const ConversionSpec &spec, uint32_t bits,
                          uint64_t index) {
  if (spec.rounding != RoundingMode::Stochastic)
    return expectCode(spec.format, spec.wide, bits, spec.rounding,
                      spec.saturate);
  return quantx::encode(
      toFloat(spec.wide, bits), *lookupFloatFormat(spec.format),
      RoundingMode::Stochastic, spec.saturate, getRandomBits(testSeed, index));
}

namespace {
/// Inputs and their codes. Targets and vectors do not count, so that the
/// lowerings share them.
struct Table {
  std::vector<uint32_t> inputs;
  std::vector<uint8_t> codes;
};
} // namespace

static const Table &getTable(const ConversionSpec &spec) {
  static std::map<std::tuple<std::string, WideType, RoundingMode, bool>, Table>
      cache;
  Table &table = cache[{spec.format, spec.wide, spec.rounding, spec.saturate}];
  if (table.inputs.empty()) {
    table.inputs = getPatterns(spec.format, spec.wide);
    for (uint32_t bits : table.inputs)
      table.codes.push_back(
          expectCode(spec, bits, testFirst + table.codes.size()));
  }
  return table;
}

/// The first input that is not encoded as it must, described; else nothing.
static std::string findMismatch(const ConversionSpec &spec,
                                const Table &table) {
  std::vector<uint8_t> codes = encode(spec, table.inputs);
  auto [expected, found] =
      std::mismatch(table.codes.begin(), table.codes.end(), codes.begin());
  if (expected == table.codes.end())
    return "";
  size_t index = expected - table.codes.begin();
  return spec.print() + ": input 0x" + llvm::utohexstr(table.inputs[index]) +
         " at " + std::to_string(index) + ": expected code 0x" +
         llvm::utohexstr(*expected) + ", found 0x" + llvm::utohexstr(*found) +
         "\n";
}

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

namespace {

struct Case {
  std::string format;
  Lowering lowering;
};

/// Every test runs once a format and lowering.
class ConversionsTest : public testing::TestWithParam<Case> {
protected:
  ConversionSpec getSpec(Direction direction, WideType wide) const {
    ConversionSpec spec;
    spec.format = GetParam().format;
    spec.direction = direction;
    spec.wide = wide;
    spec.target = GetParam().lowering.target;
    spec.vectorSize = GetParam().lowering.vectorSize;
    return spec;
  }
  bool canPack() const {
    return GetParam().lowering.vectorSize != 0 &&
           getBits(GetParam().format) < 8;
  }

  /// In every mode that the format has, saturating and not.
  std::vector<ConversionSpec> getEncodings(WideType wide) const;
  void expectEncodesInEveryMode(WideType wide) const;
};

std::vector<Case> getCases() {
  std::vector<Case> cases;
  for (const Lowering &lowering : getLowerings())
    for (const std::string &format : getNarrowFormats())
      cases.push_back({format, lowering});
  return cases;
}

std::string printCase(const testing::TestParamInfo<Case> &info) {
  return info.param.format + "_" + info.param.lowering.getName();
}

} // namespace

std::vector<ConversionSpec> ConversionsTest::getEncodings(WideType wide) const {
  std::vector<RoundingMode> modes(std::begin(oracle::deterministicModes),
                                  std::end(oracle::deterministicModes));
  modes.push_back(RoundingMode::Stochastic);
  std::vector<ConversionSpec> specs;
  for (RoundingMode mode : modes) {
    bool isForE8M0 = mode != RoundingMode::NearestTowardZero &&
                     mode != RoundingMode::Stochastic;
    if (GetParam().format == E8M0Format::name && !isForE8M0)
      continue;
    for (bool saturate : {true, false}) {
      ConversionSpec spec = getSpec(Direction::Encode, wide);
      spec.rounding = mode;
      spec.saturate = saturate;
      // Formats of less than a byte always saturate: the two are one, and
      // packing takes its turn.
      spec.isPacked = saturate && canPack();
      // Random words are much code; a register of it is enough.
      if (mode == RoundingMode::Stochastic && spec.vectorSize)
        spec.vectorSize = 16;
      specs.push_back(spec);
    }
  }
  return specs;
}

void ConversionsTest::expectEncodesInEveryMode(WideType wide) const {
  std::vector<ConversionSpec> specs = getEncodings(wide);
  std::vector<const Table *> tables;
  for (const ConversionSpec &spec : specs)
    tables.push_back(&getTable(spec));
  // Compiling takes longest.
  std::vector<std::string> mismatches(specs.size());
  llvm::parallelFor(0, specs.size(), [&](size_t i) {
    mismatches[i] = findMismatch(specs[i], *tables[i]);
  });
  EXPECT_EQ(llvm::join(mismatches, ""), "");
}

TEST_P(ConversionsTest, EncodesEveryF16) {
  SKIP_UNLESS_RUNS_HERE(GetParam().lowering.target);
  expectEncodesInEveryMode(WideType::F16);
}

TEST_P(ConversionsTest, EncodesEveryBF16) {
  SKIP_UNLESS_RUNS_HERE(GetParam().lowering.target);
  expectEncodesInEveryMode(WideType::BF16);
}

TEST_P(ConversionsTest, EncodesStratifiedF32) {
  SKIP_UNLESS_RUNS_HERE(GetParam().lowering.target);
  expectEncodesInEveryMode(WideType::F32);
}

/// Every byte: bits above the code's do not count.
static void expectDecodes(const ConversionSpec &spec) {
  std::vector<uint8_t> bytes(256);
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = uint8_t(i);
  std::vector<uint32_t> values = decode(spec, bytes);
  unsigned mask = (1u << getBits(spec.format)) - 1;
  for (uint8_t byte : bytes) {
    ASSERT_EQ(values[byte], expectValue(spec.format, byte & mask, spec.wide))
        << spec.print() << ": byte " << int(byte);
  }
}

TEST_P(ConversionsTest, DecodesEveryCode) {
  SKIP_UNLESS_RUNS_HERE(GetParam().lowering.target);
  for (WideType wide : wideTypes) {
    ConversionSpec spec = getSpec(Direction::Decode, wide);
    // More than a register of bytes.
    spec.vectorSize *= 2;
    expectDecodes(spec);
    spec.isPacked = canPack();
    if (spec.isPacked)
      expectDecodes(spec);
  }
}

INSTANTIATE_TEST_SUITE_P(Lowerings, ConversionsTest,
                         testing::ValuesIn(getCases()), printCase);
