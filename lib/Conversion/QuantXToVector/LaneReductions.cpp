//===- LaneReductions.cpp - Lanes of several vectors combined -------------===//

#include "LaneReductions.h"
#include "LaneShuffles.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/ElementwiseBuilder.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

/// Halves `vectors`: each two of them become one that has in each segment two
/// neighbouring runs of either combined.
static SmallVector<Value> combinePairs(ImplicitLocOpBuilder &b,
                                       CombineFn combine,
                                       ArrayRef<Value> vectors, int64_t run,
                                       int64_t segment) {
  SmallVector<Value> halved;
  for (size_t i = 0; i < vectors.size(); i += 2) {
    Value lhs = vectors[i], rhs = vectors[i + 1];
    Value even = takeRuns(b, lhs, rhs, run, segment, /*odd=*/false);
    Value odd = takeRuns(b, lhs, rhs, run, segment, /*odd=*/true);
    halved.push_back(combine(b, even, odd));
  }
  return halved;
}

// With fewer vectors than lanes, several lanes are left of each: there its
// parts of `kSubvector` lanes, combined two and two, come one after the other
// from each four vectors.
Value quantx::combineLanes(ImplicitLocOpBuilder &b, CombineFn combine,
                           SmallVector<Value> vectors) {
  int64_t size = cast<VectorType>(vectors.front().getType()).getNumElements();
  if (isPlanted(Mutant::GroupBlocksReversed))
    std::reverse(vectors.begin(), vectors.end());
  for (int64_t lanes = kSubvector; lanes > 1; lanes /= 2)
    vectors = combinePairs(b, combine, vectors, /*run=*/1, kSubvector);
  while (vectors.size() > 1)
    vectors = combinePairs(b, combine, vectors, kSubvector, size);
  return vectors.front();
}

/// `combineLanes` of lanes that are pairs of integers of 16 bits; lanes of 32
/// bits.
static Value combinePairLanes(ImplicitLocOpBuilder &b, CombineFn combine,
                              SmallVector<Value> vectors) {
  auto halves = cast<VectorType>(vectors.front().getType());
  auto words = VectorType::get(halves.getNumElements() / 2, b.getI32Type());
  auto asWords = [&](Value value) -> Value {
    return vector::BitCastOp::create(b, words, value);
  };
  auto asHalves = [&](Value value) -> Value {
    return vector::BitCastOp::create(b, halves, value);
  };
  auto combineHalves = [&](ImplicitLocOpBuilder &b, Value lhs, Value rhs) {
    return asWords(combine(b, asHalves(lhs), asHalves(rhs)));
  };
  for (Value &vector : vectors)
    vector = asWords(vector);
  ElementwiseBuilder arith(b, b.getLoc());
  Value pairs = combineLanes(b, combineHalves, vectors);
  // Shorter vectors take more instructions: the halves of an integer are
  // combined as such.
  return combine(b, arith.bitAnd(pairs, 0xffff), arith.lshr(pairs, 16));
}

Value quantx::combineHalfLanes(ImplicitLocOpBuilder &b, CombineFn combine,
                               SmallVector<Value> vectors) {
  Value all = combinePairLanes(b, combine, std::move(vectors));
  return ElementwiseBuilder(b, b.getLoc()).trunc(all, 16);
}

Value quantx::combineHalfLanesOfHalves(ImplicitLocOpBuilder &b,
                                       CombineFn combine,
                                       SmallVector<Value> vectors) {
  assert((vectors.size() == 4 || vectors.size() == 8) &&
         "of more the parts are in another order");
  SmallVector<int64_t> lanes;
  for (int64_t vector = 0, end = vectors.size(); vector < end; ++vector) {
    int64_t lower = vector / kSubvector * 2 * kSubvector + vector % kSubvector;
    lanes.append({lower, lower + kSubvector});
  }
  Value all = combinePairLanes(b, combine, std::move(vectors));
  all = vector::ShuffleOp::create(b, all, all, lanes);
  return ElementwiseBuilder(b, b.getLoc()).trunc(all, 16);
}
