//===- BlockGroups.h - Several blocks at once, one in a lane ----*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_BLOCKGROUPS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_BLOCKGROUPS_H

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/IR/BlockComputation.h"

namespace quantx {

/// How vectors of terms are combined.
mlir::vector::CombiningKind getCombiningKind(Reduction::Kind kind);

/// Blocks in the rows of a tensor, and where the loops over groups of them go.
struct GroupedBlocks {
  mlir::OpBuilder &builder;
  mlir::Location loc;
  /// The tensor, and the size of its blocks in the last dimension, a power of
  /// two from 8 on; 1 in the others.
  mlir::Value input;
  int64_t block;
  /// The sizes of the grid of blocks.
  llvm::ArrayRef<mlir::OpFoldResult> grid;
};

/// Whether a reduction is the same in any order of the elements.
bool isInAnyOrder(const Reduction &reduction);

/// Computes on vectors.
using VectorFn = llvm::function_ref<mlir::Value(
    mlir::OpBuilder &b, mlir::Location loc, mlir::Value vector)>;

/// Reduces the terms of the elements of each block, in any order: to a tensor
/// over the grid. `term` gets elements as they are in memory, and gives
/// terms of 32 bits, or nonnegative integers of 16 (`termBits`). What is left
/// of a block is made by `widen` what the reduction begins with.
mlir::Value reduceGroups(const GroupedBlocks &blocks,
                         const Reduction &reduction, unsigned termBits,
                         VectorFn term, VectorFn widen);

/// Computes values of `types` for each block from its `given` values: to
/// tensors over the grid.
llvm::SmallVector<mlir::Value> mapGroups(const GroupedBlocks &blocks,
                                         mlir::TypeRange types,
                                         mlir::ValueRange given,
                                         BlockComputation::MapFn map);

/// Computes values of `types` for each block from its elements and its `given`
/// values, as vectors of several blocks: to tensors over the grid.
llvm::SmallVector<mlir::Value> searchGroups(const GroupedBlocks &blocks,
                                            mlir::TypeRange types,
                                            mlir::ValueRange given,
                                            BlockComputation::SearchFn search);

/// Computes a value of each block anew where that is needed: `isNeeded` gives
/// conditions from the `values` of blocks, of which the first is kept where it
/// is false. `search` computes it for the block at `indices` of the grid from
/// the block's values.
mlir::Value refineGroups(
    const GroupedBlocks &blocks, mlir::ValueRange values,
    llvm::function_ref<mlir::Value(mlir::OpBuilder &b, mlir::Location loc,
                                   mlir::ValueRange values)>
        isNeeded,
    llvm::function_ref<mlir::Value(mlir::OpBuilder &b, mlir::Location loc,
                                   mlir::ValueRange indices,
                                   mlir::ValueRange values)>
        search);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_BLOCKGROUPS_H
