//===- Kernels.h - What a user of the PTX must know of it -------*- C++ -*-===//

#ifndef QUANTX_TARGET_NVVM_KERNELS_H
#define QUANTX_TARGET_NVVM_KERNELS_H

#include "mlir/IR/BuiltinOps.h"

namespace quantx {

/// A kernel of a module of the NVVM pipeline. Any grid along x is right; the
/// block is fixed.
struct KernelDescription {
  std::string name; ///< as in the PTX
  std::string op;   ///< the quantx op that it computes, "dequantize"
  /// A parameter: pointers to device memory first, then sizes as 64-bit
  /// integers, then scalars.
  struct Parameter {
    std::string name; ///< "payload", "scales", "rows"
    std::string type; ///< of what a pointer points to, else of the value
    bool isPointer;
  };
  llvm::SmallVector<Parameter> parameters;
  int64_t blockSize;           ///< threads along x
  int64_t dynamicSharedMemory; ///< bytes that the launch must ask for
};

/// The kernels of `module`, in the order in which functions use them: at any
/// place of the pipeline after quantx-lower-to-gpu, and at its end.
llvm::SmallVector<KernelDescription> getKernels(mlir::ModuleOp module);

/// The attribute of a gpu.func from which its description is read.
inline constexpr llvm::StringLiteral kKernelAttrName = "quantx.kernel";
/// The attribute of the module that keeps those of its kernels, by name.
inline constexpr llvm::StringLiteral kKernelsAttrName = "quantx.kernels";

} // namespace quantx

#endif // QUANTX_TARGET_NVVM_KERNELS_H
