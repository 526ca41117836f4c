//===- BlockLoops.cpp - The loops of scale methods in linalg --------------===//

#include "quantx/Conversion/QuantXToLinalg/BlockLoops.h"
#include "Loops.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

/// `accumulator` and one more term.
static Value createCombine(OpBuilder &b, Location loc, Reduction::Kind kind,
                           Value accumulator, Value term) {
  switch (kind) {
  case Reduction::Add:
  case Reduction::AddInAnyOrder:
    return arith::AddFOp::create(b, loc, accumulator, term);
  case Reduction::MaxSigned:
    return arith::MaxSIOp::create(b, loc, accumulator, term);
  case Reduction::Minimum:
    return arith::MinimumFOp::create(b, loc, accumulator, term);
  case Reduction::Maximum:
    return arith::MaximumFOp::create(b, loc, accumulator, term);
  }
  llvm_unreachable("unknown reduction");
}

/// `accumulators` and the terms of one more element.
static SmallVector<Value> createCombine(OpBuilder &b, Location loc,
                                        ArrayRef<Reduction> reductions,
                                        ValueRange accumulators,
                                        ValueRange terms) {
  SmallVector<Value> next;
  for (auto [reduction, accumulator, term] :
       llvm::zip_equal(reductions, accumulators, terms))
    next.push_back(createCombine(b, loc, reduction.kind, accumulator, term));
  return next;
}

//===----------------------------------------------------------------------===//
// LinalgBlockElements
//===----------------------------------------------------------------------===//

/// The first element and the end, in dimension `dim` of size `size`, of the
/// block at `index`; the last block may be partial.
static std::pair<Value, Value> createBounds(OpBuilder &builder, Location loc,
                                            ScaledType type, unsigned dim,
                                            Value index, OpFoldResult size) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  Value sizeValue = getValueOrCreateConstantIndexOp(builder, loc, size);
  if (type.isWholeDimension(dim))
    return {constant(0), sizeValue};
  int64_t block = type.getBlockShape()[dim];
  Value first = arith::MulIOp::create(builder, loc, index, constant(block));
  Value end = arith::AddIOp::create(builder, loc, first, constant(block));
  std::optional<int64_t> staticSize = getConstantIntValue(size);
  if (isPlanted(Mutant::PartialBlockSkipped)) {
    Value isPartial = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::ugt, end, sizeValue);
    end = arith::SelectOp::create(builder, loc, isPartial, first, end);
  }
  if (!staticSize || *staticSize % block != 0)
    end = arith::MinUIOp::create(builder, loc, end, sizeValue);
  return {first, end};
}

LinalgBlockElements::LinalgBlockElements(OpBuilder &builder, Location loc,
                                         ScaledType type, Value input,
                                         Value weights,
                                         ArrayRef<OpFoldResult> sizes,
                                         ValueRange blockIndices)
    : type(type), input(input), weights(weights), sizes(sizes),
      blockIndices(blockIndices) {
  for (auto [dim, index] : llvm::enumerate(blockIndices)) {
    auto [first, end] =
        createBounds(builder, loc, type, dim, index, sizes[dim]);
    bounds.push_back({first, end});
  }
}

BlockElements::Values
LinalgBlockElements::reduce(OpBuilder &builder, Location loc,
                            ArrayRef<Reduction> reductions, TermsFn terms) {
  SmallVector<Value> lower, upper, init;
  for (const Bounds &bound : bounds) {
    lower.push_back(bound.first);
    upper.push_back(bound.end);
  }
  for (const Reduction &reduction : reductions)
    init.push_back(arith::ConstantOp::create(builder, loc, reduction.init));
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto body = [&](OpBuilder &b, Location loc, ValueRange indices,
                  ValueRange accumulators) -> scf::ValueVector {
    Values next = createCombine(b, loc, reductions, accumulators,
                                terms(b, loc, extract(b, loc, indices)));
    return scf::ValueVector(next.begin(), next.end());
  };
  scf::LoopNest nest =
      scf::buildLoopNest(builder, loc, lower, upper,
                         SmallVector<Value>(lower.size(), one), init, body);
  return Values(nest.results.begin(), nest.results.end());
}

Value LinalgBlockElements::getSize(OpBuilder &builder, Location loc) {
  Value size;
  for (const Bounds &bound : bounds) {
    Value extent = arith::SubIOp::create(builder, loc, bound.end, bound.first);
    size = size ? arith::MulIOp::create(builder, loc, size, extent) : extent;
  }
  return size;
}

Value LinalgBlockElements::getElement(OpBuilder &builder, Location loc,
                                      Value position) {
  SmallVector<Value> indices;
  for (const Bounds &bound : bounds)
    indices.push_back(bound.first);
  Value &index = indices[getBlockedDimension()];
  index = arith::AddIOp::create(builder, loc, index, position);
  return extract(builder, loc, indices);
}

Value LinalgBlockElements::getWeight(OpBuilder &builder, Location loc,
                                     Value row, Value column) {
  Value block = blockIndices[getBlockedDimension()];
  return tensor::ExtractOp::create(builder, loc, weights, {block, row, column});
}

Value LinalgBlockElements::getNumWeightRows(OpBuilder &builder, Location loc) {
  ImplicitLocOpBuilder b(loc, builder);
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, value);
  };
  unsigned dim = getBlockedDimension();
  Value rows = getValueOrCreateConstantIndexOp(b, loc, sizes[dim]);
  Value count = constant(1);
  if (!type.isWholeDimension(dim)) {
    Value block = constant(type.getBlockShape()[dim]);
    count = arith::CeilDivUIOp::create(b, rows, block);
    rows = block;
  }
  Value fits = arith::ConstantOp::create(b, b.getBoolAttr(true));
  for (auto [index, expected] :
       llvm::enumerate(ValueRange{count, rows, rows})) {
    if (!cast<RankedTensorType>(weights.getType()).isDynamicDim(index))
      continue;
    Value size = tensor::DimOp::create(b, weights, index);
    Value agrees =
        arith::CmpIOp::create(b, arith::CmpIPredicate::eq, size, expected);
    fits = arith::AndIOp::create(b, fits, agrees);
  }
  return arith::SelectOp::create(b, fits, rows, constant(0));
}

unsigned LinalgBlockElements::getBlockedDimension() const {
  std::optional<unsigned> dim = type.getBlockedDimension();
  assert(dim && "blocks along one dimension");
  return *dim;
}

Value LinalgBlockElements::extract(OpBuilder &builder, Location loc,
                                   ValueRange indices) const {
  Value element = tensor::ExtractOp::create(builder, loc, input, indices);
  return ElementwiseBuilder(builder, loc).extendToF32(element);
}

//===----------------------------------------------------------------------===//
// LinalgBlockComputation
//===----------------------------------------------------------------------===//

LinalgBlockComputation::LinalgBlockComputation(OpBuilder &builder, Location loc,
                                               ScaledType type, Value input,
                                               Value weights, Value global)
    : BlockComputation(type, loc), builder(builder), input(input),
      weights(weights), global(global),
      sizes(tensor::getMixedSizes(builder, loc, input)),
      grid(getBlockGrid(builder, loc, type, sizes)) {}

/// How a loop over the dimensions of `identity` reads values: by it, or, for a
/// value of the whole tensor, at rank 0.
static SmallVector<AffineMap> getGivenMaps(ValueRange given,
                                           AffineMap identity) {
  AffineMap scalar =
      AffineMap::get(identity.getNumDims(), 0, identity.getContext());
  SmallVector<AffineMap> maps;
  for (Value value : given) {
    bool isOfTensor = cast<RankedTensorType>(value.getType()).getRank() == 0;
    maps.push_back(isOfTensor ? scalar : identity);
  }
  return maps;
}

std::unique_ptr<BlockElements>
LinalgBlockComputation::createElements(OpBuilder &b, Location loc,
                                       ValueRange indices) const {
  return std::make_unique<LinalgBlockElements>(b, loc, getType(), input,
                                               weights, sizes, indices);
}

BlockComputation::Values LinalgBlockComputation::searchBlocks(TypeRange types,
                                                              ValueRange given,
                                                              SearchFn search) {
  auto searchBlock = [&](OpBuilder &b, Location loc, ValueRange givenHere) {
    SmallVector<Value> indices = createIndices(b, loc, grid.size());
    return search(b, loc, *createElements(b, loc, indices), givenHere);
  };
  return map(grid, types, given, searchBlock);
}

Value LinalgBlockComputation::refineBlocks(Value initial, ValueRange given,
                                           MapFn isNeeded, SearchFn search) {
  auto refine = [&](OpBuilder &b, Location loc, BlockElements &elements,
                    ValueRange givenHere) -> Values {
    auto searchThis = [&](OpBuilder &nested, Location loc) {
      scf::YieldOp::create(nested, loc,
                           search(nested, loc, elements, givenHere));
    };
    auto keep = [&](OpBuilder &nested, Location loc) {
      scf::YieldOp::create(nested, loc, givenHere.front());
    };
    Value needed = isNeeded(b, loc, givenHere)[0];
    return {scf::IfOp::create(b, loc, needed, searchThis, keep).getResult(0)};
  };
  SmallVector<Value> values = {initial};
  llvm::append_range(values, given);
  return searchBlocks(getElementTypeOrSelf(initial.getType()), values,
                      refine)[0];
}

BlockComputation::Values
LinalgBlockComputation::reduceBlocks(ArrayRef<Reduction> reductions,
                                     TermsFn terms) {
  auto reduceBlock = [&](OpBuilder &b, Location loc, BlockElements &elements,
                         ValueRange) {
    return elements.reduce(b, loc, reductions, terms);
  };
  SmallVector<Type> types = llvm::map_to_vector(
      reductions, [](const Reduction &r) { return r.init.getType(); });
  return searchBlocks(types, {}, reduceBlock);
}

BlockComputation::Values
LinalgBlockComputation::reduceTensor(ArrayRef<Reduction> reductions,
                                     TermsFn terms) {
  unsigned rank = sizes.size();
  SmallVector<Value> accumulators;
  for (const Reduction &reduction : reductions)
    accumulators.push_back(createFilled(builder, getLoc(), {}, reduction.init));
  SmallVector<AffineMap> maps = {builder.getMultiDimIdentityMap(rank)};
  maps.append(reductions.size(), AffineMap::get(rank, 0, builder.getContext()));
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::reduction);
  auto body = [&](OpBuilder &b, Location loc, ValueRange arguments) {
    Value element = ElementwiseBuilder(b, loc).extendToF32(arguments[0]);
    SmallVector<Value> next = createCombine(
        b, loc, reductions, arguments.drop_front(), terms(b, loc, element));
    linalg::YieldOp::create(b, loc, next);
  };
  auto generic = linalg::GenericOp::create(
      builder, getLoc(), TypeRange(ValueRange(accumulators)), input,
      accumulators, maps, iterators, body);
  return llvm::to_vector_of<Value>(generic.getResults());
}

BlockComputation::Values
LinalgBlockComputation::map(ArrayRef<OpFoldResult> sizes, TypeRange types,
                            ValueRange given, MapFn map) {
  SmallVector<Value> outputs;
  SmallVector<Type> resultTypes;
  for (Type type : types) {
    outputs.push_back(tensor::EmptyOp::create(builder, getLoc(), sizes, type));
    resultTypes.push_back(outputs.back().getType());
  }
  AffineMap identity = builder.getMultiDimIdentityMap(sizes.size());
  SmallVector<AffineMap> maps = getGivenMaps(given, identity);
  maps.append(types.size(), identity);
  SmallVector<utils::IteratorType> iterators(sizes.size(),
                                             utils::IteratorType::parallel);
  auto body = [&](OpBuilder &b, Location loc, ValueRange arguments) {
    linalg::YieldOp::create(b, loc,
                            map(b, loc, arguments.take_front(given.size())));
  };
  auto generic = linalg::GenericOp::create(
      builder, getLoc(), resultTypes, given, outputs, maps, iterators, body);
  return llvm::to_vector_of<Value>(generic.getResults());
}

BlockComputation::Values LinalgBlockComputation::mapBlocks(TypeRange types,
                                                           ValueRange given,
                                                           MapFn mapFn) {
  return map(grid, types, given, mapFn);
}

BlockComputation::Values LinalgBlockComputation::mapTensor(TypeRange types,
                                                           ValueRange given,
                                                           MapFn mapFn) {
  return map({}, types, given, mapFn);
}
