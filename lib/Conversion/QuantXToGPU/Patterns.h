//===- Patterns.h - The patterns of this folder, by file --------*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOGPU_PATTERNS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOGPU_PATTERNS_H

#include "Kernel.h"
#include "mlir/Transforms/DialectConversion.h"
#include "quantx/IR/QuantXOps.h"

namespace quantx {

/// What the patterns share: where kernels go, and what the chip has.
struct KernelContext {
  KernelLibrary &library;
  MatrixInstructions instructions;
};

/// A pattern that makes a kernel of an op.
template <typename Op>
struct KernelPattern : public mlir::OpConversionPattern<Op> {
  KernelPattern(const mlir::TypeConverter &converter,
                mlir::MLIRContext *context, KernelContext &kernels)
      : mlir::OpConversionPattern<Op>(converter, context), kernels(kernels) {}

  KernelContext &kernels;
};

void populateDequantizeKernelPatterns(const mlir::TypeConverter &converter,
                                      mlir::RewritePatternSet &patterns,
                                      KernelContext &kernels);

void populateQuantizeKernelPatterns(const mlir::TypeConverter &converter,
                                    mlir::RewritePatternSet &patterns,
                                    KernelContext &kernels);
void populateChooseKernelPatterns(const mlir::TypeConverter &converter,
                                  mlir::RewritePatternSet &patterns,
                                  KernelContext &kernels);

void populateErrorStatsKernelPatterns(const mlir::TypeConverter &converter,
                                      mlir::RewritePatternSet &patterns,
                                      KernelContext &kernels);
void populatePackingKernelPatterns(const mlir::TypeConverter &converter,
                                   mlir::RewritePatternSet &patterns,
                                   KernelContext &kernels);
void populateScaleLayoutKernelPatterns(const mlir::TypeConverter &converter,
                                       mlir::RewritePatternSet &patterns,
                                       KernelContext &kernels);
void populateWeightLayoutKernelPatterns(const mlir::TypeConverter &converter,
                                        mlir::RewritePatternSet &patterns,
                                        KernelContext &kernels);

/// Whether `op` is one kernel; others are to be split.
bool isOneKernel(DynamicQuantizeOp op);

/// Replaces `op`, which makes a scaled tensor, by the lowered form of that.
void replaceByParts(mlir::ConversionPatternRewriter &rewriter,
                    mlir::Operation *op, const mlir::TypeConverter &converter,
                    mlir::ValueRange parts);
void populateScaledMatmulKernelPatterns(const mlir::TypeConverter &converter,
                                        mlir::RewritePatternSet &patterns,
                                        KernelContext &kernels);

/// `value` as `type`, which differs at most in what is static.
mlir::Value castKernelResult(mlir::OpBuilder &builder, mlir::Location loc,
                             mlir::Value value, mlir::Type type);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOGPU_PATTERNS_H
