//===- OptimalScaleE8M0.cpp - The power of two of least error -------------===//
//
// Only exponents in a window around the naive one can win; the thresholds are
// proven in docs/optimal-scales.md.
//
//===----------------------------------------------------------------------===//

#include "ScaleSearch.h"
#include "quantx/Format/OptimalScale.h"
#include <algorithm>
#include <cmath>

using namespace quantx;

ElementGrid quantx::getElementGrid(const ElementFormat &element) {
  ElementTraits traits = getElementTraits(element);
  double leading = std::ldexp(1.0, traits.maxExponent);
  double step = std::ldexp(leading, -int(traits.mantissaBits));
  double quantum = step;
  double largest = traits.maxFinite;
  if (const auto *floats = std::get_if<FloatFormat>(&element)) {
    quantum =
        std::ldexp(1.0, floats->getMinExponent() - int(floats->mantissaBits));
  } else {
    largest =
        std::max(largest, -getCodeValue(getLeastCode(element), 0, element));
  }
  return {largest, leading, step, quantum, traits.maxFinite + step / 2};
}

double quantx::getUpperThreshold(const ElementGrid &grid) { return grid.top; }

double quantx::getLowerThreshold(const ElementGrid &grid, size_t size,
                                 int steps) {
  // The largest value of the finer grid; all beyond it is clipped.
  double limit = std::ldexp(grid.largest, -steps);
  // What each of the others gains at most.
  double gain = limit <= grid.quantum / 2 ? limit * (grid.quantum - limit)
                                          : grid.quantum * grid.quantum / 4;
  double gains = size > 1 ? double(size - 1) * gain : 0.0;
  // What the largest element loses at least, by its distance to the naive grid,
  // which is at most half a step, and at most r - leading.
  double byStep = limit + std::sqrt(gains + grid.step * grid.step / 4);
  double byLeading =
      limit < grid.leading
          ? (grid.leading + limit) / 2 + gains / (2 * (grid.leading - limit))
          : std::numeric_limits<double>::infinity();
  // The factor covers the rounding of this function.
  return std::min(byStep, byLeading) * (1 + 0x1p-40);
}

namespace {
/// The errors of E8M0 scales by their exponent codes, less the error of the
/// naive one.
class E8M0Search {
public:
  E8M0Search(llvm::ArrayRef<float> block, const BlockFormat &format,
             uint8_t naive)
      : block(block), format(format), naive(naive) {}

  /// The sum over the block of
  ///   (y - z) * (y + z - 2 * x) = (x - y)^2 - (x - z)^2
  /// where y and z are the dequantized values under 2^(code - 127) and the
  /// naive scale. All but the sum are exact in f64, and where y and z are equal
  /// the difference is 0. Infinite where a y becomes infinite.
  double computeDifference(uint8_t code) const {
    double overflow = getOverflowThreshold(format.expressed);
    double sum = 0.0;
    for (float x : block) {
      double y = dequantize(x, code);
      if (std::fabs(y) >= overflow) {
        return std::numeric_limits<double>::infinity();
      }
      double z = dequantize(x, naive);
      sum += (y - z) * (y + z - 2 * double(x));
    }
    return sum;
  }

private:
  /// Exact, and never infinite: a double has room for every product.
  double dequantize(float x, uint8_t exponentCode) const {
    float scale = decodeE8M0(exponentCode);
    uint8_t code = quantizeElement(x, {scale}, format.element);
    return getCodeValue(code, 0, format.element) * double(scale);
  }

  llvm::ArrayRef<float> block;
  const BlockFormat &format;
  uint8_t naive;
};
} // namespace

ScaleChoice quantx::searchE8M0(llvm::ArrayRef<float> block,
                               const BlockFormat &format) {
  float absMax = computeAbsMax(block);
  ElementGrid grid = getElementGrid(format.element);
  uint8_t naive = chooseE8M0Scale(absMax, E8M0Rule::Floor,
                                  getElementTraits(format.element));
  // Exact: the divisor is a power of two, and the quotient no subnormal.
  auto ratio = double(absMax / decodeE8M0(naive));
  E8M0Search search(block, format, naive);
  Incumbent best({naive, 0, 0.0});
  unsigned evaluations = 1;
  auto consider = [&](uint8_t code) {
    best.consider({code, 0, search.computeDifference(code)});
    ++evaluations;
  };
  if (ratio > getUpperThreshold(grid) && naive < E8M0Format::maxFiniteCode) {
    consider(naive + 1);
  }
  double clipped = std::min(ratio, grid.top);
  for (int steps = 1; steps <= naive; ++steps) {
    if (clipped >= getLowerThreshold(grid, block.size(), steps)) {
      break;
    }
    consider(naive - steps);
  }
  return {decodeE8M0(best.get().bits), 0, evaluations};
}
