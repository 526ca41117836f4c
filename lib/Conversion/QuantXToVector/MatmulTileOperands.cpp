//===- MatmulTileOperands.cpp - Operands of products of tiles -------------===//

#include "MatmulTileOperands.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

Value quantx::extractSlice(ImplicitLocOpBuilder &b, Value tensor,
                           ArrayRef<OpFoldResult> offsets,
                           ArrayRef<OpFoldResult> sizes, int64_t dropped) {
  SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
  SmallVector<int64_t> shape;
  for (OpFoldResult size : sizes.drop_front(dropped))
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  auto type = RankedTensorType::get(
      shape, cast<ShapedType>(tensor.getType()).getElementType());
  return tensor::ExtractSliceOp::create(b, type, tensor, offsets, sizes,
                                        strides);
}

Value quantx::limitDimension(ImplicitLocOpBuilder &b, Value tensor, int64_t dim,
                             OpFoldResult size) {
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b, b.getLoc(), tensor);
  sizes[dim] = size;
  SmallVector<OpFoldResult> zeros(sizes.size(), b.getIndexAttr(0));
  return extractSlice(b, tensor, zeros, sizes, 0);
}

OpFoldResult TileSlice::countIn(ImplicitLocOpBuilder &b, int64_t each) const {
  return getAsOpFoldResult(b.createOrFold<arith::MulIOp>(
      b.createOrFold<arith::SubIOp>(end, begin), createIndex(b, each)));
}

scf::ForallOp TileOperands::createPackingLoop(ImplicitLocOpBuilder &b,
                                              Value all) const {
  size_t rank = matmul.sizes.size();
  SmallVector<OpFoldResult> lower(rank, b.getIndexAttr(0)), upper(matmul.sizes),
      ones(rank, b.getIndexAttr(1));
  upper[rank - 2] = countTiles(b, matmul.getRows(), TileProduct::columns);
  upper.back() = getAsOpFoldResult(matmul.sum.count);
  auto loop = scf::ForallOp::create(b, lower, upper, ones, all,
                                    /*mapping=*/std::nullopt);
  b.setInsertionPoint(loop.getTerminator());
  return loop;
}

Value TileOperands::sliceActivations(ImplicitLocOpBuilder &b,
                                     const TileSlice &slice, Value tiles,
                                     int64_t dim, OpFoldResult size) const {
  int64_t leading = int64_t(slice.batch.size()) + 1;
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, b.getLoc(), tiles);
  std::fill_n(sizes.begin(), leading, b.getIndexAttr(1));
  sizes[leading] = slice.numBlocks;
  sizes[leading + 1 + dim] = size;
  SmallVector<OpFoldResult> offsets = getAsOpFoldResult(slice.batch);
  offsets.append({slice.number, slice.firstBlock});
  offsets.resize(sizes.size(), b.getIndexAttr(0));
  return extractSlice(b, tiles, offsets, sizes, leading);
}

//===----------------------------------------------------------------------===//
// Rows of weights
//===----------------------------------------------------------------------===//

SmallVector<Value> TileOperands::findRow(ImplicitLocOpBuilder &b,
                                         ValueRange batch, Value column) const {
  SmallVector<Value> indices(batch);
  Value size =
      getValueOrCreateConstantIndexOp(b, b.getLoc(), matmul.getColumns());
  Value last = b.createOrFold<arith::SubIOp>(size, createIndex(b, 1));
  indices.push_back(b.createOrFold<arith::MinUIOp>(column, last));
  return indices;
}

// A slice of a row is few lines, and the next row is far away: no stream that a
// CPU finds. Products take long enough for memory to bring all of the next
// rows.
void TileOperands::prefetchNext(ImplicitLocOpBuilder &b, ValueRange batch,
                                Value column, Value group) const {
  Value codes = matmul.rhs.parts.front();
  auto type = cast<RankedTensorType>(codes.getType());
  SmallVector<int64_t> strides(type.getRank(), ShapedType::kDynamic);
  auto layout =
      StridedLayoutAttr::get(b.getContext(), ShapedType::kDynamic, strides);
  Value buffer = bufferization::ToBufferOp::create(
      b, MemRefType::get(type.getShape(), type.getElementType(), layout), codes,
      /*readOnly=*/true);
  Value next =
      b.createOrFold<arith::AddIOp>(column, createIndex(b, getWeightRows()));
  Chunk elements{findRow(b, batch, next), matmul.sum.order.group, Value()};
  elements.indices.push_back(b.createOrFold<arith::MulIOp>(
      group, createIndex(b, matmul.sum.order.group)));
  Chunk bytes = elements.getBytes(b, matmul.rhs.type.getStorageBits());
  memref::PrefetchOp::create(b, buffer, bytes.indices, /*isWrite=*/false,
                             /*localityHint=*/3, /*isDataCache=*/true);
}

void quantx::buildLoop(ImplicitLocOpBuilder &b, Value lower, Value upper,
                       MutableArrayRef<Value> tensors, TensorsFn body) {
  auto build = [&](OpBuilder &builder, Location loc, Value i,
                   ValueRange carried) {
    ImplicitLocOpBuilder n(loc, builder);
    SmallVector<Value> next(carried);
    body(n, i, next);
    scf::YieldOp::create(n, next);
  };
  auto loop = scf::ForOp::create(b, lower, upper, createIndex(b, 1),
                                 ValueRange(ArrayRef<Value>(tensors)), build);
  llvm::copy(loop.getResults(), tensors.begin());
}

void TileOperands::decodePanel(ImplicitLocOpBuilder &b, const TileSlice &slice,
                               MutableArrayRef<Value> tensors,
                               DecodeFn decode) const {
  const ChunkedSum &sum = matmul.sum;
  Value wholeEnd = b.createOrFold<arith::MinUIOp>(slice.end, sum.whole);
  auto decodeRow = [&](ImplicitLocOpBuilder &b, Value row,
                       MutableArrayRef<Value> tensors) {
    auto decodeGroups = [&](Value lower, Value upper, Value count) {
      buildLoop(b, lower, upper, tensors,
                [&](ImplicitLocOpBuilder &b, Value group,
                    MutableArrayRef<Value> tensors) {
                  decode(b, row, group, count, tensors);
                });
    };
    decodeGroups(slice.begin, wholeEnd, /*count=*/{});
    // At most once: what is after the whole groups.
    if (sum.mayHaveRest())
      decodeGroups(wholeEnd, slice.end, sum.rest);
  };
  buildLoop(b, createIndex(b, 0), createIndex(b, getWeightRows()), tensors,
            decodeRow);
}

std::unique_ptr<TileOperands> TileOperands::find(ImplicitLocOpBuilder &b,
                                                 const Matmul &matmul) {
  std::unique_ptr<TileOperands> integers = findIntegerTiles(b, matmul);
  return integers ? std::move(integers) : findFloatTiles(matmul);
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

Value quantx::buildAreFinite(ImplicitLocOpBuilder &b, const Matmul &matmul) {
  const ChunkOrder &order = matmul.sum.order;
  auto type = VectorType::get(order.group, b.getI32Type());
  Value largest = arith::ConstantOp::create(b, b.getZeroAttr(type));
  SmallVector<Value> bounds;
  for (OpFoldResult size : ArrayRef(matmul.sizes).drop_back())
    bounds.push_back(getValueOrCreateConstantIndexOp(b, b.getLoc(), size));
  bounds.push_back(matmul.sum.count);
  SmallVector<Value> zeros(bounds.size(), createIndex(b, 0));
  SmallVector<Value> ones(bounds.size(), createIndex(b, 1));
  Value end = matmul.sum.mayHaveRest() ? matmul.sum.size : Value();
  auto addGroup = [&](OpBuilder &builder, Location loc, ValueRange indices,
                      ValueRange carried) -> scf::ValueVector {
    ImplicitLocOpBuilder n(loc, builder);
    ElementwiseBuilder arith(n, loc);
    Chunk group{llvm::to_vector(indices), order.group, Value()};
    group.indices.back() = n.createOrFold<arith::MulIOp>(
        indices.back(), createIndex(n, order.group));
    Value magnitudes = arith.bitAnd(
        arith.asI32(readGroup(n, matmul.lhs, group, end)), 0x7FFFFFFF);
    return {arith::MaxSIOp::create(n, carried.front(), magnitudes)};
  };
  largest =
      scf::buildLoopNest(b, b.getLoc(), zeros, bounds, ones, largest, addGroup)
          .results.front();
  Value bits =
      vector::ReductionOp::create(b, vector::CombiningKind::MAXSI, largest);
  return ElementwiseBuilder(b, b.getLoc()).less(bits, 0x7F800000);
}
