//===- StructuralConversion.h - Types that control flow carries -*- C++ -*-===//

#ifndef QUANTX_TRANSFORMS_STRUCTURALCONVERSION_H
#define QUANTX_TRANSFORMS_STRUCTURALCONVERSION_H

#include "mlir/Transforms/DialectConversion.h"

namespace quantx {

/// Patterns that convert, one to any number, the types of what is carried and
/// not computed on: by `func.func`, `func.call` and `func.return`; by the ops
/// of `scf`, `scf.execute_region` among them, which upstream's patterns leave
/// out; by `cf.br` and `cf.cond_br`, with the arguments of the blocks they go
/// to. Such ops are legal in `target` where their types are by `converter`,
/// which has to live as long as it.
void populateStructuralTypeConversionsAndLegality(
    const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns,
    mlir::ConversionTarget &target);

} // namespace quantx

#endif // QUANTX_TRANSFORMS_STRUCTURALCONVERSION_H
