//===- Elements.cpp - Emitted quantize and dequantize of elements ---------===//

#include "quantx/Emit/Elements.h"
#include "Truncate.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/FloatCodec.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

BlockParameters BlockParameters::get(ScaledType type, ValueRange values) {
  BlockParameters parameters;
  parameters.scale = values[0];
  if (type.hasZeroPoint())
    parameters.zeroPoint = values[1];
  if (type.hasGlobal())
    parameters.global = values.back();
  return parameters;
}

static bool isE8M0(Value scale) {
  return isa<Float8E8M0FNUType>(getElementTypeOrSelf(scale));
}

static Value asByte(ElementwiseBuilder &b, Value value) {
  return b.bitcast(value, b.getBuilder().getI8Type());
}

Value quantx::emitDecodeScale(ElementwiseBuilder &b, Value scale) {
  if (isE8M0(scale))
    return emitDecodeE8M0(b, asByte(b, scale));
  if (isa<Float8E4M3FNType>(getElementTypeOrSelf(scale)))
    return emitDecodeFloat(b, asByte(b, scale), *lookupFloatFormat("f8E4M3FN"));
  return b.extendToF32(scale);
}

//===----------------------------------------------------------------------===//
// Factors
//===----------------------------------------------------------------------===//

BlockFactors
BlockFactors::map(llvm::function_ref<Value(Value)> mapValue) const {
  auto mapFactor = [&](Value factor) {
    return factor ? mapValue(factor) : factor;
  };
  return {mapFactor(scale), mapFactor(reciprocal), mapFactor(divisor),
          mapFactor(global), mapFactor(zeroPoint)};
}

static Value emitExtendZeroPoint(ElementwiseBuilder &b, ScaledType type,
                                 const BlockParameters &parameters) {
  if (!parameters.zeroPoint || isPlanted(Mutant::ZeroPointIgnored))
    return {};
  return emitExtendInteger(b, parameters.zeroPoint, type.getIntegerFormat());
}

BlockFactors quantx::emitQuantizeFactors(ElementwiseBuilder &b, ScaledType type,
                                         const BlockParameters &parameters) {
  BlockFactors factors;
  // Dividing by a power of two is multiplying by its reciprocal, exactly.
  if (isE8M0(parameters.scale) && !parameters.global) {
    factors.reciprocal =
        emitDecodeE8M0Reciprocal(b, asByte(b, parameters.scale));
  } else {
    factors.scale = emitDecodeScale(b, parameters.scale);
    factors.divisor = parameters.global
                          ? b.mul(factors.scale, parameters.global)
                          : factors.scale;
  }
  factors.zeroPoint = emitExtendZeroPoint(b, type, parameters);
  return factors;
}

BlockFactors quantx::emitDequantizeFactors(ElementwiseBuilder &b,
                                           ScaledType type,
                                           const BlockParameters &parameters) {
  BlockFactors factors;
  factors.scale = emitDecodeScale(b, parameters.scale);
  factors.global = parameters.global;
  factors.zeroPoint = emitExtendZeroPoint(b, type, parameters);
  return factors;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// `value` in units of its code: divided by the scale. Under a zero scale, a
/// zero of the value's sign, and NaN for NaN.
static Value emitDivideByScale(ElementwiseBuilder &b, Value value,
                               const BlockFactors &factors) {
  value = b.extendToF32(value);
  if (factors.reciprocal)
    return b.mul(value, factors.reciprocal);
  Value scale = factors.divisor;
  Value isNumberByZero =
      b.logicalAnd(b.equalF(scale, b.f32(0.0, scale)), b.equalF(value, value));
  Value signedZero = b.asF32(b.bitAnd(b.asI32(value), 0x80000000));
  return b.select(isNumberByZero, signedZero, b.div(value, scale));
}

// NaN is not greater.
Value quantx::emitLimit(ElementwiseBuilder &b, Value value, Value least,
                        Value largest) {
  value = b.select(b.greaterF(value, largest), largest, value);
  return b.select(b.greaterF(least, value), least, value);
}

Value quantx::emitClamp(ElementwiseBuilder &b, Value value, Value least,
                        Value largest) {
  value = b.select(b.greaterF(largest, value), value, largest);
  return b.select(b.greaterF(value, least), value, least);
}

// Vectors go as arith.truncf and arith.extf, which have their best form on each
// target: quantx-expand-narrow-floats knows it.

Value quantx::emitTruncate(ElementwiseBuilder &b, ScaledType type, Value units,
                           ArrayRef<StringRef> known) {
  auto narrow = arith::TruncFOp::create(
      b.getBuilder(), getTypeLike(units.getType(), type.getStorageType()),
      units);
  for (StringRef attribute : known)
    narrow->setAttr(attribute, b.getBuilder().getUnitAttr());
  Type integer = b.getBuilder().getIntegerType(type.getStorageBits());
  return b.zext(b.bitcast(narrow, integer), 8);
}

Value quantx::emitEncodeUnits(ElementwiseBuilder &b, ScaledType type,
                              Value units, RoundingSpec rounding,
                              bool saturate) {
  const FloatFormat &format = *type.getFloatFormat();
  if (!isa<VectorType>(units.getType()) ||
      rounding.mode != RoundingMode::NearestEven)
    return emitEncodeFloat(b, units, format, rounding, saturate);
  if (saturate && format.nonFinite != NonFinite::None) {
    Value largest = b.f32(format.getMaxFinite(), units);
    Value smallest = b.f32(-format.getMaxFinite(), units);
    units = emitLimit(b, units, smallest, largest);
  }
  return emitTruncate(b, type, units);
}

/// The value (f32) of a `code` in the float format of `type`.
static Value emitDecodeCode(ElementwiseBuilder &b, ScaledType type,
                            Value code) {
  const FloatFormat &format = *type.getFloatFormat();
  if (!isa<VectorType>(code.getType()))
    return emitDecodeFloat(b, code, format);
  Value narrow = b.bitcast(b.trunc(code, format.bits), type.getStorageType());
  return arith::ExtFOp::create(
      b.getBuilder(), getTypeLike(code.getType(), b.getBuilder().getF32Type()),
      narrow);
}

Value quantx::emitQuantizeElement(ElementwiseBuilder &b, ScaledType type,
                                  Value value, const BlockFactors &factors,
                                  RoundingSpec rounding, bool saturate) {
  Value units = emitDivideByScale(b, value, factors);
  Value scaleIsNaN =
      b.isNaN(factors.reciprocal ? factors.reciprocal : factors.scale);
  bool checksScale = !isPlanted(Mutant::NaNBlockKeepsCodes);
  if (type.getFloatFormat()) {
    // 0 has the code 0.
    if (checksScale)
      units = b.select(scaleIsNaN, b.f32(0.0, units), units);
    return emitEncodeUnits(b, type, units, rounding, saturate);
  }
  IntegerFormat integer = type.getIntegerFormat();
  Value code =
      emitEncodeInteger(b, units, integer, factors.zeroPoint, rounding);
  code = b.trunc(b.bitAnd(code, (1 << integer.bits) - 1), 8);
  return checksScale ? b.select(scaleIsNaN, b.integer(8, 0, code), code) : code;
}

Value quantx::emitQuantizeElement(ElementwiseBuilder &b, ScaledType type,
                                  Value value,
                                  const BlockParameters &parameters,
                                  RoundingSpec rounding, bool saturate) {
  return emitQuantizeElement(b, type, value,
                             emitQuantizeFactors(b, type, parameters), rounding,
                             saturate);
}

Value quantx::emitCodeValue(ElementwiseBuilder &b, ScaledType type, Value code,
                            Value zeroPoint) {
  if (type.getFloatFormat())
    return emitDecodeCode(b, type, code);
  IntegerFormat integer = type.getIntegerFormat();
  Value wide = emitExtendInteger(b, code, integer);
  if (zeroPoint)
    wide = b.sub(wide, zeroPoint);
  Value value = arith::SIToFPOp::create(
      b.getBuilder(), getTypeLike(wide.getType(), b.getBuilder().getF32Type()),
      wide);
  return b.mul(value, std::ldexp(1.0, -int(integer.fractionBits)));
}

double quantx::getCodeUnit(ScaledType type) {
  return type.getFloatFormat()
             ? 1.0
             : std::ldexp(1.0, -int(type.getIntegerFormat().fractionBits));
}

// Integers below 2^23 are the low bits of that float: no conversion, and the
// difference from another one is exact. Flipping the sign bit of a signed code
// adds as much to it.
Value quantx::emitCodeValueInWord(ElementwiseBuilder &b, ScaledType type,
                                  Value code, Value zeroPoint) {
  if (type.getFloatFormat())
    return emitDecodeCode(b, type, code);
  constexpr int64_t offsetBits = 0x4b000000; // 2^23
  IntegerFormat integer = type.getIntegerFormat();
  int64_t signBit = integer.isSigned ? int64_t(1) << (integer.bits - 1) : 0;
  Value low = b.bitAnd(code, (int64_t(1) << integer.bits) - 1);
  Value shifted = b.asF32(b.bitXor(low, b.i32(offsetBits | signBit, low)));
  Value offset = b.f32(std::ldexp(1.0, 23) + double(signBit), shifted);
  if (zeroPoint) {
    Value zero = arith::SIToFPOp::create(
        b.getBuilder(),
        getTypeLike(shifted.getType(), b.getBuilder().getF32Type()), zeroPoint);
    offset = b.add(zero, offset);
  }
  return b.sub(shifted, offset);
}

/// What `value`, that of a code under a scale of 1, stands for as f32.
static Value emitMultiplyByScales(ElementwiseBuilder &b, Value value,
                                  const BlockFactors &factors) {
  value = b.mul(value, factors.scale);
  if (!factors.global)
    return value;
  if (isPlanted(Mutant::GlobalScaleDivides))
    return b.div(value, factors.global);
  return b.mul(value, factors.global);
}

/// The value of a `code` as f32: before it is rounded to the expressed type.
static Value emitDequantizeToF32(ElementwiseBuilder &b, ScaledType type,
                                 Value code, const BlockFactors &factors) {
  return emitMultiplyByScales(
      b, emitCodeValue(b, type, code, factors.zeroPoint), factors);
}

Value quantx::emitDequantizeToF32(ElementwiseBuilder &b, ScaledType type,
                                  Value code,
                                  const BlockParameters &parameters) {
  return ::emitDequantizeToF32(b, type, code,
                               emitDequantizeFactors(b, type, parameters));
}

/// Whether every product of a value and a scale of `type` is a bf16: it has as
/// many significant bits, and no finer ones than the smallest of bf16.
static bool isExactInBF16(ScaledType type) {
  constexpr unsigned significantBits = 8;
  constexpr int smallestExponent = -133, smallestScaleExponent = -127;
  if (!isa<Float8E8M0FNUType>(type.getScaleType()) || type.hasGlobal() ||
      type.hasZeroPoint())
    return false;
  unsigned bits;
  int exponent;
  if (const FloatFormat *format = type.getFloatFormat()) {
    bits = format->mantissaBits + 1;
    exponent = format->getMinExponent() - int(format->mantissaBits);
  } else {
    IntegerFormat integer = type.getIntegerFormat();
    bits = integer.bits;
    exponent = -int(integer.fractionBits);
  }
  return bits <= significantBits &&
         exponent + smallestScaleExponent >= smallestExponent;
}

bool quantx::suitsNormalValues(ScaledType type) {
  return type.getExpressedType().isBF16() && !isExactInBF16(type);
}

// The smallest positive values of codes are 2^-16. Zeros are not subnormal; of
// infinities and NaN nothing is.
Value quantx::emitAreNormal(ElementwiseBuilder &b,
                            const BlockFactors &factors) {
  int64_t leastScale =
      isPlanted(Mutant::SubnormalsByInstruction) ? 1 << 23 : (127 - 60) << 23;
  constexpr int64_t leastGlobal = (127 - 40) << 23;
  auto isNormal = [&](Value factor, int64_t least) {
    // 0 less 1 is the largest of integers without sign.
    Value bits = b.add(b.bitAnd(b.asI32(factor), 0x7fffffff), -1);
    return b.lessUnsigned(b.i32(least - 2, bits), bits);
  };
  Value areNormal = isNormal(factors.scale, leastScale);
  if (factors.global)
    areNormal = b.logicalAnd(areNormal, isNormal(factors.global, leastGlobal));
  if (!isa<VectorType>(areNormal.getType()))
    return areNormal;
  return vector::ReductionOp::create(b.getBuilder(), vector::CombiningKind::AND,
                                     areNormal);
}

Value quantx::emitExpressedValue(ElementwiseBuilder &b, ScaledType type,
                                 Value value, const BlockFactors &factors,
                                 bool areNormal) {
  value = emitMultiplyByScales(b, value, factors);
  Type expressed = type.getExpressedType();
  if (areNormal && suitsNormalValues(type)) {
    auto result = arith::TruncFOp::create(
        b.getBuilder(), getTypeLike(value.getType(), expressed), value);
    result->setAttr(kNoSubnormalsAttr, b.getBuilder().getUnitAttr());
    return result;
  }
  if (!expressed.isBF16() || !isExactInBF16(type))
    return b.truncateFromF32(value, expressed);
  Value upperHalf = b.trunc(b.lshr(b.asI32(value), 16), 16);
  return b.bitcast(upperHalf, expressed);
}

Value quantx::emitDequantizeElement(ElementwiseBuilder &b, ScaledType type,
                                    Value code, const BlockFactors &factors,
                                    bool areNormal) {
  return emitExpressedValue(b, type,
                            emitCodeValue(b, type, code, factors.zeroPoint),
                            factors, areNormal);
}

Value quantx::emitDequantizeElement(ElementwiseBuilder &b, ScaledType type,
                                    Value code,
                                    const BlockParameters &parameters) {
  return emitDequantizeElement(b, type, code,
                               emitDequantizeFactors(b, type, parameters));
}

//===----------------------------------------------------------------------===//
// Values of codes without the codes
//===----------------------------------------------------------------------===//

/// `units` rounded to the nearest value of `format`. What is added and
/// subtracted leaves in the sum one bit for each quantum of the binade.
static Value emitRoundToFloat(ElementwiseBuilder &b, Value units,
                              const FloatFormat &format) {
  constexpr int64_t mantissaBits = 23, bias = 127;
  double largest = format.getMaxFinite();
  units = emitClamp(b, units, b.f32(-largest, units), b.f32(largest, units));
  int64_t smallestNormal = (bias + format.getMinExponent()) << mantissaBits;
  Value binade = b.max(b.bitAnd(b.asI32(units), 0x7f800000), smallestNormal);
  // Half a binade more, for negative units not to leave the binade.
  int64_t half = int64_t(1) << (mantissaBits - 1);
  int64_t distance = (mantissaBits - format.mantissaBits) << mantissaBits;
  Value shifter = b.asF32(b.add(binade, distance + half));
  return b.sub(b.add(units, shifter), shifter);
}

/// `units` rounded to the nearest value of `format` under `zeroPoint` (i32, or
/// null for 0).
static Value emitRoundToInteger(ElementwiseBuilder &b, Value units,
                                const IntegerFormat &format, Value zeroPoint) {
  double quantum = std::ldexp(1.0, -int(format.fractionBits));
  Value least = b.f32(format.getMinCode() * quantum, units);
  Value largest = b.f32(format.getMaxCode() * quantum, units);
  if (zeroPoint) {
    Value zero = arith::SIToFPOp::create(
        b.getBuilder(),
        getTypeLike(zeroPoint.getType(), b.getBuilder().getF32Type()),
        zeroPoint);
    zero = b.mul(zero, quantum);
    least = b.sub(least, zero);
    largest = b.sub(largest, zero);
  }
  units = emitClamp(b, units, least, largest);
  Value shifter = b.f32(std::ldexp(1.5, 23) * quantum, units);
  return b.sub(b.add(units, shifter), shifter);
}

static Value emitRoundToCodeValue(ElementwiseBuilder &b, ScaledType type,
                                  Value value, const BlockFactors &factors) {
  Value units = emitDivideByScale(b, value, factors);
  if (const FloatFormat *format = type.getFloatFormat())
    return emitRoundToFloat(b, units, *format);
  return emitRoundToInteger(b, units, type.getIntegerFormat(),
                            factors.zeroPoint);
}

Value quantx::emitRoundToCodeValue(ElementwiseBuilder &b, ScaledType type,
                                   Value value,
                                   const BlockParameters &parameters) {
  return ::emitRoundToCodeValue(b, type, value,
                                emitQuantizeFactors(b, type, parameters));
}

Value quantx::emitRoundTripToF32(ElementwiseBuilder &b, ScaledType type,
                                 Value value,
                                 const BlockParameters &parameters) {
  Value rounded = emitRoundToCodeValue(b, type, value, parameters);
  return emitMultiplyByScales(b, rounded,
                              emitDequantizeFactors(b, type, parameters));
}

Value quantx::emitElementSaturates(ElementwiseBuilder &b, ScaledType type,
                                   Value value,
                                   const BlockParameters &parameters) {
  BlockFactors factors = emitQuantizeFactors(b, type, parameters);
  Value units = emitDivideByScale(b, value, factors);
  if (const FloatFormat *format = type.getFloatFormat())
    return emitFloatOverflows(b, units, *format);
  // NaN units count as 0, which a zero point keeps in range.
  return emitIntegerOverflows(b, units, type.getIntegerFormat(),
                              factors.zeroPoint);
}
