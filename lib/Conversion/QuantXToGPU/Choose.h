//===- Choose.h - Kernels that choose parameters ----------------*- C++ -*-===//
//
// A kernel that chooses the parameters of blocks, and encodes these where that
// is asked for. The block stays in the registers of lanes of a warp where it is
// a power of two of neighbours in a row; others are gone over by a block of
// threads, once for each reduction and once to be encoded.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOGPU_CHOOSE_H
#define QUANTX_LIB_CONVERSION_QUANTXTOGPU_CHOOSE_H

#include "Blocks.h"
#include "Encode.h"
#include "quantx/IR/QuantXOps.h"

namespace quantx {

/// What a kernel chooses, for a type; on the host.
struct ChooseKernelSpec {
  ScaledType type;
  ScaleMethodAttrInterface method;
  llvm::SmallVector<mlir::OpFoldResult> sizes;
  bool encodes;
  Rounding rounding = Rounding::NearestEven;
  bool saturate = true;
};

/// The operands of the kernel; null where there are none.
struct ChooseOperands {
  mlir::Value input, weights, global, seed;
};

/// The parameters and views of such a kernel, in its body. What is there of a
/// global scale is given, or reduced.
struct ChooseViews {
  mlir::Value input;
  std::optional<BlockWeights> weights;
  mlir::Value global;                   ///< f32, or null
  mlir::Value globalResult;             ///< view for a chosen one, or null
  std::optional<ReducedTensor> reduced; ///< what it is chosen from
  mlir::Value payload, scales, zeroPoints;
  mlir::Value seed;
};

/// Whether a block of `spec` is one that lanes can hold.
bool fitsLanes(const ChooseKernelSpec &spec, const JoinedShape &shape);

/// Build the body for such blocks, and for any. Return the tiles of the launch.
mlir::Value buildLaneBlocks(KernelBuilder &kernel, const ChooseKernelSpec &spec,
                            const JoinedShape &shape, const Rows &rows,
                            const ChooseViews &views);
mlir::Value buildThreadBlocks(KernelBuilder &kernel,
                              const ChooseKernelSpec &spec,
                              const JoinedShape &shape, const Rows &rows,
                              const ChooseViews &views);
/// The threads of the kernel for any blocks.
int64_t getThreadBlockSize(ScaledType type);
/// Whether that kernel can write the codes: those of a block fill whole bytes.
bool canEncodeThreadBlocks(ScaledType type);

/// Stores the parameters of the block `index` (among all).
void storeParameters(mlir::ImplicitLocOpBuilder &b, const ChooseViews &views,
                     mlir::ValueRange parameters, mlir::Value index);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOGPU_CHOOSE_H
