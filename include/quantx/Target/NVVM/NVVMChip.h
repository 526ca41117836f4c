//===- NVVMChip.h - Which GPU code is made for ------------------*- C++ -*-===//

#ifndef QUANTX_TARGET_NVVM_NVVMCHIP_H
#define QUANTX_TARGET_NVVM_NVVMCHIP_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

namespace quantx {

/// A GPU, and what its instructions can do beside what all of them can:
/// asynchronous copies to shared memory, matrix products in bf16. What it
/// converts is known to the codec of the same name
/// (quantx/Target/NarrowFloats/FloatCodecs.h).
struct NVVMChip {
  /// As PTX names it.
  llvm::StringLiteral name;
  /// LLVM's feature for the version of PTX that has all that the chip has.
  llvm::StringLiteral ptxFeature;
  bool hasBlockScaledMma; ///< mma.sync with f8E8M0FNU or f8E4M3FN scales
  bool hasTensorMemory;   ///< tcgen05.mma, which takes such scales too
  bool hasWarpgroupMma;   ///< wgmma

  /// Fails on a name that is not in the table, and lists those that are.
  static llvm::Expected<NVVMChip> get(llvm::StringRef name);
  static llvm::ArrayRef<NVVMChip> getAll();
};

} // namespace quantx

#endif // QUANTX_TARGET_NVVM_NVVMCHIP_H
