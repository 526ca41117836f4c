//===- WideSearch.cpp - Searches for f32, f16 and bf16 scales -------------===//
//
// WideSearch of the Format layer: a good scale is found first, then all others
// are looked at, or excluded by bounds, in intervals from the largest useful
// scale down.
//
//===----------------------------------------------------------------------===//

#include "WideSearch.h"
#include "IntervalSums.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

/// The binary logarithm of how many scales the first interval holds: about a
/// 32nd of those from one power of two to the next.
static int getFirstWidth(Type scaleType) {
  return scaleType.isF32() ? 18 : scaleType.isF16() ? 5 : 2;
}

/// From here on half of each scale is a scale, and its products with codes are
/// normal numbers of f32.
static double getLeastHalved(Type scaleType) {
  return scaleType.isF16() ? 0x1p-13 : 0x1p-99;
}

int64_t quantx::getLargestBits(Type scaleType) {
  const llvm::fltSemantics &semantics =
      cast<FloatType>(scaleType).getFloatSemantics();
  return int64_t(
      llvm::APFloat::getLargest(semantics).bitcastToAPInt().getZExtValue());
}

static Value isNot(ElementwiseBuilder &b, Value condition) {
  return b.bitXor(condition, b.integer(1, 1, condition));
}

Value quantx::emitFloorScale(ElementwiseBuilder &b, Type scaleType, Value value,
                             Value least, Value largest) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value nearest = arith::TruncFOp::create(builder, builder.getF32Type(), value);
  Value scale = b.truncateFromF32(nearest, scaleType);
  Value bits = emitScaleBits(b, scale);
  Value isAbove = b.greaterF(b.extendToF64(b.extendToF32(scale)), value);
  Value isPositive = b.lessUnsigned(b.i32(0, bits), bits);
  bits = b.sub(bits, b.zext(b.logicalAnd(isPositive, isAbove), 32));
  bits = arith::MaxUIOp::create(builder, bits, least);
  return arith::MinUIOp::create(builder, bits, largest);
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

/// The error, the sum of squares of the codes' values, and of their products
/// with the elements: what is quadratic in the scale while codes stay the same.
Values WideSearch::evaluate(ElementwiseBuilder &b, Value bits,
                            Value zeroPoint) const {
  BlockParameters parameters = emitParameters(b, block, bits, zeroPoint);
  auto terms = [&](ElementwiseBuilder &n, Value element) -> Values {
    Value x = n.extendToF64(element);
    Value residual =
        n.sub(x, emitRoundTrip(n, block.type, element, parameters));
    Value value =
        n.extendToF64(emitRoundToCodeValue(n, block.type, element, parameters));
    return {n.mul(residual, residual), n.mul(value, value), n.mul(value, x)};
  };
  return emitSums(b, block.elements, 3, terms);
}

/// The error alone.
Value WideSearch::evaluateError(ElementwiseBuilder &b, Value bits,
                                Value zeroPoint) const {
  return emitSquaredError(b, block, emitParameters(b, block, bits, zeroPoint));
}

/// Whether a candidate may be better than `best`, or precede it: not if that is
/// the naive one, without an error.
Value WideSearch::mayBeBetter(ElementwiseBuilder &b,
                              const Candidate &best) const {
  Value isOther = b.bitXor(best.bits, naive.bits);
  if (naive.zeroPoint)
    isOther = b.bitOr(isOther, b.bitXor(best.zeroPoint, naive.zeroPoint));
  Value hasError = b.greaterF(best.error, b.f64(0.0, best.error));
  return b.logicalOr(hasError, isNot(b, b.equal(isOther, 0)));
}

/// Whether clipping alone does not cost more than the best error; if it does,
/// all smaller scales cost more too.
Value WideSearch::isOpen(ElementwiseBuilder &b, const Candidate &best,
                         Value bits, Value zeroPoint) const {
  BlockParameters parameters = emitParameters(b, block, bits, zeroPoint);
  Value clipping = emitClippingBound(b, block.type, extent, parameters);
  return b.greaterEqualF(best.error, clipping);
}

/// The scale (f64) that takes the largest element, or the least, less
/// `distance` to the largest, or the least, code's value, farther from zero by
/// `beyond`; 0 where that value is.
Value WideSearch::emitReach(ElementwiseBuilder &b, bool isLargest,
                            Value zeroPoint, Value distance,
                            double beyond) const {
  Value value =
      b.extendToF64(emitExtremeValue(b, block.type, isLargest, zeroPoint));
  Value end = b.extendToF64(isLargest ? extent.high : extent.low);
  Value reach = math::AbsFOp::create(b.getBuilder(), end);
  Value magnitude = math::AbsFOp::create(b.getBuilder(), value);
  Value scale =
      b.div(b.sub(reach, distance), b.add(magnitude, b.f64(beyond, magnitude)));
  Value zero = b.f64(0.0, value);
  return b.select(b.equalF(value, zero), zero, scale);
}

static Value emitLarger(ElementwiseBuilder &b, Value lhs, Value rhs) {
  return b.select(b.greaterF(lhs, rhs), lhs, rhs);
}

static Value emitSmaller(ElementwiseBuilder &b, Value lhs, Value rhs) {
  return b.select(b.greaterF(lhs, rhs), rhs, lhs);
}

/// Below this scale the error of clipping alone is above the best error.
Value WideSearch::emitLowestUseful(ElementwiseBuilder &b, const Candidate &best,
                                   Value zeroPoint) const {
  Value clipped = math::SqrtOp::create(b.getBuilder(), best.error);
  return emitLarger(
      b, emitReach(b, /*isLargest=*/false, zeroPoint, clipped, /*beyond=*/0.0),
      emitReach(b, /*isLargest=*/true, zeroPoint, clipped, /*beyond=*/0.0));
}

/// Above this scale (bits) half of it is a scale too, and as good: it clips
/// nothing more.
Value WideSearch::emitHighestUseful(ElementwiseBuilder &b,
                                    Value zeroPoint) const {
  Type scaleType = block.type.getScaleType();
  Value zero = b.f64(0.0, naiveScale);
  double halfStep = getElementGrid(getElementFormat(block.type)).step / 2;
  Value highest =
      emitLarger(b, emitReach(b, /*isLargest=*/true, zeroPoint, zero, halfStep),
                 emitReach(b, /*isLargest=*/false, zeroPoint, zero, halfStep));
  // The margin covers the rounding of f32, which has few bits below 2^-126.
  highest =
      b.mul(b.mul(highest, b.f64(2.0, highest)), b.f64(1 + 0x1p-20, highest));
  highest = emitLarger(b, highest, b.f64(getLeastHalved(scaleType), highest));
  Value none = b.i32(0, naive.bits);
  Value largest = b.i32(getLargestBits(scaleType), naive.bits);
  Value bits = emitFloorScale(b, scaleType, highest, none, largest);
  bits = arith::MinUIOp::create(b.getBuilder(), b.add(bits, 1), largest);
  if (isPlanted(Mutant::OptimalUpToNaive))
    bits = naive.bits;
  // A finer grid may round what a coarser one does not to infinity.
  double overflow = getOverflowThreshold(getExpressedFormat(block.type));
  Value reach = emitLarger(b, b.extendToF64(extent.high),
                           b.sub(zero, b.extendToF64(extent.low)));
  Value mayOverflow = b.greaterEqualF(reach, b.f64(overflow / 4, reach));
  return b.select(mayOverflow, largest, bits);
}

//===----------------------------------------------------------------------===//
// A good scale
//===----------------------------------------------------------------------===//

/// Evaluates scales at even distances, and closes in on the best of them. The
/// state is low, high, start, length, the best candidate.
Values WideSearch::seedOnce(ElementwiseBuilder &b, ValueRange state,
                            Value zeroPoint, Value limit) const {
  constexpr int count = 8;
  Value low = state[0], high = state[1];
  Value step = b.mul(b.sub(high, low), b.f64(1.0 / count, low));
  auto isLeft = [&](ElementwiseBuilder &n, ValueRange values) {
    return n.less(values[0], count);
  };
  // i, least, center, start, the best candidate.
  auto tryNext = [&](ElementwiseBuilder &n, ValueRange values) -> Values {
    Value i = arith::SIToFPOp::create(n.getBuilder(),
                                      n.getBuilder().getF64Type(), values[0]);
    Value scale = n.add(low, n.mul(step, n.add(i, n.f64(0.5, i))));
    Value bits = clampBits(n, scale, limit);
    Value error = evaluateError(n, bits, zeroPoint);
    Candidate best = emitBetter(n, naive, unflatten(values.drop_front(4)),
                                {bits, error, zeroPoint});
    Value isLess = n.greaterF(values[1], error);
    Values next = {n.add(values[0], 1), n.select(isLess, error, values[1]),
                   n.select(isLess, scale, values[2]),
                   n.select(isLess, bits, values[3])};
    next.append(flatten(n, best));
    return next;
  };
  Values init = {b.i32(0, naive.bits),
                 b.f64(std::numeric_limits<double>::infinity(), low), high,
                 state[2]};
  init.append(state.begin() + 4, state.end());
  Values tried = emitWhile(b, init, isLeft, tryNext);
  Value below = b.sub(tried[2], step);
  Value above = b.add(tried[2], step);
  Values next = {emitLarger(b, low, below), emitSmaller(b, above, high),
                 tried[3], b.shl(state[3], 2)};
  next.append(tried.begin() + 4, tried.end());
  return next;
}

/// Makes the best candidate good, so that bounds exclude much: `seedOnce` more
/// often the longer the block, and then `polish`.
Candidate WideSearch::seed(ElementwiseBuilder &b, const Candidate &best,
                           Value zeroPoint, Value limit) const {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value high = emitSmaller(b, emitValue(b, limit),
                           b.mul(naiveScale, b.f64(2.0, naiveScale)));
  Value low = emitLarger(b, emitLowestUseful(b, best, zeroPoint),
                         b.mul(high, b.f64(1.0 / 1024, high)));
  low = emitSmaller(b, low, high);
  Value size = arith::IndexCastOp::create(
      builder, builder.getI64Type(),
      block.elements.getSize(builder, builder.getLoc()));
  Value length = b.integer(64, 16, size);
  Values init = {low, high, naive.bits, length};
  init.append(flatten(b, best));
  Values state = seedOnce(b, init, zeroPoint, limit);
  auto isLeft = [&](ElementwiseBuilder &n, ValueRange values) {
    Value span =
        n.sub(clampBits(n, values[1], limit), clampBits(n, values[0], limit));
    return n.logicalAnd(n.less(values[3], size),
                        n.lessUnsigned(n.i32(8, span), span));
  };
  auto again = [&](ElementwiseBuilder &n, ValueRange values) {
    return seedOnce(n, values, zeroPoint, limit);
  };
  state = emitWhile(b, state, isLeft, again);
  return polish(b, unflatten(ArrayRef(state).drop_front(4)), state[2],
                zeroPoint, limit);
}

/// Alternates between the codes of a scale and the best scale of these codes.
Candidate WideSearch::polish(ElementwiseBuilder &b, const Candidate &best,
                             Value bits, Value zeroPoint, Value limit) const {
  constexpr int count = 8;
  // How often more, the scale, the best candidate.
  auto isLeft = [](ElementwiseBuilder &n, ValueRange values) {
    return n.greater(values[0], 0);
  };
  auto step = [&](ElementwiseBuilder &n, ValueRange values) -> Values {
    Values sums = evaluate(n, values[1], zeroPoint);
    Candidate better = emitBetter(n, naive, unflatten(values.drop_front(2)),
                                  {values[1], sums[0], zeroPoint});
    Value next = clampBits(n, n.div(sums[2], sums[1]), limit);
    Value isEnd = n.logicalOr(n.equal(n.sub(next, values[1]), 0),
                              n.equalF(sums[1], n.f64(0.0, sums[1])));
    Value left = n.add(values[0], -1);
    Values result = {n.select(isEnd, n.i32(0, left), left), next};
    result.append(flatten(n, better));
    return result;
  };
  Values init = {b.i32(count, bits), bits};
  init.append(flatten(b, best));
  Values state = emitWhile(b, init, isLeft, step);
  return unflatten(ArrayRef(state).drop_front(2));
}

//===----------------------------------------------------------------------===//
// All scales
//===----------------------------------------------------------------------===//

/// Where a value is infinite under the best scales of an interval: whether (i1)
/// it is not under `bottom`, the smallest one, and the best candidate with it.
Values WideSearch::considerEnd(ElementwiseBuilder &b, ValueRange best,
                               Value bottom, Value zeroPoint) const {
  Value error = evaluateError(b, bottom, zeroPoint);
  Value infinity = b.f64(std::numeric_limits<double>::infinity(), error);
  Values values = {b.greaterF(infinity, error)};
  values.append(flatten(
      b, emitBetter(b, naive, unflatten(best), {bottom, error, zeroPoint})));
  return values;
}

/// Settles the interval below `top`, or makes it narrower. The state is top
/// (i32; 0 at the end), the logarithm of the width, the best candidate.
Values WideSearch::walkOnce(ElementwiseBuilder &b, ValueRange state,
                            Value zeroPoint) const {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value top = state[0], width = state[1];
  Candidate best = unflatten(state.drop_front(2));
  Value zero = b.i32(0, top), one = b.i32(1, top);
  Value extent = b.add(arith::ShLIOp::create(builder, one, width), -1);
  Value reaches = b.less(extent, top);
  Value bottom = b.select(reaches, b.sub(top, extent), one);

  // One scale is considered; an interval is bounded, and where no code changes
  // the scales beside the vertex, which are its best, are considered.
  Value isSingle = b.equal(b.sub(top, bottom), 0);
  IntervalBound bound = emitIntervalBound(b, block, bottom, top, zeroPoint);
  Value isOver = b.greaterF(bound.clipped, best.error);
  Value error = bound.error;
  if (isPlanted(Mutant::IntervalBoundTooHigh))
    error = b.mul(error, b.f64(1.01, error));
  Value mayWin = b.greaterEqualF(best.error, error);
  Value isVertex = b.logicalAnd(mayWin, bound.isConstant);
  Value isUnsettled = b.logicalAnd(mayWin, isNot(b, bound.isConstant));
  Value below =
      emitFloorScale(b, block.type.getScaleType(), bound.vertex, bottom, top);
  Value hasNext = b.zext(b.less(below, top), 32);
  Value numConsidered = b.select(isVertex, b.add(hasNext, 1), zero);
  numConsidered = b.select(isOver, zero, numConsidered);
  Value first = b.select(isSingle, top, below);
  numConsidered = b.select(isSingle, one, numConsidered);

  auto isLeft = [&](ElementwiseBuilder &n, ValueRange values) {
    return n.less(values[0], numConsidered);
  };
  // How many, the least error of them, the best candidate.
  Value infinity = b.f64(std::numeric_limits<double>::infinity(), best.error);
  auto considerNext = [&](ElementwiseBuilder &n, ValueRange values) -> Values {
    Value bits = n.add(first, values[0]);
    Value error = evaluateError(n, bits, zeroPoint);
    Candidate better = emitBetter(n, naive, unflatten(values.drop_front(2)),
                                  {bits, error, zeroPoint});
    Values next = {n.add(values[0], 1), emitSmaller(n, error, values[1])};
    next.append(flatten(n, better));
    return next;
  };
  Values init = {zero, infinity};
  init.append(flatten(b, best));
  Values considered = emitWhile(b, init, isLeft, considerNext);
  Value isInfinite = b.logicalAnd(b.logicalAnd(isVertex, isNot(b, isSingle)),
                                  b.equalF(considered[1], infinity));
  considered = emitIf(
      b, isInfinite,
      [&](ElementwiseBuilder &n) {
        return considerEnd(n, ValueRange(considered).drop_front(2), bottom,
                           zeroPoint);
      },
      [&](ElementwiseBuilder &n) {
        Values same = {n.integer(1, 0, isInfinite)};
        same.append(considered.begin() + 2, considered.end());
        return same;
      });

  Value staysOpen =
      b.logicalAnd(b.logicalOr(isUnsettled, considered[0]), isNot(b, isSingle));
  Value ends = b.logicalAnd(isOver, isNot(b, isSingle));
  Value nextTop = b.select(staysOpen, top, b.add(bottom, -1));
  nextTop = b.select(ends, zero, nextTop);
  // 2^30 scales are half of all.
  Value wider = b.min(b.add(width, 1), 30);
  Values next = {nextTop, b.select(staysOpen, b.add(width, -1), wider)};
  next.append(considered.begin() + 1, considered.end());
  return next;
}

/// Considers every scale, or shows that it is no better, from the largest one
/// down. An interval that its bound does not settle is halved; after one that
/// it does, the next is twice as wide.
Candidate WideSearch::walk(ElementwiseBuilder &b, const Candidate &best,
                           Value zeroPoint, Value limit, Value width) const {
  auto isLeft = [&](ElementwiseBuilder &n, ValueRange values) {
    Candidate best = unflatten(values.drop_front(2));
    return n.logicalAnd(n.greater(values[0], 0),
                        isOpen(n, best, values[0], zeroPoint));
  };
  auto step = [&](ElementwiseBuilder &n, ValueRange values) {
    return walkOnce(n, values, zeroPoint);
  };
  Values init = {limit, width};
  init.append(flatten(b, best));
  Values state = emitWhile(b, init, isLeft, step);
  return unflatten(ArrayRef(state).drop_front(2));
}

Candidate WideSearch::search(ElementwiseBuilder &b, const Candidate &best,
                             Value zeroPoint, Value isFirst) const {
  constexpr int wider = 3;
  int firstWidth = getFirstWidth(block.type.getScaleType());
  Value limit = emitHighestUseful(b, zeroPoint);
  Value mayWin =
      b.logicalAnd(mayBeBetter(b, best), isOpen(b, best, limit, zeroPoint));
  auto keep = [&](ElementwiseBuilder &n) { return flatten(n, best); };
  auto seedThis = [&](ElementwiseBuilder &n) {
    return flatten(n, seed(n, best, zeroPoint, limit));
  };
  auto searchThis = [&](ElementwiseBuilder &n) {
    Value width = n.i32(firstWidth, limit);
    Values seeded;
    if (isFirst) {
      seeded = emitIf(n, isFirst, seedThis, keep);
      width = n.select(isFirst, width, n.i32(firstWidth + wider, limit));
    } else {
      seeded = seedThis(n);
    }
    return flatten(n, walk(n, unflatten(seeded), zeroPoint, limit, width));
  };
  return unflatten(emitIf(b, mayWin, searchThis, keep));
}
