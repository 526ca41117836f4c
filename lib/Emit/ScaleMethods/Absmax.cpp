//===- Absmax.cpp - Scale from the largest magnitude ----------------------===//

#include "Models.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/Reciprocals.h"
#include "quantx/Format/Mutants.h"
#include "quantx/IR/QuantXAttrs.h"

using namespace mlir;
using namespace quantx;

/// Largest finite value of the f8E4M3FN scales under a global scale.
static constexpr double kMaxE4M3 = 448.0;

/// The smallest power of two not below a nonnegative finite f32 `value`.
static Value emitNextPowerOfTwo(ElementwiseBuilder &b, Value value) {
  // Subnormals have no exponent field to round up; 2^64 makes them normal.
  Value isSubnormal = b.less(b.asI32(value), 1 << 23);
  Value normal =
      b.select(isSubnormal, b.mul(value, std::ldexp(1.0, 64)), value);
  Value bits = b.shl(b.lshr(b.add(b.asI32(normal), (1 << 23) - 1), 23), 23);
  Value power = b.asF32(bits);
  return b.select(isSubnormal, b.mul(power, std::ldexp(1.0, -64)), power);
}

/// Limits a power of two to the largest one of the float type `type`.
static Value emitLimitPowerOfTwo(ElementwiseBuilder &b, Value power,
                                 Type type) {
  int exponent = llvm::APFloat::semanticsMaxExponent(
      cast<FloatType>(type).getFloatSemantics());
  Value limit = b.f32(std::ldexp(1.0, exponent), power);
  return b.select(b.greaterF(power, limit), limit, power);
}

/// Whether a magnitude of `amax` (f32) saturates under `scale`.
static Value emitSaturates(ElementwiseBuilder &b, ScaledType type, Value amax,
                           Value scale) {
  Value units = b.div(amax, b.extendToF32(scale));
  if (const FloatFormat *format = type.getFloatFormat())
    return emitFloatOverflows(b, units, *format);
  return emitIntegerOverflows(b, units, type.getIntegerFormat(), Value());
}

/// The f32, f16 or bf16 scale of a block whose largest magnitude has the bits
/// `amaxBits`.
static Value emitWideScale(ElementwiseBuilder &b, AbsmaxAttr method,
                           ScaledType type, Value amaxBits) {
  Value amax = b.asF32(amaxBits);
  double margin = method.getMargin().convertToDouble();
  double qmax = type.getElementTraits().maxFinite;
  Value ideal = b.div(b.mul(amax, margin), b.f32(qmax, amax));
  Type scaleType = type.getScaleType();
  Value scale;
  if (method.getPow2()) {
    Value power = emitNextPowerOfTwo(b, ideal);
    scale =
        emitRoundScale(b, emitLimitPowerOfTwo(b, power, scaleType), scaleType);
  } else {
    scale = emitRoundScale(b, ideal, scaleType);
    if (margin == 1.0 && !isPlanted(Mutant::AbsmaxMaySaturate))
      scale = b.select(emitSaturates(b, type, amax, scale),
                       emitNextScale(b, scale), scale);
  }
  return emitSpecialScales(b, scale, b.equal(amaxBits, 0),
                           b.greaterEqual(amaxBits, kInfBits));
}

/// The global scale (f32) that lets the f8E4M3FN scales reach the largest block
/// of a tensor whose largest finite magnitude has the bits `amaxBits`.
static Value emitGlobalScale(ElementwiseBuilder &b, ScaledType type,
                             Value amaxBits) {
  double qmax = type.getElementTraits().maxFinite;
  Value ideal = b.div(b.asF32(amaxBits), b.f32(kMaxE4M3 * qmax, amaxBits));
  Value global = emitRoundScale(b, ideal, b.getBuilder().getF32Type());
  return b.select(b.equal(amaxBits, 0), b.f32(1.0, global), global);
}

Value quantx::emitRoundE4M3(ElementwiseBuilder &b, Value scale) {
  const FloatFormat &format = *lookupFloatFormat("f8E4M3FN");
  Value code =
      emitEncodeFloat(b, scale, format, RoundingSpec(), /*saturate=*/true);
  if (isPlanted(Mutant::UnderflowingScaleIsZero))
    return code;
  return b.select(b.equal(code, 0), b.integer(8, 1, code), code);
}

/// The f8E4M3FN code (i8) of the scale that takes `amax` (f32) to the largest
/// code, in units of `global` (f32, or null), kept from 0 and from overflow.
static Value emitRoundIdeal(ElementwiseBuilder &b, ScaledType type, Value amax,
                            Value global) {
  double qmax = type.getElementTraits().maxFinite;
  Value ideal = b.div(amax, b.f32(qmax, amax));
  return emitRoundE4M3(b, global ? b.div(ideal, global) : ideal);
}

/// The same by a target that multiplies and adds in one instruction, of finite
/// `amax`, where `global`, if not null, is regular.
static Value emitRoundIdealByProducts(ElementwiseBuilder &b, ScaledType type,
                                      Value amax, Value global) {
  Value ideal =
      emitDivideByConstant(b, amax, type.getElementTraits().maxFinite);
  if (global)
    ideal = emitReciprocal(b, global).multiply(b, ideal);
  Value code = emitEncodePositive(b, ideal, *lookupFloatFormat("f8E4M3FN"));
  if (!isPlanted(Mutant::UnderflowingScaleIsZero))
    code = b.max(code, 1);
  return b.trunc(code, 8);
}

// Below 2^-100, where the quotient by a constant may be another, what is left
// of it over one of these rounds to 0. Under smaller ones the rest of a product
// might be infinite. All significands have the reciprocal that it takes here:
// of the boundaries of f8E4M3FN one is missed, under one of them, and that is
// between 0 and the smallest code, which takes the place of 0.
static constexpr PowerRange kRegularGlobals = {-25, 76};

/// `emitRoundIdeal` without divisions where `global` allows it in all lanes.
static Value emitRoundIdealFused(ElementwiseBuilder &b, ScaledType type,
                                 Value amax, Value global) {
  if (!global)
    return emitRoundIdealByProducts(b, type, amax, global);
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value isRegular = kRegularGlobals.contains(b, global);
  if (isa<VectorType>(isRegular.getType()))
    isRegular = vector::ReductionOp::create(builder, vector::CombiningKind::AND,
                                            isRegular);
  auto yield = [&](auto round) {
    return [&, round](OpBuilder &nested, Location loc) {
      ElementwiseBuilder b(nested, loc);
      scf::YieldOp::create(nested, loc, round(b, type, amax, global));
    };
  };
  return scf::IfOp::create(builder, isRegular, yield(emitRoundIdealByProducts),
                           yield(emitRoundIdeal))
      .getResult(0);
}

/// The f8E4M3FN scale of a block, in units of `global` (f32, or null). `hasFMA`
/// says that the target multiplies and adds in one instruction; the bits are
/// the same.
static Value emitE4M3Scale(ElementwiseBuilder &b, ScaledType type,
                           Value amaxBits, Value global, bool hasFMA = false) {
  Value amax = b.asF32(amaxBits);
  Value code = hasFMA ? emitRoundIdealFused(b, type, amax, global)
                      : emitRoundIdeal(b, type, amax, global);
  code = b.select(b.equal(amaxBits, 0), b.integer(8, 0, code), code);
  Value isNonFinite = b.greaterEqual(amaxBits, kInfBits);
  const FloatFormat &format = *lookupFloatFormat("f8E4M3FN");
  code = b.select(isNonFinite, b.integer(8, format.nanCode, code), code);
  return b.bitcast(code, type.getScaleType());
}

Value quantx::emitAbsmaxScale(ElementwiseBuilder &b, ScaledType type,
                              Value amaxBits, Value global) {
  if (!isWideScaleType(type.getScaleType()))
    return emitE4M3Scale(b, type, amaxBits, global);
  return emitWideScale(b, AbsmaxAttr::get(type.getContext()), type, amaxBits);
}

Value quantx::buildGlobalScale(BlockComputation &blocks) {
  if (Value given = blocks.getGivenGlobal())
    return given;
  ScaledType type = blocks.getType();
  auto map = [&](OpBuilder &builder, Location loc,
                 ValueRange values) -> BlockComputation::Values {
    ElementwiseBuilder b(builder, loc);
    return {emitGlobalScale(b, type, values[0])};
  };
  return blocks.mapTensor(type.getGlobalType(), reduceFiniteAmaxBits(blocks),
                          map)[0];
}

namespace {

struct AbsmaxModel
    : public ScaleMethodAttrInterface::ExternalModel<AbsmaxModel, AbsmaxAttr> {
  LogicalResult
  verifySuits(Attribute attr, ScaledType type,
              function_ref<InFlightDiagnostic()> emitError) const {
    auto method = cast<AbsmaxAttr>(attr);
    if (type.hasZeroPoint())
      return emitError() << attr << " expects a type without a zero point, got "
                         << type;
    if (isWideScaleType(type.getScaleType()) && !type.hasGlobal())
      return success();
    if (!isa<Float8E4M3FNType>(type.getScaleType())) {
      return emitError() << attr
                         << " expects an f32, f16 or bf16 scale without a "
                            "global scale, or an f8E4M3FN scale, got "
                         << type;
    }
    if (method != AbsmaxAttr::get(attr.getContext())) {
      return emitError() << "expected neither margin nor pow2 with an f8E4M3FN "
                            "scale, got "
                         << attr;
    }
    return success();
  }

  // A scale of few bits may be a little too small, by a 16th of itself, which
  // ends beyond the codes of all but f4E2M1FN; a margin makes it smaller; and
  // negative elements have no unsigned codes.
  QuotientRange getQuotientRange(Attribute attr, ScaledType type) const {
    bool isUnsigned =
        !type.getFloatFormat() && !type.getIntegerFormat().isSigned;
    if (isUnsigned || attr != AbsmaxAttr::get(attr.getContext()))
      return QuotientRange::Any;
    bool isCoarse = type.getFloatFormat() && type.getStorageBits() == 4;
    return isWideScaleType(type.getScaleType()) || isCoarse
               ? QuotientRange::Fits
               : QuotientRange::Bounded;
  }

  SmallVector<Value> buildParameters(Attribute attr,
                                     BlockComputation &blocks) const {
    auto method = cast<AbsmaxAttr>(attr);
    ScaledType type = blocks.getType();
    SmallVector<Value> given = {reduceAmaxBits(blocks)};
    if (type.hasGlobal())
      given.push_back(buildGlobalScale(blocks));
    bool hasFMA = blocks.hasFMA();
    auto map = [&](OpBuilder &builder, Location loc,
                   ValueRange values) -> BlockComputation::Values {
      ElementwiseBuilder b(builder, loc);
      if (isWideScaleType(type.getScaleType()))
        return {emitWideScale(b, method, type, values[0])};
      Value global = type.hasGlobal() ? values[1] : Value();
      return {emitE4M3Scale(b, type, values[0], global, hasFMA)};
    };
    SmallVector<Value> parameters =
        blocks.mapBlocks(type.getScaleType(), given, map);
    if (type.hasGlobal())
      parameters.push_back(given[1]);
    return parameters;
  }
};

} // namespace

void quantx::attachAbsmaxModel(MLIRContext *context) {
  AbsmaxAttr::attachInterface<AbsmaxModel>(*context);
}
