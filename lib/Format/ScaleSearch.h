//===- ScaleSearch.h - What the searches for scales share -------*- C++ -*-===//

#ifndef QUANTX_LIB_FORMAT_SCALESEARCH_H
#define QUANTX_LIB_FORMAT_SCALESEARCH_H

#include "quantx/Format/OptimalScale.h"
#include "quantx/Format/ScaleRules.h"

namespace quantx {

/// The value that `code` stands for under a scale of 1.
double getCodeValue(uint8_t code, int zeroPoint, const ElementFormat &element);

/// The codes of largest and of least value.
uint8_t getLargestCode(const ElementFormat &element);
uint8_t getLeastCode(const ElementFormat &element);

/// A lower bound of the squared error under `parameters` and all smaller
/// scales: the square of what exceeds the largest or least dequantized value,
/// of the element of `range` that exceeds it most. Each operation is monotonic,
/// so it bounds the computed errors too, not only the exact ones.
double getClippingBound(const BlockRange &range,
                        const QuantParameters &parameters,
                        const BlockFormat &format);

/// The sums that are quadratic in the scale while codes stay the same.
struct Evaluation {
  double error;       ///< computeSquaredError
  double codeSquares; ///< sum of c^2, c the value of a code
  double products;    ///< sum of c * x
};
Evaluation evaluateScale(llvm::ArrayRef<float> block,
                         const QuantParameters &parameters,
                         const BlockFormat &format);

/// A pair of parameters and its error.
struct Candidate {
  uint32_t bits; ///< of the scale
  int zeroPoint;
  double error;
};

/// The best candidate so far, beginning with the naive one.
class Incumbent {
public:
  explicit Incumbent(const Candidate &naive) : best(naive), isNaive(true) {}

  /// Takes `candidate` if it is better, or as good as a best one that is not
  /// the naive one, and smaller.
  void consider(const Candidate &candidate);

  const Candidate &get() const { return best; }
  double getError() const { return best.error; }

  /// Whether nothing is better: no error, and the naive candidate.
  bool isFinal() const { return isNaive && best.error == 0.0; }

private:
  Candidate best;
  bool isNaive;
};

/// The bits of the largest value of `format` that is not above a positive
/// `value`; 0 if that is below the smallest positive one. Not for E8M0.
uint32_t floorScale(double value, ScaleFormat format);

/// The searches of chooseOptimalScale, for a block with a positive finite
/// largest magnitude.
ScaleChoice searchE8M0(llvm::ArrayRef<float> block, const BlockFormat &format);
ScaleChoice searchE4M3(llvm::ArrayRef<float> block, const BlockFormat &format);
ScaleChoice searchWide(llvm::ArrayRef<float> block, const BlockFormat &format);

/// Whether nothing needs to be searched: an all-zero block, or one with a value
/// that is not finite.
bool isSpecialBlock(llvm::ArrayRef<float> block);

} // namespace quantx

#endif // QUANTX_LIB_FORMAT_SCALESEARCH_H
