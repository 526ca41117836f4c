//===- Loops.cpp - The linalg loops over elements and blocks --------------===//

#include "Loops.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/Emit/ElementwiseBuilder.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Maps and sizes
//===----------------------------------------------------------------------===//

AffineMap quantx::getBlockMap(ScaledType type) {
  MLIRContext *context = type.getContext();
  SmallVector<AffineExpr> results;
  for (auto [dim, block] : llvm::enumerate(type.getBlockShape())) {
    if (type.isWholeDimension(dim))
      results.push_back(getAffineConstantExpr(0, context));
    else
      results.push_back(getAffineDimExpr(dim, context).floorDiv(block));
  }
  return AffineMap::get(type.getBlockRank(), 0, results, context);
}

SmallVector<AffineMap> quantx::getParameterMaps(ScaledType type) {
  SmallVector<AffineMap> maps(1 + type.hasZeroPoint(), getBlockMap(type));
  if (type.hasGlobal())
    maps.push_back(AffineMap::get(type.getBlockRank(), 0, type.getContext()));
  return maps;
}

OpFoldResult quantx::applyToSize(OpBuilder &builder, Location loc,
                                 AffineExpr expr, OpFoldResult size) {
  return affine::makeComposedFoldedAffineApply(
      builder, loc, AffineMap::get(0, 1, expr), size);
}

SmallVector<OpFoldResult> quantx::getBlockGrid(OpBuilder &builder, Location loc,
                                               ScaledType type,
                                               ArrayRef<OpFoldResult> sizes) {
  AffineExpr size = builder.getAffineSymbolExpr(0);
  SmallVector<OpFoldResult> grid;
  for (auto [dim, block] : llvm::enumerate(type.getBlockShape())) {
    if (type.isWholeDimension(dim))
      grid.push_back(builder.getIndexAttr(1));
    else
      grid.push_back(
          applyToSize(builder, loc, size.ceilDiv(block), sizes[dim]));
  }
  return grid;
}

Value quantx::createFilled(OpBuilder &builder, Location loc,
                           ArrayRef<OpFoldResult> sizes, TypedAttr value) {
  Value empty = tensor::EmptyOp::create(builder, loc, sizes, value.getType());
  Value scalar = arith::ConstantOp::create(builder, loc, value);
  return linalg::FillOp::create(builder, loc, scalar, empty).getResult(0);
}

Value quantx::castTensor(OpBuilder &builder, Location loc, Value value,
                         Type type) {
  if (value.getType() == type)
    return value;
  return tensor::CastOp::create(builder, loc, type, value);
}

//===----------------------------------------------------------------------===//
// LinalgBlockComputation
//===----------------------------------------------------------------------===//

LinalgBlockComputation::LinalgBlockComputation(OpBuilder &builder, Location loc,
                                               ScaledType type, Value input)
    : BlockComputation(type, loc), builder(builder), input(input),
      sizes(tensor::getMixedSizes(builder, loc, input)),
      grid(getBlockGrid(builder, loc, type, sizes)) {}

SmallVector<AffineMap>
LinalgBlockComputation::getGivenMaps(ValueRange given, AffineMap blockMap) {
  SmallVector<AffineMap> maps;
  for (Value value : given) {
    bool isOfTensor = cast<RankedTensorType>(value.getType()).getRank() == 0;
    maps.push_back(isOfTensor ? AffineMap::get(blockMap.getNumDims(), 0,
                                               builder.getContext())
                              : blockMap);
  }
  return maps;
}

BlockComputation::Values LinalgBlockComputation::reduce(
    ArrayRef<TypedAttr> init, ArrayRef<OpFoldResult> accumulatorSizes,
    AffineMap accumulatorMap, ArrayRef<utils::IteratorType> iterators,
    ValueRange given, CombineFn combine) {
  SmallVector<Value> accumulators;
  SmallVector<Type> types;
  for (TypedAttr value : init) {
    accumulators.push_back(
        createFilled(builder, getLoc(), accumulatorSizes, value));
    types.push_back(accumulators.back().getType());
  }
  SmallVector<Value> inputs = {input};
  llvm::append_range(inputs, given);
  SmallVector<AffineMap> maps = {
      builder.getMultiDimIdentityMap(iterators.size())};
  llvm::append_range(maps, getGivenMaps(given, getBlockMap(getType())));
  maps.append(init.size(), accumulatorMap);
  auto body = [&](OpBuilder &b, Location loc, ValueRange arguments) {
    Value element = ElementwiseBuilder(b, loc).extendToF32(arguments[0]);
    linalg::YieldOp::create(b, loc,
                            combine(b, loc, element,
                                    arguments.slice(1, given.size()),
                                    arguments.take_back(init.size())));
  };
  auto generic = linalg::GenericOp::create(builder, getLoc(), types, inputs,
                                           accumulators, maps, iterators, body);
  return llvm::to_vector_of<Value>(generic.getResults());
}

BlockComputation::Values
LinalgBlockComputation::reduceBlocks(ArrayRef<TypedAttr> init, ValueRange given,
                                     CombineFn combine) {
  SmallVector<utils::IteratorType> iterators;
  for (int64_t block : getType().getBlockShape())
    iterators.push_back(block == 1 ? utils::IteratorType::parallel
                                   : utils::IteratorType::reduction);
  return reduce(init, grid, getBlockMap(getType()), iterators, given, combine);
}

BlockComputation::Values
LinalgBlockComputation::reduceTensor(ArrayRef<TypedAttr> init,
                                     CombineFn combine) {
  unsigned rank = getType().getBlockRank();
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::reduction);
  AffineMap scalar = AffineMap::get(rank, 0, builder.getContext());
  return reduce(init, {}, scalar, iterators, {}, combine);
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
