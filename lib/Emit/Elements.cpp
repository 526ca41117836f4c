//===- Elements.cpp - Emitted quantize and dequantize of elements ---------===//

#include "quantx/Emit/Elements.h"
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
/// zero of the value's sign.
static Value emitDivideByScale(ElementwiseBuilder &b, Value value,
                               const BlockFactors &factors) {
  value = b.extendToF32(value);
  if (factors.reciprocal)
    return b.mul(value, factors.reciprocal);
  Value scale = factors.divisor;
  Value isZero = b.equalF(scale, b.f32(0.0, scale));
  Value signedZero = b.asF32(b.bitAnd(b.asI32(value), 0x80000000));
  return b.select(isZero, signedZero, b.div(value, scale));
}

Value quantx::emitQuantizeElement(ElementwiseBuilder &b, ScaledType type,
                                  Value value, const BlockFactors &factors,
                                  RoundingSpec rounding, bool saturate) {
  Value units = emitDivideByScale(b, value, factors);
  Value code;
  if (const FloatFormat *format = type.getFloatFormat()) {
    code = emitEncodeFloat(b, units, *format, rounding, saturate);
  } else {
    IntegerFormat integer = type.getIntegerFormat();
    code = emitEncodeInteger(b, units, integer, factors.zeroPoint, rounding);
    code = b.trunc(b.bitAnd(code, (1 << integer.bits) - 1), 8);
  }
  if (isPlanted(Mutant::NaNBlockKeepsCodes))
    return code;
  Value scaleIsNaN =
      b.isNaN(factors.reciprocal ? factors.reciprocal : factors.scale);
  return b.select(scaleIsNaN, b.integer(8, 0, code), code);
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
  if (const FloatFormat *format = type.getFloatFormat())
    return emitDecodeFloat(b, code, *format);
  IntegerFormat integer = type.getIntegerFormat();
  Value wide = emitExtendInteger(b, code, integer);
  if (zeroPoint)
    wide = b.sub(wide, zeroPoint);
  Value value = arith::SIToFPOp::create(
      b.getBuilder(), getTypeLike(wide.getType(), b.getBuilder().getF32Type()),
      wide);
  return b.mul(value, std::ldexp(1.0, -int(integer.fractionBits)));
}

/// The value of a `code` as f32: before it is rounded to the expressed type.
static Value emitDequantizeToF32(ElementwiseBuilder &b, ScaledType type,
                                 Value code, const BlockFactors &factors) {
  Value value = emitCodeValue(b, type, code, factors.zeroPoint);
  value = b.mul(value, factors.scale);
  if (!factors.global)
    return value;
  if (isPlanted(Mutant::GlobalScaleDivides))
    return b.div(value, factors.global);
  return b.mul(value, factors.global);
}

Value quantx::emitDequantizeToF32(ElementwiseBuilder &b, ScaledType type,
                                  Value code,
                                  const BlockParameters &parameters) {
  return ::emitDequantizeToF32(b, type, code,
                               emitDequantizeFactors(b, type, parameters));
}

Value quantx::emitDequantizeElement(ElementwiseBuilder &b, ScaledType type,
                                    Value code, const BlockFactors &factors) {
  return b.truncateFromF32(::emitDequantizeToF32(b, type, code, factors),
                           type.getExpressedType());
}

Value quantx::emitDequantizeElement(ElementwiseBuilder &b, ScaledType type,
                                    Value code,
                                    const BlockParameters &parameters) {
  return emitDequantizeElement(b, type, code,
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
