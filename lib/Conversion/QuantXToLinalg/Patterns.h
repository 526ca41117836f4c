//===- Patterns.h - The patterns of this folder, by file --------*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOLINALG_PATTERNS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOLINALG_PATTERNS_H

#include "mlir/Transforms/DialectConversion.h"
#include "quantx/IR/QuantXTypes.h"

namespace quantx {

// Those of ops that compute.

/// choose_qparams, quantize and dequantize.
void populateElementPatterns(const mlir::TypeConverter &converter,
                             mlir::RewritePatternSet &patterns);
void populateErrorStatsPatterns(const mlir::TypeConverter &converter,
                                mlir::RewritePatternSet &patterns);
/// pack and unpack.
void populatePackingPatterns(const mlir::TypeConverter &converter,
                             mlir::RewritePatternSet &patterns);
void populateScaledMatmulPatterns(const mlir::TypeConverter &converter,
                                  mlir::RewritePatternSet &patterns);
/// relayout_scales.
void populateScaleLayoutPatterns(const mlir::TypeConverter &converter,
                                 mlir::RewritePatternSet &patterns);
/// relayout.
void populateWeightLayoutPatterns(const mlir::TypeConverter &converter,
                                  mlir::RewritePatternSet &patterns);

// Those of ops that move scaled tensors whole.

/// assemble and disassemble.
void populateAssemblePatterns(const mlir::TypeConverter &converter,
                              mlir::RewritePatternSet &patterns);
/// `arith.select` of scaled tensors, one value to many.
void populateSelectPatterns(const mlir::TypeConverter &converter,
                            mlir::RewritePatternSet &patterns);

/// The types that `type` converts to.
llvm::SmallVector<mlir::Type> convertType(const mlir::TypeConverter &converter,
                                          mlir::Type type);

/// Offsets or sizes in elements of a tensor of `type`, on bytes where they are
/// offsets, as those of the payload.
llvm::SmallVector<mlir::OpFoldResult>
getPayloadIndices(mlir::OpBuilder &builder, mlir::Location loc, ScaledType type,
                  llvm::ArrayRef<mlir::OpFoldResult> values);

/// The same, on blocks where they are offsets, as those of the scales and zero
/// points; `whole` in a whole dimension.
llvm::SmallVector<mlir::OpFoldResult>
getScalesIndices(mlir::OpBuilder &builder, mlir::Location loc, ScaledType type,
                 llvm::ArrayRef<mlir::OpFoldResult> values, int64_t whole);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOLINALG_PATTERNS_H
