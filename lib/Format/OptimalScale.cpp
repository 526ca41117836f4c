//===- OptimalScale.cpp - Scales of least error ---------------------------===//
//
// The error of a scale, and the searches that are loops over few scales.
//
//===----------------------------------------------------------------------===//

#include "quantx/Format/OptimalScale.h"
#include "ScaleSearch.h"
#include <algorithm>
#include <cassert>
#include <cmath>

using namespace quantx;

double quantx::getOverflowThreshold(ExpressedFormat format) {
  switch (format) {
  case ExpressedFormat::F32:
    return 0x1.ffffffp127;
  case ExpressedFormat::F16:
    return 65520.0;
  case ExpressedFormat::BF16:
    return 0x1.ffp127;
  }
  llvm_unreachable("unknown expressed format");
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

double quantx::getCodeValue(uint8_t code, int zeroPoint,
                            const ElementFormat &element) {
  return double(dequantizeElement(code, {1.0f, zeroPoint}, element));
}

uint8_t quantx::getLargestCode(const ElementFormat &element) {
  if (const auto *floats = std::get_if<FloatFormat>(&element)) {
    return floats->maxFiniteCode;
  }
  return uint8_t(std::get<IntegerFormat>(element).getMaxCode());
}

uint8_t quantx::getLeastCode(const ElementFormat &element) {
  if (const auto *floats = std::get_if<FloatFormat>(&element)) {
    return floats->getSignMask() | floats->maxFiniteCode;
  }
  return uint8_t(std::get<IntegerFormat>(element).getMinCode());
}

Evaluation quantx::evaluateScale(llvm::ArrayRef<float> block,
                                 const QuantParameters &parameters,
                                 const BlockFormat &format) {
  double overflow = getOverflowThreshold(format.expressed);
  Evaluation sums = {0.0, 0.0, 0.0};
  for (float x : block) {
    uint8_t code = quantizeElement(x, parameters, format.element);
    auto y = double(dequantizeElement(code, parameters, format.element));
    if (std::fabs(y) >= overflow) {
      y = std::numeric_limits<double>::infinity();
    }
    double residual = double(x) - y;
    double square = residual * residual;
    sums.error += square;
    double value = getCodeValue(code, parameters.zeroPoint, format.element);
    sums.codeSquares += value * value;
    sums.products += value * double(x);
  }
  return sums;
}

double quantx::computeSquaredError(llvm::ArrayRef<float> block,
                                   const QuantParameters &parameters,
                                   const BlockFormat &format) {
  return evaluateScale(block, parameters, format).error;
}

double quantx::getClippingBound(const BlockRange &range,
                                const QuantParameters &parameters,
                                const BlockFormat &format) {
  auto largest = double(dequantizeElement(getLargestCode(format.element),
                                          parameters, format.element));
  auto least = double(dequantizeElement(getLeastCode(format.element),
                                        parameters, format.element));
  double excess =
      std::max(double(range.hi) - largest, least - double(range.lo));
  return excess > 0.0 ? excess * excess : 0.0;
}

double quantx::getScreeningMargin(size_t size) {
  double elements = 0x1p-20, sum = double(size + 2) * 0x1p-25;
  return (elements + sum) * std::sqrt(double(size));
}

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

void Incumbent::consider(const Candidate &candidate) {
  if (candidate.error > best.error) {
    return;
  }
  if (candidate.error == best.error) {
    auto rank = [](const Candidate &c) {
      return std::make_pair(c.bits, c.zeroPoint);
    };
    if (isNaive || rank(candidate) >= rank(best)) {
      return;
    }
  }
  best = candidate;
  isNaive = false;
}

uint32_t quantx::floorScale(double value, ScaleFormat format) {
  uint32_t bits = encodeScale(float(value), format);
  return bits > 0 && double(decodeScale(bits, format)) > value ? bits - 1
                                                               : bits;
}

bool quantx::isSpecialBlock(llvm::ArrayRef<float> block) {
  float absMax = computeAbsMax(block);
  return absMax == 0.0f || !std::isfinite(absMax);
}

float quantx::chooseNaiveScale(llvm::ArrayRef<float> block,
                               const BlockFormat &format) {
  float absMax = computeAbsMax(block);
  ElementTraits traits = getElementTraits(format.element);
  if (format.scale == ScaleFormat::E8M0) {
    return decodeE8M0(chooseE8M0Scale(absMax, E8M0Rule::Floor, traits));
  }
  return chooseAbsMaxScale(absMax, format.scale, traits, {}, format.global);
}

ScaleChoice quantx::chooseOptimalScale(llvm::ArrayRef<float> block,
                                       const BlockFormat &format) {
  if (isSpecialBlock(block)) {
    return {chooseNaiveScale(block, format)};
  }
  switch (format.scale) {
  case ScaleFormat::E8M0:
    return searchE8M0(block, format);
  case ScaleFormat::E4M3:
    return searchE4M3(block, format);
  case ScaleFormat::F32:
  case ScaleFormat::F16:
  case ScaleFormat::BF16:
    return searchWide(block, format);
  }
  llvm_unreachable("unknown scale format");
}

//===----------------------------------------------------------------------===//
// E4M3 scales
//===----------------------------------------------------------------------===//

namespace {
/// Evaluates E4M3 scales by their bits.
class E4M3Search {
public:
  E4M3Search(llvm::ArrayRef<float> block, const BlockFormat &format)
      : block(block), format(format), range(computeRange(block)),
        absMax(computeAbsMax(block)), top(getElementGrid(format.element).top) {}

  double evaluate(uint32_t bits) {
    ++evaluations;
    return computeSquaredError(block, getParameters(bits), format);
  }

  /// Whether half this scale is one too and, as it clips nothing more, is as
  /// good; then the same holds for all larger scales. Half a scale is exact
  /// from 2^-5 on.
  bool isDominated(uint32_t bits) const {
    float scale = decodeScale(bits, ScaleFormat::E4M3);
    float half = scale / 2 * format.global;
    // The margins cover the rounding of f32, which has few bits below 2^-126.
    return scale >= 0x1p-5f && half >= 0x1p-100f &&
           double(absMax) <= top * (1 - 0x1p-20) * double(half);
  }

  double getClipping(uint32_t bits) const {
    return getClippingBound(range, getParameters(bits), format);
  }

  unsigned getEvaluations() const { return evaluations; }

private:
  QuantParameters getParameters(uint32_t bits) const {
    return {decodeScale(bits, ScaleFormat::E4M3), 0, format.global};
  }

  llvm::ArrayRef<float> block;
  const BlockFormat &format;
  BlockRange range;
  float absMax;
  double top;
  unsigned evaluations = 0;
};
} // namespace

ScaleChoice quantx::searchE4M3(llvm::ArrayRef<float> block,
                               const BlockFormat &format) {
  E4M3Search search(block, format);
  uint32_t naive =
      encodeScale(chooseNaiveScale(block, format), ScaleFormat::E4M3);
  uint32_t largest = getLargestScaleBits(ScaleFormat::E4M3);
  Incumbent best({naive, 0, search.evaluate(naive)});
  for (uint32_t bits = naive + 1; bits <= largest; ++bits) {
    if (search.isDominated(bits)) {
      break;
    }
    best.consider({bits, 0, search.evaluate(bits)});
  }
  for (uint32_t bits = naive - 1; bits >= 1; --bits) {
    if (search.getClipping(bits) > best.getError()) {
      break;
    }
    best.consider({bits, 0, search.evaluate(bits)});
  }
  return {decodeScale(best.get().bits, ScaleFormat::E4M3), 0,
          search.getEvaluations()};
}

ScaleChoice quantx::chooseFourOverSixScale(llvm::ArrayRef<float> block,
                                           const BlockFormat &format) {
  assert(format.scale == ScaleFormat::E4M3 &&
         getElementTraits(format.element).maxFinite == 6.0 &&
         "four_over_six is for E2M1 under E4M3");
  float six = chooseNaiveScale(block, format);
  if (isSpecialBlock(block)) {
    return {six};
  }
  float four = roundScale(computeAbsMax(block) / 4.0f / format.global,
                          ScaleFormat::E4M3);
  double sixError = computeSquaredError(block, {six, 0, format.global}, format);
  double fourError =
      computeSquaredError(block, {four, 0, format.global}, format);
  return {fourError < sixError ? four : six, 0, 2};
}
