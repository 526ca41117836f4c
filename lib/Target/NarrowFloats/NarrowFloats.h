//===- NarrowFloats.h - Which types and ops are expanded --------*- C++ -*-===//

#ifndef QUANTX_LIB_TARGET_NARROWFLOATS_NARROWFLOATS_H
#define QUANTX_LIB_TARGET_NARROWFLOATS_NARROWFLOATS_H

#include "quantx/Target/NarrowFloats/Passes.h"

namespace quantx {

/// Whether the element type of `type` is f8E8M0FNU.
bool isE8M0(mlir::Type type);

/// The row of the format table for the element type of `type`, or null.
const FloatFormat *getFloatFormat(mlir::Type type);

/// Whether the element type of `type` is one of the small floats.
bool isNarrowFloat(mlir::Type type);

/// The bits of one element of `type`.
unsigned getElementBits(mlir::Type type);

/// What `op` says of its operand.
EncodedValues getEncodedValues(mlir::arith::TruncFOp op);

/// The codes (i8, high bits clear) of a value of small floats; `value` itself
/// where it has been converted to codes already.
mlir::Value toCodes(ElementwiseBuilder &b, mlir::Value value);

/// The inverse, to small floats of element type `element`.
mlir::Value fromCodes(ElementwiseBuilder &b, mlir::Value codes,
                      mlir::Type element);

/// extf, truncf, scaling_extf and scaling_truncf.
void populateNarrowFloatArithPatterns(const mlir::TypeConverter &converter,
                                      const FloatCodec &codec,
                                      mlir::RewritePatternSet &patterns,
                                      mlir::ConversionTarget &target);

/// What moves small floats or takes them for other bits.
void populateNarrowFloatVectorPatterns(const mlir::TypeConverter &converter,
                                       const FloatCodec &codec,
                                       mlir::RewritePatternSet &patterns,
                                       mlir::ConversionTarget &target);

/// Loads and stores of vectors of less than a byte an element.
void populateNarrowFloatMemoryPatterns(const mlir::TypeConverter &converter,
                                       const FloatCodec &codec,
                                       mlir::RewritePatternSet &patterns,
                                       mlir::ConversionTarget &target);

} // namespace quantx

#endif // QUANTX_LIB_TARGET_NARROWFLOATS_NARROWFLOATS_H
