//===- Models.h - What the scale method models share ------------*- C++ -*-===//

#ifndef QUANTX_LIB_EMIT_SCALEMETHODS_MODELS_H
#define QUANTX_LIB_EMIT_SCALEMETHODS_MODELS_H

#include "quantx/Emit/Codes.h"
#include "quantx/Emit/ScaleMethods.h"
#include "quantx/IR/BlockComputation.h"

namespace quantx {

// Each file of this folder defines one.
void attachAbsmaxModel(mlir::MLIRContext *context);
void attachMinmaxModel(mlir::MLIRContext *context);
void attachE8M0Models(mlir::MLIRContext *context);
void attachOptimalModel(mlir::MLIRContext *context);
void attachFourOverSixModel(mlir::MLIRContext *context);
void attachHessianModel(mlir::MLIRContext *context);

/// The bits (i32) of the f32 infinity: magnitudes from here on are not finite.
constexpr int64_t kInfBits = 0x7f800000;

/// The bits (i32) of |element| (f32).
mlir::Value emitMagnitudeBits(ElementwiseBuilder &b, mlir::Value element);

/// The bits (i32) of the largest |x| of each block. They order as the
/// magnitudes do, with infinities and NaNs on top.
mlir::Value reduceAmaxBits(BlockComputation &blocks);

/// The bits (i32) of the largest finite |x| of the tensor.
mlir::Value reduceFiniteAmaxBits(BlockComputation &blocks);

/// A positive scale (f32) rounded to the scale type `type` (f32, f16 or bf16),
/// and kept from 0 and from overflow.
mlir::Value emitRoundScale(ElementwiseBuilder &b, mlir::Value scale,
                           mlir::Type type);

/// The f8E4M3FN code (i8) of a positive `scale` (f32), kept from 0 and from
/// overflow.
mlir::Value emitRoundE4M3(ElementwiseBuilder &b, mlir::Value scale);

/// The next value up of a positive finite `scale` of type f32, f16 or bf16, but
/// not beyond the largest finite.
mlir::Value emitNextScale(ElementwiseBuilder &b, mlir::Value scale);

/// `scale`, but 1 where `isZero` and NaN where `isNonFinite`.
mlir::Value emitSpecialScales(ElementwiseBuilder &b, mlir::Value scale,
                              mlir::Value isZero, mlir::Value isNonFinite);

//===----------------------------------------------------------------------===//
// The naive methods, for those that begin with what they choose
//===----------------------------------------------------------------------===//

/// The scale, of the scale type, that `#quantx.absmax` chooses for a block
/// whose largest magnitude has the bits `amaxBits`. `global` is null for types
/// without it.
mlir::Value emitAbsmaxScale(ElementwiseBuilder &b, ScaledType type,
                            mlir::Value amaxBits, mlir::Value global);

/// The f8E8M0FNU scale, as its code (i32), that `#quantx.floor` chooses.
mlir::Value emitFloorCode(ElementwiseBuilder &b, ScaledType type,
                          mlir::Value amaxBits);

/// The scale, of the scale type, and the zero point (i8) that `#quantx.minmax`
/// chooses for a block whose range, widened to hold 0, is [low, high], NaN if
/// an element is.
llvm::SmallVector<mlir::Value> emitMinmaxParameters(ElementwiseBuilder &b,
                                                    ScaledType type,
                                                    mlir::Value low,
                                                    mlir::Value high);

/// Whether a scale type is one that absmax and minmax round to: f32, f16, bf16.
bool isWideScaleType(mlir::Type type);

} // namespace quantx

#endif // QUANTX_LIB_EMIT_SCALEMETHODS_MODELS_H
