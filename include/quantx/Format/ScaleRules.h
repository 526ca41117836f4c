//===- ScaleRules.h - How the parameters of a block are chosen --*- C++ -*-===//
//
// The closed-form scale methods on plain arrays. All arithmetic is f32, one
// rounding an operation, in the order written here, so that emitted code can
// agree bit for bit. The E8M0 rules use no arithmetic that rounds at all.
//
// A block that holds a NaN or an Inf gets a NaN scale (0xFF in E8M0, 0x7F in
// E4M3) and zero point 0, and touches no other block.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_FORMAT_SCALERULES_H
#define QUANTX_FORMAT_SCALERULES_H

#include "quantx/Format/Format.h"
#include "quantx/Format/ScaleFormat.h"

namespace quantx {

/// max |x| over the block, 0 for an empty one; NaN if it holds a NaN, else Inf
/// if it holds an infinity.
float computeAbsMax(llvm::ArrayRef<float> block);

/// max |x| over the finite values alone; 0 if there are none.
float computeFiniteAbsMax(llvm::ArrayRef<float> values);

/// How an E8M0 scale 2^e follows from a = max |x|.
enum class E8M0Rule {
  Floor, ///< e = floor(log2 a) - emax (OCP MX 1.0)
  Ceil,  ///< e = ceil(log2 a) - emax
  Even, ///< as Floor, of a rounded to the element's mantissa bits, ties to even
  Rceil ///< e = ceil(log2(a / qmax)): the smallest that does not saturate
};

/// The E8M0 code e + 127 for a block of largest magnitude `absMax`, with e
/// clamped to [-127, 127]. Exact for every f32, subnormals included. Zero takes
/// code 0, NaN and Inf take 0xFF.
uint8_t chooseE8M0Scale(float absMax, E8M0Rule rule,
                        const ElementTraits &element);

/// Parameters of the absmax method.
struct AbsMaxOptions {
  /// Scales a before the division, in (0, 1]; below 1 it clips.
  float margin = 1.0f;
  /// Whether the scale is the next power of two up.
  bool powerOfTwo = false;
};

/// The scale a * margin / qmax [/ global] in a format other than E8M0, computed
/// in f32 from the left and rounded as roundScale does.
///  - a = 0 gives 1, or 0 under E4M3 (whose blocks share a global scale).
///  - powerOfTwo: the f32 quotient goes to the next power of two up (the
///    format's largest where that overflows) before it is rounded.
///  - f32, f16, bf16 with margin 1, not powerOfTwo: if a would saturate under
///  the rounded
///    scale, the next value of the format up.
///  - non-finite `absMax` gives NaN.
float chooseAbsMaxScale(float absMax, ScaleFormat format,
                        const ElementTraits &element,
                        const AbsMaxOptions &options = {}, float global = 1.0f);

/// The global f32 scale above E4M3 block scales: amax / (448 * qmax), where
/// `finiteAbsMax` is over the finite values of the whole tensor. 1 if that is
/// zero; the smallest positive f32 if the quotient underflows.
float chooseGlobalScale(float finiteAbsMax, const ElementTraits &element);

/// What minmax chooses: x is approximated by (code - zeroPoint) * scale.
struct AsymmetricParameters {
  float scale;
  int zeroPoint;
};

/// The range [lo, hi] of a block and 0; {NaN, NaN} if a value is not finite.
struct BlockRange {
  float lo;
  float hi;
};
BlockRange computeRange(llvm::ArrayRef<float> block);

/// minmax for f32, f16 and bf16 scales and integers without fraction bits:
/// s = (hi - lo) / (qmax - qmin), rounded as roundScale does, and
/// z = clamp(rne(-lo / s) + qmin, qmin, qmax). If hi - lo overflows, s is
/// (hi / 2 - lo / 2) / (qmax - qmin) * 2. A block of zeros has scale 1 and the
/// zero point qmin; a non-finite one has scale NaN and zero point 0.
AsymmetricParameters chooseMinMaxParameters(BlockRange range,
                                            ScaleFormat format,
                                            const IntegerFormat &element);

} // namespace quantx

#endif // QUANTX_FORMAT_SCALERULES_H
