//===- HessianWide.cpp - f32, f16 and bf16 scales under a Hessian ---------===//
//
// While no code changes, the error is a quadratic in the scale: of such an
// interval only the scales beside its vertex, or its ends, can be best.
//
//===----------------------------------------------------------------------===//

#include "Hessian.h"

using namespace mlir;
using namespace quantx;

/// The smallest scale, up to the naive one, that clips no more than `limit`.
static Value emitFindLowest(ElementwiseBuilder &b, const SearchedBlock &block,
                            Value naive, Value limit) {
  auto isLeft = [](ElementwiseBuilder &n, ValueRange values) {
    return n.less(values[0], values[1]);
  };
  auto halve = [&](ElementwiseBuilder &n, ValueRange values) -> Values {
    Value low = values[0], high = values[1];
    Value middle = n.add(low, n.lshr(n.sub(high, low), 1));
    Value clipped = emitClipped(n, block, emitParameters(n, block, middle));
    Value isEnough = n.greaterEqualF(limit, clipped);
    return {n.select(isEnough, low, n.add(middle, 1)),
            n.select(isEnough, middle, high)};
  };
  return emitWhile(b, {b.i32(1, naive), naive}, isLeft, halve)[0];
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

Candidate quantx::emitHessianWalk(ElementwiseBuilder &b,
                                  const SearchedBlock &block, Value naive,
                                  const Candidate &best, Value limit) {
  constexpr int widest = 24;
  Value lowest = emitFindLowest(b, block, naive, limit);
  auto consider = [&](ElementwiseBuilder &n, const Candidate &best,
                      Value bits) {
    BlockParameters parameters = emitParameters(n, block, bits);
    return emitBetter(n, {naive, {}}, best,
                      {bits, emitHessianError(n, block, parameters)});
  };
  // The largest scale left, the logarithm of the width, the best candidate.
  auto isLeft = [&](ElementwiseBuilder &n, ValueRange values) {
    return n.less(n.add(lowest, -1), values[0]);
  };
  auto step = [&](ElementwiseBuilder &n, ValueRange values) -> Values {
    Value top = values[0], width = values[1];
    Value one = n.i32(1, top);
    Value extent = n.add(arith::ShLIOp::create(n.getBuilder(), one, width), -1);
    Value reaches = n.less(extent, n.sub(top, lowest));
    Value bottom = n.select(reaches, n.sub(top, extent), lowest);
    Value settles = emitHasSameCodes(n, block, bottom, top);
    Values next = emitIf(
        n, settles,
        [&](ElementwiseBuilder &m) -> Values {
          Values scales = emitBestOfInterval(m, block, bottom, top);
          Candidate better = {values[2], values[3]};
          for (Value bits : scales)
            better = consider(m, better, bits);
          return {m.add(bottom, -1), m.min(m.add(width, 1), widest),
                  better.bits, better.error};
        },
        [&](ElementwiseBuilder &m) -> Values {
          return {top, m.add(width, -1), values[2], values[3]};
        });
    return next;
  };
  Values state = emitWhile(b, {naive, b.i32(0, naive), best.bits, best.error},
                           isLeft, step);
  return {state[2], state[3]};
}
