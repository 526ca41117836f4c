//===- Truncate.h - From units of a scale to codes --------------*- C++ -*-===//

#ifndef QUANTX_LIB_EMIT_TRUNCATE_H
#define QUANTX_LIB_EMIT_TRUNCATE_H

#include "quantx/Emit/Codes.h"

namespace quantx {

/// `value` within [`least`, `largest`]; NaN stays.
mlir::Value emitLimit(ElementwiseBuilder &b, mlir::Value value,
                      mlir::Value least, mlir::Value largest);

/// The same, but NaN becomes the largest.
mlir::Value emitClamp(ElementwiseBuilder &b, mlir::Value value,
                      mlir::Value least, mlir::Value largest);

/// The code (i8, high bits clear) of `units`, a vector of f32 that rounds to a
/// finite value or is NaN, in the float format of `type`: to nearest even.
/// `known` is what FloatCodec.h has names for.
mlir::Value emitTruncate(ElementwiseBuilder &b, ScaledType type,
                         mlir::Value units,
                         llvm::ArrayRef<llvm::StringRef> known = {});

/// The code (i8, high bits clear) of any `units`, f32, in the float format of
/// `type`.
mlir::Value emitEncodeUnits(ElementwiseBuilder &b, ScaledType type,
                            mlir::Value units, RoundingSpec rounding,
                            bool saturate);

} // namespace quantx

#endif // QUANTX_LIB_EMIT_TRUNCATE_H
