//===- NVVMPackedCodes.h - Several codes a register -------------*- C++ -*-===//
//
// Vectors of values to packed codes on NVIDIA's GPUs, in registers of 32 bits.
// GPUs issue one instruction a cycle and scheduler, and half of those that
// compare, select, shift or permute: what counts is how many there are.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_TARGET_NARROWFLOATS_NVVMPACKEDCODES_H
#define QUANTX_LIB_TARGET_NARROWFLOATS_NVVMPACKEDCODES_H

#include "quantx/Emit/FloatCodec.h"

namespace quantx {

/// The packed codes (bytes) of `values`, f32 or bf16, a multiple of 8, in
/// f4E2M1FN, by no instruction of their own.
mlir::Value emitPackedE2M1(ElementwiseBuilder &b, mlir::Value values,
                           const FloatFormat &format, EncodedValues known);

/// The codes (i8) of `values`, f32, an even number, in a format of 4 or 8 bits,
/// packed, by `cvt`. Overflow saturates; NaN becomes any NaN.
mlir::Value emitPackedCvt(ElementwiseBuilder &b, mlir::Value values,
                          const FloatFormat &format);

} // namespace quantx

#endif // QUANTX_LIB_TARGET_NARROWFLOATS_NVVMPACKEDCODES_H
