//===- Passes.h - The end of the way to NVIDIA's GPUs -----------*- C++ -*-===//

#ifndef QUANTX_TARGET_NVVM_PASSES_H
#define QUANTX_TARGET_NVVM_PASSES_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace quantx {

#define GEN_PASS_DECL
#include "quantx/Target/NVVM/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "quantx/Target/NVVM/Passes.h.inc"

} // namespace quantx

#endif // QUANTX_TARGET_NVVM_PASSES_H
