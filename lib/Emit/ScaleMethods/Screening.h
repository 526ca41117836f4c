//===- Screening.h - Errors that are nearly right ---------------*- C++ -*-===//
//
// Most scales are so much worse than the best one that an error in f32, summed
// in any order, shows it. Such errors are computed here, for one block or for
// several in the lanes of vectors; what is so close that they may mislead is
// left to a search by exact errors. docs/optimal-scales.md proves how far the
// two can be apart.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_EMIT_SCALEMETHODS_SCREENING_H
#define QUANTX_LIB_EMIT_SCALEMETHODS_SCREENING_H

#include "Search.h"

namespace quantx {

/// What approximate errors tell of a block.
struct Screened {
  mlir::Value bits;      ///< i32, of the scale of least approximate error
  mlir::Value isDecided; ///< i1: no other scale is as good
};

/// Compares scales of blocks by approximate errors, where `isOpen` (i1);
/// elsewhere the result is not looked at.
using ScreenFn = llvm::function_ref<Screened(
    ElementwiseBuilder &b, const SearchedBlock &block, mlir::Value naive,
    mlir::Value isOpen)>;

/// As buildSearch, for f8E4M3FN scales: by `screen`, and by `search` where that
/// does not decide, or the type has no approximate errors.
Values buildScreenedSearch(BlockComputation &blocks, ScreenFn screen,
                           BitsFn search);

/// The optimal scale, as ScreenFn.
Screened emitScreenE4M3(ElementwiseBuilder &b, const SearchedBlock &block,
                        mlir::Value naive, mlir::Value isOpen);

/// The f8E4M3FN scale (f32) of the bits `bits` (i32), which are not those of
/// NaN.
mlir::Value emitScaleOfBits(ElementwiseBuilder &b, mlir::Value bits);

/// What elements are divided by under `scale` (f32).
mlir::Value emitDivisor(ElementwiseBuilder &b, const SearchedBlock &block,
                        mlir::Value scale);

/// The sum of squared errors under `divisor`, nearly (f32).
mlir::Value emitApproximateError(ElementwiseBuilder &b,
                                 const SearchedBlock &block,
                                 mlir::Value divisor);

/// How far the roots of an approximate error and of the error can be apart
/// (f32).
mlir::Value emitMargin(ElementwiseBuilder &b, const SearchedBlock &block);

/// Whether clipping alone costs more under `divisor`, and all smaller ones,
/// than the scale of approximate error `best`.
mlir::Value emitIsSurelyClipped(ElementwiseBuilder &b,
                                const SearchedBlock &block, mlir::Value divisor,
                                mlir::Value best, mlir::Value margin);

/// Whether the scale of approximate error `other` has a greater error than that
/// of `best`.
mlir::Value emitIsSurelyGreater(ElementwiseBuilder &b, mlir::Value other,
                                mlir::Value best, mlir::Value margin);

/// Whether (i1) `condition` holds, in one lane at least.
mlir::Value emitAny(ElementwiseBuilder &b, mlir::Value condition);

} // namespace quantx

#endif // QUANTX_LIB_EMIT_SCALEMETHODS_SCREENING_H
