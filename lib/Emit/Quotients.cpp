//===- Quotients.cpp - Quantizing without a division for each element -----===//
//
// An element is multiplied by the reciprocal of its block's scale, as
// Reciprocals.h has it, or as a power of two.
//
//===----------------------------------------------------------------------===//

#include "Truncate.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/Elements.h"
#include "quantx/Emit/FloatCodec.h"
#include "quantx/Emit/Reciprocals.h"
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

/// Whether targets are told how quotients are computed: where they have
/// something else to do for zeros of the codes.
static bool goesByQuotient(ScaledType type) {
  const FloatFormat *format = type.getFloatFormat();
  return format && format->bits == 4 && !isE8M0(type);
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

/// Whether elements are limited before they are divided: where they may be far
/// out of the codes' range, or are integers of which nothing better is known.
static bool limitsElements(ScaledType type, QuotientRange range) {
  if (isE8M0(type))
    return false;
  return type.getFloatFormat() ? range == QuotientRange::Any
                               : range < QuotientRange::NearlyFits;
}

SmallVector<Type> BlockQuotient::getTypes(ScaledType type,
                                          QuotientRange range) {
  Builder builder(type.getContext());
  unsigned count = isE8M0(type) ? 1 : limitsElements(type, range) ? 4 : 2;
  SmallVector<Type> types(count, builder.getF32Type());
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

// Within these limits the reciprocal is normal, and so is what it lacks; or it
// is what kQuotientAttr says.
static PowerRange getRegularScales(ScaledType type) {
  return goesByQuotient(type) ? PowerRange{-61, 38} : PowerRange{-126, 76};
}

// No scale of few bits has all bits of a special significand.
static Value emitIsRegular(ElementwiseBuilder &b, ScaledType type,
                           Value scale) {
  Value isInRange = getRegularScales(type).contains(b, scale);
  if (!type.getScaleType().isF32() && !type.hasGlobal())
    return isInRange;
  return b.logicalAnd(isInRange, emitHasReciprocal(b, scale));
}

/// Whether a positive `scale`, as its type has it, is one of which a range
/// says something. Those of f32 and bf16 that are not are irregular.
static Value emitHasRange(ElementwiseBuilder &b, Value scale) {
  auto type = cast<FloatType>(getElementTypeOrSelf(scale));
  const llvm::fltSemantics &semantics = type.getFloatSemantics();
  Value wide = emitDecodeScale(b, scale);
  auto largest = llvm::APFloat::getLargest(semantics).convertToDouble();
  Value hasRange = b.greaterF(b.f32(largest, wide), wide);
  if (isPlanted(Mutant::LargestScaleFits))
    hasRange = b.greaterEqualF(b.f32(largest, wide), wide);
  if (type.isF32() || type.isBF16())
    return hasRange;
  auto least = llvm::APFloat::getSmallestNormalized(semantics);
  return b.logicalAnd(
      hasRange, b.greaterEqualF(wide, b.f32(least.convertToDouble(), wide)));
}

/// Whether `range` says something of quotients under positive normal scales of
/// f8E4M3FN below the largest, and under no others.
static bool isNormalCode(ScaledType type, QuotientRange range) {
  return isa<Float8E4M3FNType>(type.getScaleType()) &&
         range != QuotientRange::Any;
}

static const FloatFormat &getScaleFormat() {
  return *lookupFloatFormat("f8E4M3FN");
}

static Value asByte(ElementwiseBuilder &b, Value scale) {
  return b.bitcast(scale, b.getBuilder().getI8Type());
}

/// The value of a positive normal code of f8E4M3FN: its fields in those of f32.
static Value emitDecodeNormal(ElementwiseBuilder &b, Value scale) {
  const FloatFormat &format = getScaleFormat();
  Value bits = b.shl(b.zext(asByte(b, scale), 32), 23 - format.mantissaBits);
  return b.asF32(b.add(bits, int64_t(127 - format.bias) << 23));
}

// Bytes are compared: four times as many as of what they stand for. In which
// range the scales are shows in the global one.
static Value emitIsRegularCode(ElementwiseBuilder &b, ScaledType type,
                               const BlockParameters &parameters,
                               Value divisor) {
  const FloatFormat &format = getScaleFormat();
  int64_t least = int64_t(1) << format.mantissaBits;
  int64_t end = format.maxFiniteCode;
  if (isPlanted(Mutant::LargestScaleFits))
    ++end;
  Value above = b.add(asByte(b, parameters.scale), -least);
  Value isRegular = b.lessUnsigned(above, b.integer(8, end - least, above));
  if (!parameters.global)
    return isRegular;
  PowerRange scales = getRegularScales(type);
  PowerRange globals = {scales.least - format.getMinExponent(),
                        scales.end - format.getMaxExponent() - 1};
  isRegular = b.logicalAnd(isRegular, globals.contains(b, parameters.global));
  return b.logicalAnd(isRegular, emitHasReciprocal(b, divisor));
}

/// `value` where `isRegular`, and NaN elsewhere: that there is none.
static Value emitSelectRegular(ElementwiseBuilder &b, Value isRegular,
                               Value value) {
  constexpr int64_t quietNaN = 0x7fc00000;
  return b.select(isRegular, value, b.asF32(b.i32(quietNaN, value)));
}

/// The quotient under an f8E8M0FNU scale of the given reciprocal.
static BlockQuotient emitPowerQuotient(ElementwiseBuilder &b, ScaledType type,
                                       Value power, QuotientRange range,
                                       bool takesAnyPower) {
  BlockQuotient quotient;
  quotient.range = range;
  quotient.reciprocal = power;
  if (!goesByPowerOfTwo(type) || takesAnyPower)
    return quotient;
  // What encodes by powers of two has an end next to zero, where all-zero
  // blocks are, and one where infinity would be a number.
  Value isRegular =
      b.logicalAnd(b.greaterEqualF(power, b.f32(kLeastPower, power)),
                   b.greaterEqualF(b.f32(kLargestPower, power), power));
  quotient.reciprocal = emitSelectRegular(b, isRegular, power);
  return quotient;
}

/// What elements are divided by, and whether it has a reciprocal.
static std::pair<Value, Value>
emitRegularDivisor(ElementwiseBuilder &b, ScaledType type,
                   const BlockParameters &parameters, QuotientRange range) {
  if (isNormalCode(type, range)) {
    Value divisor = emitDecodeNormal(b, parameters.scale);
    if (parameters.global)
      divisor = b.mul(divisor, parameters.global);
    return {divisor, emitIsRegularCode(b, type, parameters, divisor)};
  }
  Value divisor = emitQuantizeFactors(b, type, parameters).divisor;
  Value isRegular = emitIsRegular(b, type, divisor);
  if (range != QuotientRange::Any && !type.getScaleType().isF32())
    isRegular = b.logicalAnd(isRegular, emitHasRange(b, parameters.scale));
  return {divisor, isRegular};
}

BlockQuotient quantx::emitQuantizeQuotient(ElementwiseBuilder &b,
                                           ScaledType type,
                                           const BlockParameters &parameters,
                                           QuotientRange range,
                                           bool takesAnyPower) {
  if (isE8M0(type))
    return emitPowerQuotient(
        b, type, emitQuantizeFactors(b, type, parameters).reciprocal, range,
        takesAnyPower);
  auto [scale, isRegular] = emitRegularDivisor(b, type, parameters, range);
  BlockQuotient quotient;
  quotient.range = range;
  Reciprocal reciprocal = emitReciprocal(b, scale);
  quotient.rest = reciprocal.rest;
  quotient.reciprocal = emitSelectRegular(b, isRegular, reciprocal.rounded);
  quotient.zeroPoint = parameters.zeroPoint;
  if (!limitsElements(type, range))
    return quotient;
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
  return Reciprocal{quotient.reciprocal, quotient.rest}.multiply(b, value);
}

/// `value` within the limits of the quotient; 0 for NaN.
static Value emitLimitToCodes(ElementwiseBuilder &b, Value value,
                              const BlockQuotient &quotient) {
  Value isNaN = b.isNaN(value);
  Value largest = quotient.largest;
  value = b.select(b.greaterF(largest, value), value, largest);
  value = b.select(isNaN, b.f32(0.0, value), value);
  return b.select(b.greaterF(value, quotient.least), value, quotient.least);
}

// The sum with 1.5 * 2^23 has the rounded quotient in its low bits. The zero
// point comes after, for ties to go to even quotients.
static Value emitInteger(ElementwiseBuilder &b, ScaledType type, Value value,
                         const BlockQuotient &quotient) {
  IntegerFormat format = type.getIntegerFormat();
  if (limitsElements(type, quotient.range))
    value = emitLimitToCodes(b, value, quotient);
  Value units = emitDivide(b, value, quotient);
  Value sum = b.add(units, b.f32(0x1.8p23, units));
  Value code = b.trunc(b.asI32(sum), 8);
  if (quotient.zeroPoint)
    code = b.add(code, quotient.zeroPoint);
  if (quotient.range == QuotientRange::NearlyFits &&
      !isPlanted(Mutant::NextCodeWraps))
    code = b.min(b.max(code, format.getMinCode()), format.getMaxCode());
  unsigned bits = format.bits;
  return bits == 8 ? code : b.bitAnd(code, (1 << bits) - 1);
}

/// The code of `units`, of which nothing but the range is known.
static Value emitEncodeBounded(ElementwiseBuilder &b, ScaledType type,
                               Value units, QuotientRange range,
                               bool saturate) {
  SmallVector<StringRef> known = {kBoundedAttr};
  if (range >= QuotientRange::NearlyFits)
    known.push_back(kNearRangeAttr);
  if (saturate)
    known.push_back(kSaturatesAttr);
  if (goesByPowerOfTwo(type))
    known.push_back(kByPowerOfTwoAttr);
  if (goesByQuotient(type))
    known.push_back(kQuotientAttr);
  return emitTruncate(b, type, units, known);
}

/// The code of the product of `value` and an exact reciprocal.
static Value emitProduct(ElementwiseBuilder &b, ScaledType type, Value value,
                         const BlockQuotient &quotient, bool saturate) {
  Value units = emitDivide(b, value, quotient);
  if (quotient.range != QuotientRange::Any)
    return emitEncodeBounded(b, type, units, quotient.range, saturate);
  return goesByPowerOfTwo(type)
             ? emitTruncate(b, type, units, kByPowerOfTwoAttr)
             : emitEncodeUnits(b, type, units, RoundingSpec(), saturate);
}

Value quantx::emitQuantizeElement(ElementwiseBuilder &b, ScaledType type,
                                  Value value, const BlockQuotient &quotient,
                                  bool saturate) {
  value = b.extendToF32(value);
  const FloatFormat *format = type.getFloatFormat();
  if (!format)
    return emitInteger(b, type, value, quotient);
  if (!quotient.rest)
    return emitProduct(b, type, value, quotient, saturate);
  // NaN is what it becomes where there is none.
  bool hasNaN = format->nonFinite != NonFinite::None;
  if (limitsElements(type, quotient.range))
    value = hasNaN ? emitLimit(b, value, quotient.least, quotient.largest)
                   : emitClamp(b, value, quotient.least, quotient.largest);
  // Where the reciprocal is too large, the sum of -0 and 0 is 0.
  Value units = math::CopySignOp::create(b.getBuilder(),
                                         emitDivide(b, value, quotient), value);
  SmallVector<StringRef> known = {kInRangeAttr};
  if (goesByQuotient(type))
    known.push_back(kQuotientAttr);
  switch (quotient.range) {
  case QuotientRange::Any:
    return emitTruncate(b, type, units, known);
  case QuotientRange::Fits:
    known.push_back(kBoundedAttr);
    return emitTruncate(b, type, units, known);
  default:
    return emitEncodeBounded(b, type, units, quotient.range,
                             /*saturate=*/true);
  }
}
