//===- Loops.cpp - The linalg loops over elements and blocks --------------===//

#include "Loops.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Sizes and indices
//===----------------------------------------------------------------------===//

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

SmallVector<Value> quantx::createIndices(OpBuilder &builder, Location loc,
                                         unsigned rank) {
  SmallVector<Value> indices;
  for (unsigned dim = 0; dim < rank; ++dim)
    indices.push_back(linalg::IndexOp::create(builder, loc, dim));
  return indices;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

Value quantx::buildElements(OpBuilder &builder, Location loc,
                            ArrayRef<OpFoldResult> sizes, Type elementType,
                            ElementFn compute) {
  unsigned rank = sizes.size();
  Value empty = tensor::EmptyOp::create(builder, loc, sizes, elementType);
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  auto body = [&](OpBuilder &b, Location loc, ValueRange) {
    linalg::YieldOp::create(b, loc,
                            compute(b, loc, createIndices(b, loc, rank)));
  };
  return linalg::GenericOp::create(builder, loc, empty.getType(), ValueRange(),
                                   empty, builder.getMultiDimIdentityMap(rank),
                                   iterators, body)
      .getResult(0);
}

/// The indices of the block of the element at `indices`.
static SmallVector<Value> createBlockIndices(OpBuilder &builder, Location loc,
                                             ScaledType type,
                                             ValueRange indices) {
  SmallVector<Value> blockIndices;
  for (auto [dim, index] : llvm::enumerate(indices)) {
    int64_t block = type.getBlockShape()[dim];
    if (type.isWholeDimension(dim)) {
      blockIndices.push_back(arith::ConstantIndexOp::create(builder, loc, 0));
    } else if (block == 1) {
      blockIndices.push_back(index);
    } else {
      Value size = arith::ConstantIndexOp::create(builder, loc, block);
      blockIndices.push_back(arith::DivUIOp::create(builder, loc, index, size));
    }
  }
  return blockIndices;
}

BlockParameters quantx::readParameters(OpBuilder &builder, Location loc,
                                       ScaledType type, ValueRange parameters,
                                       ValueRange indices) {
  SmallVector<Value> blockIndices =
      createBlockIndices(builder, loc, type, indices);
  SmallVector<Value> values;
  for (Value tensor : parameters) {
    bool isGlobal = cast<RankedTensorType>(tensor.getType()).getRank() == 0;
    values.push_back(tensor::ExtractOp::create(
        builder, loc, tensor,
        isGlobal ? ValueRange() : ValueRange(blockIndices)));
  }
  return BlockParameters::get(type, values);
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

static SmallVector<Value> createConstants(OpBuilder &builder, Location loc,
                                          ArrayRef<TypedAttr> values) {
  SmallVector<Value> constants;
  for (TypedAttr value : values)
    constants.push_back(arith::ConstantOp::create(builder, loc, value));
  return constants;
}

namespace {
/// The elements of a block in one dimension: [first, end).
struct BlockBounds {
  Value first, end;
};
} // namespace

/// The bounds, in dimension `dim` of size `size`, of the block at `index`; the
/// last block may be partial.
static BlockBounds createBounds(OpBuilder &builder, Location loc,
                                ScaledType type, unsigned dim, Value index,
                                OpFoldResult size) {
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

namespace {

/// One block of a tensor, where a loop over the grid of blocks is being built.
class LinalgBlockElements : public BlockElements {
public:
  /// `weights` is the weights of all blocks, or null.
  LinalgBlockElements(OpBuilder &builder, Location loc, ScaledType type,
                      Value input, Value weights, ArrayRef<OpFoldResult> sizes)
      : type(type), input(input), weights(weights),
        blockIndices(createIndices(builder, loc, sizes.size())) {
    for (auto [dim, index] : llvm::enumerate(blockIndices))
      bounds.push_back(
          createBounds(builder, loc, type, dim, index, sizes[dim]));
  }

  Values reduce(OpBuilder &builder, Location loc, ValueRange init,
                CombineFn combine) override {
    SmallVector<Value> lower, upper;
    for (const BlockBounds &bound : bounds) {
      lower.push_back(bound.first);
      upper.push_back(bound.end);
    }
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    auto body = [&](OpBuilder &b, Location loc, ValueRange indices,
                    ValueRange accumulators) -> scf::ValueVector {
      Values next = combine(b, loc, extract(b, loc, indices), accumulators);
      return scf::ValueVector(next.begin(), next.end());
    };
    scf::LoopNest nest =
        scf::buildLoopNest(builder, loc, lower, upper,
                           SmallVector<Value>(lower.size(), one), init, body);
    return Values(nest.results.begin(), nest.results.end());
  }

  Value getSize(OpBuilder &builder, Location loc) override {
    Value size;
    for (const BlockBounds &bound : bounds) {
      Value extent =
          arith::SubIOp::create(builder, loc, bound.end, bound.first);
      size = size ? arith::MulIOp::create(builder, loc, size, extent) : extent;
    }
    return size;
  }

  Value getElement(OpBuilder &builder, Location loc, Value position) override {
    SmallVector<Value> indices;
    for (const BlockBounds &bound : bounds)
      indices.push_back(bound.first);
    Value &index = indices[getBlockedDimension()];
    index = arith::AddIOp::create(builder, loc, index, position);
    return extract(builder, loc, indices);
  }

  Value getWeight(OpBuilder &builder, Location loc, Value row,
                  Value column) override {
    Value block = blockIndices[getBlockedDimension()];
    return tensor::ExtractOp::create(builder, loc, weights,
                                     {block, row, column});
  }

  Value getNumWeightRows(OpBuilder &builder, Location loc) override {
    return getValueOrCreateConstantIndexOp(
        builder, loc, tensor::getMixedSize(builder, loc, weights, 1));
  }

private:
  unsigned getBlockedDimension() const {
    std::optional<unsigned> dim = type.getBlockedDimension();
    assert(dim && "blocks along one dimension");
    return *dim;
  }

  Value extract(OpBuilder &builder, Location loc, ValueRange indices) const {
    Value element = tensor::ExtractOp::create(builder, loc, input, indices);
    return ElementwiseBuilder(builder, loc).extendToF32(element);
  }

  ScaledType type;
  Value input;
  Value weights;
  SmallVector<Value> blockIndices;
  SmallVector<BlockBounds> bounds;
};

} // namespace

BlockComputation::Values LinalgBlockComputation::searchBlocks(TypeRange types,
                                                              ValueRange given,
                                                              SearchFn search) {
  auto searchBlock = [&](OpBuilder &b, Location loc, ValueRange givenHere) {
    LinalgBlockElements elements(b, loc, getType(), input, weights, sizes);
    return search(b, loc, elements, givenHere);
  };
  return map(grid, types, given, searchBlock);
}

BlockComputation::Values
LinalgBlockComputation::reduceBlocks(ArrayRef<TypedAttr> init, ValueRange given,
                                     CombineFn combine) {
  auto reduceBlock = [&](OpBuilder &b, Location loc, BlockElements &elements,
                         ValueRange givenHere) {
    auto combineElement = [&](OpBuilder &b, Location loc, Value element,
                              ValueRange accumulators) {
      return combine(b, loc, element, givenHere, accumulators);
    };
    return elements.reduce(b, loc, createConstants(b, loc, init),
                           combineElement);
  };
  SmallVector<Type> types = llvm::map_to_vector(
      init, [](TypedAttr value) { return value.getType(); });
  return searchBlocks(types, given, reduceBlock);
}

BlockComputation::Values
LinalgBlockComputation::reduceTensor(ArrayRef<TypedAttr> init,
                                     CombineFn combine) {
  unsigned rank = sizes.size();
  SmallVector<Value> accumulators;
  for (TypedAttr value : init)
    accumulators.push_back(createFilled(builder, getLoc(), {}, value));
  SmallVector<AffineMap> maps = {builder.getMultiDimIdentityMap(rank)};
  maps.append(init.size(), AffineMap::get(rank, 0, builder.getContext()));
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::reduction);
  auto body = [&](OpBuilder &b, Location loc, ValueRange arguments) {
    Value element = ElementwiseBuilder(b, loc).extendToF32(arguments[0]);
    linalg::YieldOp::create(
        b, loc, combine(b, loc, element, {}, arguments.drop_front()));
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
