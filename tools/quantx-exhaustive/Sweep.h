//===- Sweep.h - One chunk of the patterns ----------------------*- C++ -*-===//

#ifndef QUANTX_TOOLS_EXHAUSTIVE_SWEEP_H
#define QUANTX_TOOLS_EXHAUSTIVE_SWEEP_H

#include "Oracle.h"
#include "support/ConversionKernels.h"
#include <array>

namespace quantx::exhaustive {

/// Patterns are swept in chunks of this many; a finished one is recorded.
inline constexpr unsigned chunkBits = 24;
inline constexpr uint32_t numChunks = 1u << (32 - chunkBits);

/// What a chunk gave.
struct ChunkResult {
  uint64_t mismatches = 0;
  uint64_t hash = 0; ///< XXH3 of the codes, in order
  std::array<uint64_t, numKinds> counts = {};
  /// The first mismatch, where there is one.
  uint32_t bits = 0;
  uint8_t expected = 0;
  uint8_t found = 0;
};

/// The spec of the kernel that encodes f32 in `mode`.
ConversionSpec getSpec(const Mode &mode, llvm::StringRef target);

/// Encodes the patterns of one chunk by `kernel` and compares the codes with
/// the runs.
ChunkResult sweepChunk(const ConversionKernel &kernel, llvm::ArrayRef<Run> runs,
                       uint32_t chunk);

} // namespace quantx::exhaustive

#endif // QUANTX_TOOLS_EXHAUSTIVE_SWEEP_H
