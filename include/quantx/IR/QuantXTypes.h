//===- QuantXTypes.h - The quantx types -------------------------*- C++ -*-===//

#ifndef QUANTX_IR_QUANTXTYPES_H
#define QUANTX_IR_QUANTXTYPES_H

#include "mlir/IR/BuiltinTypes.h"
#include "quantx/Format/Format.h"
#include "quantx/Format/WeightLayout.h"

namespace quantx {

/// Whether `type` can hold one integer code: a signless (signed codes) or
/// unsigned integer of 2 to 8 bits.
bool isCodeType(mlir::Type type);

/// Bytes of a packed row of `numCodes` codes of `bits` bits; dynamic when
/// `numCodes` is.
int64_t getPackedSize(int64_t numCodes, unsigned bits);

} // namespace quantx

#define GET_TYPEDEF_CLASSES
#include "quantx/IR/QuantXTypes.h.inc"

namespace quantx {

/// The !quantx.scaled element type of `type`, or null if it is no ranked tensor
/// of one.
ScaledType getScaledElementType(mlir::Type type);

} // namespace quantx

#endif // QUANTX_IR_QUANTXTYPES_H
