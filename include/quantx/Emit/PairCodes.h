//===- PairCodes.h - Codes in words to pairs of half floats -----*- C++ -*-===//
//
// Matrix instructions of GPUs take their operands as 32-bit words of two bf16
// or f16 each. All that a code of at most 8 bits stands for under a scale of 1
// is exact in bf16, and in f16 but for the fraction bits of integers, so codes
// are decoded right into such pairs: by operations on whole words that GPUs
// have, permutations of bytes among them. What a pair is of, is a matter of
// order: that of a sum is free, and some codes are decoded in fewer operations
// in one that is not of memory.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_EMIT_PAIRCODES_H
#define QUANTX_EMIT_PAIRCODES_H

#include "quantx/Emit/ElementwiseBuilder.h"
#include "quantx/IR/QuantXTypes.h"

namespace quantx {

/// Which two of eight elements are pair number i; the first is in the lower
/// half.
enum class PairOrder {
  Neighbours, ///< 2i and 2i + 1
  Halves      ///< i and i + 4
};

/// The order in which codes of `type` are decoded with least work.
PairOrder findPairOrder(ScaledType type, mlir::Type element);

/// The four pairs, as words, of neighbours in another order.
llvm::SmallVector<mlir::Value> emitReorderPairs(ElementwiseBuilder &b,
                                                mlir::ValueRange pairs,
                                                PairOrder order);

/// Between an i32 and the pair of `element` that its halves are.
mlir::Value emitPairFromWord(ElementwiseBuilder &b, mlir::Value word,
                             mlir::Type element);
mlir::Value emitWordFromPair(ElementwiseBuilder &b, mlir::Value pair);

/// The pair of a `value` (f32) that is exact in `element`.
mlir::Value emitExactPair(ElementwiseBuilder &b, mlir::Value value,
                          mlir::Type element);

/// A vector of floats of 8 bits as f16, as the target has it. NaN becomes some
/// NaN.
mlir::Value emitExtendToF16(ElementwiseBuilder &b, mlir::Value floats);

/// The word of the bytes at `indices` of the eight that `low` and `high` have.
mlir::Value emitPermuteBytes(ElementwiseBuilder &b, mlir::Value low,
                             mlir::Value high, llvm::ArrayRef<int64_t> indices);

/// lhs * rhs of pairs, each product rounded once.
mlir::Value emitMultiplyPairs(ElementwiseBuilder &b, mlir::Value lhs,
                              mlir::Value rhs);

/// Whether codes of `type` can be decoded into pairs: those of 4 and 8 bits.
bool canDecodePairs(ScaledType type);

/// Whether every product of what a code of `type` stands for and a scale of its
/// type is exact in `element`, without the global scale.
bool isExactInHalf(ScaledType type, mlir::Type element);

/// What `emitDecodePairs` subtracts from integers, as a word: the zero point
/// (i32, or null for 0) and what the bits of codes are offset by. Null for
/// floats.
mlir::Value emitPairOffset(ElementwiseBuilder &b, ScaledType type,
                           mlir::Type element, mlir::Value zeroPoint);

/// The four pairs of `element`, as words in `order` (neighbours, or what
/// `findPairOrder` says), of the eight codes in `words` (one
/// for 4 bits, two for 8): what they stand for under a scale of 1, without the
/// power of two of an integer's fraction bits, times `scale`, a pair or null.
/// `offset` is that of `emitPairOffset`.
llvm::SmallVector<mlir::Value>
emitDecodePairs(ElementwiseBuilder &b, ScaledType type, mlir::ValueRange words,
                mlir::Type element, PairOrder order, mlir::Value offset,
                mlir::Value scale);

/// Pairs whose values are in a unit of their own, a power of two: they take
/// fewer operations, and sums of their products are divided by it. `areScaled`
/// says that values are multiplied by their scales, which is exact
/// (`isExactInHalf`).
///
/// Integers stay in the lowest bits of a half float, as its smallest numbers,
/// and one multiply-add takes them to the unit and the offset off. Floats have
/// their exponent and their scale corrected in one multiplication.
class PairUnits {
public:
  PairUnits(ScaledType type, mlir::Type element, bool areScaled);

  double getUnit() const;
  PairOrder getOrder() const;
  /// Whether scales, E8M0, must be at most 2 for `emitScales`: none is NaN.
  bool needsSmallScales() const;

  /// What `decode` takes off integers, as a word: the zero point (i32, or null
  /// for 0) among it.
  mlir::Value emitOffset(ElementwiseBuilder &b, mlir::Value zeroPoint) const;
  /// The pairs that `decode` multiplies by, for scales of floats.
  llvm::SmallVector<mlir::Value>
  emitScales(ElementwiseBuilder &b, llvm::ArrayRef<mlir::Value> scales) const;
  /// As `emitDecodePairs`, in `getOrder`.
  llvm::SmallVector<mlir::Value> decode(ElementwiseBuilder &b,
                                        mlir::ValueRange words,
                                        mlir::Value offset,
                                        mlir::Value scale) const;

private:
  mlir::Value decodeInteger(ElementwiseBuilder &b, mlir::ValueRange words,
                            int64_t i, mlir::Value offset) const;

  ScaledType type;
  mlir::Type element;
  bool areScaled;
  const FloatFormat *format;
  int exponent = 0; ///< of the unit
};

/// A finite f32, NaN or infinity as a sum of three bf16: `values` are eight,
/// and the result is four words of pairs of the first parts, four of the second
/// and four of the third. Exact where no part is subnormal. NaN and infinity
/// are in the sum of the parts what they were.
llvm::SmallVector<mlir::Value> emitSplitToPairs(ElementwiseBuilder &b,
                                                mlir::ValueRange values,
                                                PairOrder order);

} // namespace quantx

#endif // QUANTX_EMIT_PAIRCODES_H
