//===- MatmulLanes.h - Weights whose lanes are of one block -----*- C++ -*-===//
//
// A few rows of activations by weights in rows, a vector of codes at a time.
// Each of 16 lanes has neighbours of a row, all in one block: what a group of
// codes adds to a lane is multiplied by one scale. How codes are multiplied is
// that of LaneProducts; activations are packed for it, once for all weights.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULLANES_H
#define QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULLANES_H

#include "MatmulTiles.h"

namespace quantx {

/// The lanes of sums, and the bytes of the codes of a group.
inline constexpr int64_t kSumLanes = 16, kGroupBytes = 64;

/// The elements of a group of `weights`.
int64_t getLaneGroup(ScaledType weights);

/// The elements of a group of `weights` in a lane.
int64_t getLaneElements(ScaledType weights);

/// Whether the lanes of groups of `group` elements are of one block of `type`
/// each.
bool suitsLanes(ScaledType type, int64_t group);

/// Whether the last dimension of `type` is one block.
bool hasRowScale(ScaledType type);

/// The groups of a chunk of the weights of `matmul`, which are multiplied in a
/// loop's body.
int64_t countLaneGroups(const Matmul &matmul);

/// A group of codes of a row of weights, or a run of such groups.
struct LaneGroup {
  /// The indices of the batches, and the number of the run in its row.
  llvm::ArrayRef<mlir::Value> batch;
  mlir::Value number;
  /// The codes of each group.
  llvm::SmallVector<mlir::Value> bytes;
  /// The zero points of the blocks of the chunk, if there are any, and which of
  /// how many runs of the chunk this is.
  mlir::Value zeroPoints;
  int64_t index, count;

  /// The zero points, integers of `bits`, in `lanes` equal parts of the group.
  mlir::Value spreadZeroPoints(mlir::ImplicitLocOpBuilder &b, int64_t lanes,
                               int64_t bits) const;
  /// The same of `factor`, a scalar or one lane for each block of the chunk.
  mlir::Value spread(mlir::ImplicitLocOpBuilder &b, mlir::Value factor,
                     int64_t lanes) const;
};

/// How groups are multiplied.
class LaneProducts {
public:
  virtual ~LaneProducts() = default;

  /// The groups of a run, 1 or all of a chunk, whose products scales multiply
  /// together.
  virtual int64_t getRun() const { return 1; }

  /// The products of each row of activations with the same run of some rows of
  /// weights, rows x columns, but for the scales of these: 16 lanes of f32.
  virtual llvm::SmallVector<mlir::Value>
  multiply(mlir::ImplicitLocOpBuilder &b,
           llvm::ArrayRef<LaneGroup> columns) const = 0;

  /// What the sums over the row number `row` of activations are multiplied by;
  /// null for 1.
  virtual mlir::Value getFactor(mlir::ImplicitLocOpBuilder &b,
                                llvm::ArrayRef<mlir::Value> batch,
                                int64_t row) const = 0;

  /// 16 lanes of what `tensor`, as packGroups gives, has for `group` and a row
  /// of activations: those number `part`.
  static mlir::Value read(mlir::ImplicitLocOpBuilder &b, mlir::Value tensor,
                          const LaneGroup &group, int64_t row,
                          int64_t part = 0);
};

/// The rows of activations, and those of weights, that are multiplied at once.
struct LaneTile {
  int64_t rows, columns;
};

/// Adds the products of at most as many rows of activations as `tile` has to
/// `init`.
mlir::Value buildLaneSums(mlir::ImplicitLocOpBuilder &b, const Matmul &matmul,
                          const LaneProducts &products, LaneTile tile,
                          mlir::Value init);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOVECTOR_MATMULLANES_H
