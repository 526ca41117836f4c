//===- ApfloatLoweringTest.cpp - Our lowering against upstream's ----------===//
//
// convert-arith-to-apfloat lowers the same ops to calls of LLVM's APFloat, in
// libmlir_apfloat_wrappers: for one more program that computes every f16, every
// bf16 and every code, by a lowering that shares nothing with ours. Where it
// follows other rules, that is a Difference; all other bits are equal.
//
//===----------------------------------------------------------------------===//

#include "../Differences.h"
#include "Program.h"
#include "mlir/Parser/Parser.h"
#include "quantx/Pipelines/Pipelines.h"
#include "support/Upstream.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "gtest/gtest.h"

using namespace quantx;
using namespace quantx::test;

namespace {

/// What the test needs to know of a format; nothing comes from our own table.
struct Format {
  const char *name;
  unsigned bits;
  bool isFinite; ///< neither NaN nor infinity
};

/// f32, f16 or bf16.
struct WideType {
  const char *name;
  ElementType element;
  unsigned bits;
  unsigned mantissaBits;

  uint32_t getSign(uint32_t value) const { return value >> (bits - 1); }
  uint32_t getMagnitude(uint32_t value) const {
    return value & ((1u << (bits - 1)) - 1);
  }
  uint32_t getInfinity() const {
    return ((1u << (bits - 1)) - 1) >> mantissaBits << mantissaBits;
  }
};

const WideType f32 = {"f32", ElementType::Float32, 32, 23};
const WideType f16 = {"f16", ElementType::Float16, 16, 10};
const WideType bf16 = {"bf16", ElementType::BFloat16, 16, 7};

} // namespace

static std::vector<Format> getFormats() {
  return {{"f8E4M3FN", 8, false}, {"f8E5M2", 8, false},
          {"f6E2M3FN", 6, true},  {"f6E3M2FN", 6, true},
          {"f4E2M1FN", 4, true},  {"f8E8M0FNU", 8, false}};
}

static bool isE8M0(const Format &format) {
  return llvm::StringRef(format.name) == "f8E8M0FNU";
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

static std::string getTensor(size_t size, const std::string &element) {
  return "tensor<" + std::to_string(size) + "x" + element + ">";
}

/// From `type` to codes, one a byte.
static std::string getTruncateProgram(const WideType &type,
                                      const Format &format) {
  size_t size = size_t(1) << type.bits;
  std::string wide = getTensor(size, type.name);
  std::string narrow = getTensor(size, format.name);
  std::string code = getTensor(size, "i" + std::to_string(format.bits));
  std::string byte = getTensor(size, "i8");
  bool isByte = format.bits == 8;
  return "func.func @f(%x: " + wide + ") -> " + byte + " {\n" +
         "  %y = arith.truncf %x : " + wide + " to " + narrow + "\n" +
         "  %c = arith.bitcast %y : " + narrow + " to " + code + "\n" +
         (isByte ? ""
                 : "  %b = arith.extui %c : " + code + " to " + byte + "\n") +
         "  return " + (isByte ? "%c" : "%b") + " : " + byte + "\n}\n";
}

/// From every code, one a byte, to `type`.
static std::string getExtendProgram(const Format &format,
                                    const WideType &type) {
  size_t size = size_t(1) << format.bits;
  std::string wide = getTensor(size, type.name);
  std::string narrow = getTensor(size, format.name);
  std::string code = getTensor(size, "i" + std::to_string(format.bits));
  std::string byte = getTensor(size, "i8");
  bool isByte = format.bits == 8;
  return "func.func @f(%b: " + byte + ") -> " + wide + " {\n" +
         (isByte ? ""
                 : "  %c = arith.trunci %b : " + byte + " to " + code + "\n") +
         "  %x = arith.bitcast " + (isByte ? "%b" : "%c") + " : " + code +
         " to " + narrow + "\n" + "  %y = arith.extf %x : " + narrow + " to " +
         wide + "\n" + "  return %y : " + wide + "\n}\n";
}

/// `text` with its conversions lowered by upstream, to calls of APFloat.
static std::string lowerToAPFloat(const std::string &text) {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    llvm::report_fatal_error("the program does not parse");
  llvm::cantFail(lowerByUpstream(
      *module, "func.func(convert-elementwise-to-linalg),"
               "linalg-fuse-elementwise-ops,convert-arith-to-apfloat"));
  module->walk([](mlir::Operation *op) {
    if (op->getName().getStringRef() == "arith.truncf" ||
        op->getName().getStringRef() == "arith.extf") {
      llvm::report_fatal_error("upstream left a conversion to us");
    }
  });
  std::string lowered;
  llvm::raw_string_ostream(lowered) << *module;
  return lowered;
}

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

using Bits = Difference<uint32_t, uint32_t>;
using GetDifferences =
    std::function<std::vector<Bits>(const std::vector<uint32_t> &)>;

static std::vector<uint32_t> readBits(const Array &array, unsigned bits) {
  size_t width = bits / 8;
  std::vector<uint32_t> values(array.bytes.size() / width);
  for (size_t i = 0; i < values.size(); ++i)
    std::memcpy(&values[i], array.bytes.data() + i * width, width);
  return values;
}

/// Runs `text` by both lowerings on `input` and compares the results, of `bits`
/// bits. The input of an element is its index.
///
/// `getDifferences` is given upstream's results.
static void compareLowerings(const std::string &text, const TensorView &input,
                             unsigned bits,
                             const GetDifferences &getDifferences) {
  std::vector<uint32_t> ours =
      readBits(Program(text).run({input}).front(), bits);
  std::vector<uint32_t> theirs =
      readBits(Program(lowerToAPFloat(text)).run({input}).front(), bits);
  ASSERT_EQ(int64_t(ours.size()), input.shape.front());
  ASSERT_EQ(int64_t(theirs.size()), input.shape.front());
  Comparison<uint32_t, uint32_t> comparison(getDifferences(theirs));
  for (uint32_t i = 0; i < ours.size(); ++i) {
    comparison.compare(i, ours[i], theirs[i],
                       "input 0x" + llvm::utohexstr(i) + ": ");
    if (testing::Test::HasFatalFailure())
      return;
  }
  comparison.expectAllSeen();
}

//===----------------------------------------------------------------------===//
// Differences
//===----------------------------------------------------------------------===//

/// Formats without infinity: ours is the largest value, theirs a zero.
static Bits getInfinity(const WideType &type, const Format &format) {
  uint32_t largest = (1u << (format.bits - 1)) - 1;
  auto getSignBit = [=](uint32_t value) {
    return type.getSign(value) ? largest + 1 : 0;
  };
  return {"InfinityInFormatWithoutInfinity",
          [=](uint32_t value) {
            return type.getMagnitude(value) == type.getInfinity();
          },
          [=](uint32_t value) { return getSignBit(value) | largest; },
          getSignBit};
}

/// Formats without NaN: ours is the largest value, theirs a zero of the NaN's
/// sign.
static Bits getNan(const WideType &type, const Format &format) {
  uint32_t largest = (1u << (format.bits - 1)) - 1;
  return {
      "NanInFormatWithoutNan",
      [=](uint32_t value) {
        return type.getMagnitude(value) > type.getInfinity();
      },
      [=](uint32_t) { return largest; },
      [=](uint32_t value) { return type.getSign(value) ? largest + 1 : 0; }};
}

/// E8M0 has no sign: ours drops it, theirs goes into the exponent's top bit,
/// which shows where the magnitude rounds to less than 2. They have dropped it,
/// too, where they take a magnitude up to 2^-128 for zero.
static Bits getE8M0Sign(const WideType &type,
                        const std::vector<uint32_t> &theirs) {
  // 2^-128 in bf16; f16 has nothing between 0 and that.
  uint32_t zeroUpTo = type.element == ElementType::BFloat16 ? 0x0020 : 0;
  auto ours = [=](uint32_t value) { return theirs[type.getMagnitude(value)]; };
  return {"E8M0Sign",
          [=](uint32_t value) {
            return type.getSign(value) && type.getMagnitude(value) > zeroUpTo &&
                   ours(value) < 0x80;
          },
          ours, [=](uint32_t value) { return ours(value) | 0x80; }};
}

static std::vector<Bits>
getTruncateDifferences(const WideType &type, const Format &format,
                       const std::vector<uint32_t> &theirs) {
  if (isE8M0(format))
    return {getE8M0Sign(type, theirs)};
  if (format.isFinite)
    return {getInfinity(type, format), getNan(type, format)};
  return {};
}

/// The NaN of E8M0 stays one here; theirs is infinity.
static Bits getE8M0Nan(const WideType &type) {
  return {"E8M0Nan", [](uint32_t code) { return code == 0xFF; },
          [=](uint32_t) {
            return type.getInfinity() | (1u << (type.mantissaBits - 1));
          },
          [=](uint32_t) { return type.getInfinity(); }};
}

static std::vector<Bits> getExtendDifferences(const Format &format,
                                              const WideType &type) {
  if (isE8M0(format))
    return {getE8M0Nan(type)};
  return {};
}

class ApfloatLoweringTest : public testing::TestWithParam<Format> {
protected:
  void expectTruncates(const WideType &type) {
    std::vector<uint16_t> inputs(0x10000);
    for (size_t i = 0; i < inputs.size(); ++i)
      inputs[i] = uint16_t(i);
    compareLowerings(getTruncateProgram(type, GetParam()),
                     viewArray(type.element, {0x10000}, inputs), 8,
                     [&](const std::vector<uint32_t> &theirs) {
                       return getTruncateDifferences(type, GetParam(), theirs);
                     });
  }

  void expectExtends(const WideType &type) {
    std::vector<uint8_t> codes(size_t(1) << GetParam().bits);
    for (size_t i = 0; i < codes.size(); ++i)
      codes[i] = uint8_t(i);
    compareLowerings(
        getExtendProgram(GetParam(), type),
        viewArray(ElementType::UInt8, {int64_t(codes.size())}, codes),
        type.bits, [&](const std::vector<uint32_t> &) {
          return getExtendDifferences(GetParam(), type);
        });
  }
};

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

TEST_P(ApfloatLoweringTest, TruncatesEveryF16) { expectTruncates(f16); }

TEST_P(ApfloatLoweringTest, TruncatesEveryBF16) { expectTruncates(bf16); }

TEST_P(ApfloatLoweringTest, ExtendsEveryCodeToF32) { expectExtends(f32); }

TEST_P(ApfloatLoweringTest, ExtendsEveryCodeToF16) { expectExtends(f16); }

TEST_P(ApfloatLoweringTest, ExtendsEveryCodeToBF16) { expectExtends(bf16); }

INSTANTIATE_TEST_SUITE_P(Formats, ApfloatLoweringTest,
                         testing::ValuesIn(getFormats()),
                         [](const testing::TestParamInfo<Format> &info) {
                           return info.param.name;
                         });
