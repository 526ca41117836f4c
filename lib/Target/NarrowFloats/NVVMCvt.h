//===- NVVMCvt.h - PTX's cvt on vectors -------------------------*- C++ -*-===//
//
// The instruction converts two elements at once. Here it is for vectors of one
// dimension and even size, with the values that the hardware gives: to nearest
// even and saturating, NaN as some NaN.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_TARGET_NARROWFLOATS_NVVMCVT_H
#define QUANTX_LIB_TARGET_NARROWFLOATS_NVVMCVT_H

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "quantx/Emit/ElementwiseBuilder.h"
#include "quantx/Format/Format.h"

namespace quantx {

/// The builtin type of a format that `cvt` knows on some chip; else null. Their
/// values are all exact in f16.
mlir::Type getCvtType(const FloatFormat &format, mlir::MLIRContext *context);

/// Whether `onEvenVector` takes it: scalars, and vectors of static shape.
bool isInRegisters(mlir::Type type);

/// `convert` on the elements of `value` as a vector of one dimension and even
/// size; the result has the shape of `value`.
mlir::Value onEvenVector(ElementwiseBuilder &b, mlir::Value value,
                         llvm::function_ref<mlir::Value(mlir::Value)> convert);

/// Byte number `index` of each element of a vector of one dimension: a
/// permutation of bytes, which GPUs have an instruction for.
mlir::Value takeByte(ElementwiseBuilder &b, mlir::Value vector, int64_t index);

/// Codes (i8, high bits clear) of f32, or of f16 where the format has 8 bits.
/// Overflow and infinity become the largest value; NaN becomes NaN, or the
/// largest value, positive.
mlir::Value emitCvtToCodes(ElementwiseBuilder &b, mlir::Value values,
                           const FloatFormat &format);

/// The values (f16) of codes (i8, high bits clear).
mlir::Value emitCvtFromCodes(ElementwiseBuilder &b, mlir::Value codes,
                             const FloatFormat &format);

/// The E8M0 codes of f32 that are not negative, RZ or RP; infinity and NaN, and
/// what RP takes beyond 2^127, become NaN.
mlir::Value emitCvtToE8M0(ElementwiseBuilder &b, mlir::Value values,
                          mlir::NVVM::FPRoundingMode mode);

/// The values (bf16) of E8M0 codes.
mlir::Value emitCvtFromE8M0(ElementwiseBuilder &b, mlir::Value codes);

} // namespace quantx

#endif // QUANTX_LIB_TARGET_NARROWFLOATS_NVVMCVT_H
