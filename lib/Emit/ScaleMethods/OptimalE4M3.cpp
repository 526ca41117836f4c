//===- OptimalE4M3.cpp - The f8E4M3FN scale of least error ----------------===//
//
// searchE4M3 of the Format layer: up from the naive scale until half a scale is
// as good, down until clipping alone costs more than the best error.
//
//===----------------------------------------------------------------------===//

#include "Screening.h"
#include "quantx/Format/Mutants.h"
#include "quantx/Format/OptimalScale.h"

using namespace mlir;
using namespace quantx;

/// The bits of the largest scale.
static int64_t getLargestE4M3() {
  return lookupFloatFormat("f8E4M3FN")->maxFiniteCode;
}

/// Whether half of `scale` (f32) is one too and clips nothing more: then it is
/// as good, and the same holds for all larger scales. Half a scale is exact
/// from 2^-5 on.
static Value emitIsDominated(ElementwiseBuilder &b, const SearchedBlock &block,
                             Value scale) {
  double top = getElementGrid(getElementFormat(block.type)).top;
  Value half = b.mul(scale, 0.5);
  if (block.global)
    half = b.mul(half, block.global);
  Value isExact = b.greaterEqualF(scale, b.f32(0x1p-5, scale));
  // The margins cover the rounding of f32, which has few bits below 2^-126.
  Value isNormal = b.greaterEqualF(half, b.f32(0x1p-100, half));
  Value reach = b.extendToF64(half);
  double margin = isPlanted(Mutant::OptimalDominatedEarly) ? 1.25 : 1 - 0x1p-20;
  reach = b.mul(reach, b.f64(top * margin, reach));
  Value amax = b.extendToF64(b.asF32(block.amaxBits));
  Value clipsNothing = b.greaterEqualF(reach, amax);
  return b.logicalAnd(clipsNothing, b.logicalAnd(isExact, isNormal));
}

Value quantx::emitSearchE4M3(ElementwiseBuilder &b, const SearchedBlock &block,
                             Value naive) {
  auto evaluate = [&](ElementwiseBuilder &n, Value bits) -> Candidate {
    return {bits, emitSquaredError(n, block, emitParameters(n, block, bits))};
  };
  // From the scale `values[0]` on by `step`, with the best one so far.
  auto consider = [&](int step) {
    return [&, step](ElementwiseBuilder &n, ValueRange values) -> Values {
      Candidate best = emitBetter(n, {naive, {}}, {values[1], values[2]},
                                  evaluate(n, values[0]));
      return {n.add(values[0], step), best.bits, best.error};
    };
  };
  auto mayWinAbove = [&](ElementwiseBuilder &n, ValueRange values) {
    Value scale = emitDecodeScale(n, emitParameters(n, block, values[0]).scale);
    Value isDominated = emitIsDominated(n, block, scale);
    Value isOpen = n.bitXor(isDominated, n.integer(1, 1, isDominated));
    return n.logicalAnd(n.less(values[0], getLargestE4M3() + 1), isOpen);
  };
  BlockExtent extent = emitExtent(b, block.elements);
  auto mayWinBelow = [&](ElementwiseBuilder &n, ValueRange values) {
    Value clipping = emitClippingBound(n, block.type, extent,
                                       emitParameters(n, block, values[0]));
    return n.logicalAnd(n.greater(values[0], 0),
                        n.greaterEqualF(values[2], clipping));
  };
  Candidate start = evaluate(b, naive);
  Values best = emitWhile(b, {b.add(naive, 1), naive, start.error}, mayWinAbove,
                          consider(1));
  best = emitWhile(b, {b.add(naive, -1), best[1], best[2]}, mayWinBelow,
                   consider(-1));
  return best[1];
}

//===----------------------------------------------------------------------===//
// By approximate errors
//===----------------------------------------------------------------------===//

namespace {

/// Where the search of each block is, and what it has found.
struct Walk {
  Value bits;    ///< i32, of the scale that is next
  Value divisor; ///< f32, of that scale
  Value step;    ///< i32: 1 upwards, -1 downwards, 0 at the end
  Value best;    ///< f32: the least error
  Value second;  ///< f32: the least error of the others
  Value chosen;  ///< i32: the bits of the scale of the least error

  Values asValues() const {
    return {bits, divisor, step, best, second, chosen};
  }
  static Walk get(ValueRange v) { return {v[0], v[1], v[2], v[3], v[4], v[5]}; }
};

} // namespace

/// `walk` after the error of its next scale.
static Walk emitConsider(ElementwiseBuilder &b, const SearchedBlock &block,
                         Walk walk) {
  Value error = emitApproximateError(b, block, walk.divisor);
  Value infinity = b.f32(std::numeric_limits<float>::infinity(), error);
  error = b.select(b.equal(walk.step, 0), infinity, error);
  Value isBetter = b.greaterF(walk.best, error);
  Value greater = b.select(isBetter, walk.best, error);
  walk.best = b.select(isBetter, error, walk.best);
  walk.chosen = b.select(isBetter, walk.bits, walk.chosen);
  walk.second =
      b.select(b.greaterF(walk.second, greater), greater, walk.second);
  return walk;
}

/// `walk` at the scale after this one: up to where larger scales are dominated,
/// then from the naive one down to where clipping costs too much.
static Walk emitNext(ElementwiseBuilder &b, const SearchedBlock &block,
                     Value naive, Value margin, Walk walk) {
  Value above = b.add(walk.bits, 1);
  Value aboveScale = emitScaleOfBits(b, above);
  Value isDominated = emitIsDominated(b, block, aboveScale);
  Value isOpen = b.bitXor(isDominated, b.integer(1, 1, isDominated));
  isOpen = b.logicalAnd(isOpen, b.less(above, getLargestE4M3() + 1));
  Value isUp = b.greater(walk.step, 0);
  Value goesUp = b.logicalAnd(isUp, isOpen);

  Value below = b.add(b.select(isUp, naive, walk.bits), -1);
  Value belowScale = emitScaleOfBits(b, below);
  Value isClipped = emitIsSurelyClipped(
      b, block, emitDivisor(b, block, belowScale), walk.best, margin);
  Value ends = b.logicalOr(isClipped, b.less(below, 1));
  ends = b.logicalOr(ends, b.equal(walk.step, 0));
  Value down = b.select(ends, b.i32(0, below), b.i32(-1, below));

  walk.step = b.select(goesUp, b.i32(1, down), down);
  walk.bits = b.select(goesUp, above, below);
  walk.divisor =
      emitDivisor(b, block, b.select(goesUp, aboveScale, belowScale));
  return walk;
}

Screened quantx::emitScreenE4M3(ElementwiseBuilder &b,
                                const SearchedBlock &block, Value naive,
                                Value isOpen) {
  Value margin = emitMargin(b, block);
  Value divisor = emitDivisor(b, block, emitScaleOfBits(b, naive));
  Value infinity = b.f32(std::numeric_limits<float>::infinity(), divisor);
  Value start = b.select(isOpen, b.i32(1, naive), b.i32(0, naive));
  Walk init = {naive, divisor, start, infinity, infinity, naive};
  auto isLeft = [](ElementwiseBuilder &n, ValueRange values) {
    Value atEnd = n.equal(Walk::get(values).step, 0);
    return emitAny(n, n.bitXor(atEnd, n.integer(1, 1, atEnd)));
  };
  auto step = [&](ElementwiseBuilder &n, ValueRange values) -> Values {
    Walk walk = emitConsider(n, block, Walk::get(values));
    return emitNext(n, block, naive, margin, walk).asValues();
  };
  Walk walk = Walk::get(emitWhile(b, init.asValues(), isLeft, step));
  return {walk.chosen, emitIsSurelyGreater(b, walk.second, walk.best, margin)};
}
