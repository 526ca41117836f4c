//===- OptimalScale.h - Scales of least error -------------------*- C++ -*-===//
//
// The scale methods that measure errors: optimal, four_over_six and hessian, on
// plain arrays. docs/optimal-scales.md explains them and proves every bound.
//
// Arithmetic. The error of a scale is the sum over the block, in f64 and from
// the first element to the last, of (x - y) * (x - y), where y is the f32 that
// dequantizeElement makes of quantizeElement's code, ties to even. Difference,
// product and sum are rounded to f64, one operation at a time. error_stats adds
// up the same squares. The rounding of y to an expressed type of 16 bits is not
// part of the error, but a y that becomes infinite there, or in f32, makes the
// error of its scale infinite.
//
// Blocks. Elements of a block stand in row-major order. Where every element is
// zero, or one is not finite, all methods give what floor (E8M0) and absmax
// (other scale formats) give, "the naive scale" here: the NaN scale for the
// latter. Of two scales with the same error the naive one is chosen, else the
// smaller.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_FORMAT_OPTIMALSCALE_H
#define QUANTX_FORMAT_OPTIMALSCALE_H

#include "quantx/Format/Quantize.h"
#include "quantx/Format/ScaleFormat.h"
#include <limits>
#include <vector>

namespace quantx {

/// The types that values are quantized from and dequantized to.
enum class ExpressedFormat { F32, F16, BF16 };

/// The smallest magnitude that rounds to infinity in `format`.
double getOverflowThreshold(ExpressedFormat format);

/// The formats of one block: what a search chooses a scale for.
struct BlockFormat {
  ElementFormat element;
  ScaleFormat scale;
  float global = 1.0f; ///< read under E4M3 scales alone
  ExpressedFormat expressed = ExpressedFormat::F32;
};

/// What a search found, and what it cost.
struct ScaleChoice {
  float scale;
  int zeroPoint = 0; ///< not 0 after chooseOptimalParameters alone
  /// How often errors were summed over the block: for a scale or, in the search
  /// over f32, f16 and bf16, for an interval of scales. The naive scale counts;
  /// a block of zeros or with a value that is not finite needs none.
  unsigned evaluations = 0;
};

/// The sum of squared errors of `block`, as described above.
double computeSquaredError(llvm::ArrayRef<float> block,
                           const QuantParameters &parameters,
                           const BlockFormat &format);

/// The naive scale: floor under E8M0, else absmax (margin 1).
float chooseNaiveScale(llvm::ArrayRef<float> block, const BlockFormat &format);

/// The scale of least error.
///  - E8M0: among all 255 scales 2^e, exactly: errors are compared by their
///    difference to the error of the naive scale, which is exact in f64 for
///    FP4, FP6 and integers (up to the block sizes in docs/optimal-scales.md).
///    Scales under which a value becomes infinite are no candidates.
///  - E4M3: among all 126 positive scales, under `format.global`.
///  - f16, bf16: among all positive scales.
///  - f32: as f16, but the root of the error may exceed the least one by
///    2^-21 times the root of the sum of x^2: f32 rounds code * scale.
/// Elements are floats, or integers without zero point.
ScaleChoice chooseOptimalScale(llvm::ArrayRef<float> block,
                               const BlockFormat &format);

/// The scale and zero point of least error for integers without fraction bits
/// under f32, f16 and bf16 scales: among all zero points of the type and all
/// positive scales. The naive pair is minmax's; a tie between others goes to
/// the smaller scale, then to the smaller zero point. As chooseOptimalScale is
/// for f32, inexact by the rounding of f32.
ScaleChoice chooseOptimalParameters(llvm::ArrayRef<float> block,
                                    const BlockFormat &format);

/// The better of e4m3(a / 6 / g) and e4m3(a / 4 / g) for E2M1 elements under
/// E4M3 scales: the scales that take the largest magnitude a to 6 and to 4.
ScaleChoice chooseFourOverSixScale(llvm::ArrayRef<float> block,
                                   const BlockFormat &format);

/// The scale of least r^T H r for the residual r = x - y, where H is the
/// leading n x n part of `hessian`, a row-major matrix of `size` columns, and n
/// the number of elements. The sum is in f64: t_i = sum_j H[i][j] * r[j], then
/// sum_i r[i] * t_i, first to last.
///
/// The candidates are the naive scale and those that neither clip nor zero too
/// much: the sum of squares of what exceeds the largest dequantized value is
/// not above the squared error E of the naive scale, nor is the sum of x^2 over
/// the elements with code zero. (Either sum above E shows that the squared
/// error is above E.)
///
/// The choice is exact under E8M0, E4M3, f16 and bf16 scales; under f32 up to
/// the rounding of code * scale. If H holds a value that is not finite the
/// scale is NaN.
ScaleChoice chooseHessianScale(llvm::ArrayRef<float> block,
                               llvm::ArrayRef<float> hessian, size_t size,
                               const BlockFormat &format);

/// r^T H r as chooseHessianScale computes it; infinite where a y is.
double computeHessianError(llvm::ArrayRef<float> block,
                           llvm::ArrayRef<float> hessian, size_t size,
                           const QuantParameters &parameters,
                           const BlockFormat &format);

/// The Hessians X_j^T X_j of the column blocks X_j of the activations X (`rows`
/// x `columns`, row-major): an array of ceil(columns / blockSize) matrices of
/// blockSize x blockSize, zero beyond the last column. Sums are in f64 from the
/// first row to the last, and rounded to f32 once.
std::vector<float> computeBlockHessians(llvm::ArrayRef<float> activations,
                                        size_t rows, size_t columns,
                                        size_t blockSize);

//===----------------------------------------------------------------------===//
// The window of exponents under E8M0
//===----------------------------------------------------------------------===//

/// What bounds the window: properties of the magnitudes that the codes of an
/// element format stand for. All are exact.
struct ElementGrid {
  double largest; ///< the largest magnitude of either sign (i8: 128 / 64)
  double leading; ///< 2^emax: a / s is in [leading, 2 * leading)
  double step;    ///< between neighbours from `leading` on
  double quantum; ///< the smallest positive value
  double top;     ///< half a step above the largest positive value
};
ElementGrid getElementGrid(const ElementFormat &element);

/// Only a ratio a / s above this may make 2 * s better than the naive scale s
/// under E8M0: `grid.top`. No larger scale is better than 2 * s then.
double getUpperThreshold(const ElementGrid &grid);

/// Only a ratio r = a / s with min(r, grid.top) below this may make 2^-steps *
/// s better than the naive scale s, in a block of `size` elements; `steps` is 1
/// or more. Not increasing in `steps`, and below grid.leading from some number
/// on: the window is finite for every block size. A larger `size` than the
/// block's is as right, and so is rounding up.
double getLowerThreshold(const ElementGrid &grid, size_t size, int steps);

//===----------------------------------------------------------------------===//
// Approximate errors
//===----------------------------------------------------------------------===//

/// How far the root of a squared error of f4E2M1FN elements under an f8E4M3FN
/// scale can be from that of the approximate error in f32, over the largest
/// magnitude of a block of `size` elements: "Screening" in
/// docs/optimal-scales.md.
double getScreeningMargin(size_t size);

} // namespace quantx

#endif // QUANTX_FORMAT_OPTIMALSCALE_H
