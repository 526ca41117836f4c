//===- RunOnGPU.h - Running a function on an NVIDIA GPU ---------*- C++ -*-===//

#ifndef QUANTX_TOOLS_QUANT_RUN_RUNONGPU_H
#define QUANTX_TOOLS_QUANT_RUN_RUNONGPU_H

#include "quantx/IO/TensorOutputs.h"
#include "quantx/Target/NVVM/Runtime/Device.h"
#include "support/Compiler.h"

namespace quantx {

/// Compiles the module for `chip`, runs a function on `inputs` in the memory of
/// the device and writes the results. With `repeat`, runs it as often again,
/// and prints the median of the times that the GPU took.
llvm::Error runOnGPU(Compiler &compiler, Device &device, llvm::StringRef chip,
                     const FunctionSignature &signature,
                     llvm::ArrayRef<TensorView> inputs,
                     TensorOutputs &destinations, unsigned repeat);

} // namespace quantx

#endif // QUANTX_TOOLS_QUANT_RUN_RUNONGPU_H
