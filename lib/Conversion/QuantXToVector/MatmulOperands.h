//===- MatmulOperands.h - Rows of a matmul in chunks ------------*- C++ -*-===//
//
// The sum of a matmul goes over chunks of K, each of which is several vectors,
// the parts. Sums may take elements in any order, so a chunk has them in the
// one in which codes are decoded with least work; activations are put in that
// order once for all weights.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULOPERANDS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULOPERANDS_H

#include "ChunkLoops.h"

namespace quantx {

/// An operand: a plain tensor, or a scaled one by its lowered parts.
struct MatmulOperand {
  ScaledType type; ///< null for a plain one
  llvm::SmallVector<mlir::Value> parts;
};

/// Which element of a chunk is in which lane of which part. A chunk is of one
/// or more groups, each in the same order.
struct ChunkOrder {
  /// The elements of a chunk and of a group, and the lanes of a part.
  int64_t chunk, group, lanes;
  /// Whether each lane of a group's parts takes its codes from one 32-bit word;
  /// else elements are in the order of memory.
  bool inWords;

  int64_t getNumParts() const { return chunk / lanes; }
  int64_t getNumGroups() const { return chunk / group; }
  int64_t getPartsInGroup() const { return group / lanes; }
  /// The elements of a group that the lanes of its part number `part` hold.
  llvm::SmallVector<int64_t> getElements(int64_t part) const;
};

/// How K is divided.
struct ChunkedSum {
  ChunkOrder order;
  /// K, the number of whole chunks, and the elements after them.
  mlir::Value size, whole, rest;
  /// The number of all chunks.
  mlir::Value count;

  ChunkedSum(mlir::ImplicitLocOpBuilder &b, const ChunkOrder &order,
             mlir::Value size);
  bool mayHaveRest() const;
};

/// Whether a sum of products of codes may be multiplied by the scale: values
/// are not rounded after they are scaled, or that changes nothing.
bool scalesSums(ScaledType type);

/// The elements of the blocks of `type` along K; the largest number for a whole
/// row.
int64_t getRowBlock(ScaledType type);

/// What is multiplied by the scales of weights: their values; or, with less
/// work, sums of products of a block, or of a whole row.
enum class ScalePlace { Values, BlockSums, RowSums };

/// The best place where a tile has `rows` rows of activations.
ScalePlace findScalePlace(ScaledType type, const ChunkOrder &order,
                          int64_t rows);

/// Reads and decodes a chunk of weights, part by part; what is not there is 0.
class WeightReader {
public:
  WeightReader(mlir::ImplicitLocOpBuilder &b, const MatmulOperand &weights,
               const ChunkOrder &order, const Chunk &chunk, ScalePlace place);

  /// The parts that are in one block.
  int64_t getPartsInBlock() const;
  /// The scale of what is in the lanes of the part number `part`.
  mlir::Value readScale(int64_t part);
  /// The values of the part number `part`, times their scales if `place` says
  /// so; parts are taken in turns.
  mlir::Value read(int64_t part);
  /// The values of `group`, a part behind the other.
  mlir::Value readGroup(int64_t group);

private:
  /// The 32-bit words of the codes of `group`.
  mlir::Value readWords(int64_t group);
  /// All values under scales of 1, in the order of memory.
  mlir::Value readInOrder();
  /// `values` under a scale of 1, in the lanes of `lanes`, as final ones.
  mlir::Value scaleValues(mlir::Value values, const BlockFactors &lanes);
  /// The factors of lanes that hold `elements` of the chunk.
  BlockFactors spread(llvm::ArrayRef<int64_t> elements);
  /// The elements of the chunk that the lanes of `part` hold.
  llvm::SmallVector<int64_t> getElements(int64_t part) const;

  mlir::ImplicitLocOpBuilder &b;
  ElementwiseBuilder arith;
  const MatmulOperand &weights;
  ScaledType type;
  ChunkOrder order;
  Chunk chunk;
  ScalePlace place;
  /// The elements of a block along K.
  int64_t block;
  /// Of the blocks of the chunk.
  BlockFactors factors;
  /// The words of the last group, and the factors of their lanes; or all values
  /// where these are not in words.
  mlir::Value current;
  BlockFactors currentFactors;
};

/// The elements of `chunk` as f32, in the order of memory; zeros for those that
/// are not there.
mlir::Value readValues(mlir::ImplicitLocOpBuilder &b,
                       const MatmulOperand &operand, const Chunk &chunk);

/// The same for a group whose row ends at `end`, which may be before it; null
/// where the row has all of it.
mlir::Value readGroup(mlir::ImplicitLocOpBuilder &b,
                      const MatmulOperand &operand, const Chunk &group,
                      mlir::Value end);

/// The same as the parts of `order`.
llvm::SmallVector<mlir::Value> readParts(mlir::ImplicitLocOpBuilder &b,
                                         const MatmulOperand &operand,
                                         const ChunkOrder &order,
                                         const Chunk &group, mlir::Value end);

/// Rows of activations as f32, in tiles of `rows`, ready to be multiplied:
/// batches x tiles x groups x rows x elements of a group.
class PackedActivations {
public:
  /// Rows that fill up the last tile hold anything.
  PackedActivations(mlir::ImplicitLocOpBuilder &b, const MatmulOperand &lhs,
                    const ChunkedSum &sum, int64_t rows,
                    llvm::ArrayRef<mlir::OpFoldResult> sizes);

  /// A part of a group of the row number `row` of a tile.
  mlir::Value read(mlir::ImplicitLocOpBuilder &b, mlir::ValueRange batch,
                   mlir::Value tile, mlir::Value group, int64_t part,
                   int64_t row) const;

  /// Element number `element` of a group of the row number `row` of a tile.
  mlir::Value readElement(mlir::ImplicitLocOpBuilder &b, mlir::ValueRange batch,
                          mlir::Value tile, mlir::Value group,
                          mlir::Value element, int64_t row) const;

private:
  int64_t lanes;
  mlir::Value tensor;
};

/// Writes `vector` into `tensor` at `offsets`, along its last dimension.
mlir::Value insertVector(mlir::ImplicitLocOpBuilder &b, mlir::Value vector,
                         mlir::Value tensor,
                         llvm::ArrayRef<mlir::OpFoldResult> offsets);

/// `parts`, vectors of one type, one behind the other.
mlir::Value concatenate(mlir::ImplicitLocOpBuilder &b,
                        llvm::ArrayRef<mlir::Value> parts);

/// Reads a vector of elements of `tensor`, along its last dimension.
mlir::Value extractVector(mlir::ImplicitLocOpBuilder &b, int64_t lanes,
                          mlir::Value tensor, mlir::ValueRange indices);

/// The number of the tiles of `rows` that `size` takes.
mlir::OpFoldResult countTiles(mlir::ImplicitLocOpBuilder &b,
                              mlir::OpFoldResult size, int64_t rows);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULOPERANDS_H
