//===- GridTiling.cpp - Tiling by a grid of steps -------------------------===//

#include "GridTiling.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "quantx/Transforms/Alignment.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

static OpFoldResult apply(IndexBuilder &index, AffineExpr expr,
                          OpFoldResult operand) {
  return affine::makeComposedFoldedAffineApply(
      index.b, index.loc, AffineMap::get(0, 1, expr), operand);
}

OpFoldResult IndexBuilder::mul(OpFoldResult value, int64_t factor) {
  return apply(*this, b.getAffineSymbolExpr(0) * factor, value);
}

OpFoldResult IndexBuilder::floorDiv(OpFoldResult value, int64_t divisor) {
  return apply(*this, b.getAffineSymbolExpr(0).floorDiv(divisor), value);
}

OpFoldResult IndexBuilder::ceilDiv(OpFoldResult value, int64_t divisor) {
  return apply(*this, b.getAffineSymbolExpr(0).ceilDiv(divisor), value);
}

/// Whether a tile of `size` may begin beyond the end. Only loops over a number
/// of threads make such tiles, and clamp their sizes by affine.max.
static bool mayBeBeyondEnd(OpFoldResult size) {
  auto value = dyn_cast<Value>(size);
  if (!value)
    return false;
  Operation *op = value.getDefiningOp();
  if (auto scaled = dyn_cast_or_null<affine::AffineApplyOp>(op)) {
    return llvm::any_of(scaled.getOperands(), [](Value operand) {
      return operand.getDefiningOp<affine::AffineMaxOp>() != nullptr;
    });
  }
  return isa_and_nonnull<affine::AffineMaxOp>(op);
}

OpFoldResult IndexBuilder::clamp(OpFoldResult size, int64_t step,
                                 OpFoldResult offset, OpFoldResult end) {
  // The grid ends with the tensor, and tiles end with the grid.
  std::optional<int64_t> staticEnd = getConstantIntValue(end);
  if (step == 1 || (staticEnd && *staticEnd % step == 0))
    return size;
  AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1),
             s2 = b.getAffineSymbolExpr(2);
  if (!mayBeBeyondEnd(size)) {
    return affine::makeComposedFoldedAffineMin(
        b, loc, AffineMap::get(0, 3, {s0, s2 - s1}, b.getContext()),
        {size, offset, end});
  }
  OpFoldResult rest = affine::makeComposedFoldedAffineMax(
      b, loc,
      AffineMap::get(0, 2, {b.getAffineConstantExpr(0), s1 - s0},
                     b.getContext()),
      {offset, end});
  return affine::makeComposedFoldedAffineMin(
      b, loc, AffineMap::get(0, 2, {s0, s1}, b.getContext()), {size, rest});
}

//===----------------------------------------------------------------------===//
// Boxes
//===----------------------------------------------------------------------===//

Box quantx::getElementsOfGrid(IndexBuilder &index, const Box &grid,
                              ArrayRef<int64_t> steps,
                              ArrayRef<OpFoldResult> sizes) {
  Box elements;
  for (auto [offset, count, step, size] :
       llvm::zip_equal(grid.offsets, grid.sizes, steps, sizes)) {
    if (step == kWholeStep) {
      elements.offsets.push_back(index.constant(0));
      elements.sizes.push_back(size);
      continue;
    }
    elements.offsets.push_back(index.mul(offset, step));
    elements.sizes.push_back(index.clamp(index.mul(count, step), step,
                                         elements.offsets.back(), size));
  }
  return elements;
}

void quantx::useKnownSizes(const Box &grid, ArrayRef<int64_t> steps,
                           Value tensor, Box &elements) {
  for (auto [dim, step] : llvm::enumerate(steps)) {
    auto count = dyn_cast<Value>(grid.sizes[dim]);
    auto apply = count ? count.getDefiningOp<affine::AffineApplyOp>()
                       : affine::AffineApplyOp();
    if (step == kWholeStep || !apply || apply.getNumOperands() != 1)
      continue;
    AffineExpr operand = apply.getMap().getNumDims() == 1
                             ? getAffineDimExpr(0, count.getContext())
                             : getAffineSymbolExpr(0, count.getContext());
    Value size = apply.getOperand(0);
    if (apply.getMap().getResult(0) == operand.ceilDiv(step) &&
        endsOnStepOrEnd(elements.offsets[dim], size, tensor, dim, step))
      elements.sizes[dim] = size;
  }
}

Box quantx::getGridOfBox(IndexBuilder &index, const Box &box,
                         ArrayRef<int64_t> steps) {
  Box grid;
  for (auto [offset, size, step] :
       llvm::zip_equal(box.offsets, box.sizes, steps)) {
    bool isWhole = step == kWholeStep;
    grid.offsets.push_back(isWhole ? index.constant(0)
                                   : index.floorDiv(offset, step));
    grid.sizes.push_back(isWhole ? index.constant(1)
                                 : index.ceilDiv(size, step));
  }
  return grid;
}

Box quantx::getBytesOfCodes(IndexBuilder &index, const Box &codes,
                            unsigned bits) {
  AffineExpr numBytes = (index.b.getAffineSymbolExpr(0) * bits).ceilDiv(8);
  Box bytes = codes;
  bytes.offsets.back() = apply(index, numBytes, codes.offsets.back());
  bytes.sizes.back() = apply(index, numBytes, codes.sizes.back());
  return bytes;
}

bool quantx::isOnSteps(Value tensor, const Box &box, ArrayRef<int64_t> steps,
                       bool wholeSteps) {
  for (auto [dim, step] : llvm::enumerate(steps)) {
    OpFoldResult offset = box.offsets[dim], size = box.sizes[dim];
    bool fits = step == kWholeStep
                    ? isWholeDimension(offset, size, tensor, dim)
                    : isKnownMultipleOf(offset, step) &&
                          (!wholeSteps ||
                           endsOnStepOrEnd(offset, size, tensor, dim, step));
    if (!fits)
      return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

Value quantx::createSlice(IndexBuilder &index, Value source, const Box &box,
                          TilingResult &tiling) {
  SmallVector<OpFoldResult> strides(box.offsets.size(), index.constant(1));
  auto slice = tensor::ExtractSliceOp::create(index.b, index.loc, source,
                                              box.offsets, box.sizes, strides);
  tiling.generatedSlices.push_back(slice);
  return slice;
}

void quantx::addTiledOp(IndexBuilder &index, Operation *op, ValueRange operands,
                        const Box &result, TilingResult &tiling) {
  SmallVector<int64_t> shape;
  for (OpFoldResult size : result.sizes)
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  SmallVector<Type> types;
  for (Type type : op->getResultTypes())
    types.push_back(cast<RankedTensorType>(type).clone(shape));
  Operation *tiled = clone(index.b, op, types, operands);
  tiling.tiledOps.push_back(tiled);
  llvm::append_range(tiling.tiledValues, tiled->getResults());
}
