//===- MatmulKernels.h - The kernels of scaled_matmul -----------*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOGPU_MATMULKERNELS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOGPU_MATMULKERNELS_H

#include "MatmulStages.h"

namespace quantx {

/// What a kernel is built with: where it goes, and what it is for.
struct MatmulKernelContext {
  KernelLibrary &library;
  mlir::OpBuilder &builder;
  mlir::Operation *op;
};

/// The result of a kernel for operands of any types, which multiplies in f32.
mlir::Value buildPlainMatmul(const MatmulKernelContext &context,
                             const Matmul &matmul);

/// How the results of a tile are divided among the warps of a block of threads,
/// and how K goes through shared memory. Chosen by instructions and bytes
/// counted, not measured.
struct MatmulTiling {
  /// Of a warp: tiles of 16 outputs, and of 8 tokens.
  int64_t outputTiles, tokenTiles;
  /// The warps side by side; those of `sumWarps` share the elements of a stage.
  int64_t outputWarps, tokenWarps, sumWarps;
  /// Steps of K of a warp in a stage, and stages, of which there may be fewer
  /// in little shared memory.
  int64_t steps, stages;
  /// The tokens in shared memory: all of the tile, or 1 where there is no
  /// other.
  int64_t storedTokens;
  /// The blocks of threads that a multiprocessor has registers for at least:
  /// without such a wish, ptxas spills some for more blocks of its own accord.
  int64_t blocks;

  int64_t getOutputs() const { return 16 * outputTiles * outputWarps; }
  int64_t getTokens() const { return 8 * tokenTiles * tokenWarps; }
  int64_t getWarps() const { return outputWarps * tokenWarps * sumWarps; }
  int64_t getThreads() const { return 32 * getWarps(); }

  /// One token, by codes of `bits` bits, or up to 8: memory is what limits
  /// these. Where K is not known, addresses take more registers, so there are
  /// fewer chunks for a thread, and fewer blocks.
  static MatmulTiling getOne(unsigned bits, bool isStatic, int64_t blocks) {
    return {1, 1, 1, 1, 4, bits == 4 && isStatic ? 8 : 4, 2, 1, blocks};
  }
  static MatmulTiling getFew(int64_t blocks) {
    return {1, 1, 1, 1, 4, 4, 2, 8, blocks};
  }
  /// Some tokens, or many: fewer of these where the sums of a block have
  /// registers of their own.
  static MatmulTiling getSome() { return {2, 4, 4, 2, 1, 2, 4, 64, 1}; }
  static MatmulTiling getMany(bool scalesSums) {
    return scalesSums ? MatmulTiling{2, 6, 4, 2, 1, 2, 4, 96, 1}
                      : MatmulTiling{2, 8, 4, 2, 1, 2, 4, 128, 1};
  }
};

/// Whether `buildTensorCoreMatmul` takes the types of `matmul`.
bool suitsTensorCores(const Matmul &matmul);

/// Whether scales multiply the sums of a block there, with many tokens.
bool scalesBlockSums(const Matmul &matmul);

/// The result of a kernel that multiplies by matrix instructions, in bf16 or
/// f16.
mlir::Value buildTensorCoreMatmul(const MatmulKernelContext &context,
                                  const Matmul &matmul,
                                  const MatmulTiling &tiling);

/// How `buildWarpgroupMatmul` works: by tiles of so many tokens, a multiple of
/// 32 up to 256, and where scales go.
struct WarpgroupTiling {
  int64_t tokens;
  ScalePlace place;
};

/// The largest tiles of at most `mostTokens`; none where that kernel does not
/// take `matmul`.
std::optional<WarpgroupTiling> findWarpgroupTiling(const Matmul &matmul,
                                                   int64_t mostTokens);

/// The result of a kernel for plain tokens of bf16 or f16 that multiplies them
/// by wgmma with weights that it decodes to registers.
mlir::Value buildWarpgroupMatmul(const MatmulKernelContext &context,
                                 const Matmul &matmul,
                                 const WarpgroupTiling &tiling);

/// How `buildFewTokensMatmul` divides its work. Chosen by instructions and
/// bytes counted, not measured.
struct FewTokensTiling {
  /// Of a warp: tiles of 16 outputs, and of each row the times that four lanes
  /// load 16 bytes side by side for a step of K.
  int64_t outputTiles, chunks;
  /// As in `MatmulTiling`.
  int64_t blocks;

  /// One token, which all columns read; or up to 8, whose elements are then
  /// read for twice as many outputs. Zero points of blocks take more registers,
  /// and so does what is not known of K.
  static FewTokensTiling getOne(bool isStatic, bool hasZeroPoint) {
    return {1, 2, isStatic && !hasZeroPoint ? 4 : 3};
  }
  static FewTokensTiling getFew(bool isStatic) {
    return isStatic ? FewTokensTiling{2, 1, 3} : FewTokensTiling{1, 2, 3};
  }
};

/// Whether `buildFewTokensMatmul` takes the types of `matmul`.
bool suitsFewTokens(const Matmul &matmul);

/// The result of a kernel for up to 8 plain tokens, of bf16 or f16, that takes
/// weights from device memory right to the registers of matrix instructions.
mlir::Value buildFewTokensMatmul(const MatmulKernelContext &context,
                                 const Matmul &matmul,
                                 const FewTokensTiling &tiling);

/// Whether `buildTensorMemoryMatmul` takes `matmul`.
bool suitsTensorMemory(const Matmul &matmul);

/// The result of a kernel for many tokens that multiplies codes with their
/// scales by tcgen05.mma.
mlir::Value buildTensorMemoryMatmul(const MatmulKernelContext &context,
                                    const Matmul &matmul);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOGPU_MATMULKERNELS_H
