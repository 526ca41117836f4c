//===- OptimalWide.cpp - f32, f16 and bf16 scales of least error ----------===//
//
// searchWide and chooseOptimalParameters of the Format layer: a good scale is
// found first, then all others are looked at, or excluded by bounds, in
// intervals from the naive scale down.
//
//===----------------------------------------------------------------------===//

#include "IntervalSums.h"
#include "Models.h"
#include "Search.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

namespace {

/// A block and the scales up to that of the naive method.
class WideSearch {
public:
  /// `naive` has no error yet.
  WideSearch(ElementwiseBuilder &b, const SearchedBlock &block,
             const Candidate &naive)
      : block(block), extent(emitExtent(b, block.elements)), naive(naive),
        naiveScale(emitValue(b, naive.bits)) {}

  /// The naive parameters and their error.
  Candidate start(ElementwiseBuilder &b) const {
    Candidate start = naive;
    start.error = evaluate(b, naive.bits, naive.zeroPoint)[0];
    return start;
  }

  /// The best of `best` and all scales with `zeroPoint` (null for 0).
  Candidate search(ElementwiseBuilder &b, const Candidate &best,
                   Value zeroPoint) const;

private:
  Value emitValue(ElementwiseBuilder &b, Value bits) const {
    BlockParameters parameters = emitParameters(b, block, bits);
    return b.extendToF64(emitDecodeScale(b, parameters.scale));
  }
  Value clampBits(ElementwiseBuilder &b, Value scale) const {
    return emitFloorScale(b, block.type.getScaleType(), scale,
                          b.i32(1, naive.bits), naive.bits);
  }
  Values evaluate(ElementwiseBuilder &b, Value bits, Value zeroPoint) const;
  Candidate consider(ElementwiseBuilder &b, const Candidate &best, Value bits,
                     Value zeroPoint) const;
  Value isOpen(ElementwiseBuilder &b, const Candidate &best, Value bits,
               Value zeroPoint) const;
  Value emitLowestUseful(ElementwiseBuilder &b, const Candidate &best,
                         Value zeroPoint) const;
  Values seedOnce(ElementwiseBuilder &b, ValueRange state,
                  Value zeroPoint) const;
  Candidate seed(ElementwiseBuilder &b, const Candidate &best,
                 Value zeroPoint) const;
  Candidate polish(ElementwiseBuilder &b, const Candidate &best, Value bits,
                   Value zeroPoint) const;
  Candidate walk(ElementwiseBuilder &b, const Candidate &best,
                 Value zeroPoint) const;
  Values walkOnce(ElementwiseBuilder &b, ValueRange state,
                  Value zeroPoint) const;

  /// The best candidate as loop values, and back; without a zero point the
  /// third is a constant.
  static Values flatten(ElementwiseBuilder &b, const Candidate &c) {
    return {c.bits, c.error, c.zeroPoint ? c.zeroPoint : b.i32(0, c.bits)};
  }
  Candidate unflatten(ValueRange values) const {
    return {values[0], values[1], naive.zeroPoint ? values[2] : Value()};
  }

  const SearchedBlock &block;
  BlockExtent extent;
  Candidate naive;
  Value naiveScale;
};

/// The binary logarithm of how many scales the first interval holds: about a
/// 32nd of those from one power of two to the next.
int getFirstWidth(Type scaleType) {
  return scaleType.isF32() ? 18 : scaleType.isF16() ? 5 : 2;
}

} // namespace

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

Candidate WideSearch::consider(ElementwiseBuilder &b, const Candidate &best,
                               Value bits, Value zeroPoint) const {
  Value error = evaluate(b, bits, zeroPoint)[0];
  return emitBetter(b, naive, best, {bits, error, zeroPoint});
}

/// Whether clipping alone does not cost more than the best error; if it does,
/// all smaller scales cost more too.
Value WideSearch::isOpen(ElementwiseBuilder &b, const Candidate &best,
                         Value bits, Value zeroPoint) const {
  BlockParameters parameters = emitParameters(b, block, bits, zeroPoint);
  Value clipping = emitClippingBound(b, block.type, extent, parameters);
  return b.greaterEqualF(best.error, clipping);
}

/// Below this scale the error of clipping alone is above the best error.
Value WideSearch::emitLowestUseful(ElementwiseBuilder &b, const Candidate &best,
                                   Value zeroPoint) const {
  Value clipped = math::SqrtOp::create(b.getBuilder(), best.error);
  auto emitLowest = [&](Value end, bool isLargest) {
    Value value =
        b.extendToF64(emitExtremeValue(b, block.type, isLargest, zeroPoint));
    Value reach = math::AbsFOp::create(b.getBuilder(), b.extendToF64(end));
    Value magnitude = math::AbsFOp::create(b.getBuilder(), value);
    Value lowest = b.div(b.sub(reach, clipped), magnitude);
    Value zero = b.f64(0.0, value);
    return b.select(b.equalF(value, zero), zero, lowest);
  };
  Value high = emitLowest(extent.high, /*isLargest=*/true);
  Value low = emitLowest(extent.low, /*isLargest=*/false);
  return b.select(b.greaterF(low, high), low, high);
}

//===----------------------------------------------------------------------===//
// A good scale
//===----------------------------------------------------------------------===//

/// Evaluates scales at even distances, and closes in on the best of them. The
/// state is low, high, start, length, the best candidate.
Values WideSearch::seedOnce(ElementwiseBuilder &b, ValueRange state,
                            Value zeroPoint) const {
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
    Value bits = clampBits(n, scale);
    Value error = evaluate(n, bits, zeroPoint)[0];
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
  Values next = {b.select(b.greaterF(low, below), low, below),
                 b.select(b.greaterF(above, high), high, above), tried[3],
                 b.shl(state[3], 2)};
  next.append(tried.begin() + 4, tried.end());
  return next;
}

/// Makes the best candidate good, so that bounds exclude much: `seedOnce` more
/// often the longer the block, and then `polish`.
Candidate WideSearch::seed(ElementwiseBuilder &b, const Candidate &best,
                           Value zeroPoint) const {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value lowest = emitLowestUseful(b, best, zeroPoint);
  Value least = b.mul(naiveScale, b.f64(1.0 / 1024, naiveScale));
  Value low = b.select(b.greaterF(least, lowest), least, lowest);
  low = b.select(b.greaterF(low, naiveScale), naiveScale, low);
  Value size = arith::IndexCastOp::create(
      builder, builder.getI64Type(),
      block.elements.getSize(builder, builder.getLoc()));
  Value length = b.integer(64, 16, size);
  Values init = {low, naiveScale, naive.bits, length};
  init.append(flatten(b, best));
  Values state = seedOnce(b, init, zeroPoint);
  auto isLeft = [&](ElementwiseBuilder &n, ValueRange values) {
    Value span = n.sub(clampBits(n, values[1]), clampBits(n, values[0]));
    return n.logicalAnd(n.less(values[3], size),
                        n.lessUnsigned(n.i32(8, span), span));
  };
  auto again = [&](ElementwiseBuilder &n, ValueRange values) {
    return seedOnce(n, values, zeroPoint);
  };
  state = emitWhile(b, state, isLeft, again);
  return polish(b, unflatten(ArrayRef(state).drop_front(4)), state[2],
                zeroPoint);
}

/// Alternates between the codes of a scale and the best scale of these codes.
Candidate WideSearch::polish(ElementwiseBuilder &b, const Candidate &best,
                             Value bits, Value zeroPoint) const {
  constexpr int count = 8;
  // How often more, the scale, the best candidate.
  auto isLeft = [](ElementwiseBuilder &n, ValueRange values) {
    return n.greater(values[0], 0);
  };
  auto step = [&](ElementwiseBuilder &n, ValueRange values) -> Values {
    Values sums = evaluate(n, values[1], zeroPoint);
    Candidate better = emitBetter(n, naive, unflatten(values.drop_front(2)),
                                  {values[1], sums[0], zeroPoint});
    Value next = clampBits(n, n.div(sums[2], sums[1]));
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
  Value isUnsettled =
      b.logicalAnd(mayWin, b.equal(b.zext(bound.isConstant, 32), 0));
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
  auto considerNext = [&](ElementwiseBuilder &n, ValueRange values) -> Values {
    Candidate better = consider(n, unflatten(values.drop_front(1)),
                                n.add(first, values[0]), zeroPoint);
    Values next = {n.add(values[0], 1)};
    next.append(flatten(n, better));
    return next;
  };
  Values init = {zero};
  init.append(flatten(b, best));
  Values considered = emitWhile(b, init, isLeft, considerNext);

  Value staysOpen = b.logicalAnd(isUnsettled, b.equal(b.zext(isSingle, 32), 0));
  Value ends = b.logicalAnd(isOver, b.equal(b.zext(isSingle, 32), 0));
  Value nextTop = b.select(staysOpen, top, b.add(bottom, -1));
  nextTop = b.select(ends, zero, nextTop);
  // 2^30 scales are half of all.
  Value wider = b.min(b.add(width, 1), 30);
  Values next = {nextTop, b.select(staysOpen, b.add(width, -1), wider)};
  next.append(considered.begin() + 1, considered.end());
  return next;
}

/// Considers every scale, or shows that it is no better, from the naive one
/// down. An interval that its bound does not settle is halved; after one that
/// it does, the next is twice as wide.
Candidate WideSearch::walk(ElementwiseBuilder &b, const Candidate &best,
                           Value zeroPoint) const {
  auto isLeft = [&](ElementwiseBuilder &n, ValueRange values) {
    Candidate best = unflatten(values.drop_front(2));
    return n.logicalAnd(n.greater(values[0], 0),
                        isOpen(n, best, values[0], zeroPoint));
  };
  auto step = [&](ElementwiseBuilder &n, ValueRange values) {
    return walkOnce(n, values, zeroPoint);
  };
  Values init = {naive.bits,
                 b.i32(getFirstWidth(block.type.getScaleType()), naive.bits)};
  init.append(flatten(b, best));
  Values state = emitWhile(b, init, isLeft, step);
  return unflatten(ArrayRef(state).drop_front(2));
}

Candidate WideSearch::search(ElementwiseBuilder &b, const Candidate &best,
                             Value zeroPoint) const {
  Value hasError = b.greaterF(best.error, b.f64(0.0, best.error));
  Value mayWin = b.logicalAnd(hasError, isOpen(b, best, naive.bits, zeroPoint));
  Values values = emitIf(
      b, mayWin,
      [&](ElementwiseBuilder &n) {
        Candidate seeded = seed(n, best, zeroPoint);
        return flatten(n, walk(n, seeded, zeroPoint));
      },
      [&](ElementwiseBuilder &n) { return flatten(n, best); });
  return unflatten(values);
}

//===----------------------------------------------------------------------===//
// Searches
//===----------------------------------------------------------------------===//

Value quantx::emitSearchWide(ElementwiseBuilder &b, const SearchedBlock &block,
                             Value naive) {
  WideSearch search(b, block, {naive, {}});
  return search.search(b, search.start(b), /*zeroPoint=*/{}).bits;
}

/// The best scale and zero point (i32 both) of a block.
static Values emitSearchAsymmetric(ElementwiseBuilder &b,
                                   const SearchedBlock &block,
                                   const Candidate &naive) {
  IntegerFormat format = block.type.getIntegerFormat();
  WideSearch search(b, block, naive);
  // The zero point of the naive method first, then all others.
  auto isLeft = [&](ElementwiseBuilder &n, ValueRange values) {
    return n.less(values[0], format.getMaxCode() + 1);
  };
  auto step = [&](ElementwiseBuilder &n, ValueRange values) -> Values {
    Value isFirst = n.less(values[0], format.getMinCode());
    Value zeroPoint = n.select(isFirst, naive.zeroPoint, values[0]);
    Value isRepeated =
        n.logicalAnd(n.equal(n.sub(values[0], naive.zeroPoint), 0),
                     n.equal(n.zext(isFirst, 32), 0));
    Candidate best = {values[1], values[2], values[3]};
    Values found = emitIf(
        n, isRepeated,
        [&](ElementwiseBuilder &) -> Values {
          return {best.bits, best.error, best.zeroPoint};
        },
        [&](ElementwiseBuilder &m) -> Values {
          Candidate better = search.search(m, best, zeroPoint);
          return {better.bits, better.error, better.zeroPoint};
        });
    Values next = {n.add(values[0], 1)};
    next.append(found);
    return next;
  };
  Candidate start = search.start(b);
  Values state = emitWhile(b,
                           {b.i32(format.getMinCode() - 1, start.bits),
                            start.bits, start.error, start.zeroPoint},
                           isLeft, step);
  return {state[1], state[3]};
}

Values quantx::buildAsymmetricSearch(BlockComputation &blocks) {
  ScaledType type = blocks.getType();
  auto searchBlock = [&](OpBuilder &builder, Location loc,
                         BlockElements &elements, ValueRange) -> Values {
    ElementwiseBuilder b(builder, loc);
    SearchedBlock block = {type, elements, emitAmaxBits(b, elements)};
    BlockExtent extent = emitExtent(b, elements);
    Values naive = emitMinmaxParameters(b, type, extent.low, extent.high);
    Values bits = {emitScaleBits(b, naive[0]),
                   emitExtendInteger(b, naive[1], type.getIntegerFormat())};
    Values chosen = emitIf(
        b, emitIsOrdinary(b, block.amaxBits),
        [&](ElementwiseBuilder &n) {
          return emitSearchAsymmetric(n, block, {bits[0], {}, bits[1]});
        },
        [&](ElementwiseBuilder &) { return bits; });
    BlockParameters parameters = emitParameters(b, block, chosen[0], chosen[1]);
    return {parameters.scale, parameters.zeroPoint};
  };
  Type zeroPoint = IntegerType::get(type.getContext(), 8);
  return blocks.searchBlocks({type.getScaleType(), zeroPoint}, {}, searchBlock);
}
