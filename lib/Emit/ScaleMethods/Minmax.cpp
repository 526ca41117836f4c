//===- Minmax.cpp - Scale and zero point from the range -------------------===//

#include "Models.h"
#include "quantx/Format/Mutants.h"
#include "quantx/IR/QuantXAttrs.h"

using namespace mlir;
using namespace quantx;

namespace {
/// The range of a block as f32: low <= 0 <= high, NaN if an element is.
struct Extremes {
  Value low, high;
};
} // namespace

static Extremes reduceRange(BlockComputation &blocks) {
  Builder attrs(blocks.getType().getContext());
  TypedAttr zero = attrs.getF32FloatAttr(0.0f);
  Reduction low{Reduction::Minimum, zero};
  Reduction high{Reduction::Maximum, zero};
  if (isPlanted(Mutant::RangeWithoutZero)) {
    low.init = attrs.getF32FloatAttr(HUGE_VALF);
    high.init = attrs.getF32FloatAttr(-HUGE_VALF);
  }
  auto terms = [](OpBuilder &, Location, Value element) -> SmallVector<Value> {
    return {element, element};
  };
  SmallVector<Value> range = blocks.reduceBlocks({low, high}, terms);
  return {range[0], range[1]};
}

/// (high - low) / steps in f32, also where the difference overflows.
static Value emitStep(ElementwiseBuilder &b, const Extremes &range, int steps) {
  Value difference = b.sub(range.high, range.low);
  Value step = b.div(difference, b.f32(steps, difference));
  Value halves = b.sub(b.mul(range.high, 0.5), b.mul(range.low, 0.5));
  Value wideStep = b.mul(b.div(halves, b.f32(steps, halves)), 2.0);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Value overflows = b.equalF(difference, b.f32(infinity, difference));
  return b.select(overflows, wideStep, step);
}

static Value emitIsNonFinite(ElementwiseBuilder &b, Value value) {
  return b.greaterEqual(b.bitAnd(b.asI32(value), 0x7fffffff), kInfBits);
}

/// The scale, of the scale type, and the zero point, a code in i8.
static SmallVector<Value> emitParameters(ElementwiseBuilder &b, ScaledType type,
                                         const Extremes &range) {
  IntegerFormat format = type.getIntegerFormat();
  Value step = emitStep(b, range, format.getMaxCode() - format.getMinCode());
  Value isZero = b.equalF(range.low, range.high);
  Value isNonFinite =
      b.bitOr(emitIsNonFinite(b, range.low), emitIsNonFinite(b, range.high));
  Value scale = emitSpecialScales(
      b, emitRoundScale(b, step, type.getScaleType()), isZero, isNonFinite);

  Value units = b.div(range.low, b.extendToF32(scale));
  Value negated = b.sub(b.f32(0.0, units), units);
  Value lowest = b.i32(format.getMinCode(), units);
  Value zeroPoint =
      emitEncodeInteger(b, negated, format, lowest, RoundingSpec());
  zeroPoint = b.select(isNonFinite, b.i32(0, zeroPoint), zeroPoint);
  return {scale, b.trunc(zeroPoint, 8)};
}

SmallVector<Value> quantx::emitMinmaxParameters(ElementwiseBuilder &b,
                                                ScaledType type, Value low,
                                                Value high) {
  return emitParameters(b, type, {low, high});
}

namespace {

struct MinmaxModel
    : public ScaleMethodAttrInterface::ExternalModel<MinmaxModel, MinmaxAttr> {
  LogicalResult
  verifySuits(Attribute method, ScaledType type,
              function_ref<InFlightDiagnostic()> emitError) const {
    if (type.hasZeroPoint() && isWideScaleType(type.getScaleType()))
      return success();
    return emitError() << method
                       << " expects a zero point and an f32, f16 or bf16 "
                          "scale, got "
                       << type;
  }

  SmallVector<Value> buildParameters(Attribute,
                                     BlockComputation &blocks) const {
    ScaledType type = blocks.getType();
    Extremes range = reduceRange(blocks);
    auto map = [&](OpBuilder &builder, Location loc,
                   ValueRange given) -> BlockComputation::Values {
      ElementwiseBuilder b(builder, loc);
      return emitParameters(b, type, {given[0], given[1]});
    };
    Type zeroPoint = IntegerType::get(type.getContext(), 8);
    return blocks.mapBlocks({type.getScaleType(), zeroPoint},
                            {range.low, range.high}, map);
  }
};

} // namespace

void quantx::attachMinmaxModel(MLIRContext *context) {
  MinmaxAttr::attachInterface<MinmaxModel>(*context);
}
