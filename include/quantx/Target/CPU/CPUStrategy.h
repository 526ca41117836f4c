//===- CPUStrategy.h - What was measured to be best on a CPU ----*- C++ -*-===//

#ifndef QUANTX_TARGET_CPU_CPUSTRATEGY_H
#define QUANTX_TARGET_CPU_CPUSTRATEGY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace quantx {

/// The numbers by which the CPU pipeline shapes loops, one row for each target.
/// None of them changes a result, only how fast it is there. The table is in
/// lib/Target/CPU/CPUStrategy.cpp; docs/Rationale.md has the measurements.
struct CPUStrategy {
  /// One of `CPUTarget::getNames`.
  llvm::StringLiteral target;

  /// Elements of the vectors that quantx ops become at most.
  int64_t chunk;

  /// How many bytes ahead of a loop its inputs are prefetched into the nearest
  /// cache: far enough to hide memory's latency, near enough not to be evicted
  /// before it is read. 0 for no prefetches.
  int64_t prefetchDistance;

  /// The bytes up to which a whole tile is prefetched while the one before it
  /// is worked on. Two such tiles and what is written fit the L2 cache.
  int64_t prefetchLimit;

  /// The bytes of a result from which on it is written past the caches: it is
  /// larger than what they would keep of it until somebody reads it. 0 for
  /// never, as on targets without such stores.
  int64_t nontemporalThreshold;

  /// The rows of activations from which on scaled_matmul goes by tile
  /// registers, where there are such: fewer would not fill them. 0 for never.
  int64_t tileProductRows;

  /// How many 16 rows of weights side by side few rows of activations multiply
  /// at once. Each is a stream of its own, which memory serves faster than one;
  /// their sums are to stay in registers.
  int64_t rowStreams;

  /// The rows of activations whose sums by 16 rows of weights stay in the
  /// vector registers: many rows are multiplied as tiles of so many. 0 where
  /// other forms of scaled_matmul are as fast.
  int64_t sumRows;

  /// The row of a target; that of `native` for a name that is none. `native`
  /// has one of its own for machines with AVX-512, and on others that of the
  /// target they are most like.
  static const CPUStrategy &get(llvm::StringRef target);

  /// All rows, in the order of `CPUTarget::getNames`.
  static llvm::ArrayRef<CPUStrategy> getAll();
};

} // namespace quantx

#endif // QUANTX_TARGET_CPU_CPUSTRATEGY_H
