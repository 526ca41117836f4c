//===- PackedValues.cpp - Emitted decoding of whole vectors ---------------===//
//
// Codes become pairs of half floats, in which all that they stand for is exact.
// Where the product with the scale is exact there too, that is the result. Else
// it is multiplied in f32, as the formulas of single elements do, and rounded
// two at once; which two are a pair is then no matter.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/FloatCodec.h"
#include "quantx/Emit/PackedCodes.h"
#include "quantx/Emit/PairCodes.h"

using namespace mlir;
using namespace quantx;

static constexpr int64_t kCodes = PackedDecoder::kCodes;

bool PackedDecoder::isPossible(ScaledType type) {
  Type expressed = type.getExpressedType();
  return (expressed.isBF16() || expressed.isF16()) && canDecodePairs(type);
}

/// `value` twice.
static Value makePair(ElementwiseBuilder &b, Value value) {
  return vector::BroadcastOp::create(
      b.getBuilder(), VectorType::get(2, value.getType()), value);
}

/// `bytes` as `narrow`, floats of 8 bits, in f16.
static Value extendToF16(ElementwiseBuilder &b, Value bytes, Type narrow) {
  auto type = cast<VectorType>(bytes.getType()).clone(narrow);
  return emitExtendToF16(
      b, vector::BitCastOp::create(b.getBuilder(), type, bytes));
}

/// The value of a `scale` as a pair of `element`, which it is exact in.
static Value emitScalePair(ElementwiseBuilder &b, Value scale, Type element) {
  if (isa<Float8E4M3FNType>(scale.getType()) && element.isF16()) {
    Value byte = b.bitcast(scale, b.getBuilder().getI8Type());
    return extendToF16(b, makePair(b, byte), scale.getType());
  }
  return emitExactPair(b, emitDecodeScale(b, scale), element);
}

/// The words of eight codes.
static SmallVector<Value> splitWords(ElementwiseBuilder &b, Value bytes) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  int64_t size = cast<VectorType>(bytes.getType()).getNumElements() / 4;
  Value words = vector::BitCastOp::create(
      builder, VectorType::get(size, builder.getI32Type()), bytes);
  return llvm::to_vector_of<Value>(
      vector::ToElementsOp::create(builder, words).getResults());
}

/// The elements, in order, of words that are pairs of `element`.
static Value joinPairs(ElementwiseBuilder &b, ArrayRef<Value> words,
                       Type element, PairOrder order) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  SmallVector<Value> elements(kCodes);
  bool areHalves = order == PairOrder::Halves;
  for (auto [i, word] : llvm::enumerate(words)) {
    auto pair = vector::ToElementsOp::create(
        builder, emitPairFromWord(b, word, element));
    elements[areHalves ? i : 2 * i] = pair.getResult(0);
    elements[areHalves ? i + kCodes / 2 : 2 * i + 1] = pair.getResult(1);
  }
  return vector::FromElementsOp::create(
      builder, VectorType::get(kCodes, element), elements);
}

/// Pairs of neighbours from pairs in `order`.
static SmallVector<Value> putInOrder(ElementwiseBuilder &b,
                                     ArrayRef<Value> words, PairOrder order) {
  if (order == PairOrder::Neighbours)
    return llvm::to_vector(words);
  SmallVector<Value> result;
  for (int64_t byte : {0, 2})
    for (size_t i = 0; i < words.size(); i += 2)
      result.push_back(emitPermuteBytes(b, words[i], words[i + 1],
                                        {byte, byte + 1, byte + 4, byte + 5}));
  return result;
}

/// The results where codes of 4 bits times their scale are exact in them.
Value PackedDecoder::multiplyPairs(ElementwiseBuilder &b, Value bytes,
                                   Value scale) const {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Type element = type.getExpressedType();
  PairOrder order = findPairOrder(type, element);
  SmallVector<Value> words =
      putInOrder(b,
                 emitDecodePairs(b, type, splitWords(b, bytes), element, order,
                                 Value(), emitScalePair(b, scale, element)),
                 order);
  Value vector = vector::FromElementsOp::create(
      builder, VectorType::get(kCodes / 2, builder.getI32Type()), words);
  return vector::BitCastOp::create(builder, VectorType::get(kCodes, element),
                                   vector);
}

/// What codes stand for under a scale of 1, in f16, but for the power of two of
/// an integer's fraction bits; times `scale`, a pair or null.
Value PackedDecoder::decodeToF16(ElementwiseBuilder &b, Value bytes,
                                 Value zeroPoint, Value scale) const {
  Type half = b.getBuilder().getF16Type();
  const FloatFormat *format = type.getFloatFormat();
  if (format && format->bits == 8)
    return extendToF16(b, bytes, type.getStorageType());
  PairOrder order = findPairOrder(type, half);
  Value offset = emitPairOffset(b, type, half, zeroPoint);
  return joinPairs(b,
                   emitDecodePairs(b, type, splitWords(b, bytes), half, order,
                                   offset, scale),
                   half, order);
}

Value PackedDecoder::decode(ElementwiseBuilder &b, Value bytes,
                            const BlockParameters &parameters) const {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Type half = builder.getF16Type(), expressed = type.getExpressedType();
  const FloatFormat *format = type.getFloatFormat();
  bool isNarrow = format && format->bits == 4;
  if (isNarrow && !parameters.global && isExactInHalf(type, expressed))
    return multiplyPairs(b, bytes, parameters.scale);
  Value values;
  BlockFactors factors = emitDequantizeFactors(b, type, parameters);
  if (isNarrow && isExactInHalf(type, half)) {
    values = b.extendToF32(decodeToF16(
        b, bytes, Value(), emitScalePair(b, parameters.scale, half)));
  } else {
    values = b.extendToF32(decodeToF16(b, bytes, factors.zeroPoint, Value()));
    values = b.mul(values, b.mul(factors.scale, getCodeUnit(type)));
  }
  if (factors.global)
    values = b.mul(values, factors.global);
  return arith::TruncFOp::create(
      builder, getTypeLike(values.getType(), expressed), values);
}
