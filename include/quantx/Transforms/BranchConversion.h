//===- BranchConversion.h - Types that branches carry -----------*- C++ -*-===//

#ifndef QUANTX_TRANSFORMS_BRANCHCONVERSION_H
#define QUANTX_TRANSFORMS_BRANCHCONVERSION_H

#include "mlir/Transforms/DialectConversion.h"

namespace quantx {

/// Patterns that convert the types of what `cf.br` and `cf.cond_br` pass to
/// blocks, and of the arguments of these, and the results of
/// `scf.execute_region`, one to any number. Such ops are legal in `target`
/// where their types are. Comes after upstream's for structured control flow,
/// whose rule for `scf.yield` this one goes before.
void populateBranchConversionPatterns(const mlir::TypeConverter &converter,
                                      mlir::RewritePatternSet &patterns,
                                      mlir::ConversionTarget &target);

} // namespace quantx

#endif // QUANTX_TRANSFORMS_BRANCHCONVERSION_H
