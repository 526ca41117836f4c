//===- WideBlocks.cpp - Blocks of several vectors -------------------------===//

#include "WideBlocks.h"
#include "BlockGroups.h"
#include "ChunkLoops.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/Utils/VectorUtils.h"

using namespace mlir;
using namespace quantx;

/// The lanes of sums of f64, of which a search has several.
static constexpr int64_t kSumLanes = 16;

namespace {

/// The elements of a block as vectors of `lanes`, along the rows.
class WideBlockElements : public LinalgBlockElements {
public:
  WideBlockElements(OpBuilder &builder, Location loc, ScaledType type,
                    Value input, Value weights, ArrayRef<OpFoldResult> sizes,
                    ValueRange indices, int64_t lanes)
      : LinalgBlockElements(builder, loc, type, input, weights, sizes, indices),
        lanes(lanes) {}

  Values reduce(OpBuilder &builder, Location loc,
                ArrayRef<Reduction> reductions, TermsFn terms) override;

private:
  /// `accumulators` and the terms of a vector, read under a mask where `count`
  /// is not null.
  Values combine(ImplicitLocOpBuilder &b, ArrayRef<Reduction> reductions,
                 TermsFn terms, ValueRange accumulators, ValueRange indices,
                 Value count) const;
  /// `accumulators` and the terms of the row at `row`.
  Values reduceRow(ImplicitLocOpBuilder &b, ArrayRef<Reduction> reductions,
                   TermsFn terms, ValueRange accumulators,
                   ValueRange row) const;

  int64_t lanes;
};

} // namespace

BlockElements::Values WideBlockElements::combine(
    ImplicitLocOpBuilder &b, ArrayRef<Reduction> reductions, TermsFn terms,
    ValueRange accumulators, ValueRange indices, Value count) const {
  Type element = cast<RankedTensorType>(getInput().getType()).getElementType();
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(element));
  Value vector =
      readChunk(b, getInput(), Chunk{llvm::to_vector(indices), lanes, count},
                count ? zero : Value());
  vector = ElementwiseBuilder(b, b.getLoc()).extendToF32(vector);
  Values next = terms(b, b.getLoc(), vector);
  for (auto [term, reduction, accumulator] :
       llvm::zip_equal(next, reductions, accumulators)) {
    vector::CombiningKind kind = getCombiningKind(reduction.kind);
    // Without `reassoc` the lanes are added one after the other.
    if (isa<VectorType>(accumulator.getType()))
      term = vector::makeArithReduction(b, b.getLoc(), kind, accumulator, term);
    else
      term = vector::ReductionOp::create(b, kind, term, accumulator);
  }
  return next;
}

BlockElements::Values
WideBlockElements::reduceRow(ImplicitLocOpBuilder &b,
                             ArrayRef<Reduction> reductions, TermsFn terms,
                             ValueRange accumulators, ValueRange row) const {
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, value);
  };
  Bounds bounds = getBounds().back();
  Value size = b.createOrFold<arith::SubIOp>(bounds.end, bounds.first);
  Value rest = b.createOrFold<arith::AndIOp>(size, index(lanes - 1));
  Value whole = b.createOrFold<arith::SubIOp>(bounds.end, rest);
  auto locate = [&](Value column) {
    SmallVector<Value> indices(row);
    indices.push_back(column);
    return indices;
  };
  auto loop = scf::ForOp::create(
      b, bounds.first, whole, index(lanes), accumulators,
      [&](OpBuilder &builder, Location loc, Value column, ValueRange carried) {
        ImplicitLocOpBuilder n(loc, builder);
        scf::YieldOp::create(
            n, combine(n, reductions, terms, carried, locate(column), Value()));
      });
  Values results = llvm::to_vector_of<Value>(loop.getResults());
  if (isConstantIntValue(rest, 0))
    return results;
  auto combineRest = [&](ImplicitLocOpBuilder &b) {
    return combine(b, reductions, terms, results, locate(whole), rest);
  };
  if (getConstantIntValue(rest))
    return combineRest(b);
  auto build = [&](OpBuilder &builder, Location loc) {
    ImplicitLocOpBuilder n(loc, builder);
    scf::YieldOp::create(n, combineRest(n));
  };
  auto keep = [&](OpBuilder &builder, Location loc) {
    scf::YieldOp::create(builder, loc, results);
  };
  Value none = index(0);
  Value isThere =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ne, rest, none);
  return llvm::to_vector_of<Value>(
      scf::IfOp::create(b, isThere, build, keep).getResults());
}

BlockElements::Values WideBlockElements::reduce(OpBuilder &builder,
                                                Location loc,
                                                ArrayRef<Reduction> reductions,
                                                TermsFn terms) {
  auto isSum = [](const Reduction &reduction) {
    return reduction.init.getType().isF64();
  };
  if (llvm::any_of(reductions, isSum) && lanes > kSumLanes) {
    WideBlockElements fewer = *this;
    fewer.lanes = kSumLanes;
    return fewer.reduce(builder, loc, reductions, terms);
  }
  SmallVector<Value> lower, upper, init;
  for (const Bounds &bounds : getBounds().drop_back()) {
    lower.push_back(bounds.first);
    upper.push_back(bounds.end);
  }
  for (const Reduction &reduction : reductions) {
    TypedAttr first = reduction.init;
    if (isInAnyOrder(reduction)) {
      auto type = VectorType::get(lanes, first.getType());
      first = DenseElementsAttr::get(type, Attribute(first));
    }
    init.push_back(arith::ConstantOp::create(builder, loc, first));
  }
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto body = [&](OpBuilder &nested, Location loc, ValueRange row,
                  ValueRange accumulators) -> scf::ValueVector {
    ImplicitLocOpBuilder b(loc, nested);
    Values next = reduceRow(b, reductions, terms, accumulators, row);
    return scf::ValueVector(next.begin(), next.end());
  };
  SmallVector<Value> steps(lower.size(), one);
  Values results;
  if (lower.empty()) {
    results = body(builder, loc, {}, init);
  } else {
    results = scf::buildLoopNest(builder, loc, lower, upper, steps, init, body)
                  .results;
  }
  for (auto [result, reduction] : llvm::zip_equal(results, reductions))
    if (isInAnyOrder(reduction))
      result = vector::ReductionOp::create(
          builder, loc, getCombiningKind(reduction.kind), result);
  return results;
}

std::unique_ptr<BlockElements>
quantx::createWideElements(OpBuilder &builder, Location loc, ScaledType type,
                           Value input, Value weights,
                           ArrayRef<OpFoldResult> sizes, ValueRange indices,
                           int64_t lanes) {
  return std::make_unique<WideBlockElements>(builder, loc, type, input, weights,
                                             sizes, indices, lanes);
}

std::unique_ptr<BlockElements>
WideBlockComputation::createElements(OpBuilder &b, Location loc,
                                     ValueRange indices) const {
  return createWideElements(b, loc, getType(), getInput(), getWeights(),
                            getSizes(), indices, chunk);
}
