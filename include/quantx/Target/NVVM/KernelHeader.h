//===- KernelHeader.h - C headers of kernels --------------------*- C++ -*-===//

#ifndef QUANTX_TARGET_NVVM_KERNELHEADER_H
#define QUANTX_TARGET_NVVM_KERNELHEADER_H

#include "quantx/Target/NVVM/Kernels.h"
#include "llvm/Support/raw_ostream.h"

namespace quantx {

/// Writes a C header (C99, also C++) that says how to launch the kernels of the
/// PTX for `chip`: macros for name, block and dynamic shared memory, a struct
/// of the parameters in their order, and a comment on grid and parameters.
/// `fileName` gives the include guard.
void writeKernelHeader(llvm::raw_ostream &os, llvm::StringRef fileName,
                       llvm::StringRef chip,
                       llvm::ArrayRef<KernelDescription> kernels);

} // namespace quantx

#endif // QUANTX_TARGET_NVVM_KERNELHEADER_H
