//===- StreamMemory.h - The halves of quantx-stream-memory ------*- C++ -*-===//

#ifndef QUANTX_LIB_TARGET_CPU_STREAMMEMORY_H
#define QUANTX_LIB_TARGET_CPU_STREAMMEMORY_H

#include "VectorAccesses.h"
#include "mlir/IR/PatternMatch.h"

namespace quantx {

/// Bytes of a cache line.
inline constexpr int64_t kLineBytes = 64;

/// Prefetches what the loops of the nest at `outermost` read, `distance` bytes
/// ahead or, up to `limit` bytes, as far as an outer loop steps.
void prefetchStreams(mlir::RewriterBase &rewriter, const Loop &outermost,
                     int64_t distance, int64_t limit);

/// Makes the stores of the nest at `outermost` to buffers of `threshold` bytes
/// or more non-temporal.
void writePastCaches(mlir::RewriterBase &rewriter, const Loop &outermost,
                     int64_t threshold);

} // namespace quantx

#endif // QUANTX_LIB_TARGET_CPU_STREAMMEMORY_H
