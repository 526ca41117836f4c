//===- Models.h - What the scale method models share ------------*- C++ -*-===//

#ifndef QUANTX_LIB_EMIT_SCALEMETHODS_MODELS_H
#define QUANTX_LIB_EMIT_SCALEMETHODS_MODELS_H

#include "quantx/Emit/Codes.h"
#include "quantx/IR/BlockComputation.h"

namespace quantx {

// Each file of this folder defines one.
void attachAbsmaxModel(mlir::MLIRContext *context);
void attachMinmaxModel(mlir::MLIRContext *context);
void attachE8M0Models(mlir::MLIRContext *context);

/// The bits (i32) of the f32 infinity: magnitudes from here on are not finite.
constexpr int64_t kInfBits = 0x7f800000;

/// The bits (i32) of the largest |x| of each block. They order as the
/// magnitudes do, with infinities and NaNs on top.
mlir::Value reduceAmaxBits(BlockComputation &blocks);

/// The bits (i32) of the largest finite |x| of the tensor.
mlir::Value reduceFiniteAmaxBits(BlockComputation &blocks);

/// A positive scale (f32) rounded to the scale type `type` (f32, f16 or bf16),
/// and kept from 0 and from overflow.
mlir::Value emitRoundScale(ElementwiseBuilder &b, mlir::Value scale,
                           mlir::Type type);

/// The next value up of a positive finite `scale` of type f32, f16 or bf16, but
/// not beyond the largest finite.
mlir::Value emitNextScale(ElementwiseBuilder &b, mlir::Value scale);

/// `scale`, but 1 where `isZero` and NaN where `isNonFinite`.
mlir::Value emitSpecialScales(ElementwiseBuilder &b, mlir::Value scale,
                              mlir::Value isZero, mlir::Value isNonFinite);

/// Whether a scale type is one that absmax and minmax round to: f32, f16, bf16.
bool isWideScaleType(mlir::Type type);

} // namespace quantx

#endif // QUANTX_LIB_EMIT_SCALEMETHODS_MODELS_H
