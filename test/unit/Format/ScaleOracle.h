//===- ScaleOracle.h - Brute force over scales ------------------*- C++ -*-===//
//
// An independent oracle for the methods that search for a scale: formats from
// APFloat, codes by their distances, every scale of a type tried. Of the
// library it uses names of formats alone.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TEST_UNIT_FORMAT_SCALEORACLE_H
#define QUANTX_TEST_UNIT_FORMAT_SCALEORACLE_H

#include "Oracle.h"
#include "quantx/Format/OptimalScale.h"
#include <cassert>
#include <string>

namespace quantx::oracle {

using Block = std::vector<float>;

/// The values of an element format from least to largest, zero once. Of two
/// neighbours the one with the even place counted from zero has the even code.
struct Values {
  std::vector<double> values;
  size_t zero;

  /// The value nearest to `q`, ties to the even code, clipped to the ends.
  double round(double q) const {
    size_t above =
        std::lower_bound(values.begin(), values.end(), q) - values.begin();
    if (above == 0) {
      return values.front();
    }
    if (above == values.size()) {
      return values.back();
    }
    double up = values[above] - q;
    double down = q - values[above - 1];
    bool aboveIsEven = (above + zero) % 2 == 0;
    return up < down || (up == down && aboveIsEven) ? values[above]
                                                    : values[above - 1];
  }
};

inline Values getValues(const ElementFormat &element) {
  Values result;
  if (const auto *floats = std::get_if<FloatFormat>(&element)) {
    for (double magnitude : getMagnitudes(*floats)) {
      result.values.push_back(magnitude);
      if (magnitude > 0) {
        result.values.push_back(-magnitude);
      }
    }
  } else {
    const auto &format = std::get<IntegerFormat>(element);
    double count = std::exp2(format.bits);
    double least = format.isSigned ? -count / 2 : 0;
    for (double code = least; code < least + count; ++code) {
      result.values.push_back(std::ldexp(code, -int(format.fractionBits)));
    }
  }
  std::sort(result.values.begin(), result.values.end());
  result.zero =
      std::lower_bound(result.values.begin(), result.values.end(), 0.0) -
      result.values.begin();
  return result;
}

/// The positive values of a scale format by their bits; for f32 too many.
inline std::vector<double> getScales(ScaleFormat format) {
  const llvm::fltSemantics *semantics = nullptr;
  switch (format) {
  case ScaleFormat::E8M0: {
    std::vector<double> scales;
    for (int exponent = -127; exponent <= 127; ++exponent) {
      scales.push_back(std::ldexp(1.0, exponent));
    }
    return scales;
  }
  case ScaleFormat::E4M3:
    semantics = &llvm::APFloat::Float8E4M3FN();
    break;
  case ScaleFormat::F16:
    semantics = &llvm::APFloat::IEEEhalf();
    break;
  case ScaleFormat::BF16:
    semantics = &llvm::APFloat::BFloat();
    break;
  case ScaleFormat::F32:
    llvm_unreachable("too many to list");
  }
  std::vector<double> scales;
  for (uint32_t bits = 1; fromBits(*semantics, bits).isFinite(); ++bits) {
    scales.push_back(fromBits(*semantics, bits).convertToDouble());
  }
  return scales;
}

/// The largest of the values under which no value of `format` is infinite.
inline double getLargestFinite(ExpressedFormat format) {
  return format == ExpressedFormat::F16 ? 65504.0
         : format == ExpressedFormat::F32
             ? double(std::numeric_limits<float>::max())
             : double(toFloat(0x7F7F0000));
}

/// `x` in units of its code, in f32; 0 under a divisor that underflows.
inline float getQuotient(float x, float scale, float global) {
  float divisor = scale * global;
  return divisor == 0 ? 0 : x / divisor;
}

/// The f32 that `x` becomes and comes back as, by quantize and dequantize.
inline float roundTrip(float x, const Values &values, float scale, float global,
                       double zeroPoint) {
  auto quotient = double(getQuotient(x, scale, global));
  double value = values.round(quotient);
  if (zeroPoint != 0) {
    // Integers: round(x / s) + z is clipped, not x / s.
    value = std::clamp(std::nearbyint(quotient) + zeroPoint,
                       values.values.front(), values.values.back()) -
            zeroPoint;
  }
  return float(value) * scale * global;
}

/// The sum of squared errors, first element to last in f64.
inline double computeError(llvm::ArrayRef<float> block,
                           const BlockFormat &format, const Values &values,
                           float scale, double zeroPoint = 0) {
  double sum = 0;
  for (float x : block) {
    double y = double(roundTrip(x, values, scale, format.global, zeroPoint));
    // Half a unit in the last place beyond the largest rounds to infinity; only
    // f16 and bf16 have f32 values between.
    double largest = getLargestFinite(format.expressed);
    double unit = std::ldexp(1.0, std::ilogb(largest)) * 2 - largest;
    if (std::fabs(y) >= largest + unit / 2) {
      return std::numeric_limits<double>::infinity();
    }
    double residual = double(x) - y;
    sum += residual * residual;
  }
  return sum;
}

/// The index of the least error; of ties the naive one's, else the first.
inline size_t findLeast(llvm::ArrayRef<double> errors, size_t naive) {
  size_t best = std::min_element(errors.begin(), errors.end()) - errors.begin();
  return naive < errors.size() && errors[naive] == errors[best] ? naive : best;
}

/// A sum of doubles without rounding (Shewchuk's partials).
class ExactSum {
public:
  void add(double term) {
    size_t kept = 0;
    for (double partial : partials) {
      double larger = term, smaller = partial;
      if (std::fabs(larger) < std::fabs(smaller)) {
        std::swap(larger, smaller);
      }
      double high = larger + smaller;
      double low = smaller - (high - larger);
      if (low != 0) {
        partials[kept++] = low;
      }
      term = high;
    }
    partials.resize(kept);
    partials.push_back(term);
  }

  void subtract(const ExactSum &other) {
    for (double partial : other.partials) {
      add(-partial);
    }
  }

  /// The sum's nearest doubles, at least its sign and magnitude.
  double get() const {
    double sum = 0;
    for (double partial : partials) {
      sum += partial;
    }
    return sum;
  }

private:
  std::vector<double> partials;
};

} // namespace quantx::oracle

#endif // QUANTX_TEST_UNIT_FORMAT_SCALEORACLE_H
