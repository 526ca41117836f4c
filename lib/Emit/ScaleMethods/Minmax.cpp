//===- Minmax.cpp - Scale and zero point from the range -------------------===//

#include "Models.h"
#include "quantx/Format/Mutants.h"
#include "quantx/IR/QuantXAttrs.h"

using namespace mlir;
using namespace quantx;

namespace {
/// The range of a block as f32: low <= 0 <= high; not finite if an element is
/// not.
struct Extremes {
  Value low, high;
};
} // namespace

static constexpr int64_t kSignBit = 0x80000000;

// As integers, the bits of positive floats order as these do, NaN on top, and
// those of negative ones are below: so the largest of them and 0 is the upper
// end. The same of -x is the lower one.
static SmallVector<Value> reduceRangeBits(BlockComputation &blocks) {
  Builder attrs(blocks.getType().getContext());
  int32_t init = isPlanted(Mutant::RangeWithoutZero) ? INT32_MIN : 0;
  Reduction largest{Reduction::MaxSigned, attrs.getI32IntegerAttr(init)};
  auto terms = [](OpBuilder &builder, Location loc,
                  Value element) -> SmallVector<Value> {
    ElementwiseBuilder b(builder, loc);
    Value bits = b.asI32(element);
    return {b.bitXor(bits, b.i32(kSignBit, bits)), bits};
  };
  return blocks.reduceBlocks({largest, largest}, terms);
}

static Extremes emitRange(ElementwiseBuilder &b, ValueRange bits) {
  Value low = b.bitXor(bits[0], b.i32(kSignBit, bits[0]));
  return {b.asF32(low), b.asF32(bits[1])};
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

  // The ends of the range are rounded twice, as quotients and for the zero
  // point. A scale of few bits counts for more where there are many codes.
  QuotientRange getQuotientRange(Attribute, ScaledType type) const {
    constexpr unsigned mostBits = 6;
    return type.getStorageBits() <= mostBits ? QuotientRange::NearlyFits
                                             : QuotientRange::Any;
  }

  SmallVector<Value> buildParameters(Attribute,
                                     BlockComputation &blocks) const {
    ScaledType type = blocks.getType();
    SmallVector<Value> range = reduceRangeBits(blocks);
    auto map = [&](OpBuilder &builder, Location loc,
                   ValueRange given) -> BlockComputation::Values {
      ElementwiseBuilder b(builder, loc);
      return emitParameters(b, type, emitRange(b, given));
    };
    Type zeroPoint = IntegerType::get(type.getContext(), 8);
    return blocks.mapBlocks({type.getScaleType(), zeroPoint}, range, map);
  }
};

} // namespace

void quantx::attachMinmaxModel(MLIRContext *context) {
  MinmaxAttr::attachInterface<MinmaxModel>(*context);
}
