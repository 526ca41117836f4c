//===- HessianScale.cpp - Scales of least error under a Hessian -----------===//

#include "ScaleSearch.h"
#include "quantx/Format/OptimalScale.h"
#include <algorithm>
#include <cassert>
#include <cmath>
#include <optional>

using namespace quantx;

std::vector<float>
quantx::computeBlockHessians(llvm::ArrayRef<float> activations, size_t rows,
                             size_t columns, size_t blockSize) {
  assert(activations.size() == rows * columns && "one value a row and column");
  size_t numBlocks = (columns + blockSize - 1) / blockSize;
  std::vector<float> hessians(numBlocks * blockSize * blockSize);
  for (size_t block = 0; block < numBlocks; ++block) {
    size_t first = block * blockSize;
    size_t size = std::min(blockSize, columns - first);
    for (size_t i = 0; i < size; ++i) {
      for (size_t j = 0; j < size; ++j) {
        double sum = 0.0;
        for (size_t row = 0; row < rows; ++row) {
          const float *values = &activations[row * columns + first];
          sum += double(values[i]) * double(values[j]);
        }
        hessians[(block * blockSize + i) * blockSize + j] = float(sum);
      }
    }
  }
  return hessians;
}

namespace {

/// One block and its Hessian.
class HessianSearch {
public:
  HessianSearch(llvm::ArrayRef<float> block, llvm::ArrayRef<float> hessian,
                size_t size, const BlockFormat &format)
      : block(block), hessian(hessian), size(size), format(format) {}

  ScaleChoice run();

private:
  QuantParameters getParameters(uint32_t bits) const {
    return {decodeScale(bits, format.scale), 0, format.global};
  }

  double evaluate(uint32_t bits) {
    ++evaluations;
    return computeHessianError(block, hessian, size, getParameters(bits),
                               format);
  }

  double consider(uint32_t bits, Incumbent &best) {
    double error = evaluate(bits);
    best.consider({bits, 0, error});
    return error;
  }

  double computeClipped(uint32_t bits) const;
  double computeZeroed(uint32_t bits) const;
  bool hasSameCodes(uint32_t bottom, uint32_t top) const;
  std::optional<double> computeVertex(uint32_t bits, double low,
                                      double high) const;
  bool resolve(uint32_t bottom, uint32_t top, Incumbent &best);
  uint32_t findLowest(uint32_t naive, double limit) const;
  uint32_t findHighest(uint32_t naive, double limit) const;
  void walkDown(uint32_t highest, uint32_t lowest, Incumbent &best);

  llvm::ArrayRef<float> block;
  llvm::ArrayRef<float> hessian;
  size_t size;
  const BlockFormat &format;
  unsigned evaluations = 0;
};

} // namespace

/// r^T H v over the leading part of `hessian`.
static double computeForm(llvm::ArrayRef<double> r, llvm::ArrayRef<double> v,
                          llvm::ArrayRef<float> hessian, size_t size) {
  double form = 0.0;
  for (size_t i = 0; i < r.size(); ++i) {
    double sum = 0.0;
    for (size_t j = 0; j < v.size(); ++j) {
      sum += double(hessian[i * size + j]) * v[j];
    }
    form += r[i] * sum;
  }
  return form;
}

double quantx::computeHessianError(llvm::ArrayRef<float> block,
                                   llvm::ArrayRef<float> hessian, size_t size,
                                   const QuantParameters &parameters,
                                   const BlockFormat &format) {
  double overflow = getOverflowThreshold(format.expressed);
  std::vector<double> residuals;
  for (float x : block) {
    uint8_t code = quantizeElement(x, parameters, format.element);
    auto y = double(dequantizeElement(code, parameters, format.element));
    if (std::fabs(y) >= overflow) {
      return std::numeric_limits<double>::infinity();
    }
    residuals.push_back(double(x) - y);
  }
  return computeForm(residuals, residuals, hessian, size);
}

/// The sum of squares of what exceeds the range of the dequantized values. Not
/// increasing in the scale, as computed.
double HessianSearch::computeClipped(uint32_t bits) const {
  double sum = 0.0;
  for (float x : block) {
    sum += getClippingBound({x, x}, getParameters(bits), format);
  }
  return sum;
}

/// The sum of x^2 over the elements with code zero. Not decreasing in the
/// scale, as computed.
double HessianSearch::computeZeroed(uint32_t bits) const {
  double sum = 0.0;
  for (float x : block) {
    uint8_t code = quantizeElement(x, getParameters(bits), format.element);
    if (getCodeValue(code, 0, format.element) == 0.0) {
      sum += double(x) * double(x);
    }
  }
  return sum;
}

bool HessianSearch::hasSameCodes(uint32_t bottom, uint32_t top) const {
  return llvm::all_of(block, [&](float x) {
    return quantizeElement(x, getParameters(bottom), format.element) ==
           quantizeElement(x, getParameters(top), format.element);
  });
}

/// The scale of least error for the codes of `bits`, among those from `low` to
/// `high`; the error is (x - s c)^T H (x - s c), with its vertex at
/// s = (c^T H x + x^T H c) / (2 c^T H c). None if the quadratic has no minimum.
std::optional<double> HessianSearch::computeVertex(uint32_t bits, double low,
                                                   double high) const {
  std::vector<double> x(block.begin(), block.end());
  std::vector<double> c;
  for (float value : block) {
    uint8_t code = quantizeElement(value, getParameters(bits), format.element);
    c.push_back(getCodeValue(code, 0, format.element));
  }
  double curvature = computeForm(c, c, hessian, size);
  if (curvature <= 0.0) {
    return std::nullopt;
  }
  double products =
      computeForm(c, x, hessian, size) + computeForm(x, c, hessian, size);
  return std::clamp(products / (2 * curvature), low, high);
}

/// Considers the best scales of an interval in which no code changes: false
/// where a value is infinite under them, but not under smaller ones.
bool HessianSearch::resolve(uint32_t bottom, uint32_t top, Incumbent &best) {
  std::optional<double> vertex =
      computeVertex(top, double(decodeScale(bottom, format.scale)),
                    double(decodeScale(top, format.scale)));
  uint32_t below = vertex ? floorScale(*vertex, format.scale) : top;
  if (std::isinf(consider(below, best))) {
    return std::isinf(consider(bottom, best));
  }
  if (!vertex) {
    consider(bottom, best);
  } else if (below < top) {
    consider(below + 1, best);
  }
  return true;
}

/// The first of `low` up to, not including, `high` of which `condition` holds,
/// and of all larger ones; else `high`.
static uint32_t findFirst(uint32_t low, uint32_t high,
                          llvm::function_ref<bool(uint32_t)> condition) {
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (condition(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/// The smallest scale, up to the naive one, that clips no more than `limit`.
uint32_t HessianSearch::findLowest(uint32_t naive, double limit) const {
  return findFirst(
      1, naive, [&](uint32_t bits) { return computeClipped(bits) <= limit; });
}

/// The largest scale, from the naive one on, that zeroes no more than `limit`.
uint32_t HessianSearch::findHighest(uint32_t naive, double limit) const {
  return findFirst(naive + 1, getLargestScaleBits(format.scale) + 1,
                   [&](uint32_t bits) { return computeZeroed(bits) > limit; }) -
         1;
}

/// Considers every f32, f16 or bf16 scale from `highest` down to `lowest`, in
/// intervals in which no code changes.
void HessianSearch::walkDown(uint32_t highest, uint32_t lowest,
                             Incumbent &best) {
  constexpr int widest = 24;
  int width = 0;
  int64_t top = highest;
  while (top >= lowest) {
    int64_t bottom = std::max<int64_t>(top - (int64_t(1) << width) + 1, lowest);
    if (hasSameCodes(uint32_t(bottom), uint32_t(top)) &&
        resolve(uint32_t(bottom), uint32_t(top), best)) {
      top = bottom - 1;
      width = std::min(width + 1, widest);
    } else {
      --width;
    }
  }
}

ScaleChoice HessianSearch::run() {
  uint32_t naive = encodeScale(chooseNaiveScale(block, format), format.scale);
  double limit = computeSquaredError(block, getParameters(naive), format);
  Incumbent best({naive, 0, evaluate(naive)});
  if (format.scale != ScaleFormat::E8M0 && format.scale != ScaleFormat::E4M3) {
    walkDown(findHighest(naive, limit), findLowest(naive, limit), best);
  } else {
    uint32_t largest = getLargestScaleBits(format.scale);
    uint32_t smallest = format.scale == ScaleFormat::E8M0 ? 0 : 1;
    for (uint32_t bits = naive + 1;
         bits <= largest && computeZeroed(bits) <= limit; ++bits) {
      consider(bits, best);
    }
    for (uint32_t bits = naive;
         bits > smallest && computeClipped(bits - 1) <= limit; --bits) {
      consider(bits - 1, best);
    }
  }
  return {decodeScale(best.get().bits, format.scale), 0, evaluations};
}

ScaleChoice quantx::chooseHessianScale(llvm::ArrayRef<float> block,
                                       llvm::ArrayRef<float> hessian,
                                       size_t size, const BlockFormat &format) {
  assert(block.size() <= size && hessian.size() == size * size &&
         "a row and a column of the Hessian for each element");
  if (!llvm::all_of(hessian, [](float h) { return std::isfinite(h); })) {
    return {std::numeric_limits<float>::quiet_NaN()};
  }
  if (isSpecialBlock(block)) {
    return {chooseNaiveScale(block, format)};
  }
  return HessianSearch(block, hessian, size, format).run();
}
