//===- Quotients.cpp - Quantizing without a division for each element -----===//
//
// A code changes where the quotient crosses a boundary between two codes, an
// odd number of up to 9 bits times a power of two. With r the reciprocal of the
// scale s, rounded, and d = (1 - s r) / s what it lacks, both in f32, the sum
// x r + x d is on the same side of every such boundary as x / s rounded, or on
// it as that is. docs/Rationale.md says how this is known.
//
//===----------------------------------------------------------------------===//

#include "Truncate.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/Elements.h"
#include "quantx/Emit/FloatCodec.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

static bool isE8M0(ScaledType type) {
  return isa<Float8E8M0FNUType>(type.getScaleType()) && !type.hasGlobal();
}

/// The ends of the factors of `FloatCodec::encodeProduct`.
static constexpr double kLeastPower = 0x1p-125, kLargestPower = 0x1p120;

/// Whether targets are told that quotients are products by powers of two: where
/// they have nothing but codes of 4 bits to make of them.
static bool goesByPowerOfTwo(ScaledType type) {
  const FloatFormat *format = type.getFloatFormat();
  return format && format->bits == 4 && isE8M0(type);
}

bool BlockQuotient::isPossible(ScaledType type, RoundingSpec rounding,
                               bool saturate) {
  if (rounding.mode != RoundingMode::NearestEven)
    return false;
  if (isE8M0(type))
    return type.getFloatFormat() != nullptr;
  const FloatFormat *format = type.getFloatFormat();
  // Limits are those of saturation.
  return format ? saturate || format->nonFinite == NonFinite::None
                : type.getIntegerFormat().fractionBits == 0;
}

SmallVector<Type> BlockQuotient::getTypes(ScaledType type) {
  Builder builder(type.getContext());
  SmallVector<Type> types(isE8M0(type) ? 1 : 4, builder.getF32Type());
  if (type.hasZeroPoint())
    types.push_back(builder.getI8Type());
  return types;
}

SmallVector<Value> BlockQuotient::getValues() const {
  SmallVector<Value> values;
  for (Value value : {reciprocal, rest, least, largest, zeroPoint})
    if (value)
      values.push_back(value);
  return values;
}

BlockQuotient BlockQuotient::withValues(ValueRange values) const {
  BlockQuotient changed = *this;
  for (Value *value : {&changed.reciprocal, &changed.rest, &changed.least,
                       &changed.largest, &changed.zeroPoint}) {
    if (!*value)
      continue;
    *value = values.front();
    values = values.drop_front();
  }
  return changed;
}

Value BlockQuotient::emitIsUsable(ImplicitLocOpBuilder &b) const {
  Value isNumber = arith::CmpFOp::create(b, arith::CmpFPredicate::ORD,
                                         reciprocal, reciprocal);
  if (!isa<VectorType>(isNumber.getType()))
    return isNumber;
  return vector::ReductionOp::create(b, vector::CombiningKind::AND, isNumber);
}

/// The values of the least and the largest code, where these are integers less
/// the zero point, in units of the scale.
static std::pair<Value, Value> emitCodeRange(ElementwiseBuilder &b,
                                             ScaledType type, Value zeroPoint,
                                             Value like) {
  if (const FloatFormat *format = type.getFloatFormat()) {
    double largest = format->getMaxFinite();
    return {b.f32(-largest, like), b.f32(largest, like)};
  }
  IntegerFormat format = type.getIntegerFormat();
  Value least = b.f32(format.getMinCode(), like);
  Value largest = b.f32(format.getMaxCode(), like);
  if (!zeroPoint)
    return {least, largest};
  Value zero = arith::SIToFPOp::create(b.getBuilder(), like.getType(),
                                       emitExtendInteger(b, zeroPoint, format));
  return {b.sub(least, zero), b.sub(largest, zero)};
}

// Within these limits the reciprocal is normal, and so is what it lacks.
static Value emitIsRegular(ElementwiseBuilder &b, Value scale) {
  constexpr int64_t least = int64_t(1) << 23, largest = (127 + 76) << 23;
  Value bits = b.asI32(scale);
  return b.logicalAnd(b.greaterEqual(bits, least), b.less(bits, largest));
}

BlockQuotient quantx::emitQuantizeQuotient(ElementwiseBuilder &b,
                                           ScaledType type,
                                           const BlockParameters &parameters,
                                           bool takesAnyPower) {
  BlockFactors factors = emitQuantizeFactors(b, type, parameters);
  BlockQuotient quotient;
  if (isE8M0(type)) {
    quotient.reciprocal = factors.reciprocal;
    if (goesByPowerOfTwo(type) && !takesAnyPower) {
      // What encodes by powers of two has an end next to zero, where all-zero
      // blocks are, and one where infinity would be a number.
      constexpr int64_t quietNaN = 0x7fc00000;
      Value power = quotient.reciprocal;
      Value isRegular =
          b.logicalAnd(b.greaterEqualF(power, b.f32(kLeastPower, power)),
                       b.greaterEqualF(b.f32(kLargestPower, power), power));
      quotient.reciprocal =
          b.select(isRegular, power, b.asF32(b.i32(quietNaN, power)));
    }
    return quotient;
  }
  Value scale = factors.divisor;
  Value one = b.f32(1.0, scale);
  Value reciprocal = b.div(one, scale);
  Value lacking = b.fma(b.mul(scale, -1.0), reciprocal, one);
  quotient.rest = b.div(lacking, scale);
  if (isPlanted(Mutant::ReciprocalAlone))
    quotient.rest = b.mul(quotient.rest, 0.0);
  constexpr int64_t quietNaN = 0x7fc00000;
  quotient.reciprocal = b.select(emitIsRegular(b, scale), reciprocal,
                                 b.asF32(b.i32(quietNaN, scale)));
  quotient.zeroPoint = parameters.zeroPoint;
  auto [least, largest] = emitCodeRange(b, type, parameters.zeroPoint, scale);
  quotient.least = b.mul(least, scale);
  quotient.largest = b.mul(largest, scale);
  return quotient;
}

/// `value` over the scale.
static Value emitDivide(ElementwiseBuilder &b, Value value,
                        const BlockQuotient &quotient) {
  if (!quotient.rest)
    return b.mul(value, quotient.reciprocal);
  return b.fma(value, quotient.reciprocal, b.mul(value, quotient.rest));
}

// The sum with 1.5 * 2^23 has the rounded quotient in its low bits. The zero
// point comes after, for ties to go to even quotients.
static Value emitInteger(ElementwiseBuilder &b, ScaledType type, Value value,
                         const BlockQuotient &quotient) {
  Value isNaN = b.isNaN(value);
  Value largest = quotient.largest;
  value = b.select(b.greaterF(largest, value), value, largest);
  value = b.select(isNaN, b.f32(0.0, value), value);
  value = b.select(b.greaterF(value, quotient.least), value, quotient.least);
  Value units = emitDivide(b, value, quotient);
  Value sum = b.add(units, b.f32(0x1.8p23, units));
  Value code = b.trunc(b.asI32(sum), 8);
  if (quotient.zeroPoint)
    code = b.add(code, quotient.zeroPoint);
  unsigned bits = type.getIntegerFormat().bits;
  return bits == 8 ? code : b.bitAnd(code, (1 << bits) - 1);
}

Value quantx::emitQuantizeElement(ElementwiseBuilder &b, ScaledType type,
                                  Value value, const BlockQuotient &quotient,
                                  bool saturate) {
  value = b.extendToF32(value);
  const FloatFormat *format = type.getFloatFormat();
  if (!format)
    return emitInteger(b, type, value, quotient);
  if (!quotient.rest) {
    Value units = emitDivide(b, value, quotient);
    return goesByPowerOfTwo(type)
               ? emitTruncate(b, type, units, kByPowerOfTwoAttr)
               : emitEncodeUnits(b, type, units, RoundingSpec(), saturate);
  }
  // NaN is what it becomes where there is none.
  bool hasNaN = format->nonFinite != NonFinite::None;
  value = hasNaN ? emitLimit(b, value, quotient.least, quotient.largest)
                 : emitClamp(b, value, quotient.least, quotient.largest);
  // Where the reciprocal is too large, the sum of -0 and 0 is 0.
  Value units = math::CopySignOp::create(b.getBuilder(),
                                         emitDivide(b, value, quotient), value);
  return emitTruncate(b, type, units, kInRangeAttr);
}
