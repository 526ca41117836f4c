//===- BranchConversion.h - Types that branches carry -----------*- C++ -*-===//

#ifndef QUANTX_TRANSFORMS_BRANCHCONVERSION_H
#define QUANTX_TRANSFORMS_BRANCHCONVERSION_H

#include "mlir/Transforms/DialectConversion.h"

namespace quantx {

/// Patterns that convert the types of what `cf.br` and `cf.cond_br` pass to
/// blocks, and of the arguments of these, one to any number.
void populateBranchConversionPatterns(const mlir::TypeConverter &converter,
                                      mlir::RewritePatternSet &patterns);

} // namespace quantx

#endif // QUANTX_TRANSFORMS_BRANCHCONVERSION_H
