//===- MatmulTiles.cpp - Tiles of the results of a matmul -----------------===//

#include "MatmulTiles.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;

int64_t MatmulTuning::getTileRows(OpFoldResult rows) const {
  constexpr int64_t most = 6, least = 4;
  std::optional<int64_t> constant = getConstantIntValue(rows);
  if (!constant)
    return least;
  // The most that leaves the fewest rows of the last tile empty.
  int64_t best = most;
  for (int64_t size = most; size >= least; --size)
    if (llvm::alignTo(*constant, size) < llvm::alignTo(*constant, best))
      best = size;
  return best;
}

int64_t MatmulTuning::getSumRows(OpFoldResult rows) const {
  std::optional<int64_t> constant = getConstantIntValue(rows);
  if (!constant)
    return sumRows;
  int64_t tiles = int64_t(llvm::divideCeil(*constant, sumRows));
  return int64_t(llvm::divideCeil(*constant, tiles));
}

// Memory limits the rows that are few enough for their activations to stay in
// the second cache: long pieces of a row of weights are read best. More rows
// are read again for each block.
MatmulBlock MatmulTuning::getBlock(OpFoldResult rows) const {
  constexpr int64_t few = 128;
  std::optional<int64_t> constant = getConstantIntValue(rows);
  if (constant && *constant <= few)
    return {/*columns=*/16, /*elements=*/4096, /*tileElements=*/1024};
  return {/*columns=*/256, /*elements=*/512, /*tileElements=*/512};
}

bool Matmul::mayBeTileProducts() const {
  int64_t least = tuning.tileProductRows;
  std::optional<int64_t> rows = getConstantIntValue(getRows());
  return rows ? *rows >= least : least != MatmulTuning::never;
}

Value quantx::buildLoop(
    ImplicitLocOpBuilder &b, Value lower, Value upper, int64_t step, Value init,
    llvm::function_ref<Value(ImplicitLocOpBuilder &b, Value i, Value tensor)>
        body) {
  auto build = [&](OpBuilder &builder, Location loc, Value i,
                   ValueRange carried) {
    ImplicitLocOpBuilder n(loc, builder);
    scf::YieldOp::create(n, body(n, i, carried.front()));
  };
  return scf::ForOp::create(b, lower, upper, createIndex(b, step), init, build)
      .getResult(0);
}

SmallVector<Value> quantx::buildZeroSums(ImplicitLocOpBuilder &b, int64_t lanes,
                                         int64_t count) {
  auto type = VectorType::get(lanes, b.getF32Type());
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
  return SmallVector<Value>(count, zero);
}

Value quantx::addProduct(ImplicitLocOpBuilder &b, Value lhs, Value rhs,
                         Value sum) {
  // One instruction where the target has it; a call nowhere.
  auto fuse = arith::FastMathFlags::contract;
  Value product = arith::MulFOp::create(b, lhs, rhs, fuse);
  return arith::AddFOp::create(b, sum, product, fuse);
}

OpFoldResult quantx::limitSize(ImplicitLocOpBuilder &b, int64_t size,
                               OpFoldResult end, Value begin) {
  std::optional<int64_t> constant = getConstantIntValue(end);
  if (size == 1 || (constant && *constant % size == 0))
    return b.getIndexAttr(size);
  Value all = getValueOrCreateConstantIndexOp(b, b.getLoc(), end);
  Value left = arith::SubIOp::create(b, all, begin);
  return arith::MinUIOp::create(b, left, createIndex(b, size)).getResult();
}

SmallVector<Value> quantx::sumChunks(ImplicitLocOpBuilder &b,
                                     const ChunkedSum &sum, ValueRange sums,
                                     AddChunkFn add) {
  auto loop = scf::ForOp::create(
      b, createIndex(b, 0), sum.whole, createIndex(b, 1), sums,
      [&](OpBuilder &builder, Location loc, Value chunk, ValueRange carried) {
        ImplicitLocOpBuilder n(loc, builder);
        scf::YieldOp::create(n, add(n, chunk, /*count=*/{}, carried));
      });
  if (!sum.mayHaveRest())
    return llvm::to_vector_of<Value>(loop.getResults());
  if (getConstantIntValue(sum.rest))
    return add(b, sum.whole, sum.rest, loop.getResults());
  Value hasRest = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, sum.rest,
                                        createIndex(b, 0));
  auto addRest = [&](OpBuilder &builder, Location loc) {
    ImplicitLocOpBuilder n(loc, builder);
    scf::YieldOp::create(n, add(n, sum.whole, sum.rest, loop.getResults()));
  };
  auto keep = [&](OpBuilder &builder, Location loc) {
    scf::YieldOp::create(builder, loc, loop.getResults());
  };
  auto both = scf::IfOp::create(b, hasRest, addRest, keep);
  return llvm::to_vector_of<Value>(both.getResults());
}

//===----------------------------------------------------------------------===//
// Lanes to totals
//===----------------------------------------------------------------------===//

/// In each four lanes, the even or odd ones of `lhs`, then those of `rhs`.
static Value takeEverySecond(ImplicitLocOpBuilder &b, Value lhs, Value rhs,
                             bool odd) {
  constexpr int64_t segment = 4;
  int64_t size = cast<VectorType>(lhs.getType()).getNumElements();
  SmallVector<int64_t> lanes;
  for (int64_t start = odd; start < size; start += segment)
    lanes.append({start, start + 2, size + start, size + start + 2});
  return vector::ShuffleOp::create(b, lhs, rhs, lanes);
}

/// The totals of four vectors in one of four lanes.
static Value sumFour(ImplicitLocOpBuilder &b, ArrayRef<Value> vectors) {
  auto addPair = [&](Value lhs, Value rhs) -> Value {
    return arith::AddFOp::create(b, takeEverySecond(b, lhs, rhs, /*odd=*/false),
                                 takeEverySecond(b, lhs, rhs, /*odd=*/true));
  };
  Value sums =
      addPair(addPair(vectors[0], vectors[1]), addPair(vectors[2], vectors[3]));
  int64_t size = cast<VectorType>(sums.getType()).getNumElements();
  for (size /= 2; size >= 4; size /= 2) {
    Value low = vector::ExtractStridedSliceOp::create(b, sums, 0, size, 1);
    Value high = vector::ExtractStridedSliceOp::create(b, sums, size, size, 1);
    sums = arith::AddFOp::create(b, low, high);
  }
  return sums;
}

SmallVector<Value> quantx::sumLanes(ImplicitLocOpBuilder &b,
                                    ArrayRef<Value> sums, int64_t columns) {
  SmallVector<Value> rows;
  SmallVector<Value> padded(sums);
  while (padded.size() % 4 != 0)
    padded.push_back(padded.back());
  for (size_t first = 0; first < padded.size(); first += 4) {
    Value totals = sumFour(b, ArrayRef(padded).slice(first, 4));
    for (int64_t i = 0; i < 4; i += columns)
      rows.push_back(
          vector::ExtractStridedSliceOp::create(b, totals, i, columns, 1));
  }
  rows.resize(sums.size() / columns);
  return rows;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// Adds `totals` to a row of results. It is a slice of its own: to LLVM 22's
/// bufferization, a transfer_write as long as a row overwrites all rows.
static Value addRow(ImplicitLocOpBuilder &b, const ResultRow &place,
                    Value totals) {
  auto type = cast<RankedTensorType>(place.tensor.getType());
  auto vectorType = cast<VectorType>(totals.getType());
  size_t rank = type.getRank();
  SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0));
  SmallVector<OpFoldResult> ones(rank, b.getIndexAttr(1)), sizes(ones);
  offsets[rank - 2] = place.row;
  offsets[rank - 1] = place.column;
  sizes.back() = b.getIndexAttr(vectorType.getNumElements());
  Value mask;
  if (place.numColumns) {
    Value left = b.createOrFold<arith::SubIOp>(place.numColumns, place.column);
    left = b.createOrFold<arith::MinUIOp>(
        left, createIndex(b, vectorType.getNumElements()));
    sizes.back() = getAsOpFoldResult(left);
    mask =
        vector::CreateMaskOp::create(b, vectorType.clone(b.getI1Type()), left);
  }
  Value row =
      tensor::ExtractSliceOp::create(b, place.tensor, offsets, sizes, ones);
  auto map = AffineMap::getMinorIdentityMap(rank, 1, b.getContext());
  SmallVector<Value> start(rank, createIndex(b, 0));
  ArrayAttr inBounds = b.getBoolArrayAttr({true});
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0.0f));
  Value old = vector::TransferReadOp::create(b, vectorType, row, start, map,
                                             zero, mask, inBounds);
  row = vector::TransferWriteOp::create(b, row.getType(),
                                        arith::AddFOp::create(b, old, totals),
                                        row, start, map, mask, inBounds)
            .getResult();
  return tensor::InsertSliceOp::create(b, row, place.tensor, offsets, sizes,
                                       ones);
}

Value quantx::addRows(ImplicitLocOpBuilder &b, ResultRow place,
                      ArrayRef<Value> totals) {
  Value first = place.row;
  for (auto [i, row] : llvm::enumerate(totals)) {
    place.row =
        b.createOrFold<arith::AddIOp>(first, createIndex(b, int64_t(i)));
    if (!place.numRows) {
      place.tensor = addRow(b, place, row);
      continue;
    }
    Value exists = arith::CmpIOp::create(b, arith::CmpIPredicate::ult,
                                         place.row, place.numRows);
    auto add = [&, row = row](OpBuilder &builder, Location loc) {
      ImplicitLocOpBuilder n(loc, builder);
      scf::YieldOp::create(n, addRow(n, place, row));
    };
    auto keep = [&](OpBuilder &builder, Location loc) {
      scf::YieldOp::create(builder, loc, place.tensor);
    };
    place.tensor = scf::IfOp::create(b, exists, add, keep).getResult(0);
  }
  return place.tensor;
}

Value quantx::buildColumnSlices(ImplicitLocOpBuilder &b, const Matmul &matmul,
                                int64_t columns, Value init, FillSliceFn fill) {
  OpBuilder::InsertionGuard guard(b);
  size_t rank = matmul.sizes.size();
  SmallVector<OpFoldResult> upper(matmul.sizes);
  upper.erase(upper.begin() + (rank - 2));
  SmallVector<OpFoldResult> lower(rank - 1, b.getIndexAttr(0));
  SmallVector<OpFoldResult> steps(rank - 1, b.getIndexAttr(1));
  steps.back() = b.getIndexAttr(columns);
  auto loop = scf::ForallOp::create(b, lower, upper, steps, init,
                                    /*mapping=*/std::nullopt);
  b.setInsertionPoint(loop.getTerminator());
  SmallVector<Value> indices(loop.getInductionVars());
  Value first = indices.back();
  SmallVector<OpFoldResult> offsets =
      getAsOpFoldResult(ValueRange(indices).drop_back());
  offsets.append({b.getIndexAttr(0), first});
  SmallVector<OpFoldResult> ones(rank, b.getIndexAttr(1)), sizes(ones);
  sizes[rank - 2] = matmul.getRows();
  sizes.back() = limitSize(b, columns, matmul.getColumns(), first);
  Value all = loop.getRegionIterArgs().front();
  Value slice = tensor::ExtractSliceOp::create(b, all, offsets, sizes, ones);
  slice = fill(b, indices, slice, sizes.back());
  b.setInsertionPointToStart(loop.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(b, slice, all, offsets, sizes, ones);
  return loop.getResult(0);
}

Value quantx::buildColumnsLoop(ImplicitLocOpBuilder &b, const Matmul &matmul,
                               int64_t columns, int64_t rows, Value init,
                               ColumnsFn sum) {
  auto addTotals = [&](ImplicitLocOpBuilder &b, ArrayRef<Value> indices,
                       Value slice, OpFoldResult numColumns) {
    SmallVector<Value> totals = sum(b, indices);
    ResultRow place{slice, createIndex(b, 0), createIndex(b, 0), {}, {}};
    if (getConstantIntValue(matmul.getRows()) != rows) {
      place.numRows =
          getValueOrCreateConstantIndexOp(b, b.getLoc(), matmul.getRows());
    }
    if (auto dynamic = dyn_cast<Value>(numColumns))
      place.numColumns = dynamic;
    return addRows(b, place, totals);
  };
  return buildColumnSlices(b, matmul, columns, init, addTotals);
}

SmallVector<Value> quantx::locateColumns(ImplicitLocOpBuilder &b,
                                         const Matmul &matmul, Value first,
                                         int64_t count) {
  OpFoldResult all = matmul.getColumns();
  std::optional<int64_t> constant = getConstantIntValue(all);
  Value last;
  if (!constant || *constant % count != 0) {
    Value size = getValueOrCreateConstantIndexOp(b, b.getLoc(), all);
    last = b.createOrFold<arith::SubIOp>(size, createIndex(b, 1));
  }
  SmallVector<Value> columns;
  for (int64_t i = 0; i < count; ++i) {
    Value column = b.createOrFold<arith::AddIOp>(first, createIndex(b, i));
    columns.push_back(last ? b.createOrFold<arith::MinUIOp>(column, last)
                           : column);
  }
  return columns;
}
