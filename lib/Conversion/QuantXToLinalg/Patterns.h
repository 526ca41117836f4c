//===- Patterns.h - The patterns of this folder, by file --------*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOLINALG_PATTERNS_H
#define QUANTX_LIB_CONVERSION_QUANTXTOLINALG_PATTERNS_H

#include "mlir/Transforms/DialectConversion.h"

namespace quantx {

void populateElementPatterns(const mlir::TypeConverter &converter,
                             mlir::RewritePatternSet &patterns);
void populateErrorStatsPatterns(const mlir::TypeConverter &converter,
                                mlir::RewritePatternSet &patterns);
void populatePackingPatterns(const mlir::TypeConverter &converter,
                             mlir::RewritePatternSet &patterns);

/// The types that `type` converts to.
llvm::SmallVector<mlir::Type> convertType(const mlir::TypeConverter &converter,
                                          mlir::Type type);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOLINALG_PATTERNS_H
