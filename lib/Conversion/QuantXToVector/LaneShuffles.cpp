//===- LaneShuffles.cpp - Lanes of several vectors ------------------------===//

#include "LaneShuffles.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;

Value quantx::takeRuns(ImplicitLocOpBuilder &b, Value lhs, Value rhs,
                       int64_t run, int64_t segment, bool odd) {
  int64_t size = cast<VectorType>(lhs.getType()).getNumElements();
  SmallVector<int64_t> lanes;
  for (int64_t start = 0; start < size; start += segment) {
    for (int64_t operand : {int64_t(0), size}) {
      for (int64_t first = odd ? run : 0; first < segment; first += 2 * run)
        for (int64_t lane = 0; lane < run; ++lane)
          lanes.push_back(operand + start + first + lane);
    }
  }
  return vector::ShuffleOp::create(b, lhs, rhs, lanes);
}

/// The lanes of both vectors in turns, from the lower halves of each
/// `kSubvector` lanes, or the upper.
static Value interleave(ImplicitLocOpBuilder &b, Value lhs, Value rhs,
                        bool upper) {
  int64_t size = cast<VectorType>(lhs.getType()).getNumElements();
  SmallVector<int64_t> lanes;
  for (int64_t start = 0; start < size; start += kSubvector) {
    int64_t first = start + (upper ? kSubvector / 2 : 0);
    for (int64_t lane = first; lane < first + kSubvector / 2; ++lane)
      lanes.append({lane, size + lane});
  }
  return vector::ShuffleOp::create(b, lhs, rhs, lanes);
}

/// Transposes in each `kSubvector` lanes of as many vectors.
static SmallVector<Value> transposeSubvectors(ImplicitLocOpBuilder &b,
                                              ArrayRef<Value> rows) {
  SmallVector<Value> columns;
  for (bool upper : {false, true}) {
    Value lhs = interleave(b, rows[0], rows[1], upper);
    Value rhs = interleave(b, rows[2], rows[3], upper);
    for (bool odd : {false, true})
      columns.push_back(takeRuns(b, lhs, rhs, kSubvector / 2, kSubvector, odd));
  }
  return columns;
}

SmallVector<Value> quantx::transposeLanes(ImplicitLocOpBuilder &b,
                                          ArrayRef<Value> rows) {
  int64_t size = rows.size();
  SmallVector<Value> columns(size);
  SmallVector<SmallVector<Value>> quads;
  for (int64_t first = 0; first < size; first += kSubvector)
    quads.push_back(transposeSubvectors(b, rows.slice(first, kSubvector)));
  for (int64_t i = 0; i < kSubvector; ++i) {
    // The lists have the subvectors of numbers that end, in binary, as theirs.
    SmallVector<SmallVector<Value>> lists(1);
    for (const SmallVector<Value> &quad : quads)
      lists.front().push_back(quad[i]);
    while (lists.front().size() > 1) {
      SmallVector<SmallVector<Value>> next;
      for (bool odd : {false, true}) {
        for (ArrayRef<Value> list : lists) {
          next.emplace_back();
          for (size_t pair = 0; pair < list.size(); pair += 2)
            next.back().push_back(
                takeRuns(b, list[pair], list[pair + 1], kSubvector, size, odd));
        }
      }
      lists = std::move(next);
    }
    for (auto [subvector, list] : llvm::enumerate(lists))
      columns[subvector * kSubvector + i] = list.front();
  }
  return columns;
}
