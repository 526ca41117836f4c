//===- ChunkLoops.h - Loops over the vectors of rows ------------*- C++ -*-===//
//
// A row (the last dimension) is taken in chunks: vectors of as many elements,
// and for what is left one more, under a mask. All chunks are computed by one
// function, which reads what belongs to its elements: packed codes, the
// parameters of their blocks.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_CHUNKLOOPS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_CHUNKLOOPS_H

#include "quantx/Emit/Elements.h"
#include "quantx/Emit/IndexMath.h"

namespace quantx {

/// Neighbours in a row of a tensor, as the lanes of a vector.
struct Chunk {
  /// Where they are: the indices of all dimensions, the last that of the first
  /// of them.
  llvm::SmallVector<mlir::Value> indices;
  /// The lanes.
  int64_t size;
  /// How many of the lanes there are in the row, at least one; null for all.
  mlir::Value count;

  /// The bytes of the codes of these elements, `bits` bits each.
  Chunk getBytes(mlir::ImplicitLocOpBuilder &b, unsigned bits) const;
  /// The blocks of `block` elements, a divisor of the size, that these are in.
  Chunk getBlocks(mlir::ImplicitLocOpBuilder &b, int64_t block) const;
};

/// What is computed in chunks: the elements of a tensor of `sizes`.
struct ChunkedRows {
  llvm::SmallVector<mlir::OpFoldResult> sizes;
  /// The size of the chunks.
  int64_t chunk;
  /// Of rows of dynamic size, how many elements are computed without a mask
  /// where they fill a chunk: all but one at least; null for all.
  mlir::Value whole = {};
  /// And the sizes of the chunks for what is left of them, each time smaller.
  llvm::SmallVector<int64_t> restChunks = {};
};

/// The size of the chunks of rows of `rowSize` (or dynamic) elements, at most
/// `largest`.
int64_t getChunkSize(int64_t rowSize, int64_t largest);

/// The same for elements of `type`: none where the parameters of a chunk are
/// not whole blocks', nor one block's.
std::optional<int64_t> findChunkSize(ScaledType type, int64_t rowSize,
                                     int64_t largest);

/// Computes vectors of a chunk, or one.
using ChunksFn = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::ImplicitLocOpBuilder &b, const Chunk &chunk)>;
using ChunkFn = llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &b,
                                               const Chunk &chunk)>;

/// Tensors of the elements of `rows`, one of each type of `elements`, which
/// `compute` gives as vectors.
llvm::SmallVector<mlir::Value> buildElementChunks(mlir::OpBuilder &builder,
                                                  mlir::Location loc,
                                                  const ChunkedRows &rows,
                                                  mlir::TypeRange elements,
                                                  ChunksFn compute);

/// A tensor of the elements of `rows`, of type `element`.
mlir::Value buildElementChunks(mlir::OpBuilder &builder, mlir::Location loc,
                               const ChunkedRows &rows, mlir::Type element,
                               ChunkFn compute);

/// A tensor of the bytes of the codes of `rows`, `bits` bits each, which
/// `compute` gives as `packChunk` does.
mlir::Value buildByteChunks(mlir::OpBuilder &builder, mlir::Location loc,
                            const ChunkedRows &rows, unsigned bits,
                            ChunkFn compute);

/// The same, where `compute` gives codes as i8, high bits clear.
mlir::Value buildPackedChunks(mlir::OpBuilder &builder, mlir::Location loc,
                              const ChunkedRows &rows, unsigned bits,
                              ChunkFn compute);

/// The bytes of the `codes` of `chunk`, given as i8, high bits clear. Padding
/// is 0.
mlir::Value packChunk(mlir::ImplicitLocOpBuilder &b, const Chunk &chunk,
                      mlir::Value codes, unsigned bits);

/// Reads a chunk of `tensor`; lanes that are not there are `padding`, or poison
/// if that is null.
mlir::Value readChunk(mlir::ImplicitLocOpBuilder &b, mlir::Value tensor,
                      const Chunk &chunk, mlir::Value padding = {});

/// Reads and unpacks the codes of `chunk` from `bytes`: i8, high bits clear.
mlir::Value readPackedChunk(mlir::ImplicitLocOpBuilder &b, mlir::Value bytes,
                            const Chunk &chunk, unsigned bits);

/// Reads the parameters of the blocks that the elements of `chunk` are in:
/// vectors of as many lanes as it has blocks (those past the end of the row
/// poison), scalars where it is within one.
llvm::SmallVector<mlir::Value> readParameters(mlir::ImplicitLocOpBuilder &b,
                                              ScaledType type,
                                              mlir::ValueRange parameters,
                                              const Chunk &chunk);

/// `value` as `size` lanes: a scalar in all of them, a lane of a vector in as
/// many neighbours as there are for each.
mlir::Value spread(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                   int64_t size);

/// What `emitQuantizeFactors` and `emitDequantizeFactors` are.
using FactorsFn = llvm::function_ref<BlockFactors(
    ElementwiseBuilder &b, ScaledType type, const BlockParameters &parameters)>;

/// Reads the parameters of the blocks of `chunk`, and makes factors of them.
BlockFactors readBlockFactors(mlir::ImplicitLocOpBuilder &b, ScaledType type,
                              mlir::ValueRange parameters, const Chunk &chunk,
                              FactorsFn emitFactors);

/// The same, spread over the elements.
BlockFactors readFactors(mlir::ImplicitLocOpBuilder &b, ScaledType type,
                         mlir::ValueRange parameters, const Chunk &chunk,
                         FactorsFn emitFactors);

/// The indices, row-major in a tensor of `sizes`, of the elements of `chunk`:
/// i64.
mlir::Value emitLinearIndices(mlir::ImplicitLocOpBuilder &b,
                              mlir::ArrayRef<mlir::OpFoldResult> sizes,
                              const Chunk &chunk);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_CHUNKLOOPS_H
