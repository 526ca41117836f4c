//===- OptimalWide.cpp - f32, f16 and bf16 scales of least error ----------===//
//
// searchWide and chooseOptimalParameters of the Format layer.
//
//===----------------------------------------------------------------------===//

#include "Models.h"
#include "WideSearch.h"

using namespace mlir;
using namespace quantx;

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
          Candidate better = search.search(m, best, zeroPoint, isFirst);
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
