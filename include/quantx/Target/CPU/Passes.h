//===- Passes.h - The end of the way to the CPU -----------------*- C++ -*-===//

#ifndef QUANTX_TARGET_CPU_PASSES_H
#define QUANTX_TARGET_CPU_PASSES_H

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace quantx {

#define GEN_PASS_DECL
#include "quantx/Target/CPU/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "quantx/Target/CPU/Passes.h.inc"

} // namespace quantx

#endif // QUANTX_TARGET_CPU_PASSES_H
