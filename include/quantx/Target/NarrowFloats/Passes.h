//===- Passes.h - Conversions of small floats -------------------*- C++ -*-===//

#ifndef QUANTX_TARGET_NARROWFLOATS_PASSES_H
#define QUANTX_TARGET_NARROWFLOATS_PASSES_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/DialectConversion.h"
#include "quantx/Emit/FloatCodec.h"

namespace quantx {

#define GEN_PASS_DECL
#include "quantx/Target/NarrowFloats/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "quantx/Target/NarrowFloats/Passes.h.inc"

/// Scalars and vectors of small floats to codes: i8, high bits clear. Tensors
/// and memrefs stay.
class NarrowFloatTypeConverter : public mlir::TypeConverter {
public:
  NarrowFloatTypeConverter();
};

/// The patterns of quantx-expand-narrow-floats: the conversions, and on vectors
/// what moves small floats. `codec` must outlive the patterns. Makes exactly
/// the ops illegal that the patterns rewrite.
void populateExpandNarrowFloatsPatterns(
    const NarrowFloatTypeConverter &converter, const FloatCodec &codec,
    mlir::RewritePatternSet &patterns, mlir::ConversionTarget &target);

} // namespace quantx

#endif // QUANTX_TARGET_NARROWFLOATS_PASSES_H
