//===- Quantize.cpp - Quantizing and dequantizing arrays ------------------===//

#include "quantx/Format/Quantize.h"
#include "quantx/Format/Philox.h"
#include "llvm/ADT/STLExtras.h"
#include <cassert>
#include <cmath>

using namespace quantx;

ElementTraits quantx::getElementTraits(const ElementFormat &format) {
  return std::visit([](const auto &f) { return getElementTraits(f); }, format);
}

uint8_t quantx::quantizeElement(float value, const QuantParameters &parameters,
                                const ElementFormat &format,
                                const QuantizeOptions &options,
                                uint64_t index) {
  float divisor = parameters.scale * parameters.global;
  if (std::isnan(divisor)) {
    return 0;
  }
  bool isNumberByZero = divisor == 0.0f && !std::isnan(value);
  float quotient =
      isNumberByZero ? std::copysign(0.0f, value) : value / divisor;
  uint32_t randomBits = options.rounding == RoundingMode::Stochastic
                            ? getRandomBits(options.seed, index)
                            : 0;
  if (const auto *floats = std::get_if<FloatFormat>(&format)) {
    return encode(quotient, *floats, options.rounding, options.saturate,
                  randomBits);
  }
  return uint8_t(encodeInteger(quotient, std::get<IntegerFormat>(format),
                               parameters.zeroPoint, options.rounding,
                               randomBits));
}

void quantx::quantizeBlock(llvm::ArrayRef<float> values,
                           const QuantParameters &parameters,
                           const ElementFormat &format,
                           llvm::MutableArrayRef<uint8_t> codes,
                           const QuantizeOptions &options,
                           uint64_t firstIndex) {
  assert(values.size() == codes.size() && "one code a value");
  for (auto [i, value] : llvm::enumerate(values)) {
    codes[i] =
        quantizeElement(value, parameters, format, options, firstIndex + i);
  }
}

float quantx::dequantizeElement(uint8_t code, const QuantParameters &parameters,
                                const ElementFormat &format) {
  float value;
  if (const auto *floats = std::get_if<FloatFormat>(&format)) {
    value = decode(code, *floats);
  } else {
    const auto &integers = std::get<IntegerFormat>(format);
    int extended = integers.isSigned ? int(int8_t(code)) : int(code);
    value = decodeInteger(extended, integers, parameters.zeroPoint);
  }
  return value * parameters.scale * parameters.global;
}

void quantx::dequantizeBlock(llvm::ArrayRef<uint8_t> codes,
                             const QuantParameters &parameters,
                             const ElementFormat &format,
                             llvm::MutableArrayRef<float> values) {
  assert(values.size() == codes.size() && "one value a code");
  for (auto [i, code] : llvm::enumerate(codes)) {
    values[i] = dequantizeElement(code, parameters, format);
  }
}
