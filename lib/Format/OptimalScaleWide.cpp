//===- OptimalScaleWide.cpp - f32, f16 and bf16 scales of least error -----===//
//
// While no code changes, the error is a quadratic in the scale. The search
// walks down in intervals from where half of each scale is as good, bounds the
// error in each from below, and makes the next interval wider or narrower as
// the bound allows. docs/optimal-scales.md proves both.
//
//===----------------------------------------------------------------------===//

#include "IntervalSums.h"
#include "ScaleSearch.h"
#include "quantx/Format/OptimalScale.h"
#include <algorithm>
#include <cassert>
#include <cmath>

using namespace quantx;

namespace {

int getFirstWidth(ScaleFormat format);

class WideSearch {
public:
  /// `naive` is the choice of the naive method.
  WideSearch(llvm::ArrayRef<float> block, const BlockFormat &format,
             const QuantParameters &naive)
      : block(block), format(format), range(computeRange(block)),
        naive(encodeScale(naive.scale, format.scale)),
        best({this->naive, naive.zeroPoint,
              evaluate(this->naive, naive.zeroPoint).error}) {}

  /// Considers all scales with this zero point. After the first one there is a
  /// good candidate, and most intervals are excluded: they begin wider.
  void search(int zeroPoint, bool isFirst = true) {
    constexpr int wider = 3;
    limit = getHighestUseful(zeroPoint);
    if (best.isFinal() || isClipped(limit, zeroPoint)) {
      return;
    }
    if (isFirst) {
      seed(zeroPoint);
    }
    walk(zeroPoint, getFirstWidth(format.scale) + (isFirst ? 0 : wider));
  }

  ScaleChoice getChoice() const {
    return {decodeScale(best.get().bits, format.scale), best.get().zeroPoint,
            evaluations};
  }

private:
  QuantParameters getParameters(uint32_t bits, int zeroPoint) const {
    return {decodeScale(bits, format.scale), zeroPoint};
  }

  Evaluation evaluate(uint32_t bits, int zeroPoint) {
    ++evaluations;
    return evaluateScale(block, getParameters(bits, zeroPoint), format);
  }

  Evaluation consider(uint32_t bits, int zeroPoint) {
    Evaluation sums = evaluate(bits, zeroPoint);
    best.consider({bits, zeroPoint, sums.error});
    return sums;
  }

  /// Whether this scale, and so each smaller one, clips too much.
  bool isClipped(uint32_t bits, int zeroPoint) const {
    return getClippingBound(range, getParameters(bits, zeroPoint), format) >
           best.getError();
  }

  uint32_t clampBits(double scale) const {
    return std::clamp<uint32_t>(floorScale(scale, format.scale), 1, limit);
  }

  double getLowestUseful(int zeroPoint) const;
  uint32_t getHighestUseful(int zeroPoint) const;
  void seed(int zeroPoint);
  void polish(uint32_t bits, int zeroPoint);
  void walk(int zeroPoint, int width);
  bool considerVertex(double vertex, uint32_t bottom, uint32_t top,
                      int zeroPoint);
  IntervalBound boundInterval(uint32_t bottom, uint32_t top, int zeroPoint);

  llvm::ArrayRef<float> block;
  const BlockFormat &format;
  BlockRange range;
  uint32_t naive;
  /// The largest scale of this search.
  uint32_t limit = 0;
  unsigned evaluations = 0;
  Incumbent best;
};

/// The place of a code in the order of the values: neighbours differ by 1.
int getLevel(uint8_t code, const ElementFormat &element) {
  if (const auto *floats = std::get_if<FloatFormat>(&element)) {
    int magnitude = code & floats->getMagnitudeMask();
    return (code & floats->getSignMask()) ? -magnitude : magnitude;
  }
  return std::get<IntegerFormat>(element).isSigned ? int(int8_t(code))
                                                   : int(code);
}

/// The binary logarithm of how many scales the first interval holds: about a
/// 32nd of those from one power of two to the next.
int getFirstWidth(ScaleFormat format) {
  switch (format) {
  case ScaleFormat::F32:
    return 18;
  case ScaleFormat::F16:
    return 5;
  default:
    return 2;
  }
}

/// From here on half of each scale is a scale, and its products with codes are
/// normal numbers of f32.
double getLeastHalved(ScaleFormat format) {
  return format == ScaleFormat::F16 ? 0x1p-13 : 0x1p-99;
}

} // namespace

/// Below this scale the error of clipping alone is above the best error.
double WideSearch::getLowestUseful(int zeroPoint) const {
  double clipped = std::sqrt(best.getError());
  auto getLowest = [&](float end, uint8_t code) {
    double value = getCodeValue(code, zeroPoint, format.element);
    return value == 0.0 ? 0.0
                        : (std::fabs(double(end)) - clipped) / std::fabs(value);
  };
  return std::max(getLowest(range.hi, getLargestCode(format.element)),
                  getLowest(range.lo, getLeastCode(format.element)));
}

/// Above this scale half of it is a scale too, and as good: it clips nothing
/// more.
uint32_t WideSearch::getHighestUseful(int zeroPoint) const {
  uint32_t largest = getLargestScaleBits(format.scale);
  double reach = std::max(double(range.hi), -double(range.lo));
  // A finer grid may round what a coarser one does not to infinity.
  if (reach >= getOverflowThreshold(format.expressed) / 4) {
    return largest;
  }
  double halfStep = getElementGrid(format.element).step / 2;
  auto getHighest = [&](float end, uint8_t code) {
    double value = getCodeValue(code, zeroPoint, format.element);
    return value == 0.0
               ? 0.0
               : std::fabs(double(end)) / (std::fabs(value) + halfStep);
  };
  double highest =
      std::max(getHighest(range.hi, getLargestCode(format.element)),
               getHighest(range.lo, getLeastCode(format.element)));
  // The margin covers the rounding of f32, which has few bits below 2^-126.
  highest = std::max(highest * 2 * (1 + 0x1p-20), getLeastHalved(format.scale));
  return std::min(floorScale(highest, format.scale) + 1, largest);
}

/// Makes the best candidate good, so that bounds exclude much. It evaluates
/// scales at even distances, again around the best of them, more often the
/// longer the block, and then follows the quadratics. What it finds is no
/// matter of proof.
void WideSearch::seed(int zeroPoint) {
  constexpr int count = 8;
  double high = std::min(double(decodeScale(limit, format.scale)),
                         2 * double(decodeScale(naive, format.scale)));
  double low = std::clamp(getLowestUseful(zeroPoint), high / 1024, high);
  uint32_t start = naive;
  size_t length = 16;
  do {
    double step = (high - low) / count;
    double least = std::numeric_limits<double>::infinity();
    double center = high;
    for (int i = 0; i < count; ++i) {
      double scale = low + step * (i + 0.5);
      uint32_t bits = clampBits(scale);
      double error = consider(bits, zeroPoint).error;
      if (error < least) {
        least = error;
        center = scale;
        start = bits;
      }
    }
    low = std::max(center - step, low);
    high = std::min(center + step, high);
    length *= 4;
  } while (length < block.size() &&
           clampBits(high) - clampBits(low) > uint32_t(count));
  polish(start, zeroPoint);
}

/// Alternates between the codes of a scale and the best scale of these codes.
void WideSearch::polish(uint32_t bits, int zeroPoint) {
  constexpr int count = 8;
  for (int i = 0; i < count; ++i) {
    Evaluation sums = consider(bits, zeroPoint);
    if (sums.codeSquares == 0.0) {
      return;
    }
    uint32_t next = clampBits(sums.products / sums.codeSquares);
    if (next == bits) {
      return;
    }
    bits = next;
  }
}

/// Considers every scale, or shows that it is no better, from the largest one
/// down. An interval that its bound does not settle is halved; after one that
/// it does, the next is twice as wide.
void WideSearch::walk(int zeroPoint, int width) {
  int64_t top = limit;
  while (top >= 1 && !isClipped(uint32_t(top), zeroPoint)) {
    int64_t bottom = std::max<int64_t>(top - (int64_t(1) << width) + 1, 1);
    if (bottom == top) {
      consider(uint32_t(top), zeroPoint);
    } else {
      IntervalBound bound =
          boundInterval(uint32_t(bottom), uint32_t(top), zeroPoint);
      if (bound.clipped > best.getError()) {
        return;
      }
      if (bound.error <= best.getError()) {
        if (!bound.isConstant || !considerVertex(bound.vertex, uint32_t(bottom),
                                                 uint32_t(top), zeroPoint)) {
          --width;
          continue;
        }
      }
    }
    top = bottom - 1;
    ++width;
  }
}

/// Considers the scales beside the vertex of a quadratic, which are its best:
/// false where a value is infinite under them, but not under smaller ones.
bool WideSearch::considerVertex(double vertex, uint32_t bottom, uint32_t top,
                                int zeroPoint) {
  uint32_t below = std::clamp(floorScale(vertex, format.scale), bottom, top);
  if (std::isinf(consider(below, zeroPoint).error)) {
    return std::isinf(consider(bottom, zeroPoint).error);
  }
  if (below < top) {
    consider(below + 1, zeroPoint);
  }
  return true;
}

IntervalBound WideSearch::boundInterval(uint32_t bottom, uint32_t top,
                                        int zeroPoint) {
  ++evaluations;
  QuantParameters low = getParameters(bottom, zeroPoint);
  QuantParameters high = getParameters(top, zeroPoint);
  IntervalSums sums(double(low.scale), double(high.scale));
  for (float x : block) {
    sums.addClipped(getClippingBound({x, x}, high, format));
    uint8_t lowCode = quantizeElement(x, low, format.element);
    uint8_t highCode = quantizeElement(x, high, format.element);
    double lowValue = getCodeValue(lowCode, zeroPoint, format.element);
    if (lowCode == highCode) {
      sums.addConstant(double(x), lowValue);
      continue;
    }
    int distance =
        getLevel(lowCode, format.element) - getLevel(highCode, format.element);
    double highValue = getCodeValue(highCode, zeroPoint, format.element);
    sums.addChanging(double(x), lowValue, highValue, std::abs(distance) == 1);
  }
  return sums.getBound();
}

ScaleChoice quantx::searchWide(llvm::ArrayRef<float> block,
                               const BlockFormat &format) {
  WideSearch search(block, format, {chooseNaiveScale(block, format)});
  search.search(/*zeroPoint=*/0);
  return search.getChoice();
}

ScaleChoice quantx::chooseOptimalParameters(llvm::ArrayRef<float> block,
                                            const BlockFormat &format) {
  const auto &element = std::get<IntegerFormat>(format.element);
  AsymmetricParameters naive =
      chooseMinMaxParameters(computeRange(block), format.scale, element);
  if (isSpecialBlock(block)) {
    return {naive.scale, naive.zeroPoint};
  }
  WideSearch search(block, format, {naive.scale, naive.zeroPoint});
  search.search(naive.zeroPoint);
  for (int zeroPoint = element.getMinCode(); zeroPoint <= element.getMaxCode();
       ++zeroPoint) {
    if (zeroPoint != naive.zeroPoint) {
      search.search(zeroPoint, /*isFirst=*/false);
    }
  }
  return search.getChoice();
}
