//===- Encoding.h - Scalar encode and decode --------------------*- C++ -*-===//
//
// What one value becomes in each format, and back: the executable form of the
// rules that every lowering must agree with, bit for bit. Values are f32 (f16
// and bf16 widen to it exactly); codes are bytes whose unused high bits are 0.
//
// Finite values convert as llvm::APFloat does with rmNearestTiesToEven;
// saturation follows OFP8 1.0 and the PTX ISA's `cvt.satfinite`.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_FORMAT_ENCODING_H
#define QUANTX_FORMAT_ENCODING_H

#include "quantx/Format/Format.h"

namespace quantx {

/// How a value between two neighbouring codes is rounded. The first three are
/// those of `quantx.quantize`; the others complete the modes of `arith.truncf`.
/// All but Upward and Downward work on the magnitude, so encoding is an odd
/// function of the value.
enum class RoundingMode {
  NearestEven,       ///< ties to the even code (the default everywhere)
  NearestTowardZero, ///< ties to the smaller magnitude
  /// The larger magnitude with the probability of the fraction f of the way
  /// to it: up iff randomBits < floor(f * 2^32).
  Stochastic,
  NearestAway, ///< ties to the larger magnitude
  TowardZero,  ///< the smaller magnitude
  Upward,      ///< the larger value
  Downward     ///< the smaller value
};

/// Encodes `value`. Subnormals are produced, the sign of zero is kept, and
/// saturation happens after rounding (463 is 448 in E4M3, saturating or not).
///
/// A value that rounds beyond the largest finite one, or is infinite, becomes
/// the largest finite one if `saturate` is set or the format has only finite
/// codes, else NaN in E4M3FN and Inf in E5M2, with its sign. As in IEEE 754, a
/// finite value never rounds beyond in a mode directed toward zero for its
/// sign: it becomes the largest finite one. NaN becomes NaN
/// with its sign, or +largest in a format without NaN.
/// `randomBits` is read by RoundingMode::Stochastic alone.
uint8_t encode(float value, const FloatFormat &format, RoundingMode mode,
               bool saturate, uint32_t randomBits = 0);

/// The value of `code`, exact; bits above `format.bits` are ignored. A NaN
/// becomes a quiet f32 NaN with its sign and payload.
float decode(uint8_t code, const FloatFormat &format);

/// The code of clamp(round(value * 2^fractionBits) + zeroPoint) for a value
/// already divided by its scale. NaN encodes to the zero point, infinities to
/// the ends of the range.
int encodeInteger(float value, const IntegerFormat &format, int zeroPoint,
                  RoundingMode mode, uint32_t randomBits = 0);

/// (code - zeroPoint) * 2^-fractionBits, exact.
float decodeInteger(int code, const IntegerFormat &format, int zeroPoint);

/// Whether encoding `value` saturates: rounded to nearest even it lies beyond
/// the largest finite value, or is infinite. Never for NaN.
bool saturates(float value, const FloatFormat &format);

/// Whether round(value * 2^fractionBits) + zeroPoint lies outside the codes.
/// Never for NaN.
bool saturates(float value, const IntegerFormat &format, int zeroPoint);

/// The E8M0 code of |value|, so exact for a power of two: the nearest one, ties
/// up (as APFloat), in NearestEven and NearestAway; the next one below or above
/// in the directed modes, of which Upward alone goes up. Zero and all below
/// 2^-127 take code 0; what rounds beyond 2^127 takes 0xFF, and so do Inf and
/// NaN. The other modes have no meaning here.
uint8_t encodeE8M0(float value, RoundingMode mode = RoundingMode::NearestEven);

/// 2^(code - 127), where code 0 is the f32 subnormal 2^-127; 0xFF is NaN.
float decodeE8M0(uint8_t code);

/// Nearest-even conversions to the bits of f16 and bf16, and back (exact).
/// Overflow gives infinity; NaN stays NaN, quiet, with its leading payload.
uint16_t encodeF16(float value);
float decodeF16(uint16_t bits);
uint16_t encodeBF16(float value);
float decodeBF16(uint16_t bits);

} // namespace quantx

#endif // QUANTX_FORMAT_ENCODING_H
