//===- NVVMFloatCodecTest.cpp - The bits of the code for GPUs -------------===//
//
// The conversions for NVIDIA's GPUs, on a CPU that simulates the GPU's, against
// the Format layer: every bit pattern of f16 and bf16, every code, and of f32
// every boundary between codes with its neighbours. All bits are compared.
//
//===----------------------------------------------------------------------===//

#include "SimulatedGPU.h"
#include "quantx/Format/Encoding.h"
#include "support/ConversionKernels.h"
#include "gtest/gtest.h"

using namespace quantx;
using namespace quantx::test;

using Direction = ConversionSpec::Direction;

//===----------------------------------------------------------------------===//
// Inputs and expected results
//===----------------------------------------------------------------------===//

/// The bits of all inputs of a type.
static std::vector<uint32_t> getInputs(WideType type) {
  std::vector<uint32_t> inputs;
  if (type != WideType::F32) {
    for (uint32_t bits = 0; bits < 0x10000; ++bits)
      inputs.push_back(bits);
    return inputs;
  }
  // Every boundary of up to 5 significant bits, and what lies beside it.
  for (uint32_t top = 0; top < (1u << 14); ++top)
    for (uint32_t neighbour : {0u, 1u, 2u})
      inputs.push_back((top << 18) + neighbour - 1);
  // NaN with every payload of a few bits.
  for (uint32_t payload = 1; payload < 0x1000; ++payload)
    for (uint32_t sign : {0u, 0x80000000u})
      inputs.push_back(0x7f800000 | sign | payload << 11);
  return inputs;
}

static float toF32(uint32_t bits, WideType type) {
  switch (type) {
  case WideType::F32:
    return llvm::bit_cast<float>(bits);
  case WideType::F16:
    return decodeF16(uint16_t(bits));
  case WideType::BF16:
    return decodeBF16(uint16_t(bits));
  }
  llvm_unreachable("unknown type");
}

static uint32_t fromF32(float value, WideType type) {
  switch (type) {
  case WideType::F32:
    return llvm::bit_cast<uint32_t>(value);
  case WideType::F16:
    return encodeF16(value);
  case WideType::BF16:
    return encodeBF16(value);
  }
  llvm_unreachable("unknown type");
}

static uint32_t getExpected(const ConversionSpec &spec, uint32_t input) {
  const FloatFormat *format = lookupFloatFormat(spec.format);
  if (spec.direction == Direction::Decode) {
    float value =
        format ? decode(uint8_t(input), *format) : decodeE8M0(uint8_t(input));
    return fromF32(value, spec.wide);
  }
  float value = toF32(input, spec.wide);
  return format ? encode(value, *format, spec.rounding, spec.saturate)
                : encodeE8M0(value, spec.rounding);
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// `values` in elements of `width` bytes.
static std::vector<uint8_t> toBytes(llvm::ArrayRef<uint32_t> values,
                                    unsigned width) {
  std::vector<uint8_t> bytes(values.size() * width);
  for (size_t i = 0; i < values.size(); ++i)
    std::memcpy(&bytes[i * width], &values[i], width);
  return bytes;
}

/// Element number `index` of elements of `bits` bits.
static uint32_t getElement(llvm::ArrayRef<uint8_t> bytes, size_t index,
                           unsigned bits) {
  uint32_t value = 0;
  size_t first = index * bits;
  for (size_t bit = 0; bit < bits; ++bit)
    value |= uint32_t(bytes[(first + bit) / 8] >> (first + bit) % 8 & 1) << bit;
  return value;
}

static void expectBits(const ConversionSpec &spec, NaNModel nan) {
  SCOPED_TRACE(spec.print() +
               (nan == NaNModel::Other ? ", with another NaN" : ""));
  bool isEncoding = spec.direction == Direction::Encode;
  std::vector<uint32_t> inputs;
  if (isEncoding)
    inputs = getInputs(spec.wide);
  else
    for (uint32_t code = 0; code < 256; ++code)
      inputs.push_back(code);
  while (inputs.size() % std::max(spec.vectorSize, 1u) != 0)
    inputs.push_back(inputs.back());

  unsigned wide = getByteWidth(spec.wide);
  unsigned inWidth = isEncoding ? wide : 1;
  unsigned outBits = isEncoding ? spec.getCodeBits() : wide * 8;
  std::vector<uint8_t> out(inputs.size() * outBits / 8);
  ConversionKernel kernel = llvm::cantFail(ConversionKernel::create(
      spec, llvm::cantFail(CPUTarget::get("native")),
      [&](mlir::ModuleOp module) { simulateGPU(module, nan); }));
  kernel.run(toBytes(inputs, inWidth), out);
  for (size_t i = 0; i < inputs.size(); ++i)
    ASSERT_EQ(getElement(out, i, outBits), getExpected(spec, inputs[i]))
        << "input " << std::hex << inputs[i];
}

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

/// A chip, and the keyword of a format.
using Parameter = std::tuple<const char *, const char *>;

class NVVMFloatCodecTest : public testing::TestWithParam<Parameter> {
protected:
  /// From and to every type. `vectorSizes` are 0 for scalars.
  void expectBits(ConversionSpec spec, llvm::ArrayRef<unsigned> vectorSizes) {
    std::tie(spec.target, spec.format) = GetParam();
    for (WideType wide : {WideType::F32, WideType::F16, WideType::BF16}) {
      spec.wide = wide;
      for (unsigned size : vectorSizes) {
        spec.vectorSize = size;
        ::expectBits(spec, NaNModel::Canonical);
      }
      ::expectBits(spec, NaNModel::Other);
    }
  }

  static bool isE8M0() {
    return std::get<1>(GetParam()) == std::string(E8M0Format::name);
  }
};

TEST_P(NVVMFloatCodecTest, Encode) {
  ConversionSpec spec;
  expectBits(spec, {0, 3, 4});
  spec.saturate = false;
  if (!isE8M0())
    expectBits(spec, {0, 3, 4});
}

// Several codes in a register.
TEST_P(NVVMFloatCodecTest, EncodePacked) {
  ConversionSpec spec;
  spec.isPacked = true;
  expectBits(spec, {8, 16});
}

// f8E8M0FNU has instructions for these, the others have none.
TEST_P(NVVMFloatCodecTest, EncodeDirected) {
  ConversionSpec spec;
  spec.rounding = RoundingMode::TowardZero;
  expectBits(spec, {3});
  if (!isE8M0())
    return;
  for (RoundingMode mode : {RoundingMode::Upward, RoundingMode::Downward}) {
    spec.rounding = mode;
    expectBits(spec, {0, 3});
  }
}

TEST_P(NVVMFloatCodecTest, Decode) {
  ConversionSpec spec;
  spec.direction = Direction::Decode;
  expectBits(spec, {0, 3, 4});
}

// One chip of each kind; test/Target/NarrowFloats/nvvm-chips.test shows that
// the others get the same code.
INSTANTIATE_TEST_SUITE_P(
    Chips, NVVMFloatCodecTest,
    testing::Combine(testing::Values("sm_80", "sm_90", "sm_100a"),
                     testing::Values("f8E4M3FN", "f8E5M2", "f6E2M3FN",
                                     "f6E3M2FN", "f4E2M1FN", "f8E8M0FNU")),
    [](const testing::TestParamInfo<Parameter> &info) {
      return std::string(std::get<0>(info.param)) + "_" +
             std::get<1>(info.param);
    });
