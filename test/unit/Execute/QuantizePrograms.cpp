//===- QuantizePrograms.cpp - Programs that quantize, and their results ---===//

#include "QuantizePrograms.h"
#include <cctype>
#include <cstring>

using namespace quantx;
using namespace quantx::test;

std::string quantx::test::getProgram(const TypeSpec &type,
                                     const std::string &attributes) {
  std::string expressed = "tensor<?x?x" + type.expressed + ">";
  return "!t = " + type.print() + "\n" + "func.func @f(%x: " + expressed +
         ", %seed: i64" + (type.hasWeights() ? ", %h: tensor<?x?x?xf32>" : "") +
         ") -> (tensor<?x?x!t>, " + expressed + ") {\n" +
         "  %q = quantx.dynamic_quantize %x using #quantx." + type.method +
         (type.hasWeights() ? " weighted_by %h : tensor<?x?x?xf32>" : "") +
         attributes + " : " + expressed + " to tensor<?x?x!t>\n" +
         "  %y = quantx.dequantize %q : tensor<?x?x!t> to " + expressed + "\n" +
         "  return %q, %y : tensor<?x?x!t>, " + expressed + "\n}\n";
}

std::string quantx::test::getQuantizeProgram(const TypeSpec &type,
                                             bool isRank3) {
  std::string sizes = isRank3 ? "?x?x?x" : "?x?x", print = type.print();
  if (isRank3)
    print.replace(print.find(" per 1x"), 7, " per 1x1x");
  std::string input = "tensor<" + sizes + type.expressed + ">",
              result = "tensor<" + sizes + "!t>";
  return "!t = " + print + "\nfunc.func @f(%x: " + input + ", %seed: i64) -> " +
         result + " {\n  %q = quantx.dynamic_quantize %x using #quantx." +
         type.method + " : " + input + " to " + result +
         "\n  return %q : " + result + "\n}\n";
}

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

static uint32_t readBits(const std::vector<uint8_t> &bytes, size_t width,
                         size_t index) {
  uint32_t bits = 0;
  std::memcpy(&bits, bytes.data() + index * width, width);
  return bits;
}

/// Whether the bits of a scale or value in `type` are NaN.
static bool isNaNBits(const std::string &type, uint32_t bits) {
  if (type == "f32")
    return std::isnan(llvm::bit_cast<float>(bits));
  return std::isnan(decodeScale(bits, *lookupScaleFormat(type)));
}

static void expectEqualBits(const std::string &type, llvm::StringRef name,
                            llvm::ArrayRef<uint32_t> want, const Array &got) {
  size_t width = type == "f32" ? 4 : type[0] == 'f' && type[1] == '8' ? 1 : 2;
  ASSERT_EQ(got.bytes.size(), want.size() * width) << name.str();
  for (size_t i = 0; i < want.size(); ++i) {
    uint32_t bits = readBits(got.bytes, width, i);
    if (isNaNBits(type, want[i]))
      ASSERT_TRUE(isNaNBits(type, bits)) << name.str() << '[' << i << ']';
    else
      ASSERT_EQ(bits, want[i]) << name.str() << '[' << i << ']';
  }
}

static std::vector<uint32_t> toExpressedBits(const TypeSpec &type,
                                             llvm::ArrayRef<float> values) {
  std::vector<uint32_t> bits;
  for (float value : values)
    bits.push_back(encodeScale(value, *lookupScaleFormat(type.expressed)));
  return bits;
}

void quantx::test::expectEqualParts(const TypeSpec &type,
                                    const QuantizedMatrix &want,
                                    const std::vector<Array> &got) {
  size_t next = 0;
  ASSERT_EQ(got[next++].bytes, want.payload) << "payload";
  expectEqualBits(type.scale, "scales", want.scales, got[next++]);
  if (type.hasZeroPoint) {
    std::vector<uint8_t> zeroPoints(want.zeroPoints.begin(),
                                    want.zeroPoints.end());
    ASSERT_EQ(got[next++].bytes, zeroPoints) << "zero points";
  }
  if (type.hasGlobal)
    expectEqualBits("f32", "global", {llvm::bit_cast<uint32_t>(want.global)},
                    got[next++]);
}

void quantx::test::expectEqual(const TypeSpec &type,
                               const QuantizedMatrix &want,
                               const std::vector<Array> &got) {
  expectEqualParts(type, want, got);
  expectEqualBits(type.expressed, "values", toExpressedBits(type, want.values),
                  got.back());
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

static std::vector<uint16_t> toHalves(const TypeSpec &type,
                                      std::vector<float> &values) {
  std::vector<uint16_t> halves;
  for (float &value : values) {
    bool isF16 = type.expressed == "f16";
    halves.push_back(isF16 ? encodeF16(value) : encodeBF16(value));
    value = isF16 ? decodeF16(halves.back()) : decodeBF16(halves.back());
  }
  return halves;
}

std::vector<Array> quantx::test::runOn(const Program &program,
                                       const TypeSpec &type,
                                       llvm::ArrayRef<int64_t> shape,
                                       std::vector<float> &matrix, int64_t seed,
                                       const Weights &weights) {
  auto run = [&](llvm::ArrayRef<TensorView> inputs) {
    return program.run(inputs);
  };
  return runOn(run, type, shape, matrix, seed, weights);
}

std::vector<Array> quantx::test::runOn(
    llvm::function_ref<std::vector<Array>(llvm::ArrayRef<TensorView>)> run,
    const TypeSpec &type, llvm::ArrayRef<int64_t> shape,
    std::vector<float> &matrix, int64_t seed, const Weights &weights) {
  std::vector<int64_t> seeds = {seed};
  std::vector<TensorView> inputs = {{},
                                    viewArray(ElementType::Int64, {}, seeds)};
  if (type.hasWeights()) {
    inputs.push_back(viewArray(ElementType::Float32,
                               {weights.count, weights.size, weights.size},
                               weights.values));
  }
  if (type.expressed == "f32") {
    inputs[0] = viewArray(ElementType::Float32, shape, matrix);
    return run(inputs);
  }
  std::vector<uint16_t> halves = toHalves(type, matrix);
  ElementType element =
      type.expressed == "f16" ? ElementType::Float16 : ElementType::BFloat16;
  inputs[0] = viewArray(element, shape, halves);
  return run(inputs);
}

std::string
quantx::test::formatName(const testing::TestParamInfo<TypeSpec> &info) {
  const TypeSpec &type = info.param;
  std::string name = type.print() + type.method;
  std::string prefix = "!quantx.scaled";
  std::string result;
  for (char c : name.substr(prefix.size())) {
    if (std::isalnum(static_cast<unsigned char>(c)))
      result += c;
    else if (c == '*')
      result += "all";
    else if (!result.empty() && result.back() != '_')
      result += '_';
  }
  return result;
}
