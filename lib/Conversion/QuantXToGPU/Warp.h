//===- Warp.h - What the threads of a warp do together ----------*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOGPU_WARP_H
#define QUANTX_LIB_CONVERSION_QUANTXTOGPU_WARP_H

#include "Kernel.h"
#include "quantx/IR/BlockComputation.h"

namespace quantx {

inline constexpr int64_t kWarpSize = 32;

/// As many lanes of a warp as a power of two, neighbours, that compute one
/// thing. All of them are where a value is exchanged; other lanes need not be.
struct LaneGroup {
  int64_t lanes;
  mlir::Value thread; ///< the index of the thread (index)
  mlir::Value mask;   ///< the lanes of the group, a bit each (i32)

  /// The lanes of groups of `lanes`. Where `isWholeWarp`, all lanes of the warp
  /// are there whenever one is, which saves instructions.
  static LaneGroup get(mlir::ImplicitLocOpBuilder &b, mlir::Value thread,
                       int64_t lanes, bool isWholeWarp);

  /// The value of the lane whose number differs in the bits of `distance`.
  mlir::Value exchange(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                       int64_t distance) const;
  /// The value of the lane at `index` (index) of the group.
  mlir::Value broadcast(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                        mlir::Value index) const;
  /// Whether (i1) this is the first lane.
  mlir::Value isFirst(mlir::ImplicitLocOpBuilder &b) const;
  /// `value` of all lanes, reduced; every lane gets the result.
  mlir::Value reduce(mlir::ImplicitLocOpBuilder &b, Reduction::Kind kind,
                     mlir::Value value) const;
};

/// The threads of a block, all of which are there.
struct ThreadGroup {
  mlir::Value thread;
  int64_t count;
  /// memref of i64, one for each warp; null where there is one warp.
  mlir::Value shared;

  /// Those of `kernel`, in its body.
  static ThreadGroup get(KernelBuilder &kernel);

  /// `value` (32 or 64 bits) of all threads, reduced; every thread gets the
  /// result.
  mlir::Value reduce(mlir::ImplicitLocOpBuilder &b, Reduction::Kind kind,
                     mlir::Value value) const;
};

/// Two values (scalars or vectors) reduced to one.
mlir::Value buildCombine(mlir::ImplicitLocOpBuilder &b, Reduction::Kind kind,
                         mlir::Value lhs, mlir::Value rhs);

/// The lanes of a vector reduced to a scalar, in pairs.
mlir::Value reduceVector(mlir::ImplicitLocOpBuilder &b, Reduction::Kind kind,
                         mlir::Value vector);

/// The larger ones of the magnitudes of two vectors of floats; NaN where one
/// is.
mlir::Value combineMagnitudes(mlir::ImplicitLocOpBuilder &b, mlir::Value lhs,
                              mlir::Value rhs);

/// The bits (i32) as f32 of the largest magnitude in `vector` (f32, f16 or
/// bf16); those of some NaN where an element is one.
mlir::Value reduceMagnitudesOfVector(mlir::ImplicitLocOpBuilder &b,
                                     mlir::Value vector);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOGPU_WARP_H
