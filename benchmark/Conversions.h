//===- Conversions.h - The conversions of small floats ----------*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_CONVERSIONS_H
#define QUANTX_BENCHMARK_CONVERSIONS_H

#include "Cases.h"
#include "llvm/Support/Error.h"

namespace quantx {

/// The kernel that the others are compared with, and its variant.
inline constexpr const char *copyKernel = "copy f32";
inline constexpr const char *copyVariant = "native";

/// Every conversion between f32, f16 or bf16 and a small float whose name
/// matches `filter` (a regular expression), on arrays of `elements` elements (a
/// multiple of 64) in one thread: by our codecs on the host, on x86-64-v3 and
/// portably, by upstream's passes where they have it; and a copy of as many
/// f32.
llvm::Expected<std::vector<Case>> getConversionCases(llvm::StringRef filter,
                                                     size_t elements);

} // namespace quantx

#endif // QUANTX_BENCHMARK_CONVERSIONS_H
