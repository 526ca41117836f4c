//===- X86Vectors.h - Vectors and their lanes in x86 registers --*- C++ -*-===//

#ifndef QUANTX_LIB_TARGET_NARROWFLOATS_X86VECTORS_H
#define QUANTX_LIB_TARGET_NARROWFLOATS_X86VECTORS_H

#include "quantx/Emit/ElementwiseBuilder.h"

namespace quantx::x86 {

/// Calls the intrinsic `name`, which returns `type`.
mlir::Value callIntrinsic(ElementwiseBuilder &b, llvm::StringRef name,
                          mlir::Type type, mlir::ValueRange arguments);

/// The elements of a vector of one dimension.
int64_t getSize(mlir::Value vector);

/// `size` elements of the vector (of one dimension) from `offset` on; those
/// past the end are undefined.
mlir::Value slice(ElementwiseBuilder &b, mlir::Value vector, int64_t offset,
                  int64_t size);

/// The first `size` elements of vectors of one type, end to end.
mlir::Value concatenate(ElementwiseBuilder &b,
                        mlir::ArrayRef<mlir::Value> vectors, int64_t size);

/// In each 128-bit lane, the elements of the lower or upper halves of both
/// vectors in turns: `vpunpckl` or `vpunpckh`.
mlir::Value interleave(ElementwiseBuilder &b, mlir::Value lhs, mlir::Value rhs,
                       bool upper);

/// Takes the groups of `group` bytes so that unpacking bytes to elements of
/// 16 / group bytes leaves whole vectors in order: group j of the result's lane
/// l is group j * lanes + l.
mlir::Value spreadOverLanes(ElementwiseBuilder &b, mlir::Value bytes,
                            int64_t group);

/// The inverse.
mlir::Value gatherFromLanes(ElementwiseBuilder &b, mlir::Value bytes,
                            int64_t group);

/// The elements of a vector of any shape in one dimension, and back in the
/// shape of `like`.
mlir::Value flatten(ElementwiseBuilder &b, mlir::Value vector);
mlir::Value reshape(ElementwiseBuilder &b, mlir::Value vector,
                    mlir::VectorType like);

/// A constant.
mlir::Value buildBytes(ElementwiseBuilder &b, mlir::ArrayRef<uint8_t> bytes);

/// Codes (i8) of 4 bits, 64 of them, two a byte. Needs VBMI.
mlir::Value packNibbles(ElementwiseBuilder &b, mlir::Value codes);

/// The low bytes of the lanes of four vectors of 16 i32. Needs VBMI.
mlir::Value takeLowBytes(ElementwiseBuilder &b,
                         mlir::ArrayRef<mlir::Value> words);

} // namespace quantx::x86

#endif // QUANTX_LIB_TARGET_NARROWFLOATS_X86VECTORS_H
