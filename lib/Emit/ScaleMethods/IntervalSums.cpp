//===- IntervalSums.cpp - Bounds the errors of many scales ----------------===//

#include "IntervalSums.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

namespace {

/// An element and its code under the smallest and the largest scale.
struct IntervalElement {
  Value x;                   ///< f64
  Value lowValue, highValue; ///< f64: what the codes are under a scale of 1
  Value isConstant, isNext;  ///< i1: whether they are one code, or neighbours
};

/// The sums of an element; see the Format layer.
struct IntervalTerms {
  Value constant, slope, codeSquares, changing, clipped, changes;

  Values asValues() const {
    return {constant, slope, codeSquares, changing, clipped, changes};
  }
  static IntervalTerms get(ValueRange v) {
    return {v[0], v[1], v[2], v[3], v[4], v[5]};
  }
};

} // namespace

/// The place of a float's code in the order of the values (i32): neighbours
/// differ by 1.
static Value emitLevel(ElementwiseBuilder &b, ScaledType type, Value code) {
  const FloatFormat *format = type.getFloatFormat();
  Value wide = b.zext(code, 32);
  Value magnitude = b.bitAnd(wide, format->getMagnitudeMask());
  Value sign = b.bitAnd(wide, format->getSignMask());
  return b.select(b.equal(sign, 0), magnitude,
                  b.sub(b.i32(0, magnitude), magnitude));
}

/// The element by its codes, which are of a float format.
static IntervalElement emitFloat(ElementwiseBuilder &b,
                                 const SearchedBlock &block, Value element,
                                 const BlockParameters &low,
                                 const BlockParameters &high) {
  auto quantize = [&](const BlockParameters &parameters) {
    return emitQuantizeElement(b, block.type, element, parameters,
                               RoundingSpec(), /*saturate=*/true);
  };
  auto getValue = [&](Value code) {
    return b.extendToF64(emitCodeValue(b, block.type, code, /*zeroPoint=*/{}));
  };
  Value lowCode = quantize(low), highCode = quantize(high);
  Value step = b.sub(emitLevel(b, block.type, lowCode),
                     emitLevel(b, block.type, highCode));
  return {b.extendToF64(element), getValue(lowCode), getValue(highCode),
          b.equal(step, 0), b.logicalOr(b.equal(step, 1), b.equal(step, -1))};
}

/// The same of integers, whose values tell neighbours: without their codes.
static IntervalElement emitInteger(ElementwiseBuilder &b,
                                   const SearchedBlock &block, Value element,
                                   const BlockParameters &low,
                                   const BlockParameters &high) {
  Value lowValue = emitRoundToCodeValue(b, block.type, element, low);
  Value highValue = emitRoundToCodeValue(b, block.type, element, high);
  Value step = b.sub(lowValue, highValue);
  double unit = getCodeUnit(block.type);
  return {b.extendToF64(element), b.extendToF64(lowValue),
          b.extendToF64(highValue), b.equalF(lowValue, highValue),
          b.equalF(b.mul(step, step), b.f32(unit * unit, step))};
}

static Value emitMin(ElementwiseBuilder &b, Value lhs, Value rhs) {
  return b.select(b.greaterF(lhs, rhs), rhs, lhs);
}

static Value emitMax(ElementwiseBuilder &b, Value lhs, Value rhs) {
  return b.select(b.greaterF(rhs, lhs), rhs, lhs);
}

/// What an element whose code differs at the two ends, but by one step, misses
/// at least: squared.
static Value emitChanging(ElementwiseBuilder &b, const IntervalElement &element,
                          Value low, Value high) {
  Value x = element.x;
  Value zero = b.f64(0.0, x);
  Value shortfall = b.sub(x, b.mul(element.highValue, high));
  Value excess = b.sub(b.mul(element.lowValue, low), x);
  Value sign = b.select(b.greaterF(zero, x), b.f64(-1.0, x), b.f64(1.0, x));
  Value least = emitMin(b, b.mul(sign, shortfall), b.mul(sign, excess));
  least = emitMax(b, least, zero);
  return b.mul(least, least);
}

/// The terms of one element; `middle` is the middle of the interval.
static IntervalTerms emitTerms(ElementwiseBuilder &b,
                               const IntervalElement &element, Value low,
                               Value high, Value middle) {
  Value zero = b.f64(0.0, element.x);
  Value isConstant = element.isConstant, isNext = element.isNext;
  if (isPlanted(Mutant::IntervalStepsIgnored))
    isNext = b.logicalOr(isNext, b.equal(isConstant, 0));
  auto ifConstant = [&](Value term) {
    return b.select(isConstant, term, zero);
  };
  Value value = element.lowValue;
  Value residual = b.sub(element.x, b.mul(value, middle));
  IntervalTerms terms;
  terms.constant = ifConstant(b.mul(residual, residual));
  terms.slope = ifConstant(b.mul(value, residual));
  terms.codeSquares = ifConstant(b.mul(value, value));
  terms.changing = b.select(isNext, emitChanging(b, element, low, high), zero);
  terms.changes = b.select(isConstant, zero, b.f64(1.0, zero));
  return terms;
}

/// The bound that the sums of all elements give; `reach` is half the interval.
static IntervalBound emitBound(ElementwiseBuilder &b, const IntervalTerms &sums,
                               Value middle, Value reach) {
  Value zero = b.f64(0.0, reach);
  Value ratio = b.div(sums.slope, sums.codeSquares);
  Value t = emitMin(b, emitMax(b, ratio, b.sub(zero, reach)), reach);
  t = b.select(b.greaterF(sums.codeSquares, zero), t, zero);
  Value twice = b.mul(b.f64(2.0, t), t);
  Value quadratic = b.sub(sums.constant, b.mul(twice, sums.slope));
  quadratic = b.add(quadratic, b.mul(b.mul(t, t), sums.codeSquares));
  quadratic = emitMax(b, quadratic, zero);
  // The last term covers the rounding of the sums.
  Value error = b.add(sums.changing, quadratic);
  error = b.sub(error, b.mul(sums.constant, b.f64(0x1p-30, zero)));
  return {error, b.add(middle, t), sums.clipped, b.equalF(sums.changes, zero)};
}

IntervalBound quantx::emitIntervalBound(ElementwiseBuilder &b,
                                        const SearchedBlock &block,
                                        Value bottom, Value top,
                                        Value zeroPoint) {
  BlockParameters low = emitParameters(b, block, bottom, zeroPoint);
  BlockParameters high = emitParameters(b, block, top, zeroPoint);
  Value lowScale = b.extendToF64(emitDecodeScale(b, low.scale));
  Value highScale = b.extendToF64(emitDecodeScale(b, high.scale));
  Value half = b.f64(0.5, lowScale);
  Value middle = b.mul(b.add(lowScale, highScale), half);
  Value reach = b.mul(b.sub(highScale, lowScale), half);
  auto terms = [&](ElementwiseBuilder &n, Value value) -> Values {
    IntervalElement element = block.type.getFloatFormat()
                                  ? emitFloat(n, block, value, low, high)
                                  : emitInteger(n, block, value, low, high);
    IntervalTerms sums = emitTerms(n, element, lowScale, highScale, middle);
    sums.clipped = emitClippingBound(n, block.type, {value, value}, high);
    return sums.asValues();
  };
  // Under f32 scales the choice is that of the Format layer only if bounds are,
  // under others whatever they are.
  Reduction::Kind kind = block.type.getScaleType().isF32()
                             ? Reduction::Add
                             : Reduction::AddInAnyOrder;
  IntervalTerms sums =
      IntervalTerms::get(emitSums(b, block.elements, 6, terms, kind));
  if (kind == Reduction::AddInAnyOrder)
    sums.clipped = b.mul(sums.clipped, b.f64(1 - 0x1p-30, sums.clipped));
  return emitBound(b, sums, middle, reach);
}
