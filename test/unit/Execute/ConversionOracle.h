//===- ConversionOracle.h - What conversions must give ----------*- C++ -*-===//
//
// The oracle of the Format layer for any format, f8E8M0FNU too, and any wide
// type; values are bit patterns.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TEST_UNIT_EXECUTE_CONVERSIONORACLE_H
#define QUANTX_TEST_UNIT_EXECUTE_CONVERSIONORACLE_H

#include "../Format/Oracle.h"
#include "quantx/IO/ElementType.h"
#include "support/ConversionKernels.h"

namespace quantx::test {

inline constexpr WideType wideTypes[] = {WideType::F32, WideType::F16,
                                         WideType::BF16};

inline const llvm::fltSemantics &getSemantics(WideType type) {
  switch (type) {
  case WideType::F32:
    return llvm::APFloat::IEEEsingle();
  case WideType::F16:
    return llvm::APFloat::IEEEhalf();
  case WideType::BF16:
    return llvm::APFloat::BFloat();
  }
  llvm_unreachable("unknown type");
}

/// The small format of this name.
inline const llvm::fltSemantics &getSemantics(const std::string &format) {
  const FloatFormat *row = lookupFloatFormat(format);
  return row ? oracle::getSemantics(*row) : llvm::APFloat::Float8E8M0FNU();
}

inline unsigned getBits(const std::string &format) {
  return llvm::APFloat::getSizeInBits(getSemantics(format));
}

/// Every small format by name.
inline std::vector<std::string> getNarrowFormats() {
  std::vector<std::string> names;
  for (const FloatFormat &format : getFloatFormats())
    names.push_back(format.name.str());
  names.push_back(E8M0Format::name.str());
  return names;
}

inline float toFloat(WideType type, uint32_t bits) {
  return oracle::toFloat(
      oracle::convert(getSemantics(type), bits, llvm::APFloat::IEEEsingle()));
}

/// The code of a value; `mode` is not stochastic.
inline uint8_t expectCode(const std::string &format, WideType type,
                          uint32_t bits, RoundingMode mode, bool saturate) {
  const FloatFormat *row = lookupFloatFormat(format);
  if (!row)
    return oracle::encodeE8M0(toFloat(type, bits), mode);
  return oracle::encode(getSemantics(type), bits, *row, saturate, mode);
}

/// The value of a code.
inline uint32_t expectValue(const std::string &format, uint8_t code,
                            WideType type) {
  return oracle::decode(getSemantics(format), code, getSemantics(type));
}

/// Every pattern of f16 and bf16; of f32, what tells roundings to `format`
/// apart.
inline std::vector<uint32_t> getPatterns(const std::string &format,
                                         WideType type) {
  const FloatFormat *row = lookupFloatFormat(format);
  if (type == WideType::F32) {
    // E8M0 has its boundaries at every exponent, which are in every list.
    return oracle::getInterestingFloats(row ? *row : getFloatFormats().front());
  }
  // In disorder: in order, most vectors of f16 would have one code in all of
  // their lanes, and lanes could change places unseen.
  std::vector<uint32_t> patterns;
  for (uint32_t i = 0; i < 0x10000; ++i)
    patterns.push_back((i * 0x9E37) & 0xFFFF);
  return patterns;
}

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_EXECUTE_CONVERSIONORACLE_H
