//===- PackedCodes.cpp - Emitted encoding of whole vectors ----------------===//

#include "quantx/Emit/PackedCodes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/FloatCodec.h"
#include "quantx/Emit/VectorPacking.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

static bool isE8M0(ScaledType type) {
  return isa<Float8E8M0FNUType>(type.getScaleType()) && !type.hasGlobal();
}

bool PackedEncoder::isPossible(ScaledType type, RoundingSpec rounding,
                               bool saturate) {
  return BlockQuotient::isPossible(type, rounding, saturate);
}

/// `value` in a vector like `like`.
static Value spread(ElementwiseBuilder &b, Value value, Value like) {
  if (isa<VectorType>(value.getType()))
    return value;
  Type type = getTypeLike(like.getType(), value.getType());
  return vector::BroadcastOp::create(b.getBuilder(), type, value);
}

/// The numbers of `values` within the limits; a limit where one is NaN.
static Value emitLimitNumbers(ElementwiseBuilder &b, Value values, Value least,
                              Value largest) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  values =
      arith::MinNumFOp::create(builder, values, spread(b, largest, values));
  return arith::MaxNumFOp::create(builder, values, spread(b, least, values));
}

/// Elements as f32: halves of words, where that is bf16, need an operation
/// each.
static Value extendToF32(ElementwiseBuilder &b, Value values) {
  auto type = cast<VectorType>(values.getType());
  int64_t pairs = type.getNumElements() / 2;
  if (!type.getElementType().isBF16() || type.getNumElements() % 2 != 0)
    return b.extendToF32(values);
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value words = vector::BitCastOp::create(
      builder, VectorType::get(pairs, builder.getI32Type()), values);
  SmallVector<int64_t> inOrder;
  for (int64_t i = 0; i < pairs; ++i)
    inOrder.append({i, pairs + i});
  return b.asF32(vector::ShuffleOp::create(
      builder, b.shl(words, 16), b.bitAnd(words, 0xffff0000), inOrder));
}

/// The f32 that are exact in bf16, as such.
static Value takeBF16(ElementwiseBuilder &b, Value value) {
  Value high = b.trunc(b.lshr(b.asI32(value), 16), 16);
  return b.bitcast(high, b.getBuilder().getBF16Type());
}

// A power of two times a bf16 is exact in bf16, but for what overflows, in f32
// as well, and for what is below the normal numbers, where every format has the
// code 0.
Value PackedEncoder::divide(ElementwiseBuilder &b, Value values,
                            const BlockQuotient &quotient) const {
  Value reciprocal = quotient.reciprocal;
  if (!quotient.rest) {
    if (getElementTypeOrSelf(values).isBF16())
      reciprocal = takeBF16(b, spread(b, reciprocal, values));
    else
      values = extendToF32(b, values);
    return b.mul(values, reciprocal);
  }
  values = extendToF32(b, values);
  return b.fma(values, reciprocal, b.mul(values, quotient.rest));
}

Value PackedEncoder::encodeFloats(ElementwiseBuilder &b, Value values,
                                  const BlockQuotient &quotient) const {
  const FloatFormat &format = *type.getFloatFormat();
  bool hasNaN = format.nonFinite != NonFinite::None;
  if (quotient.rest)
    values = extendToF32(b, values);
  Value numbers = values;
  if (quotient.rest && !areChosenFor) {
    numbers = emitLimitNumbers(b, values, quotient.least, quotient.largest);
    if (hasNaN)
      numbers = b.select(b.isNaN(values), values, numbers);
  }
  Value units = divide(b, numbers, quotient);
  // Where the reciprocal is too large, the sum of -0 and 0 is 0.
  if (quotient.rest)
    units = math::CopySignOp::create(b.getBuilder(), units, numbers);
  bool isBlockNaN = isE8M0(type) && !isPlanted(Mutant::NaNBlockKeepsCodes);
  bool hasVectors = isa<VectorType>(quotient.reciprocal.getType());
  Value isNaN = isBlockNaN ? b.isNaN(quotient.reciprocal) : Value();
  if (isNaN && hasVectors)
    units = b.select(
        isNaN,
        b.bitcast(b.integer(getElementTypeOrSelf(units).getIntOrFloatBitWidth(),
                            0, units),
                  getElementTypeOrSelf(units)),
        units);
  ImplicitLocOpBuilder &builder = b.getBuilder();
  auto narrow = arith::TruncFOp::create(
      builder, getTypeLike(units.getType(), type.getStorageType()), units);
  if (saturate)
    narrow->setAttr(kSaturatesAttr, builder.getUnitAttr());
  if (quotient.range == QuotientRange::Fits)
    narrow->setAttr(kInRangeAttr, builder.getUnitAttr());
  if (areChosenFor)
    narrow.setFastmath(arith::FastMathFlags::nnan);
  int64_t size = cast<VectorType>(values.getType()).getNumElements();
  auto bytes = VectorType::get(size * format.bits / 8, builder.getI8Type());
  Value packed = vector::BitCastOp::create(builder, bytes, narrow);
  if (!isNaN || hasVectors)
    return packed;
  Value zeros = b.integer(8, 0, packed);
  return arith::SelectOp::create(builder, isNaN, zeros, packed);
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

/// What is added to a quotient: the sum, as an integer, is the rounded quotient
/// more than `kShifterBits`.
static constexpr double kShifter = 0x1.8p23;
static constexpr int64_t kShifterBits = 0x4b400000;

/// Words of codes in order: the integers of `sums` (i32) plus `rest`, each of
/// `bits` bits without a sign. As the sum of a word's integers, each times its
/// power of two, is what counts, `rest` is added once for all of them.
static Value packWords(ElementwiseBuilder &b, Value sums, unsigned bits,
                       Value rest) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  size_t perWord = 32 / bits;
  int64_t ones = 0xffffffff / ((int64_t(1) << bits) - 1);
  auto elements = vector::ToElementsOp::create(builder, sums).getResults();
  Value restOfAll = b.mul(rest, b.i32(ones, rest));
  SmallVector<Value> words;
  for (size_t first = 0; first < elements.size(); first += perWord) {
    Value word = elements[first + perWord - 1];
    for (size_t i = perWord - 1; i-- > 0;)
      word = b.add(b.shl(word, bits), elements[first + i]);
    words.push_back(b.add(word, restOfAll));
  }
  auto type = VectorType::get(int64_t(words.size()), builder.getI32Type());
  return vector::FromElementsOp::create(builder, type, words);
}

Value PackedEncoder::packSums(ElementwiseBuilder &b, Value sums,
                              Value zeroPoint) const {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  IntegerFormat format = type.getIntegerFormat();
  unsigned bits = format.bits;
  int64_t size = cast<VectorType>(sums.getType()).getNumElements();
  bool hasVector = zeroPoint && isa<VectorType>(zeroPoint.getType());
  // Bytes alone are moved with as little work.
  if (hasVector || 32 % bits != 0 || size * bits % 32 != 0 ||
      (bits == 8 && !zeroPoint)) {
    if (zeroPoint)
      sums = b.add(sums, spread(b, b.zext(zeroPoint, 32), sums));
    return emitPackCodes(
        b, b.trunc(b.bitAnd(sums, (int64_t(1) << bits) - 1), 8), bits);
  }
  // Signs are flipped, for no integer to take from the next one.
  int64_t signBit = format.isSigned ? int64_t(1) << (bits - 1) : 0;
  Value rest = arith::ConstantOp::create(
      builder, builder.getI32IntegerAttr(int32_t(signBit - kShifterBits)));
  if (zeroPoint)
    rest = b.add(rest, emitExtendInteger(b, zeroPoint, format));
  Value words = packWords(b, sums, bits, rest);
  if (signBit) {
    int64_t ones = 0xffffffff / ((int64_t(1) << bits) - 1);
    words = b.bitXor(words, b.i32(signBit * ones, words));
  }
  auto bytes = VectorType::get(size * bits / 8, builder.getI8Type());
  return vector::BitCastOp::create(builder, bytes, words);
}

Value PackedEncoder::encodeIntegers(ElementwiseBuilder &b, Value values,
                                    const BlockQuotient &quotient) const {
  values = extendToF32(b, values);
  Value numbers = values;
  if (quotient.range != QuotientRange::Fits) {
    numbers = emitLimitNumbers(b, values, quotient.least, quotient.largest);
    if (!areChosenFor)
      numbers = b.select(b.isNaN(values), b.f32(0.0, values), numbers);
  }
  Value units = divide(b, numbers, quotient);
  Value sums = b.asI32(b.add(units, b.f32(kShifter, units)));
  return packSums(b, sums, quotient.zeroPoint);
}

Value PackedEncoder::encode(ElementwiseBuilder &b, Value values,
                            const BlockQuotient &quotient) const {
  return type.getFloatFormat() ? encodeFloats(b, values, quotient)
                               : encodeIntegers(b, values, quotient);
}
