//===- Alignment.h - What is known of slices --------------------*- C++ -*-===//
//
// A slice of a scaled tensor has scales of its own only where it begins on a
// block, and bytes of its own only where it begins on a byte. What cannot be
// shown here does not hold: the caller fails.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TRANSFORMS_ALIGNMENT_H
#define QUANTX_TRANSFORMS_ALIGNMENT_H

#include "mlir/IR/OpDefinition.h"
#include "quantx/IR/QuantXAttrs.h"

namespace quantx {

/// The least number of codes of `bits` bits that fills whole bytes.
int64_t getCodesPerByteGroup(unsigned bits);

/// The same where a layout may reorder codes: the block that it does so in, so
/// that what begins on a block is laid out as if the row began there.
int64_t getCodesPerBlock(Packing packing, unsigned bits);

/// For each dimension, what the offset of a slice of a tensor of `type` must be
/// a multiple of: the block, in the last dimension also the codes that fill
/// whole bytes. 1 is the block of a whole dimension here: its slices share one
/// scale.
llvm::SmallVector<int64_t> getSliceSteps(ScaledType type);

/// Whether the index `value` is known to be a multiple of `factor`: constants,
/// induction variables of loops with such bounds and steps, and affine.apply,
/// min and max, sums and products of such.
bool isKnownMultipleOf(mlir::OpFoldResult value, int64_t factor);

/// Whether, in dimension `dim` of `tensor`, the range that begins at `offset`
/// is known to end at a multiple of `step` or at the end of the dimension.
/// `offset` is a multiple of `step`.
bool endsOnStepOrEnd(mlir::OpFoldResult offset, mlir::OpFoldResult size,
                     mlir::Value tensor, int64_t dim, int64_t step);

/// Whether the range is known to be all of dimension `dim` of `tensor`.
bool isWholeDimension(mlir::OpFoldResult offset, mlir::OpFoldResult size,
                      mlir::Value tensor, int64_t dim);

} // namespace quantx

#endif // QUANTX_TRANSFORMS_ALIGNMENT_H
