//===- ScaleFormat.h - The types a scale is stored in -----------*- C++ -*-===//
//
// A scale is handled as the f32 value that its stored bits stand for: every
// value of every scale type is exact in f32.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_FORMAT_SCALEFORMAT_H
#define QUANTX_FORMAT_SCALEFORMAT_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>

namespace quantx {

enum class ScaleFormat { F32, F16, BF16, E8M0, E4M3 };

/// The scale format of a builtin type keyword ("f32", "f8E8M0FNU", ...).
std::optional<ScaleFormat> lookupScaleFormat(llvm::StringRef name);

/// The bits that store `scale`: it is rounded to nearest even (E8M0: the
/// nearest power of two, ties up). Overflow saturates in E4M3, is NaN in E8M0,
/// Inf elsewhere; NaN becomes the quiet NaN.
uint32_t encodeScale(float scale, ScaleFormat format);

/// The value that stored bits stand for, exact.
float decodeScale(uint32_t bits, ScaleFormat format);

/// The bits of the largest finite value.
uint32_t getLargestScaleBits(ScaleFormat format);

/// The largest power of two that the format holds.
float getLargestPowerOfTwo(ScaleFormat format);

/// A positive scale as `format` can hold it: rounded to nearest even, but never
/// to zero (the smallest positive value instead) and never beyond the largest
/// finite one. NaN stays NaN.
float roundScale(float scale, ScaleFormat format);

} // namespace quantx

#endif // QUANTX_FORMAT_SCALEFORMAT_H
