//===- Conversions.h - The conversions of small floats ----------*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_CONVERSIONS_H
#define QUANTX_BENCHMARK_CONVERSIONS_H

#include "Cases.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/Regex.h"

namespace quantx {

/// The kernel that the others are compared with, and its variant.
inline constexpr const char *copyKernel = "copy f32";
inline constexpr const char *copyVariant = "native";

/// Every conversion between f32, f16 or bf16 and a small float whose name
/// matches `filter`, on arrays of `elements` elements (a multiple of 64) in one
/// thread: by our codecs on the host, on x86-64-v3 and portably, and by
/// upstream's passes where they have it.
llvm::Expected<std::vector<Case>> getConversionCases(llvm::Regex &filter,
                                                     size_t elements);

/// A copy of as many f32.
llvm::Expected<Case> getCopyCase(size_t elements);

} // namespace quantx

#endif // QUANTX_BENCHMARK_CONVERSIONS_H
