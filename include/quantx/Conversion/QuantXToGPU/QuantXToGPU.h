//===- QuantXToGPU.h - From quantx to gpu -----------------------*- C++ -*-===//

#ifndef QUANTX_CONVERSION_QUANTXTOGPU_QUANTXTOGPU_H
#define QUANTX_CONVERSION_QUANTXTOGPU_QUANTXTOGPU_H

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace quantx {

#define GEN_PASS_DECL
#include "quantx/Conversion/QuantXToGPU/Passes.h.inc"

/// Says of `gpu.launch_func`, to passes that must know what an op does to
/// memory, that it may read and write any; buffer deallocation does not take it
/// otherwise.
void registerLaunchEffects(mlir::DialectRegistry &registry);

#define GEN_PASS_REGISTRATION
#include "quantx/Conversion/QuantXToGPU/Passes.h.inc"

} // namespace quantx

#endif // QUANTX_CONVERSION_QUANTXTOGPU_QUANTXTOGPU_H
