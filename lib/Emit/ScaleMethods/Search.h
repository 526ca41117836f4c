//===- Search.h - What the searches for scales share ------------*- C++ -*-===//
//
// Scale methods that measure errors, as IR for one block: scalars and scf loops
// over its elements. They follow the Format layer
// (quantx/Format/OptimalScale.h) operation by operation, so that both choose
// the same scale.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_LIB_EMIT_SCALEMETHODS_SEARCH_H
#define QUANTX_LIB_EMIT_SCALEMETHODS_SEARCH_H

#include "quantx/Emit/Elements.h"
#include "quantx/Format/OptimalScale.h"
#include "quantx/Format/Quantize.h"
#include "quantx/IR/BlockComputation.h"

namespace quantx {

/// The format of what the codes of `type` stand for.
ExpressedFormat getExpressedFormat(ScaledType type);

/// The format of the codes of `type`.
ElementFormat getElementFormat(ScaledType type);

/// The elements of a whole block of `type`, if that is known.
std::optional<size_t> getBlockSize(ScaledType type);

/// A block, or several in the lanes of vectors, where scales are being
/// searched.
struct SearchedBlock {
  ScaledType type;
  BlockElements &elements;
  /// Bits (i32) of the largest magnitude; null where no search needs them.
  mlir::Value amaxBits;
  mlir::Value global = {}; ///< f32; null for types without it
};

/// Whether (i1) the largest magnitude, of the bits `amaxBits`, is positive and
/// finite: else the block has the naive scale.
mlir::Value emitIsOrdinary(ElementwiseBuilder &b, mlir::Value amaxBits);

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

using Values = llvm::SmallVector<mlir::Value>;
using ConditionFn = llvm::function_ref<mlir::Value(ElementwiseBuilder &b,
                                                   mlir::ValueRange values)>;
using StepFn =
    llvm::function_ref<Values(ElementwiseBuilder &b, mlir::ValueRange values)>;
using BranchFn = llvm::function_ref<Values(ElementwiseBuilder &b)>;

/// The values that begin as `init` and take `step` while `condition` holds.
Values emitWhile(ElementwiseBuilder &b, mlir::ValueRange init,
                 ConditionFn condition, StepFn step);

/// The values of the branch that `condition` (i1) takes.
Values emitIf(ElementwiseBuilder &b, mlir::Value condition, BranchFn ifTrue,
              BranchFn ifFalse);

//===----------------------------------------------------------------------===//
// Sums over a block
//===----------------------------------------------------------------------===//

using SumTermsFn =
    llvm::function_ref<Values(ElementwiseBuilder &b, mlir::Value element)>;

/// The sums (f64) over the block, first element to last unless `kind` is
/// another, of the `count` terms (f64) of each element.
Values emitSums(ElementwiseBuilder &b, BlockElements &elements, unsigned count,
                SumTermsFn terms, Reduction::Kind kind = Reduction::Add);

/// The bits (i32) of the largest magnitude of the block.
mlir::Value emitAmaxBits(ElementwiseBuilder &b, BlockElements &elements);

/// `low` (f32) <= 0 <= `high` (f32): the range of the finite elements.
struct BlockExtent {
  mlir::Value low, high;
};
BlockExtent emitExtent(ElementwiseBuilder &b, BlockElements &elements);

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

/// The parameters of `block` under the scale of bits `bits` (i32), and zero
/// point `zeroPoint` (i32, or null).
BlockParameters emitParameters(ElementwiseBuilder &b,
                               const SearchedBlock &block, mlir::Value bits,
                               mlir::Value zeroPoint = {});

/// The bits of the largest finite scale of type f32, f16 or bf16.
int64_t getLargestBits(mlir::Type scaleType);

/// The bits (i32) of a scale.
mlir::Value emitScaleBits(ElementwiseBuilder &b, mlir::Value scale);

/// Whether the magnitude of `value` (f64) rounds to infinity in the expressed
/// type.
mlir::Value emitBecomesInfinite(ElementwiseBuilder &b, ScaledType type,
                                mlir::Value value);

/// What a `code` (i8) dequantizes to (f64); infinite where it is in the
/// expressed type.
mlir::Value emitDequantizeToF64(ElementwiseBuilder &b, ScaledType type,
                                mlir::Value code,
                                const BlockParameters &parameters);

/// What `element` (f32) comes back as (f64), by quantize, ties to even, and
/// dequantize; infinite where it is in the expressed type.
mlir::Value emitRoundTrip(ElementwiseBuilder &b, ScaledType type,
                          mlir::Value element,
                          const BlockParameters &parameters);

/// The sum (f64) of squared errors.
mlir::Value emitSquaredError(ElementwiseBuilder &b, const SearchedBlock &block,
                             const BlockParameters &parameters);

/// What the largest, or the least, code stands for under a scale of 1 (f32).
/// `zeroPoint` is i32, or null for 0.
mlir::Value emitExtremeValue(ElementwiseBuilder &b, ScaledType type,
                             bool isLargest, mlir::Value zeroPoint);

/// A lower bound (f64) of the error under `parameters` and all smaller scales:
/// what clipping costs the element of `extent` that it costs most.
mlir::Value emitClippingBound(ElementwiseBuilder &b, ScaledType type,
                              const BlockExtent &extent,
                              const BlockParameters &parameters);

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

/// A scale, by its bits (i32), its error (f64), and the zero point (i32) where
/// that is searched too, else null.
struct Candidate {
  mlir::Value bits, error;
  mlir::Value zeroPoint = {};
};

/// `candidate` if it is better than `best`, or as good, and smaller than a best
/// one that is not `naive`: a smaller scale, or with an equal scale a smaller
/// zero point. The error of `naive` is not looked at.
Candidate emitBetter(ElementwiseBuilder &b, const Candidate &naive,
                     const Candidate &best, const Candidate &candidate);

//===----------------------------------------------------------------------===//
// Searches
//===----------------------------------------------------------------------===//

// The bits (i32) of the optimal scale of a block with a positive finite largest
// magnitude, whose naive scale has the bits `naive`.
mlir::Value emitSearchE4M3(ElementwiseBuilder &b, const SearchedBlock &block,
                           mlir::Value naive);
mlir::Value emitSearchWide(ElementwiseBuilder &b, const SearchedBlock &block,
                           mlir::Value naive);

/// The optimal scales of each block of a type with f8E8M0FNU scales.
Values buildSearchE8M0(BlockComputation &blocks);

/// The optimal parameters of each block of a type with zero points.
Values buildAsymmetricSearch(BlockComputation &blocks);

/// The bits (i32) of the naive scale of a block whose largest magnitude has the
/// bits `amaxBits`; `global` is null for types without it.
mlir::Value emitNaiveBits(ElementwiseBuilder &b, ScaledType type,
                          mlir::Value amaxBits, mlir::Value global);

/// The scale (f32, f16 or bf16), as bits (i32), that is the largest not above a
/// positive `value` (f64), kept within [`least`, `largest`] (i32), unsigned.
mlir::Value emitFloorScale(ElementwiseBuilder &b, mlir::Type scaleType,
                           mlir::Value value, mlir::Value least,
                           mlir::Value largest);

/// The bits (i32) of the scale of a block with a positive finite largest
/// magnitude.
using BitsFn = llvm::function_ref<mlir::Value(
    ElementwiseBuilder &b, const SearchedBlock &block, mlir::Value naiveBits)>;
/// Whether (i1) a block has the NaN scale whatever its elements.
using InvalidFn = llvm::function_ref<mlir::Value(ElementwiseBuilder &b,
                                                 const SearchedBlock &block)>;

/// The parameters that a search of each block finds, in the lowered order: the
/// scales, then the global scale where the type has one. A block of zeros, or
/// with a value that is not finite, has the naive scale.
Values buildSearch(BlockComputation &blocks, BitsFn search,
                   InvalidFn isInvalid = nullptr);

} // namespace quantx

#endif // QUANTX_LIB_EMIT_SCALEMETHODS_SEARCH_H
