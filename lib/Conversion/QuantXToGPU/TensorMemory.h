//===- TensorMemory.h - tcgen05, and its descriptors ------------*- C++ -*-===//
//
// The matrix instruction of sm_100a is issued by one thread for its block. It
// takes both matrices from shared memory, as descriptors say, their scales from
// tensor memory, and adds to sums in tensor memory: 128 lanes of 512 columns of
// 32 bits. It is asynchronous: an mbarrier tells when it is done.
//
// What is written here is from the PTX ISA, chapter "TensorCore 5th Generation
// Family Instructions"; the comments name its sections.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOGPU_TENSORMEMORY_H
#define QUANTX_LIB_CONVERSION_QUANTXTOGPU_TENSORMEMORY_H

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "quantx/IR/QuantXTypes.h"

namespace quantx {

/// What a `tcgen05.mma` multiplies: matrices of `weights` and of `tokens` whose
/// rows are 32 bytes along K.
class TensorMma {
public:
  TensorMma(ScaledType weights, ScaledType tokens)
      : weights(weights), tokens(tokens) {}

  /// The rows of weights, which are the lanes of the sums; and of tokens, which
  /// are their columns.
  static constexpr int64_t kRows = 128, kColumns = 128;
  /// The bytes of a row.
  static constexpr int64_t kRowBytes = 32;

  /// The elements of a row, and the scales.
  int64_t getSize() const { return kRowBytes * (isNarrow() ? 2 : 1); }
  int64_t getScales() const {
    return areE8M0() ? getSize() / 32 : getSize() / 16;
  }
  /// Codes of 4 bits beside others, and of 6 bits: 16 of them, and padding of
  /// anything up to 16 bytes.
  bool isPadded(ScaledType type) const {
    return type.getStorageBits() < 8 && !isNarrow();
  }

  /// Adds the product to the `sums`, or takes it for them where `adds` is
  /// false. `matrices` are descriptors, of weights and tokens; `scales` are
  /// where tensor memory has them, from the byte `scaleByte` of each word on.
  void create(mlir::ImplicitLocOpBuilder &b, mlir::Value sums,
              std::array<mlir::Value, 2> matrices,
              std::array<mlir::Value, 2> scales, int64_t scaleByte,
              mlir::Value adds) const;

private:
  /// Both have codes of 4 bits.
  bool isNarrow() const {
    return weights.getStorageBits() == 4 && tokens.getStorageBits() == 4;
  }
  /// FP8 by rows has scales of 1, of this type.
  bool areE8M0() const;
  uint32_t getDescriptor(int64_t scaleByte) const;

  ScaledType weights, tokens;
};

/// The descriptor of rows of 128 bytes at `address` (i64, of shared memory), or
/// of 32 of each of these: those from a multiple of 32 on. The rows, in groups
/// of 8 that begin at multiples of 1024 bytes, have their chunks swizzled.
mlir::Value createMatrixDescriptor(mlir::ImplicitLocOpBuilder &b,
                                   mlir::Value address);

/// Copies a tile of scales, 128 rows of 4 as #quantx.scale_layout<tile128x4>
/// has them, from shared memory at `address` to four columns of tensor memory.
void createScaleCopy(mlir::ImplicitLocOpBuilder &b, mlir::Value destination,
                     mlir::Value address);

/// The columns of such a copy.
constexpr int64_t kScaleColumns = 4;

/// A pointer to tensor memory or to shared memory, of an address (i32, i64).
mlir::Value createTensorPointer(mlir::ImplicitLocOpBuilder &b,
                                mlir::Value address);
mlir::Value createSharedPointer(mlir::ImplicitLocOpBuilder &b,
                                mlir::Value address);

/// The sums of the lane of each thread of a warp in `count` columns from
/// `address` (i32) on, as f32.
llvm::SmallVector<mlir::Value> loadSums(mlir::ImplicitLocOpBuilder &b,
                                        mlir::Value address, int64_t count);

/// Waits until the phase of an mbarrier that has this parity (i32) is over.
void createPhaseWait(mlir::ImplicitLocOpBuilder &b, mlir::Value barrier,
                     mlir::Value parity);

/// Fences around what orders threads, for what `tcgen05` does before or after.
void createFenceBefore(mlir::ImplicitLocOpBuilder &b);
void createFenceAfter(mlir::ImplicitLocOpBuilder &b);
/// Shows what the thread has written to shared memory to `tcgen05`.
void createProxyFence(mlir::ImplicitLocOpBuilder &b);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOGPU_TENSORMEMORY_H
