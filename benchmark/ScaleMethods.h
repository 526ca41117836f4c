//===- ScaleMethods.h - Quantizing whole tensors ----------------*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_SCALEMETHODS_H
#define QUANTX_BENCHMARK_SCALEMETHODS_H

#include "Cases.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/Regex.h"

namespace quantx {

/// Quantizing a matrix of about `elements` f32, scales included, by each method
/// that MXFP4, NVFP4 and others have, as "MXFP4 floor": those whose name
/// matches `filter`, on the host, on x86-64-v3 and portably, in one thread.
llvm::Expected<std::vector<Case>> getScaleMethodCases(llvm::Regex &filter,
                                                      size_t elements);

} // namespace quantx

#endif // QUANTX_BENCHMARK_SCALEMETHODS_H
