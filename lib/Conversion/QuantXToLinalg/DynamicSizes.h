//===- DynamicSizes.h - Sizes that payloads do not tell ---------*- C++ -*-===//

#ifndef QUANTX_LIB_CONVERSION_QUANTXTOLINALG_DYNAMICSIZES_H
#define QUANTX_LIB_CONVERSION_QUANTXTOLINALG_DYNAMICSIZES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Transforms/DialectConversion.h"

namespace quantx {

/// Lets the last size of each scaled tensor go along with it through control
/// flow and functions below `root`, where its payload alone does not tell it:
/// where it is dynamic, and codes have less than 8 bits. A function that others
/// may call from outside keeps its signature; calls of it go to a private copy.
/// Where `root` is no module, functions are left as they are.
mlir::LogicalResult carryDynamicSizes(mlir::Operation *root);

/// The size that `carryDynamicSizes` joined to `scaled`; null where it did not.
mlir::Value getCarriedSize(mlir::Value scaled);

/// The pattern that takes such a scaled tensor in parts.
void populateDynamicSizesPatterns(const mlir::TypeConverter &converter,
                                  mlir::RewritePatternSet &patterns);

} // namespace quantx

#endif // QUANTX_LIB_CONVERSION_QUANTXTOLINALG_DYNAMICSIZES_H
