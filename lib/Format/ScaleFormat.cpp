//===- ScaleFormat.cpp - The types a scale is stored in -------------------===//

#include "quantx/Format/ScaleFormat.h"
#include "quantx/Format/Encoding.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/ErrorHandling.h"
#include <algorithm>
#include <cmath>

using namespace quantx;

static const FloatFormat &getE4M3() {
  static const FloatFormat *const row = lookupFloatFormat("f8E4M3FN");
  return *row;
}

std::optional<ScaleFormat> quantx::lookupScaleFormat(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<ScaleFormat>>(name)
      .Case("f32", ScaleFormat::F32)
      .Case("f16", ScaleFormat::F16)
      .Case("bf16", ScaleFormat::BF16)
      .Case(E8M0Format::name, ScaleFormat::E8M0)
      .Case(getE4M3().name, ScaleFormat::E4M3)
      .Default(std::nullopt);
}

uint32_t quantx::encodeScale(float scale, ScaleFormat format) {
  switch (format) {
  case ScaleFormat::F32:
    return llvm::bit_cast<uint32_t>(scale);
  case ScaleFormat::F16:
    return encodeF16(scale);
  case ScaleFormat::BF16:
    return encodeBF16(scale);
  case ScaleFormat::E8M0:
    return encodeE8M0(scale);
  case ScaleFormat::E4M3:
    return encode(scale, getE4M3(), RoundingMode::NearestEven,
                  /*saturate=*/true);
  }
  llvm_unreachable("unknown scale format");
}

float quantx::decodeScale(uint32_t bits, ScaleFormat format) {
  switch (format) {
  case ScaleFormat::F32:
    return llvm::bit_cast<float>(bits);
  case ScaleFormat::F16:
    return decodeF16(uint16_t(bits));
  case ScaleFormat::BF16:
    return decodeBF16(uint16_t(bits));
  case ScaleFormat::E8M0:
    return decodeE8M0(uint8_t(bits));
  case ScaleFormat::E4M3:
    return decode(uint8_t(bits), getE4M3());
  }
  llvm_unreachable("unknown scale format");
}

uint32_t quantx::getLargestScaleBits(ScaleFormat format) {
  switch (format) {
  case ScaleFormat::F32:
    return 0x7F7FFFFF;
  case ScaleFormat::F16:
    return 0x7BFF;
  case ScaleFormat::BF16:
    return 0x7F7F;
  case ScaleFormat::E8M0:
    return E8M0Format::maxFiniteCode;
  case ScaleFormat::E4M3:
    return getE4M3().maxFiniteCode;
  }
  llvm_unreachable("unknown scale format");
}

float quantx::getLargestPowerOfTwo(ScaleFormat format) {
  float largest = decodeScale(getLargestScaleBits(format), format);
  return std::ldexp(1.0f, std::ilogb(largest));
}

float quantx::roundScale(float scale, ScaleFormat format) {
  if (std::isnan(scale)) {
    return scale;
  }
  // Positive bits are in the order of their values, and 0 is zero in all but
  // E8M0, which has none.
  uint32_t smallest = format == ScaleFormat::E8M0 ? 0 : 1;
  uint32_t bits = std::clamp(encodeScale(scale, format), smallest,
                             getLargestScaleBits(format));
  return decodeScale(bits, format);
}
