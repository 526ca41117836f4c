//===- ScaleRules.cpp - How the parameters of a block are chosen ----------===//

#include "quantx/Format/ScaleRules.h"
#include "quantx/Format/Encoding.h"
#include "quantx/Format/Mutants.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/ErrorHandling.h"
#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

using namespace quantx;

static constexpr float quietNan = std::numeric_limits<float>::quiet_NaN();

float quantx::computeAbsMax(llvm::ArrayRef<float> block) {
  float result = 0.0f;
  for (float value : block) {
    if (std::isnan(value)) {
      return quietNan;
    }
    result = std::max(result, std::fabs(value));
  }
  return result;
}

float quantx::computeFiniteAbsMax(llvm::ArrayRef<float> values) {
  float result = 0.0f;
  for (float value : values) {
    if (std::isfinite(value)) {
      result = std::max(result, std::fabs(value));
    }
  }
  return result;
}

namespace {
/// A positive finite f32 as (1 + fraction * 2^-23) * 2^exponent.
struct Decomposed {
  int exponent;
  uint32_t fraction;
};
} // namespace

static Decomposed decompose(float value) {
  uint32_t bits = llvm::bit_cast<uint32_t>(value);
  int exponent = int(bits >> 23) - 127;
  uint32_t fraction = bits & 0x7FFFFF;
  if (exponent == -127) {
    int shift = llvm::countl_zero(fraction) - 8;
    exponent = -126 - shift;
    fraction = (fraction << shift) & 0x7FFFFF;
  }
  return {exponent, fraction};
}

static int chooseExponent(float absMax, E8M0Rule rule,
                          const ElementTraits &element) {
  Decomposed a = decompose(absMax);
  switch (rule) {
  case E8M0Rule::Floor:
    if (isPlanted(Mutant::FormatFloorByLog2))
      return int(std::floor(std::log2(absMax))) - element.maxExponent;
    return a.exponent - element.maxExponent;
  case E8M0Rule::Ceil:
    return a.exponent + (a.fraction != 0) - element.maxExponent;
  case E8M0Rule::Even: {
    // Rounding reaches the next power of two from the midpoint above the last
    // significand on; the midpoint itself too, as that significand is odd.
    uint32_t firstCarry = (1u << 23) - (1u << (22 - element.mantissaBits));
    return a.exponent + (a.fraction >= firstCarry) - element.maxExponent;
  }
  case E8M0Rule::Rceil: {
    // a <= qmax * 2^e, compared significand by significand.
    Decomposed qmax = decompose(float(element.maxFinite));
    return a.exponent - qmax.exponent + (a.fraction > qmax.fraction);
  }
  }
  llvm_unreachable("unknown E8M0 rule");
}

uint8_t quantx::chooseE8M0Scale(float absMax, E8M0Rule rule,
                                const ElementTraits &element) {
  if (!std::isfinite(absMax)) {
    return E8M0Format::nanCode;
  }
  if (absMax == 0.0f) {
    return 0;
  }
  int exponent = chooseExponent(absMax, rule, element);
  return uint8_t(std::clamp(exponent, -127, 127) + E8M0Format::bias);
}

/// The smallest power of two that is not below `scale` (positive, maybe Inf),
/// at most the largest one of `format`.
static float roundUpToPowerOfTwo(float scale, ScaleFormat format) {
  float largest = getLargestPowerOfTwo(format);
  if (scale >= largest) {
    return largest;
  }
  if (scale == 0.0f) {
    return scale;
  }
  Decomposed parts = decompose(scale);
  return std::ldexp(1.0f, parts.exponent + (parts.fraction != 0));
}

/// Whether `magnitude`, rounded to nearest even, lies beyond the element's
/// largest finite value.
static bool saturatesElement(float magnitude, const ElementTraits &element) {
  double step =
      std::ldexp(1.0, element.maxExponent - int(element.mantissaBits));
  double tie = element.maxFinite + step / 2;
  bool lastIsOdd = std::fmod(element.maxFinite / step, 2.0) == 1.0;
  return magnitude > tie || (lastIsOdd && magnitude == tie);
}

/// The next value of `format` up, if dividing by `scale` makes `absMax`
/// saturate and there is one.
static float avoidSaturation(float scale, float absMax, ScaleFormat format,
                             const ElementTraits &element) {
  uint32_t bits = encodeScale(scale, format);
  if (bits == getLargestScaleBits(format) ||
      !saturatesElement(absMax / scale, element)) {
    return scale;
  }
  return decodeScale(bits + 1, format);
}

float quantx::chooseAbsMaxScale(float absMax, ScaleFormat format,
                                const ElementTraits &element,
                                const AbsMaxOptions &options, float global) {
  assert(format != ScaleFormat::E8M0 && "E8M0 scales have rules of their own");
  if (!std::isfinite(absMax)) {
    return quietNan;
  }
  bool isE4M3 = format == ScaleFormat::E4M3;
  if (absMax == 0.0f) {
    return isE4M3 ? 0.0f : 1.0f;
  }
  float exact = absMax * options.margin / float(element.maxFinite) / global;
  if (options.powerOfTwo) {
    return roundScale(roundUpToPowerOfTwo(exact, format), format);
  }
  float scale = roundScale(exact, format);
  if (isE4M3 || options.margin != 1.0f) {
    return scale;
  }
  return avoidSaturation(scale, absMax, format, element);
}

float quantx::chooseGlobalScale(float finiteAbsMax,
                                const ElementTraits &element) {
  if (finiteAbsMax == 0.0f) {
    return 1.0f;
  }
  ScaleFormat format = ScaleFormat::E4M3;
  float largest = decodeScale(getLargestScaleBits(format), format);
  return roundScale(finiteAbsMax / (largest * float(element.maxFinite)),
                    ScaleFormat::F32);
}

BlockRange quantx::computeRange(llvm::ArrayRef<float> block) {
  BlockRange range = {0.0f, 0.0f};
  for (float value : block) {
    if (!std::isfinite(value)) {
      return {quietNan, quietNan};
    }
    range.lo = std::min(range.lo, value);
    range.hi = std::max(range.hi, value);
  }
  return range;
}

AsymmetricParameters
quantx::chooseMinMaxParameters(BlockRange range, ScaleFormat format,
                               const IntegerFormat &element) {
  assert(element.fractionBits == 0 && "minmax is for plain integers");
  if (!std::isfinite(range.lo) || !std::isfinite(range.hi)) {
    return {quietNan, 0};
  }
  if (range.lo == 0.0f && range.hi == 0.0f) {
    return {1.0f, element.getMinCode()};
  }
  float steps = float(element.getMaxCode() - element.getMinCode());
  float width = range.hi - range.lo;
  float exact = std::isfinite(width)
                    ? width / steps
                    : (range.hi / 2 - range.lo / 2) / steps * 2;
  float scale = roundScale(exact, format);
  // rne(-lo / s) + qmin, clamped, is how -lo encodes under the zero point qmin.
  int zeroPoint =
      encodeInteger(-range.lo / scale, element, element.getMinCode(),
                    RoundingMode::NearestEven);
  return {scale, zeroPoint};
}
