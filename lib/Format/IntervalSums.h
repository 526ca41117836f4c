//===- IntervalSums.h - Bounds the errors of many scales --------*- C++ -*-===//
//
// One pass over a block bounds the error of every scale of an interval. Codes
// shrink as the scale grows, so an element whose code is the same at both ends
// keeps it in between: its error is a quadratic in the scale, and so is the sum
// over all such elements. docs/optimal-scales.md has the proof.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_FORMAT_INTERVALSUMS_H
#define QUANTX_LIB_FORMAT_INTERVALSUMS_H

#include <algorithm>

namespace quantx {

/// What holds for all scales of an interval.
struct IntervalBound {
  double error;    ///< no scale has a smaller one
  double vertex;   ///< where the quadratic is least; in the interval
  double clipped;  ///< error of clipping alone, of every scale up to the top
  bool isConstant; ///< whether no code changes
};

/// Sums over the elements of a block, for the scales from `low` to `high`.
class IntervalSums {
public:
  IntervalSums(double low, double high)
      : low(low), high(high), middle((low + high) / 2),
        reach((high - low) / 2) {}

  /// Adds what `x` loses to clipping at the largest scale.
  void addClipped(double square) { clipped += square; }

  /// Adds an element whose code, which stands for `value`, stays the same.
  void addConstant(double x, double value) {
    double residual = x - value * middle;
    constant += residual * residual;
    slope += value * residual;
    codeSquares += value * value;
  }

  /// Adds an element whose code stands for `highValue` at the largest scale and
  /// for `lowValue`, farther from zero, at the smallest. If no code is between
  /// them, the first falls short of |x| by the least at the largest scale, and
  /// the second exceeds it by the least at the smallest.
  void addChanging(double x, double lowValue, double highValue,
                   bool areNeighbours) {
    isConstant = false;
    if (areNeighbours) {
      double shortfall = x - highValue * high;
      double excess = lowValue * low - x;
      double sign = x < 0 ? -1.0 : 1.0;
      double least = std::max(std::min(sign * shortfall, sign * excess), 0.0);
      changing += least * least;
    }
  }

  IntervalBound getBound() const {
    double t = codeSquares > 0.0
                   ? std::clamp(slope / codeSquares, -reach, reach)
                   : 0.0;
    double quadratic =
        std::max(constant - 2 * t * slope + t * t * codeSquares, 0.0);
    // The last term covers the rounding of the sums.
    return {changing + quadratic - constant * 0x1p-30, middle + t, clipped,
            isConstant};
  }

private:
  double low;
  double high;
  double middle;
  double reach;
  /// At the scale middle + t the elements with one code have the error
  /// constant - 2 * slope * t + codeSquares * t * t.
  double constant = 0.0;
  double slope = 0.0;
  double codeSquares = 0.0;
  double changing = 0.0;
  double clipped = 0.0;
  bool isConstant = true;
};

} // namespace quantx

#endif // QUANTX_LIB_FORMAT_INTERVALSUMS_H
