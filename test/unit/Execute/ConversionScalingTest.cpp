//===- ConversionScalingTest.cpp - The scaling ops, and small to small ----===//
//
// arith.scaling_extf and scaling_truncf with scales of every type, on vectors,
// through the CPU pipeline of each target: a scale counts with its value. The
// reference multiplies and divides in f32 and rounds by APFloat. And extf and
// truncf between small floats.
//
//===----------------------------------------------------------------------===//

#include "ConversionOracle.h"
#include "Lowerings.h"
#include "Program.h"
#include <random>

using namespace quantx;
using namespace quantx::test;

//===----------------------------------------------------------------------===//
// Scaling
//===----------------------------------------------------------------------===//

namespace {

/// One pair of ops, on vectors of `size` elements.
struct Scaling {
  std::string format;
  /// A small or a wide float.
  std::string scale;
  /// Of the values on the other side.
  WideType wide;
  RoundingMode mode;
  const char *modeName;
  int64_t size;
};

std::vector<Scaling> getScalings(const std::string &format) {
  return {
      {format, "f8E8M0FNU", WideType::F32, RoundingMode::NearestEven, "", 64},
      {format, "f8E4M3FN", WideType::BF16, RoundingMode::TowardZero,
       "toward_zero ", 7},
      {format, "f32", WideType::F16, RoundingMode::NearestAway,
       "to_nearest_away ", 33},
      {format, "f16", WideType::F32, RoundingMode::Upward, "upward ", 16},
      {format, "bf16", WideType::BF16, RoundingMode::Downward, "downward ",
       48}};
}

struct Case {
  std::string format;
  const char *target;
};

std::vector<Case> getCases() {
  std::vector<Case> cases;
  for (const char *target : getTargets())
    for (const FloatFormat &format : getFloatFormats())
      cases.push_back({format.name.str(), target});
  return cases;
}

class ConversionScalingTest : public testing::TestWithParam<Case> {};

} // namespace

static std::string getName(WideType type) {
  return type == WideType::F32 ? "f32" : type == WideType::F16 ? "f16" : "bf16";
}

static std::optional<WideType> lookupWideType(const std::string &name) {
  for (WideType type : wideTypes)
    if (getName(type) == name)
      return type;
  return std::nullopt;
}

/// The bits of an element of a small or wide float in memory: a byte at least.
static unsigned getWidth(const std::string &type) {
  std::optional<WideType> wide = lookupWideType(type);
  return wide ? 8 * getByteWidth(*wide) : 8;
}

/// The integer that holds an element in memory: "i8" to "i32".
static std::string getInteger(const std::string &type) {
  return "i" + std::to_string(getWidth(type));
}

static std::string getVector(int64_t size, const std::string &element) {
  return "vector<" + std::to_string(size) + "x" + element + ">";
}

/// Reads the tensor %NAME of integers, as the vector %NAMEv of `type`.
static std::string read(const std::string &name, int64_t size,
                        const std::string &type) {
  std::string integer = getInteger(type);
  std::string code = "i" + std::to_string(lookupWideType(type) ? getWidth(type)
                                                               : getBits(type));
  std::string text = "%" + name + "z = arith.constant 0 : " + integer + "\n%" +
                     name + "i = vector.transfer_read %" + name + "[%c0], %" +
                     name + "z {in_bounds = [true]} : tensor<" +
                     std::to_string(size) + "x" + integer + ">, " +
                     getVector(size, integer) + "\n";
  std::string bits = "%" + name + "i";
  if (code != integer) {
    text += "%" + name + "c = arith.trunci " + bits + " : " +
            getVector(size, integer) + " to " + getVector(size, code) + "\n";
    bits = "%" + name + "c";
  }
  return text + "%" + name + "v = arith.bitcast " + bits + " : " +
         getVector(size, code) + " to " + getVector(size, type) + "\n";
}

/// Writes the vector %NAMEv of `type` as the tensor %NAMEw of integers.
static std::string write(const std::string &name, int64_t size,
                         const std::string &type) {
  std::string integer = getInteger(type);
  std::string code = "i" + std::to_string(lookupWideType(type) ? getWidth(type)
                                                               : getBits(type));
  std::string tensor = "tensor<" + std::to_string(size) + "x" + integer + ">";
  std::string text = "%" + name + "c = arith.bitcast %" + name +
                     "v : " + getVector(size, type) + " to " +
                     getVector(size, code) + "\n";
  std::string bits = "%" + name + "c";
  if (code != integer) {
    text += "%" + name + "i = arith.extui " + bits + " : " +
            getVector(size, code) + " to " + getVector(size, integer) + "\n";
    bits = "%" + name + "i";
  }
  return text + "%" + name + "o = tensor.empty() : " + tensor + "\n%" + name +
         "w = vector.transfer_write " + bits + ", %" + name +
         "o[%c0] {in_bounds = [true]} : " + getVector(size, integer) + ", " +
         tensor + "\n";
}

static std::string getTensor(int64_t size, const std::string &type) {
  return "tensor<" + std::to_string(size) + "x" + getInteger(type) + ">";
}

/// f(codes, values, scales) -> (codes * scales, values / scales)
static std::string getProgram(const Scaling &scaling) {
  int64_t size = scaling.size;
  std::string narrow = scaling.format;
  std::string wide = getName(scaling.wide);
  std::string results = getTensor(size, wide) + ", " + getTensor(size, narrow);
  std::string scaleType = getVector(size, scaling.scale);
  return "func.func @f(%n: " + getTensor(size, narrow) +
         ", %x: " + getTensor(size, wide) +
         ", %s: " + getTensor(size, scaling.scale) + ") -> (" + results +
         ") {\n%c0 = arith.constant 0 : index\n" + read("n", size, narrow) +
         read("x", size, wide) + read("s", size, scaling.scale) +
         "%av = arith.scaling_extf %nv, %sv : " + getVector(size, narrow) +
         ", " + scaleType + " to " + getVector(size, wide) +
         "\n%bv = arith.scaling_truncf %xv, %sv " + scaling.modeName + ": " +
         getVector(size, wide) + ", " + scaleType + " to " +
         getVector(size, narrow) + "\n" + write("a", size, wide) +
         write("b", size, narrow) + "return %aw, %bw : " + results + "\n}\n";
}

/// An array of integers of a type's width.
static TensorView viewBits(const std::string &type,
                           const std::vector<uint32_t> &values,
                           std::vector<uint8_t> &bytes) {
  size_t width = getWidth(type) / 8;
  bytes.resize(values.size() * width);
  for (auto [i, value] : llvm::enumerate(values))
    std::memcpy(bytes.data() + i * width, &value, width);
  TensorView view = viewArray(width == 1   ? ElementType::UInt8
                              : width == 2 ? ElementType::Int16
                                           : ElementType::Int32,
                              {int64_t(values.size())}, bytes);
  return view;
}

static uint32_t readBits(const Array &array, const std::string &type,
                         size_t index) {
  size_t width = getWidth(type) / 8;
  uint32_t bits = 0;
  std::memcpy(&bits, array.bytes.data() + index * width, width);
  return bits;
}

/// Any bits, but the exponents of wide types around that of 1 in half of the
/// cases, so that not all quotients overflow.
static std::vector<uint32_t> drawBits(const std::string &type, int64_t size,
                                      std::mt19937 &random) {
  std::vector<uint32_t> values;
  std::optional<WideType> wide = lookupWideType(type);
  for (int64_t i = 0; i < size; ++i) {
    uint32_t bits = random();
    if (wide && random() % 2) {
      float value = std::ldexp(float(int(random() % 4097) - 2048), -8);
      bits = oracle::convert(llvm::APFloat::IEEEsingle(), oracle::toBits(value),
                             getSemantics(*wide));
    }
    if (getWidth(type) < 32)
      bits &= (1u << getWidth(type)) - 1;
    values.push_back(bits);
  }
  return values;
}

static float toFloat(const std::string &type, uint32_t bits) {
  if (std::optional<WideType> wide = lookupWideType(type))
    return test::toFloat(*wide, bits);
  uint8_t code = bits & ((1u << getBits(type)) - 1);
  return oracle::toFloat(expectValue(type, code, WideType::F32));
}

/// Where the f32 result is NaN, its sign and payload are the processor's.
static bool isNaNCode(const std::string &format, uint8_t code) {
  return oracle::fromBits(getSemantics(format), code).isNaN();
}

static void expectProduct(WideType wide, float product, uint32_t found) {
  if (std::isnan(product))
    EXPECT_TRUE(std::isnan(toFloat(wide, found)));
  else
    EXPECT_EQ(found,
              oracle::convert(llvm::APFloat::IEEEsingle(),
                              oracle::toBits(product), getSemantics(wide)));
}

static void expectQuotient(const Scaling &scaling, float quotient,
                           uint8_t found) {
  uint8_t expected =
      expectCode(scaling.format, WideType::F32, oracle::toBits(quotient),
                 scaling.mode, /*saturate=*/false);
  if (isNaNCode(scaling.format, expected) && std::isnan(quotient))
    EXPECT_TRUE(isNaNCode(scaling.format, found));
  else
    EXPECT_EQ(int(found), int(expected));
}

static void expectScales(const Scaling &scaling, const char *target) {
  Program program(getProgram(scaling), target);
  std::string wide = getName(scaling.wide);
  std::mt19937 random(4);
  for (int run = 0; run < 100; ++run) {
    auto codes = drawBits(scaling.format, scaling.size, random);
    auto values = drawBits(wide, scaling.size, random);
    auto scales = drawBits(scaling.scale, scaling.size, random);
    std::vector<uint8_t> bytes[3];
    std::vector<Array> out =
        program.run({viewBits(scaling.format, codes, bytes[0]),
                     viewBits(wide, values, bytes[1]),
                     viewBits(scaling.scale, scales, bytes[2])});
    for (int64_t i = 0; i < scaling.size; ++i) {
      SCOPED_TRACE(llvm::Twine(scaling.format + " by " + scaling.scale +
                               ": code 0x" + llvm::utohexstr(codes[i]) +
                               ", value 0x" + llvm::utohexstr(values[i]) +
                               ", scale 0x" + llvm::utohexstr(scales[i]))
                       .str());
      float scale = toFloat(scaling.scale, scales[i]);
      expectProduct(scaling.wide, toFloat(scaling.format, codes[i]) * scale,
                    readBits(out[0], wide, i));
      expectQuotient(scaling, toFloat(wide, values[i]) / scale,
                     readBits(out[1], scaling.format, i));
      if (testing::Test::HasFailure())
        return;
    }
  }
}

TEST_P(ConversionScalingTest, ScalesByTheValue) {
  auto [format, target] = GetParam();
  SKIP_UNLESS_RUNS_HERE(target);
  for (const Scaling &scaling : getScalings(format))
    expectScales(scaling, target);
}

INSTANTIATE_TEST_SUITE_P(Targets, ConversionScalingTest,
                         testing::ValuesIn(getCases()),
                         [](const testing::TestParamInfo<Case> &info) {
                           return info.param.format + "_" +
                                  toIdentifier(info.param.target);
                         });

//===----------------------------------------------------------------------===//
// Between small floats
//===----------------------------------------------------------------------===//

class NarrowToNarrowTest : public testing::TestWithParam<const char *> {};

/// f(codes) -> codes, one a byte, of all 256 bytes.
static std::string getProgram(const std::string &from, const std::string &to) {
  std::string op = getBits(from) < getBits(to) ? "extf" : "truncf";
  return "func.func @f(%x: " + getTensor(256, from) + ") -> " +
         getTensor(256, to) + " {\n%c0 = arith.constant 0 : index\n" +
         read("x", 256, from) + "%yv = arith." + op +
         " %xv : " + getVector(256, from) + " to " + getVector(256, to) + "\n" +
         write("y", 256, to) + "return %yw : " + getTensor(256, to) + "\n}\n";
}

TEST_P(NarrowToNarrowTest, ConvertsEveryCode) {
  SKIP_UNLESS_RUNS_HERE(GetParam());
  std::vector<uint8_t> bytes(256);
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = uint8_t(i);
  for (const std::string &from : getNarrowFormats()) {
    for (const std::string &to : getNarrowFormats()) {
      if (getBits(from) == getBits(to))
        continue;
      Array codes = Program(getProgram(from, to), GetParam())
                        .run({viewArray(ElementType::UInt8, {256}, bytes)})
                        .front();
      for (uint8_t byte : bytes) {
        uint32_t value = oracle::toBits(toFloat(from, byte));
        ASSERT_EQ(
            int(codes.bytes[byte]),
            int(expectCode(to, WideType::F32, value, RoundingMode::NearestEven,
                           /*saturate=*/false)))
            << from << " to " << to << ": byte " << int(byte);
      }
    }
  }
}

// Decoding and encoding on end, which other tests run on each target.
INSTANTIATE_TEST_SUITE_P(Targets, NarrowToNarrowTest,
                         testing::Values("generic", "native"),
                         [](const testing::TestParamInfo<const char *> &info) {
                           return toIdentifier(info.param);
                         });
