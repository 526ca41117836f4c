//===- OptimalE4M3.cpp - The f8E4M3FN scale of least error ----------------===//
//
// searchE4M3 of the Format layer: up from the naive scale until half a scale is
// as good, down until clipping alone costs more than the best error.
//
//===----------------------------------------------------------------------===//

#include "Search.h"
#include "quantx/Format/Mutants.h"
#include "quantx/Format/OptimalScale.h"

using namespace mlir;
using namespace quantx;

/// Whether half this scale is one too and clips nothing more: then it is as
/// good, and the same holds for all larger scales. Half a scale is exact from
/// 2^-5 on.
static Value emitIsDominated(ElementwiseBuilder &b, const SearchedBlock &block,
                             Value bits) {
  double top = getElementGrid(getElementFormat(block.type)).top;
  Value scale = emitDecodeScale(b, emitParameters(b, block, bits).scale);
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
  const int64_t largest = lookupFloatFormat("f8E4M3FN")->maxFiniteCode;
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
    Value isDominated = emitIsDominated(n, block, values[0]);
    Value isOpen = n.bitXor(isDominated, n.integer(1, 1, isDominated));
    return n.logicalAnd(n.less(values[0], largest + 1), isOpen);
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
