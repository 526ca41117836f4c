//===- Rounding.h - Rounding a magnitude to a power-of-two grid -*- C++ -*-===//

#ifndef QUANTX_LIB_EMIT_ROUNDING_H
#define QUANTX_LIB_EMIT_ROUNDING_H

#include "quantx/Emit/Codes.h"

namespace quantx {

/// round(magnitude / quantum) as i32, for a nonnegative f32 `magnitude` below
/// 2^23 quanta. The quantum is a power of two given by its biased f32 exponent,
/// an i32 of at least 25. `isNegative` is the sign of the value, which Upward
/// and Downward go by.
mlir::Value emitRoundMagnitude(ElementwiseBuilder &b, mlir::Value magnitude,
                               mlir::Value isNegative,
                               mlir::Value quantumExponent,
                               RoundingSpec rounding);

} // namespace quantx

#endif // QUANTX_LIB_EMIT_ROUNDING_H
