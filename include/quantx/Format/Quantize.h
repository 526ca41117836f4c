//===- Quantize.h - Quantizing and dequantizing arrays ----------*- C++ -*-===//
//
// The reference for `quantize` and `dequantize`: elements of one block, given
// its parameters. All arithmetic is f32, one rounding an operation.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_FORMAT_QUANTIZE_H
#define QUANTX_FORMAT_QUANTIZE_H

#include "quantx/Format/Encoding.h"
#include <variant>

namespace quantx {

/// The format of a code: a row of the float table or an integer.
using ElementFormat = std::variant<FloatFormat, IntegerFormat>;

/// Those of either kind.
ElementTraits getElementTraits(const ElementFormat &format);

/// What gives a block's codes their meaning:
/// x is approximated by (code - zeroPoint) * scale * global.
struct QuantParameters {
  float scale;
  int zeroPoint = 0; ///< 0 for float elements
  float global = 1.0f;
};

/// How `quantize` rounds.
struct QuantizeOptions {
  RoundingMode rounding = RoundingMode::NearestEven;
  bool saturate = true;
  uint64_t seed = 0; ///< read by RoundingMode::Stochastic alone
};

/// The code of `value` as a byte (a signed integer sign-extended). The quotient
/// is value / (scale * global). A zero divisor gives the code of zero, with the
/// sign of `value` where codes have one, or that of a NaN `value`; a NaN
/// divisor gives code 0. `index`, the element's linear index in its tensor,
/// selects its random bits.
uint8_t quantizeElement(float value, const QuantParameters &parameters,
                        const ElementFormat &format,
                        const QuantizeOptions &options = {},
                        uint64_t index = 0);

/// quantizeElement for a contiguous block whose first element has the linear
/// index `firstIndex`.
void quantizeBlock(llvm::ArrayRef<float> values,
                   const QuantParameters &parameters,
                   const ElementFormat &format,
                   llvm::MutableArrayRef<uint8_t> codes,
                   const QuantizeOptions &options = {},
                   uint64_t firstIndex = 0);

/// ((code - zeroPoint) * scale) * global, where the difference is exact.
float dequantizeElement(uint8_t code, const QuantParameters &parameters,
                        const ElementFormat &format);

/// The same for each of `codes`, into `values`, which are as many.
void dequantizeBlock(llvm::ArrayRef<uint8_t> codes,
                     const QuantParameters &parameters,
                     const ElementFormat &format,
                     llvm::MutableArrayRef<float> values);

} // namespace quantx

#endif // QUANTX_FORMAT_QUANTIZE_H
