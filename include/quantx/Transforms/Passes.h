//===- Passes.h - Rewrites within the quantx dialect ------------*- C++ -*-===//

#ifndef QUANTX_TRANSFORMS_PASSES_H
#define QUANTX_TRANSFORMS_PASSES_H

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"
#include "quantx/IR/QuantXDialect.h"

namespace mlir {
class RewritePatternSet;
} // namespace mlir

namespace quantx {

#define GEN_PASS_DECL
#include "quantx/Transforms/Passes.h.inc"

/// Patterns of quantx-expand-dynamic.
void populateExpandDynamicPatterns(mlir::RewritePatternSet &patterns);

/// Patterns of quantx-fuse-dequantize.
void populateFuseDequantizePatterns(mlir::RewritePatternSet &patterns);

#define GEN_PASS_REGISTRATION
#include "quantx/Transforms/Passes.h.inc"

} // namespace quantx

#endif // QUANTX_TRANSFORMS_PASSES_H
