//===- Passes.h - Passes that use whole pipelines ---------------*- C++ -*-===//

#ifndef QUANTX_PIPELINES_PASSES_H
#define QUANTX_PIPELINES_PASSES_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "quantx/IR/QuantXDialect.h"

namespace quantx {

#define GEN_PASS_DECL
#include "quantx/Pipelines/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "quantx/Pipelines/Passes.h.inc"

} // namespace quantx

#endif // QUANTX_PIPELINES_PASSES_H
