//===- PairWords.cpp - Pairs of half floats in words ----------------------===//

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/FloatCodec.h"
#include "quantx/Emit/PairCodes.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

/// `word` as a vector of one dimension of `element`.
static Value splitWord(ElementwiseBuilder &b, Value word, Type element) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value vector = vector::BroadcastOp::create(
      builder, VectorType::get(1, builder.getI32Type()), word);
  auto type = VectorType::get(32 / element.getIntOrFloatBitWidth(), element);
  return vector::BitCastOp::create(builder, type, vector);
}

static Value joinWord(ElementwiseBuilder &b, Value vector) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value word = vector::BitCastOp::create(
      builder, VectorType::get(1, builder.getI32Type()), vector);
  return vector::ExtractOp::create(builder, word, int64_t(0));
}

Value quantx::emitPairFromWord(ElementwiseBuilder &b, Value word,
                               Type element) {
  return splitWord(b, word, element);
}

Value quantx::emitWordFromPair(ElementwiseBuilder &b, Value pair) {
  return joinWord(b, pair);
}

Value quantx::emitPermuteBytes(ElementwiseBuilder &b, Value low, Value high,
                               ArrayRef<int64_t> indices) {
  Type byte = b.getBuilder().getI8Type();
  Value bytes =
      vector::ShuffleOp::create(b.getBuilder(), splitWord(b, low, byte),
                                splitWord(b, high, byte), indices);
  return joinWord(b, bytes);
}

Value quantx::emitExactPair(ElementwiseBuilder &b, Value value, Type element) {
  Value half =
      element.isF16()
          ? b.truncateFromF32(value, element)
          : b.bitcast(b.trunc(b.lshr(b.asI32(value), 16), 16), element);
  return vector::BroadcastOp::create(b.getBuilder(),
                                     VectorType::get(2, element), half);
}

Value quantx::emitExtendToF16(ElementwiseBuilder &b, Value floats) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  auto type = cast<VectorType>(floats.getType());
  auto extend =
      arith::ExtFOp::create(builder, type.clone(builder.getF16Type()), floats);
  extend->setAttr(kAnyNaNAttr, builder.getUnitAttr());
  return extend;
}

SmallVector<Value> quantx::emitReorderPairs(ElementwiseBuilder &b,
                                            ValueRange pairs, PairOrder order) {
  if (order == PairOrder::Neighbours)
    return llvm::to_vector(pairs);
  SmallVector<Value> result;
  for (int64_t i = 0; i < 4; ++i) {
    int64_t byte = i % 2 * 2;
    result.push_back(emitPermuteBytes(b, pairs[i / 2], pairs[i / 2 + 2],
                                      {byte, byte + 1, byte + 4, byte + 5}));
  }
  return result;
}

//===----------------------------------------------------------------------===//
// f32
//===----------------------------------------------------------------------===//

/// What is left of `value` after its upper half, which is a bf16, is taken off;
/// 0 of infinity, NaN of NaN.
static Value takeRest(ElementwiseBuilder &b, Value value) {
  Value bits = b.asI32(value);
  Value rest = b.sub(value, b.asF32(b.bitAnd(bits, 0xffff0000)));
  Value isInfinite = b.equal(b.bitAnd(bits, 0x7fffffff), 0x7f800000);
  return b.select(isInfinite, b.f32(0.0, rest), rest);
}

SmallVector<Value> quantx::emitSplitToPairs(ElementwiseBuilder &b,
                                            ValueRange values,
                                            PairOrder order) {
  SmallVector<Value> rest(values), words;
  bool areHalves = order == PairOrder::Halves;
  for (int64_t part = 0; part < 3; ++part) {
    for (int64_t i = 0; i < 4; ++i) {
      Value first = rest[areHalves ? i : 2 * i];
      Value second = rest[areHalves ? i + 4 : 2 * i + 1];
      words.push_back(
          emitPermuteBytes(b, b.asI32(first), b.asI32(second), {2, 3, 6, 7}));
    }
    if (part < 2)
      for (Value &value : rest)
        value = takeRest(b, value);
  }
  return words;
}
