//===- SimulatedWarp.h - What the lanes of a warp do together ---*- C++ -*-===//
//
// The `perform` of `WarpLane`, for each operation of a warp. Written from the
// PTX ISA.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDWARP_H
#define QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDWARP_H

#include "SimulatedDevice.h"

namespace quantx::test {

enum class ShuffleMode : int32_t { Xor, Down, Up, Idx };

/// `shfl.sync`. inputs: value (i64 bits), offset (i32), segments and clamp
/// (i32, as PTX has them, or the width of gpu.shuffle); output: ShuffleResult.
struct Shuffle {
  ShuffleMode mode;
  /// gpu.shuffle: what a lane gets from none is poison.
  bool hasWidth;
};
struct ShuffleResult {
  int64_t value;
  int32_t isValid;
};
std::string performShuffle(llvm::ArrayRef<WarpLane *> lanes);

enum class VoteMode : int32_t { Any, All, Ballot, Uni };

/// `vote.sync` of all lanes. inputs: predicate (i32); attributes: VoteMode;
/// output: i32.
std::string performVote(llvm::ArrayRef<WarpLane *> lanes);

/// `bar.warp.sync`.
std::string performSync(llvm::ArrayRef<WarpLane *> lanes);

/// `ldmatrix` of 8x8 matrices of 16-bit elements.
struct LoadMatrix {
  int32_t count;
  bool transpose;
};
/// inputs: the address of a row; attributes: LoadMatrix; output: i32, `count`
/// times.
std::string performLoadMatrix(llvm::ArrayRef<WarpLane *> lanes);

/// `mma.sync`, m16n8: A row-major, B column-major.
enum class MatrixType : int32_t { F16, BF16, E4M3, E5M2, S8, U8, E2M1 };
struct MultiplyMatrices {
  int32_t k;
  MatrixType a, b;
};
/// inputs: the fragments of A and B, as bytes, and of C; attributes:
/// MultiplyMatrices; output: the fragment of D. C and D are 4 f32, or i32 where
/// A and B are integers. Products are exact, and added in double precision.
std::string performMultiply(llvm::ArrayRef<WarpLane *> lanes);

/// `mma.sync` with `block_scale`.
struct MultiplyScaled {
  MultiplyMatrices matrices;
  int32_t scales;     ///< of a row of A and of a column of B: 1, 2 or 4
  bool areE8M0;       ///< or UE4M3
  int32_t bytes[2];   ///< the first byte of the scales of A and B
  int32_t threads[2]; ///< the pair of lanes, or lane, of four that has them
};
/// The same, with two more inputs: the words (i32) of scales of A and B.
std::string performMultiplyScaled(llvm::ArrayRef<WarpLane *> lanes);

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDWARP_H
