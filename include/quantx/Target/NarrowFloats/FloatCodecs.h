//===- FloatCodecs.h - The codec of each target -----------------*- C++ -*-===//

#ifndef QUANTX_TARGET_NARROWFLOATS_FLOATCODECS_H
#define QUANTX_TARGET_NARROWFLOATS_FLOATCODECS_H

#include "quantx/Emit/FloatCodec.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace quantx {

/// What an x86 codec may use beside AVX2 and F16C.
struct X86Features {
  bool avx512 = false;     ///< F, BW, DQ and VL: x86-64-v4
  bool avx512vbmi = false; ///< needs `avx512`
  bool avx512bf16 = false; ///< needs `avx512`
};

/// Byte tables in registers, for vectors; scalars, and what is no faster, by
/// the portable formulas. Emits calls of `llvm.x86` intrinsics.
std::unique_ptr<FloatCodec> createX86FloatCodec(X86Features features);

/// Which conversions a GPU has in its instruction `cvt`.
struct NVVMFeatures {
  bool f8 = false;       ///< f8E4M3FN and f8E5M2: from sm_89 on
  bool f6f4e8m0 = false; ///< the others: architecture-specific, as sm_100a
};

/// `cvt` on pairs of elements, as ops of the `nvvm` dialect.
std::unique_ptr<FloatCodec> createNVVMFloatCodec(NVVMFeatures features);

/// The codec of a target of quantx-expand-narrow-floats: one of the names of
/// `getFloatCodecTargets`. Fails on any other name, and lists them.
llvm::Expected<std::unique_ptr<FloatCodec>>
createFloatCodec(llvm::StringRef target);

/// The names of the targets.
llvm::ArrayRef<llvm::StringLiteral> getFloatCodecTargets();

} // namespace quantx

#endif // QUANTX_TARGET_NARROWFLOATS_FLOATCODECS_H
