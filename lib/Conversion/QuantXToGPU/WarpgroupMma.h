//===- WarpgroupMma.h - wgmma, and its descriptors --------------*- C++ -*-===//
//
// The matrix instruction of sm_90a is one of four warps, a warpgroup: 64 rows
// of A, 16 elements each, by up to 256 rows of B. It is asynchronous: A is in
// registers here, B in shared memory, as a descriptor says, and the sums are in
// registers, none of which may be touched until the products have been waited
// for.
//
// What is written here is from the PTX ISA, chapter "Asynchronous Warpgroup
// Level Matrix Instructions"; the comments name its sections.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOGPU_WARPGROUPMMA_H
#define QUANTX_LIB_CONVERSION_QUANTXTOGPU_WARPGROUPMMA_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace quantx {

/// A `wgmma.mma_async` on `element`, bf16 or f16, with sums in f32. Its
/// operands lie in the warps and lanes of a warpgroup as those of `mma.sync`
/// m16n8k16 lie in a warp: warp i has rows 16 i to 16 i + 15 of A, and of each
/// 8 rows of B four sums of a lane.
struct WarpgroupMma {
  mlir::Type element;
  int64_t columns; ///< rows of B: a multiple of 8, up to 256

  static constexpr int64_t kThreads = 128;
  /// Rows of A, and the elements of a row.
  static constexpr int64_t kRows = 64, kSize = 16;
  /// Words of A of a lane.
  static constexpr int64_t kWords = 4;

  /// Sums of a lane.
  int64_t getNumSums() const { return kRows * columns / kThreads; }

  /// Begins products of `words` of A, 4 of each, and the matrices of B at
  /// `descriptors` (i64), and adds them to `sums`, or takes them for these
  /// where there are none. Returns the sums, which are not there yet.
  llvm::SmallVector<mlir::Value> begin(mlir::ImplicitLocOpBuilder &b,
                                       mlir::ValueRange words,
                                       mlir::ValueRange descriptors,
                                       mlir::ValueRange sums) const;
};

/// Makes a group of the products that were begun since the last one.
void createProductGroup(mlir::ImplicitLocOpBuilder &b);

/// Waits until at most `pending` groups are under way. Their sums, and what
/// they multiply, may not be touched yet.
void createProductWait(mlir::ImplicitLocOpBuilder &b, int64_t pending);

/// Waits for all products. Returns `sums`, which are there.
llvm::SmallVector<mlir::Value> waitForSums(mlir::ImplicitLocOpBuilder &b,
                                           mlir::ValueRange sums);

/// The descriptor (i64) of rows of 128 bytes at `address` (i64, of shared
/// memory), whose chunks are swizzled; they are in groups of 8 that begin at
/// multiples of 1024 bytes.
mlir::Value createWarpgroupDescriptor(mlir::ImplicitLocOpBuilder &b,
                                      mlir::Value address);

/// What is added to a descriptor for what begins so many bytes further on.
constexpr int64_t getDescriptorOffset(int64_t bytes) { return bytes / 16; }

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOGPU_WARPGROUPMMA_H
