//===- PairCodes.cpp - Codes in words to pairs of half floats -------------===//

#include "quantx/Emit/PairCodes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"
#include <cmath>

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

/// `halfBits` in both halves of a word.
static int64_t inBothHalves(int64_t halfBits) {
  return halfBits << 16 | halfBits;
}

/// lhs * rhs + addend: in one instruction everywhere, where a product or sum
/// alone is several on the first chips with bf16.
static Value multiplyAdd(ElementwiseBuilder &b, Value lhs, Value rhs,
                         Value addend) {
  return math::FmaOp::create(b.getBuilder(), lhs, rhs, addend);
}

static Value splat(ElementwiseBuilder &b, Value like, double value) {
  auto type = cast<VectorType>(like.getType());
  Attribute element = b.getBuilder().getFloatAttr(type.getElementType(), value);
  return arith::ConstantOp::create(b.getBuilder(),
                                   DenseElementsAttr::get(type, element));
}

Value quantx::emitMultiplyPairs(ElementwiseBuilder &b, Value lhs, Value rhs) {
  return multiplyAdd(b, lhs, rhs, splat(b, lhs, -0.0));
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

namespace {

/// The fields of bf16 or f16.
struct HalfFormat {
  explicit HalfFormat(Type element)
      : mantissaBits(element.isBF16() ? 7 : 10),
        bias(element.isBF16() ? 127 : 15) {}

  /// The exponent of the least bit of the smallest values.
  int getLeastExponent() const { return 1 - bias - int(mantissaBits); }
  int getMaxExponent() const { return bias; }

  unsigned mantissaBits;
  int bias;
};

/// Finite values: k * 2^least, k of `bits` bits, below 2^(most + 1).
struct ValueRangeBits {
  unsigned bits;
  int least, most;
};

} // namespace

bool quantx::canDecodePairs(ScaledType type) {
  unsigned bits = type.getStorageBits();
  return bits == 4 || bits == 8;
}

static std::optional<ValueRangeBits> getCodeRange(ScaledType type) {
  if (const FloatFormat *format = type.getFloatFormat()) {
    return ValueRangeBits{format->mantissaBits + 1,
                          format->getMinExponent() - int(format->mantissaBits),
                          format->getMaxExponent()};
  }
  if (type.hasZeroPoint())
    return std::nullopt;
  IntegerFormat integer = type.getIntegerFormat();
  int least = -int(integer.fractionBits);
  return ValueRangeBits{integer.bits, least, least + int(integer.bits) - 1};
}

static std::optional<ValueRangeBits> getScaleRange(Type scale) {
  if (isa<Float8E8M0FNUType>(scale))
    return ValueRangeBits{1, -E8M0Format::bias, E8M0Format::bias};
  if (!isa<Float8E4M3FNType>(scale))
    return std::nullopt;
  const FloatFormat &format = *lookupFloatFormat("f8E4M3FN");
  return ValueRangeBits{format.mantissaBits + 1,
                        format.getMinExponent() - int(format.mantissaBits),
                        format.getMaxExponent()};
}

// A product beyond the largest is infinity in bf16 as in f32.
bool quantx::isExactInHalf(ScaledType type, Type element) {
  std::optional<ValueRangeBits> code = getCodeRange(type);
  std::optional<ValueRangeBits> scale = getScaleRange(type.getScaleType());
  if (!code || !scale)
    return false;
  HalfFormat half(element);
  unsigned bits = scale->bits == 1 ? code->bits : code->bits + scale->bits;
  return bits <= half.mantissaBits + 1 &&
         code->least + scale->least >= half.getLeastExponent() &&
         (element.isBF16() ||
          code->most + scale->most + 1 < half.getMaxExponent());
}

//===----------------------------------------------------------------------===//
// Floats
//===----------------------------------------------------------------------===//

/// Where the least mantissa bit of `format` is in a half float.
static unsigned getPlace(const FloatFormat &format, Type element) {
  return HalfFormat(element).mantissaBits - format.mantissaBits;
}

/// Pair number `i` of the codes in `words`, each in the top bits of its half;
/// the bits below are anything.
static Value takeTopPair(ElementwiseBuilder &b, ValueRange words, Value shifted,
                         int64_t i) {
  if (shifted)
    return emitPermuteBytes(b, shifted, words[0], {i, i, i, 4 + i});
  Value word = words[i / 2];
  int64_t first = i % 2 * 2;
  return emitPermuteBytes(b, word, word, {first, first, first, first + 1});
}

/// `halves`, magnitudes of `format` in the fields of `half`, with the largest
/// exponent where they are NaN or infinity.
static Value raiseNonFinite(ElementwiseBuilder &b, Value halves,
                            const FloatFormat &format, HalfFormat half) {
  if (format.nonFinite == NonFinite::None ||
      isPlanted(Mutant::PairNonFiniteIsNumber))
    return halves;
  // Adding this carries into the bit above the magnitude for these alone.
  unsigned least = half.mantissaBits;
  unsigned top = least + format.exponentBits;
  if (format.nonFinite == NonFinite::NanOnly)
    least -= format.mantissaBits;
  constexpr unsigned signBit = 15;
  if (top == signBit)
    return halves;
  Value carried = b.add(halves, inBothHalves(int64_t(1) << least));
  Value carry = b.bitAnd(carried, inBothHalves(int64_t(1) << top));
  // That bit, and those from it to the sign.
  Value factor = b.i32((int64_t(1) << (signBit - top)) - 1, carry);
  return b.add(halves, b.mul(carry, factor));
}

/// Codes in the top bits of both halves of `top` as magnitudes and signs in the
/// fields of half floats.
static Value takeFields(ElementwiseBuilder &b, Value top,
                        const FloatFormat &format, Type element) {
  constexpr unsigned halfBits = 16;
  unsigned place = getPlace(format, element);
  Value sign = b.bitAnd(top, inBothHalves(0x8000));
  Value magnitude =
      b.bitAnd(b.lshr(top, int64_t(halfBits - format.bits - place)),
               inBothHalves(int64_t(format.getMagnitudeMask()) << place));
  return b.bitOr(raiseNonFinite(b, magnitude, format, HalfFormat(element)),
                 sign);
}

// Multiplied by two powers of two, a code is in two places: its magnitude where
// a half float has that in one, its sign in the other. They must not meet.
PairOrder quantx::findPairOrder(ScaledType type, Type element) {
  constexpr unsigned signPlace = 12; // of the code whose sign is the top bit
  const FloatFormat *format = type.getFloatFormat();
  bool suits = format && format->bits == 4 &&
               getPlace(*format, element) + format->bits <= signPlace;
  return suits ? PairOrder::Halves : PairOrder::Neighbours;
}

/// The codes number i and i + 4 of the eight of 4 bits in `word`, as
/// magnitudes and signs in the fields of half floats.
static Value takeHalves(ElementwiseBuilder &b, Value word, int64_t i,
                        const FloatFormat &format, Type element) {
  if (i >= 2)
    word = b.lshr(word, 8);
  int64_t shift = i % 2 * 4;
  unsigned place = getPlace(format, element);
  Value codes = b.bitAnd(word, inBothHalves(0xf << shift));
  int64_t factor =
      (int64_t(1) << (place - shift)) + (int64_t(1) << (12 - shift));
  Value places = b.mul(codes, b.i32(factor, codes));
  return b.bitAnd(places,
                  inBothHalves(0x8000 | format.getMagnitudeMask() << place));
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

// Integers are the low mantissa bits of a number whose least bit counts 1: 2^7
// in bf16, 2^10 in f16. For 8 bits the former is f32's 2^23, cut to bf16 after
// the offset is off it.

static bool goesThroughF32(unsigned bits, Type element) {
  return bits == 8 && element.isBF16();
}

static constexpr int64_t kF32Base = 0x4b000000; // 2^23

/// The bits of that number, f32 or in both halves.
static int64_t getBaseBits(unsigned bits, Type element) {
  HalfFormat half(element);
  int64_t mantissaBits = half.mantissaBits;
  return goesThroughF32(bits, element)
             ? kF32Base
             : inBothHalves((half.bias + mantissaBits) << mantissaBits);
}

/// What flipping the sign bit of a signed code adds to it.
static int64_t getFlipped(const IntegerFormat &format) {
  return format.isSigned ? int64_t(1) << (format.bits - 1) : 0;
}

Value quantx::emitPairOffset(ElementwiseBuilder &b, ScaledType type,
                             Type element, Value zeroPoint) {
  if (type.getFloatFormat())
    return {};
  IntegerFormat format = type.getIntegerFormat();
  bool isWord = goesThroughF32(format.bits, element);
  int64_t one = isWord ? 1 : inBothHalves(1);
  int64_t bits = getBaseBits(format.bits, element) + getFlipped(format) * one;
  if (!zeroPoint)
    return arith::ConstantOp::create(
        b.getBuilder(), b.getBuilder().getI32IntegerAttr(int32_t(bits)));
  // The sum is not negative, and still counts ones.
  return b.add(b.mul(zeroPoint, b.i32(one, zeroPoint)), bits);
}

/// Pair number `i` of codes of 8 bits as bf16.
static Value decodeBytePair(ElementwiseBuilder &b, ValueRange words, int64_t i,
                            Value offset) {
  Value word = words[i / 2];
  Value bits = b.i32(kF32Base, word);
  SmallVector<Value> values;
  for (int64_t byte : {i % 2 * 2, i % 2 * 2 + 1}) {
    Value value = emitPermuteBytes(b, word, bits, {byte, 5, 6, 7});
    values.push_back(b.asI32(b.sub(b.asF32(value), b.asF32(offset))));
  }
  return emitPermuteBytes(b, values[0], values[1], {2, 3, 6, 7});
}

/// Pair number `i` of integers as `element`.
static Value decodeIntegerPair(ElementwiseBuilder &b, ValueRange words,
                               Value shifted, int64_t i,
                               const IntegerFormat &format, Type element,
                               Value offset) {
  int64_t base = getBaseBits(format.bits, element);
  Value halves;
  if (shifted) {
    halves = emitPermuteBytes(b, words[0], shifted, {i, i, 4 + i, 4 + i});
    halves = b.bitAnd(halves, inBothHalves(0xf));
    halves = b.bitXor(halves,
                      b.i32(base | inBothHalves(getFlipped(format)), halves));
  } else {
    Value bits = b.i32(base, words[0]);
    int64_t first = i % 2 * 2;
    halves = emitPermuteBytes(b, words[i / 2], bits, {first, 5, first + 1, 7});
  }
  Value pair = emitPairFromWord(b, halves, element);
  Value subtracted = emitPairFromWord(
      b, b.bitXor(offset, b.i32(inBothHalves(0x8000), offset)), element);
  return multiplyAdd(b, pair, splat(b, pair, 1.0), subtracted);
}

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

/// How many powers of two the fields of a code stand for less in those of a
/// half float.
static int getBiasDifference(const FloatFormat &format, Type element) {
  return HalfFormat(element).bias - format.bias;
}

/// Pair number `i` of floats as `element`. The fields of a code fit in those of
/// a half float, subnormal values too; what is left is a power of two.
static Value takeFieldsOfPair(ElementwiseBuilder &b, ValueRange words,
                              Value shifted, int64_t i,
                              const FloatFormat &format, Type element,
                              PairOrder order) {
  Value halves =
      order == PairOrder::Halves
          ? takeHalves(b, words[0], i, format, element)
          : takeFields(b, takeTopPair(b, words, shifted, i), format, element);
  return emitPairFromWord(b, halves, element);
}

static Value decodeFloatPair(ElementwiseBuilder &b, ValueRange words,
                             Value shifted, int64_t i,
                             const FloatFormat &format, Type element,
                             PairOrder order) {
  Value pair = takeFieldsOfPair(b, words, shifted, i, format, element, order);
  int bias = getBiasDifference(format, element);
  return bias == 0 ? pair
                   : emitMultiplyPairs(b, pair,
                                       splat(b, pair, std::ldexp(1.0, bias)));
}

SmallVector<Value> quantx::emitDecodePairs(ElementwiseBuilder &b,
                                           ScaledType type, ValueRange words,
                                           Type element, PairOrder order,
                                           Value offset, Value scale) {
  const FloatFormat *format = type.getFloatFormat();
  SmallVector<Value> codes(words);
  Value shifted;
  if (type.getStorageBits() == 4) {
    shifted = format ? b.shl(codes[0], 4) : b.lshr(codes[0], 4);
  } else if (!format && getFlipped(type.getIntegerFormat())) {
    for (Value &word : codes)
      word = b.bitXor(word, b.i32(0x80808080, word));
  }
  SmallVector<Value> pairs;
  for (int64_t i = 0; i < 4; ++i) {
    if (!format && goesThroughF32(type.getStorageBits(), element)) {
      Value word = decodeBytePair(b, codes, i, offset);
      pairs.push_back(emitPairFromWord(b, word, element));
    } else if (format) {
      pairs.push_back(
          decodeFloatPair(b, codes, shifted, i, *format, element, order));
    } else {
      pairs.push_back(decodeIntegerPair(
          b, codes, shifted, i, type.getIntegerFormat(), element, offset));
    }
    if (scale)
      pairs.back() = emitMultiplyPairs(b, pairs.back(), scale);
    pairs.back() = emitWordFromPair(b, pairs.back());
  }
  return pairs;
}

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

PairUnits::PairUnits(ScaledType type, Type element, bool areScaled)
    : type(type), element(element), areScaled(areScaled) {
  format = type.getFloatFormat();
  HalfFormat half(element);
  if (!format && !areScaled) {
    exponent = half.getMaxExponent() + half.getLeastExponent();
  } else if (format && areScaled &&
             isa<Float8E4M3FNType>(type.getScaleType())) {
    int most = getScaleRange(type.getScaleType())->most;
    exponent = std::min(0, half.getMaxExponent() - most -
                               getBiasDifference(*format, element));
  }
}

PairOrder PairUnits::getOrder() const {
  return exponent < 0 && type.getStorageBits() == 4 && !format
             ? PairOrder::Halves
             : findPairOrder(type, element);
}

bool PairUnits::needsSmallScales() const {
  return format && areScaled && isa<Float8E8M0FNUType>(type.getScaleType());
}

double PairUnits::getUnit() const { return std::ldexp(1.0, exponent); }

// An integer in the lowest bits of a half float counts the least of its units,
// in the bits of the first two exponents.
Value PairUnits::emitOffset(ElementwiseBuilder &b, Value zeroPoint) const {
  if (format || areScaled)
    return emitPairOffset(b, type, element, zeroPoint);
  Type word = b.getBuilder().getI32Type();
  int64_t flipped = getFlipped(type.getIntegerFormat()) * inBothHalves(1);
  Value bits = arith::ConstantOp::create(
      b.getBuilder(), b.getBuilder().getIntegerAttr(word, flipped));
  if (zeroPoint)
    bits = b.add(b.mul(zeroPoint, b.i32(inBothHalves(1), bits)), bits);
  Value pair = emitPairFromWord(b, bits, element);
  double power = std::ldexp(1.0, HalfFormat(element).getMaxExponent());
  return emitWordFromPair(b,
                          emitMultiplyPairs(b, pair, splat(b, pair, -power)));
}

/// E8M0 `scale` times 2^`power`, in both halves: a number of `element`.
static Value scaleE8M0(ElementwiseBuilder &b, Value scale, int power,
                       Type element) {
  HalfFormat half(element);
  Value code = b.zext(b.bitcast(scale, b.getBuilder().getI8Type()), 32);
  int64_t place = int64_t(1) << half.mantissaBits;
  int64_t offset = inBothHalves((power + half.bias - E8M0Format::bias) * place);
  Value word = b.add(b.mul(code, b.i32(inBothHalves(place), code)), offset);
  return emitPairFromWord(b, word, element);
}

/// Two scales of FP8 times 2^`power`, as a pair of `element`.
static Value scaleFP8(ElementwiseBuilder &b, ArrayRef<Value> two, int power,
                      Type element) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  auto type = VectorType::get(2, two.front().getType());
  Value pair =
      emitExtendToF16(b, vector::FromElementsOp::create(builder, type, two));
  if (!element.isF16()) {
    SmallVector<Value> bits;
    for (int64_t i : {0, 1})
      bits.push_back(
          b.asI32(b.extendToF32(vector::ExtractOp::create(builder, pair, i))));
    pair = emitPairFromWord(
        b, emitPermuteBytes(b, bits[0], bits[1], {2, 3, 6, 7}), element);
  }
  return emitMultiplyPairs(b, pair, splat(b, pair, std::ldexp(1.0, power)));
}

// FP8 is decoded two at a time; which of them, instructions choose.
SmallVector<Value> PairUnits::emitScales(ElementwiseBuilder &b,
                                         ArrayRef<Value> scales) const {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  int power = getBiasDifference(*format, element) + exponent;
  auto type = VectorType::get(2, element);
  SmallVector<Value> pairs;
  Value both;
  for (auto [i, scale] : llvm::enumerate(scales)) {
    if (needsSmallScales()) {
      pairs.push_back(scaleE8M0(b, scale, power, element));
      continue;
    }
    if (i % 2 == 0) {
      Value next = i + 1 < scales.size() ? scales[i + 1] : scale;
      both = scaleFP8(b, {scale, next}, power, element);
    }
    pairs.push_back(vector::BroadcastOp::create(
        builder, type,
        vector::ExtractOp::create(builder, both, int64_t(i % 2))));
  }
  return pairs;
}

SmallVector<Value> PairUnits::decode(ElementwiseBuilder &b, ValueRange words,
                                     Value offset, Value scale) const {
  bool isFour = type.getStorageBits() == 4;
  if (format ? !areScaled : areScaled)
    return emitDecodePairs(b, type, words, element, getOrder(), offset, scale);
  SmallVector<Value> codes(words), pairs;
  Value shifted;
  if (format && isFour)
    shifted = b.shl(codes[0], 4);
  if (!format && getFlipped(type.getIntegerFormat()))
    for (Value &word : codes)
      word = b.bitXor(word, b.i32(isFour ? 0x88888888 : 0x80808080, word));
  for (int64_t i = 0; i < 4; ++i) {
    Value pair =
        format
            ? emitMultiplyPairs(b,
                                takeFieldsOfPair(b, codes, shifted, i, *format,
                                                 element, getOrder()),
                                scale)
            : decodeInteger(b, codes, i, offset);
    pairs.push_back(emitWordFromPair(b, pair));
  }
  return pairs;
}

Value PairUnits::decodeInteger(ElementwiseBuilder &b, ValueRange words,
                               int64_t i, Value offset) const {
  int64_t shift = 0;
  Value halves;
  if (type.getStorageBits() == 4) {
    shift = i % 2 * 4;
    halves = i < 2 ? words[0] : b.lshr(words[0], 8);
    halves = b.bitAnd(halves, inBothHalves(0xf << shift));
  } else {
    int64_t first = i % 2 * 2;
    halves = emitPermuteBytes(b, words[i / 2], b.i32(0, words[0]),
                              {first, 4, first + 1, 4});
  }
  Value pair = emitPairFromWord(b, halves, element);
  int power = HalfFormat(element).getMaxExponent() - int(shift);
  return multiplyAdd(b, pair, splat(b, pair, std::ldexp(1.0, power)),
                     emitPairFromWord(b, offset, element));
}
