//===- MatmulStages.h - Operands of matrix instructions ---------*- C++ -*-===//
//
// An operand goes through shared memory as it is in device memory, packed, in
// stages: some rows of it, some elements of K each. Asynchronous copies fill
// the stages to come while one is multiplied. What belongs to blocks, scales
// and zero points, is decoded when it is put there, once for all who read it.
//
// K is taken in steps of 32 elements, two matrix instructions. The order of a
// sum is free: so of each step a lane takes 8 neighbours, which are one or few
// words of codes, and the blocks of 16 bytes that lanes read together are in
// different banks.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOGPU_MATMULSTAGES_H
#define QUANTX_LIB_CONVERSION_QUANTXTOGPU_MATMULSTAGES_H

#include "MatmulOperands.h"
#include "quantx/Emit/PairCodes.h"

namespace quantx {

/// What the scales of blocks multiply.
enum class ScalePlace {
  None,      ///< there are no scales
  RowSums,   ///< results: a block is a whole row
  BlockSums, ///< the sums of a step
  Values,    ///< what codes stand for: exact in the type that is multiplied
  Codes      ///< codes, in the matrix instruction
};

/// Those of both operands, and whether matrix instructions take their codes.
struct ScalePlaces {
  ScalePlace lhs, rhs;
  bool areCodes = false;
};

/// Where scales go for tiles of as many times 8 tokens as `tokenTiles`; none
/// where matrix instructions do not take these types.
std::optional<ScalePlaces> findScalePlaces(const Matmul &matmul,
                                           int64_t tokenTiles);
/// The same where matrix instructions are to take codes: both of 8 bits or of
/// 4, or with `canMix` of 8, 6 and 4 in any pair.
std::optional<ScalePlaces> findScalePlacesOfCodes(const Matmul &matmul,
                                                  bool canMix);

/// Whether a sum of products of codes may be multiplied by the scale: values
/// are not rounded after they are scaled, or that changes nothing.
bool canScaleSums(ScaledType type);

/// Where the scales of weights go in `buildFewTokensMatmul`; none where it does
/// not take these types.
std::optional<ScalePlace> findFewTokensPlace(const Matmul &matmul);

/// The type that codes are decoded to: bf16 or f16.
mlir::Type getMultipliedType(const Matmul &matmul);

/// What a block whose scale goes to `place` multiplies and subtracts, as words:
/// the scale, as a pair of `element`, f32 or a code, and the offset of
/// `emitPairOffset`; each where there is one.
llvm::SmallVector<mlir::Value>
makeBlockWords(mlir::ImplicitLocOpBuilder &b, ScaledType type,
               mlir::Type element, ScalePlace place,
               const BlockParameters &parameters);

/// Whether one of these is a scale.
bool hasScaleWord(ScalePlace place);

/// What all sums of a row are multiplied by (f32); null for nothing.
mlir::Value loadRowFactor(mlir::ImplicitLocOpBuilder &b,
                          const KernelOperand &operand, ScalePlace place,
                          mlir::Value batch, mlir::Value row);

/// The elements of K in a step, of which a lane has as many as `kLaneElements`.
constexpr int64_t kStepSize = 32, kLaneElements = 8;

/// How an operand is staged.
struct StageShape {
  int64_t rows;    ///< rows of a stage
  int64_t steps;   ///< steps of K in a stage
  int64_t stages;  ///< stages in shared memory
  int64_t threads; ///< of a block
  PairOrder order; ///< of the elements of a lane
  /// The chunks of a row, 128 bytes, go where tcgen05.mma has them.
  bool isSwizzled = false;
  /// A chunk of 16 bytes has no more than 16 elements, at its start.
  bool isPadded = false;
  /// A lane has not 8 neighbours of a step, but a pair of each 8 neighbours: as
  /// matrix instructions number elements, for another operand in that order.
  bool isByPairs = false;

  int64_t getSize() const { return steps * kStepSize; }
};

/// Where a lane is in a warp whose lanes hold 8 rows of 4 parts.
struct LanePlace {
  mlir::Value row, part;
};

/// The rows of an operand from `first` on, as many as a tile has.
struct OperandTile {
  mlir::Value batch, first;
};

/// An operand of matrix instructions on `element`, bf16 or f16.
class StagedOperand {
public:
  StagedOperand(const KernelOperand &operand, mlir::Type element,
                ScalePlace place, StageShape shape);

  /// Bytes of shared memory, a multiple of 16.
  int64_t getSharedBytes() const;
  /// Takes its part of `shared`, bytes, from `offset` on; `thread` is that of
  /// the block. Says what does not change in the kernel.
  void allocate(mlir::ImplicitLocOpBuilder &b, mlir::Value shared,
                int64_t offset, mlir::Value thread);

  /// Begins to copy the stage number `stage` of `tile` to `slot`.
  void copy(mlir::ImplicitLocOpBuilder &b, const OperandTile &tile,
            mlir::Value stage, mlir::Value slot) const;
  /// Loads what belongs to the blocks of that stage; and puts it into `slot`.
  llvm::SmallVector<mlir::Value> loadBlocks(mlir::ImplicitLocOpBuilder &b,
                                            const OperandTile &tile,
                                            mlir::Value stage) const;
  void storeBlocks(mlir::ImplicitLocOpBuilder &b, mlir::ValueRange words,
                   mlir::Value slot) const;
  /// How many words `loadBlocks` gives.
  int64_t getNumBlockWords() const;

  /// How many elements multiply in the place of one: 3 of f32.
  int64_t getNumParts() const;
  /// The same with all work after the loads done late, so that nothing waits
  /// for these meanwhile: the parameters as they are in memory, of a stage that
  /// exists.
  llvm::SmallVector<mlir::Value> loadParameters(mlir::ImplicitLocOpBuilder &b,
                                                const OperandTile &tile,
                                                mlir::Value stage) const;
  void storeParameters(mlir::ImplicitLocOpBuilder &b, mlir::ValueRange loaded,
                       mlir::Value slot) const;

  /// The elements of a lane in `row` of a stage and `step` of it: four words of
  /// pairs for each part.
  llvm::SmallVector<mlir::Value> read(mlir::ImplicitLocOpBuilder &b,
                                      mlir::Value slot, mlir::Value row,
                                      mlir::Value step, LanePlace lane) const;
  /// The scale (f32) of sums of that step and row.
  mlir::Value readScale(mlir::ImplicitLocOpBuilder &b, mlir::Value slot,
                        mlir::Value row, mlir::Value step) const;

  /// Those elements as codes, in the words that they are in.
  llvm::SmallVector<mlir::Value> readCodes(mlir::ImplicitLocOpBuilder &b,
                                           mlir::Value slot, mlir::Value row,
                                           mlir::Value step,
                                           LanePlace lane) const;
  /// The codes of the scales of that row in `steps` steps from `step` on, as
  /// the bytes of a word; E8M0's of 1 where scales go elsewhere.
  mlir::Value readScaleCodes(mlir::ImplicitLocOpBuilder &b, mlir::Value slot,
                             mlir::Value row, mlir::Value step,
                             int64_t steps) const;

  mlir::Value loadRowFactor(mlir::ImplicitLocOpBuilder &b, mlir::Value batch,
                            mlir::Value row) const {
    return quantx::loadRowFactor(b, operand, place, batch, row);
  }

  ScaledType getType() const { return operand.getType(); }
  int64_t getBlockSize() const { return operand.getBlockSize(); }

private:
  bool hasScaleWords() const { return hasScaleWord(place); }
  bool hasOffsetWords() const { return getType() && getType().hasZeroPoint(); }
  int64_t getNumWordKinds() const {
    return int64_t(hasScaleWords()) + int64_t(hasOffsetWords());
  }
  /// Words of each kind for a step and row.
  int64_t getBlocksInStep() const;
  int64_t getBlocksInStage() const { return getBlocksInStep() * shape.steps; }
  /// Bits of an element of a row; elements or bytes of the memory of a row of a
  /// stage, and of 16 bytes of it.
  unsigned getBits() const;
  int64_t getUnitBytes() const { return getType() ? 1 : getBits() / 8; }
  int64_t getRowUnits() const;
  int64_t getChunkUnits() const { return 16 / getUnitBytes(); }
  /// The same in device memory.
  int64_t getSourceRowUnits() const;
  int64_t getSourceChunkUnits() const;
  int64_t getChunksInRow() const { return getRowUnits() / getChunkUnits(); }

  /// Where the chunk of 16 bytes number `chunk` of `row` is in a row.
  mlir::Value placeChunk(IndexMath math, mlir::Value row,
                         mlir::Value chunk) const;
  mlir::Value getRowStart(IndexMath math, mlir::Value slot,
                          mlir::Value row) const;
  /// A chunk on its way: where it is in device memory, how many elements or
  /// bytes of it there are, and where it goes.
  struct ChunkCopy {
    mlir::Value source, count, destination;
  };
  ChunkCopy locateChunk(IndexMath math, const OperandTile &tile,
                        mlir::Value stage, mlir::Value slot, mlir::Value row,
                        mlir::Value chunk) const;
  void copyAtOnce(mlir::ImplicitLocOpBuilder &b, const ChunkCopy &chunk) const;
  void copySlowly(mlir::ImplicitLocOpBuilder &b, const ChunkCopy &chunk) const;
  /// Where the blocks of a thread are: calls `visit` with their row and the
  /// element of K that they have.
  void visitBlocks(
      mlir::ImplicitLocOpBuilder &b, const OperandTile &tile, mlir::Value stage,
      llvm::function_ref<void(const OperandRow &, mlir::Value)> visit) const;
  /// The codes of a lane with `isByPairs`, and its elements.
  llvm::SmallVector<mlir::Value> gatherCodes(mlir::ImplicitLocOpBuilder &b,
                                             mlir::Value slot, mlir::Value row,
                                             mlir::Value step,
                                             LanePlace lane) const;
  llvm::SmallVector<mlir::Value> readByPairs(mlir::ImplicitLocOpBuilder &b,
                                             mlir::Value slot, mlir::Value row,
                                             mlir::Value step,
                                             LanePlace lane) const;
  /// `bytes` bytes of a lane, as words.
  llvm::SmallVector<mlir::Value> loadWords(mlir::ImplicitLocOpBuilder &b,
                                           mlir::Value index,
                                           int64_t bytes) const;
  /// The word of `kind` for a lane.
  mlir::Value readBlockWord(mlir::ImplicitLocOpBuilder &b, mlir::Value slot,
                            int64_t kind, mlir::Value row, mlir::Value step,
                            mlir::Value part) const;

  const KernelOperand &operand;
  mlir::Type element;
  ScalePlace place;
  StageShape shape;
  mlir::Value thread;
  mlir::Value data, words;
  /// Whether chunks of 16 bytes are aligned in device memory.
  mlir::Value isAligned;
};

/// A word of a place in shared memory where that is in a loop over what the
/// threads of a block share: `count` of these. `build` gets the index of one.
void buildShares(mlir::ImplicitLocOpBuilder &b, mlir::Value thread,
                 int64_t threads, int64_t count,
                 llvm::function_ref<void(mlir::Value index)> build);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOGPU_MATMULSTAGES_H
