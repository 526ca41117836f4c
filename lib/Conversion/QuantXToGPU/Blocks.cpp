//===- Blocks.cpp - Scale methods in kernels ------------------------------===//

#include "Blocks.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// PlacedElements
//===----------------------------------------------------------------------===//

Value PlacedElements::getElement(OpBuilder &builder, Location loc,
                                 Value position) {
  ImplicitLocOpBuilder b(loc, builder);
  IndexMath math(b);
  Value index = math.add(place.start, math.mul(position, place.stride));
  Value element = memref::LoadOp::create(b, place.input, index);
  return ElementwiseBuilder(b, loc).extendToF32(element);
}

Value PlacedElements::getWeight(OpBuilder &builder, Location loc, Value row,
                                Value column) {
  ImplicitLocOpBuilder b(loc, builder);
  IndexMath math(b);
  Value rows = place.weights->rows;
  Value inBlock = math.add(math.mul(row, rows), column);
  Value first = math.mul(place.index, math.mul(rows, rows));
  return memref::LoadOp::create(b, place.weights->view,
                                math.add(first, inBlock));
}

Value PlacedElements::getNumWeightRows(OpBuilder &builder, Location loc) {
  return place.weights->rows;
}

//===----------------------------------------------------------------------===//
// LaneElements
//===----------------------------------------------------------------------===//

/// The sum, first to last lane of the group, of the lanes' vectors: in each
/// round all lanes go on from the sum of those before, and the one whose turn
/// it is hands on.
static Value addInOrder(ImplicitLocOpBuilder &b, const LaneGroup &group,
                        Value init, Value vector) {
  SmallVector<Value> terms = llvm::to_vector_of<Value>(
      vector::ToElementsOp::create(b, vector).getResults());
  auto addTerms = [&](ImplicitLocOpBuilder &b, Value sum) {
    for (Value term : terms)
      sum = arith::AddFOp::create(b, sum, term);
    return sum;
  };
  if (group.lanes == 1)
    return addTerms(b, init);
  IndexMath math(b);
  auto loop = scf::ForOp::create(
      b, math.constant(0), math.constant(group.lanes), math.constant(1), init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value sum = addTerms(b, loop.getRegionIterArgs().front());
  sum = group.broadcast(b, sum, loop.getInductionVar());
  scf::YieldOp::create(b, sum);
  return loop.getResult(0);
}

BlockElements::Values LaneElements::reduce(OpBuilder &builder, Location loc,
                                           ArrayRef<Reduction> reductions,
                                           TermsFn terms, bool isWholeWarp) {
  ImplicitLocOpBuilder b(loc, builder);
  LaneGroup group = LaneGroup::get(b, thread, lanes, isWholeWarp);
  Value wide = ElementwiseBuilder(b, loc).extendToF32(elements);
  Values values = terms(b, loc, wide);
  for (auto [value, reduction] : llvm::zip_equal(values, reductions)) {
    Value init = arith::ConstantOp::create(b, reduction.init);
    if (reduction.kind == Reduction::Add) {
      value = addInOrder(b, group, init, value);
      continue;
    }
    value = reduceVector(b, reduction.kind, value);
    value = group.reduce(b, reduction.kind, value);
    value = buildCombine(b, reduction.kind, init, value);
  }
  return values;
}

Value LaneElements::reduceMagnitudes(ImplicitLocOpBuilder &b) {
  LaneGroup group = LaneGroup::get(b, thread, lanes, /*isWholeWarp=*/true);
  Value bits = reduceMagnitudesOfVector(b, elements);
  return group.reduce(b, Reduction::MaxSigned, bits);
}

//===----------------------------------------------------------------------===//
// KernelBlockComputation
//===----------------------------------------------------------------------===//

BlockComputation::Values
KernelBlockComputation::reduceBlocks(ArrayRef<Reduction> reductions,
                                     TermsFn terms) {
  if (!elements)
    return reduced->values;
  return elements->reduceAll(b, b.getLoc(), reductions, terms);
}

Value KernelBlockComputation::reduceMagnitudes() {
  return elements ? elements->reduceMagnitudes(b) : Value();
}

BlockComputation::Values KernelBlockComputation::searchBlocks(TypeRange,
                                                              ValueRange given,
                                                              SearchFn search) {
  return search(b, b.getLoc(), *elements, given);
}

Value KernelBlockComputation::refineBlocks(Value initial, ValueRange given,
                                           MapFn isNeeded, SearchFn search) {
  Values values = {initial};
  llvm::append_range(values, given);
  Value condition = isNeeded(b, b.getLoc(), values)[0];
  auto build = [&]() -> SmallVector<Value> {
    return search(b, b.getLoc(), *elements, values);
  };
  auto keep = [&]() -> SmallVector<Value> { return {initial}; };
  return buildIfElse(b, condition, build, keep)[0];
}

BlockComputation::Values
KernelBlockComputation::reduceTensor(ArrayRef<Reduction>, TermsFn) {
  return reduced->values;
}

BlockComputation::Values
KernelBlockComputation::mapBlocks(TypeRange, ValueRange given, MapFn map) {
  return map(b, b.getLoc(), given);
}

BlockComputation::Values
KernelBlockComputation::mapTensor(TypeRange, ValueRange given, MapFn map) {
  return map(b, b.getLoc(), given);
}
