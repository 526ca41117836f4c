//===- VectorPacking.h - Packing codes in registers -------------*- C++ -*-===//
//
// The linear packing (see quantx/Format/Packing.h) of vectors of codes, by
// shifts and shuffles of whole lanes: LLVM's own code for vectors of less than
// a byte an element takes them apart one by one.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_EMIT_VECTORPACKING_H
#define QUANTX_EMIT_VECTORPACKING_H

#include "quantx/Emit/ElementwiseBuilder.h"

namespace quantx {

/// Whether `emitPackCodes` can pack a vector of type `type`: its shape is
/// static, and a row (the last dimension) of codes fills whole bytes.
bool canPackCodes(mlir::VectorType type, unsigned bits);

/// Packs the rows of `codes` (vector<...xNxi8>, the bits above `bits` clear)
/// into vector<...x(N * bits / 8)xi8>. `bits` is 2 to 8.
mlir::Value emitPackCodes(ElementwiseBuilder &b, mlir::Value codes,
                          unsigned bits);

/// The inverse: from vector<...x(N * bits / 8)xi8> to vector<...xNxi8>, the
/// bits above `bits` clear. `widen`, where given, may append bytes to the
/// packed ones, in one dimension, before they are shuffled.
mlir::Value
emitUnpackCodes(ElementwiseBuilder &b, mlir::Value bytes, unsigned bits,
                llvm::function_ref<mlir::Value(mlir::Value)> widen = nullptr);

} // namespace quantx

#endif // QUANTX_EMIT_VECTORPACKING_H
