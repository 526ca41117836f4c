//===- HessianWide.cpp - f32, f16 and bf16 scales under a Hessian ---------===//
//
// While no code changes, the error is a quadratic in the scale: of such an
// interval only the scales beside its vertex, or its ends, can be best.
//
//===----------------------------------------------------------------------===//

#include "Hessian.h"

using namespace mlir;
using namespace quantx;

/// The first scale (bits) from `low` up to, not including, `high` of which
/// `condition` holds, and of all larger ones; else `high`.
static Value emitFindFirst(
    ElementwiseBuilder &b, Value low, Value high,
    llvm::function_ref<Value(ElementwiseBuilder &b, Value bits)> condition) {
  auto isLeft = [](ElementwiseBuilder &n, ValueRange values) {
    return n.less(values[0], values[1]);
  };
  auto halve = [&](ElementwiseBuilder &n, ValueRange values) -> Values {
    Value middle = n.add(values[0], n.lshr(n.sub(values[1], values[0]), 1));
    Value holds = condition(n, middle);
    return {n.select(holds, values[0], n.add(middle, 1)),
            n.select(holds, middle, values[1])};
  };
  return emitWhile(b, {low, high}, isLeft, halve)[0];
}

/// The smallest scale, up to the naive one, that clips no more than `limit`.
static Value emitFindLowest(ElementwiseBuilder &b, const SearchedBlock &block,
                            Value naive, Value limit) {
  auto clipsFew = [&](ElementwiseBuilder &n, Value bits) {
    Value clipped = emitClipped(n, block, emitParameters(n, block, bits));
    return n.greaterEqualF(limit, clipped);
  };
  return emitFindFirst(b, b.i32(1, naive), naive, clipsFew);
}

/// The largest scale, from the naive one on, that zeroes no more than `limit`.
static Value emitFindHighest(ElementwiseBuilder &b, const SearchedBlock &block,
                             Value naive, Value limit) {
  auto zeroesMany = [&](ElementwiseBuilder &n, Value bits) {
    Value zeroed = emitZeroed(n, block, emitParameters(n, block, bits));
    return n.greaterF(zeroed, limit);
  };
  Value end = b.i32(getLargestBits(block.type.getScaleType()) + 1, naive);
  Value beyond = emitFindFirst(b, b.add(naive, 1), end, zeroesMany);
  return b.add(beyond, -1);
}

/// The code (i8) of `element` under the scale of these bits.
static Value emitCode(ElementwiseBuilder &b, const SearchedBlock &block,
                      Value element, Value bits) {
  return emitQuantizeElement(b, block.type, element,
                             emitParameters(b, block, bits), RoundingSpec(),
                             /*saturate=*/true);
}

/// Whether (i1) every element has the same code under both scales.
static Value emitHasSameCodes(ElementwiseBuilder &b, const SearchedBlock &block,
                              Value bottom, Value top) {
  auto terms = [&](ElementwiseBuilder &n, Value element) -> Values {
    Value low = emitCode(n, block, element, bottom);
    Value high = emitCode(n, block, element, top);
    Value isSame = n.equal(n.bitXor(low, high), 0);
    Value zero = n.f64(0.0, isSame);
    return {n.select(isSame, zero, n.f64(1.0, isSame))};
  };
  Value numChanging = emitSums(b, block.elements, 1, terms)[0];
  return b.equalF(numChanging, b.f64(0.0, numChanging));
}

namespace {
/// The error (x - s c)^T H (x - s c) as a quadratic in s; f64.
struct Quadratic {
  Value curvature; ///< c^T H c
  Value products;  ///< c^T H x + x^T H c
};
} // namespace

/// The quadratic of the codes under the scale of these bits.
static Quadratic emitQuadratic(ElementwiseBuilder &b,
                               const SearchedBlock &block, Value bits) {
  ImplicitLocOpBuilder &builder = b.getBuilder();
  Value size = block.elements.getSize(builder, builder.getLoc());
  // The value of the code at a position, and the element, as f64.
  auto emitPair = [&](ElementwiseBuilder &n, Value position) -> Values {
    Value x = emitElementAt(n, block, position);
    Value value = emitCodeValue(n, block.type, emitCode(n, block, x, bits),
                                /*zeroPoint=*/{});
    return {n.extendToF64(value), n.extendToF64(x)};
  };
  auto addRow = [&](ElementwiseBuilder &n, Value row,
                    ValueRange forms) -> Values {
    auto addColumn = [&](ElementwiseBuilder &m, Value column,
                         ValueRange sums) -> Values {
      Value weight = emitWeightAt(m, block, row, column);
      Values pair = emitPair(m, column);
      return {m.add(sums[0], m.mul(weight, pair[0])),
              m.add(sums[1], m.mul(weight, pair[1]))};
    };
    Values sums = emitFor(n, size, emitZeros(n, 2), addColumn);
    Values pair = emitPair(n, row);
    return {n.add(forms[0], n.mul(pair[0], sums[0])),
            n.add(forms[1], n.mul(pair[0], sums[1])),
            n.add(forms[2], n.mul(pair[1], sums[0]))};
  };
  Values forms = emitFor(b, size, emitZeros(b, 3), addRow);
  return {forms[0], b.add(forms[1], forms[2])};
}

/// Two scales, of which one is the best where no code changes from `bottom` to
/// `top`; they may be equal.
static Values emitBestOfInterval(ElementwiseBuilder &b,
                                 const SearchedBlock &block, Value bottom,
                                 Value top) {
  Type scaleType = block.type.getScaleType();
  auto emitScale = [&](Value bits) {
    BlockParameters parameters = emitParameters(b, block, bits);
    return b.extendToF64(emitDecodeScale(b, parameters.scale));
  };
  Quadratic quadratic = emitQuadratic(b, block, top);
  Value vertex =
      b.div(quadratic.products,
            b.mul(b.f64(2.0, quadratic.curvature), quadratic.curvature));
  Value low = emitScale(bottom), high = emitScale(top);
  vertex = b.select(b.greaterF(low, vertex), low, vertex);
  vertex = b.select(b.greaterF(vertex, high), high, vertex);
  Value below = emitFloorScale(b, scaleType, vertex, bottom, top);
  Value next = b.add(below, b.zext(b.less(below, top), 32));
  Value hasMinimum =
      b.greaterF(quadratic.curvature, b.f64(0.0, quadratic.curvature));
  return {b.select(hasMinimum, below, top), b.select(hasMinimum, next, bottom)};
}

namespace {
/// What is left of the scales, and the best of the others.
struct Walk {
  Value top;   ///< the largest scale left
  Value width; ///< the logarithm of how many to take next
  Candidate best;
};
} // namespace

/// Considers the best scales of an interval in which no code changes. Where a
/// value is infinite under them, but not under smaller ones, it stays open.
static Walk emitResolve(ElementwiseBuilder &b, const SearchedBlock &block,
                        Value naive, const Walk &walk, Value bottom) {
  constexpr int widest = 24;
  auto evaluate = [&](ElementwiseBuilder &n, Value bits) {
    return emitHessianError(n, block, emitParameters(n, block, bits));
  };
  Values scales = emitBestOfInterval(b, block, bottom, walk.top);
  Value first = evaluate(b, scales[0]);
  Candidate best = emitBetter(b, {naive, {}}, walk.best, {scales[0], first});
  best = emitBetter(b, {naive, {}}, best, {scales[1], evaluate(b, scales[1])});
  Value infinity = b.f64(std::numeric_limits<double>::infinity(), first);
  Value isInfinite = b.equalF(first, infinity);
  Values values = emitIf(
      b, isInfinite,
      [&](ElementwiseBuilder &n) -> Values {
        Value error = evaluate(n, bottom);
        Candidate better = emitBetter(n, {naive, {}}, best, {bottom, error});
        return {n.greaterF(infinity, error), better.bits, better.error};
      },
      [&](ElementwiseBuilder &n) -> Values {
        return {n.integer(1, 0, isInfinite), best.bits, best.error};
      });
  Value isOpen = values[0];
  return {b.select(isOpen, walk.top, b.add(bottom, -1)),
          b.select(isOpen, b.add(walk.width, -1),
                   b.min(b.add(walk.width, 1), widest)),
          {values[1], values[2]}};
}

Candidate quantx::emitHessianWalk(ElementwiseBuilder &b,
                                  const SearchedBlock &block, Value naive,
                                  const Candidate &best, Value limit) {
  Value lowest = emitFindLowest(b, block, naive, limit);
  Value highest = emitFindHighest(b, block, naive, limit);
  auto flatten = [](const Walk &walk) -> Values {
    return {walk.top, walk.width, walk.best.bits, walk.best.error};
  };
  auto isLeft = [&](ElementwiseBuilder &n, ValueRange values) {
    return n.less(n.add(lowest, -1), values[0]);
  };
  auto step = [&](ElementwiseBuilder &n, ValueRange values) -> Values {
    Walk walk = {values[0], values[1], {values[2], values[3]}};
    Value one = n.i32(1, walk.top);
    Value extent =
        n.add(arith::ShLIOp::create(n.getBuilder(), one, walk.width), -1);
    Value reaches = n.less(extent, n.sub(walk.top, lowest));
    Value bottom = n.select(reaches, n.sub(walk.top, extent), lowest);
    return emitIf(
        n, emitHasSameCodes(n, block, bottom, walk.top),
        [&](ElementwiseBuilder &m) {
          return flatten(emitResolve(m, block, naive, walk, bottom));
        },
        [&](ElementwiseBuilder &m) {
          return flatten({walk.top, m.add(walk.width, -1), walk.best});
        });
  };
  Walk start = {highest, b.i32(0, naive), best};
  Values state = emitWhile(b, flatten(start), isLeft, step);
  return {state[2], state[3]};
}
