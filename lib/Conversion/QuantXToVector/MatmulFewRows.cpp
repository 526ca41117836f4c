//===- MatmulFewRows.cpp - A few rows of activations by many weights ------===//
//
// Memory is what limits these: each weight is read once, and decoded where it
// is multiplied. Sums stay in the lanes of vectors until the end of the row.
//
//===----------------------------------------------------------------------===//

#include "MatmulTiles.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;

static Value createIndex(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

namespace {

/// Rows of activations by some rows of weights.
struct FewRowsTile {
  const Matmul &matmul;
  const PackedActivations &activations;
  int64_t rows;
  SmallVector<Value> batch;
  /// The numbers of the rows of weights.
  SmallVector<Value> columns;
  ScalePlace place;

  /// The sums: rows x columns.
  SmallVector<Value> sumProducts(ImplicitLocOpBuilder &b) const;

  /// The sums of whole rows times their scales.
  SmallVector<Value> scaleSums(ImplicitLocOpBuilder &b,
                               ArrayRef<Value> sums) const;

private:
  /// `sums` and the products of a chunk, of `count` elements or all.
  SmallVector<Value> addChunk(ImplicitLocOpBuilder &b, Value chunk, Value count,
                              ValueRange sums) const;
  /// A part of a row of activations.
  Value readPart(ImplicitLocOpBuilder &b, Value chunk, int64_t part,
                 int64_t row) const;
  /// Adds the products of a part to `sum`, maybe by way of `partialSum`.
  void addToSum(ImplicitLocOpBuilder &b, Value lhs, Value weights,
                WeightReader &reader, int64_t part, Value &partialSum,
                Value &sum) const;
};

} // namespace

// All rows of weights go forward together where they are decoded by parts, for
// those of activations to be read once; else decoded values would fill all
// registers. Sums of a block or chunk alone do not wait for those before.
SmallVector<Value> FewRowsTile::addChunk(ImplicitLocOpBuilder &b, Value chunk,
                                         Value count, ValueRange sums) const {
  const ChunkOrder &order = matmul.sum.order;
  SmallVector<WeightReader, 0> readers;
  for (Value column : columns) {
    Chunk elements{batch, order.chunk, count};
    elements.indices.push_back(column);
    elements.indices.push_back(
        b.createOrFold<arith::MulIOp>(chunk, createIndex(b, order.chunk)));
    readers.emplace_back(b, matmul.rhs, order, elements, place);
  }
  SmallVector<Value> next(sums), partialSums(sums);
  auto addPart = [&](int64_t column, int64_t part) {
    Value weights = readers[column].read(part);
    for (int64_t row = 0; row < rows; ++row) {
      int64_t index = row * int64_t(columns.size()) + column;
      addToSum(b, readPart(b, chunk, part, row), weights, readers[column], part,
               partialSums[index], next[index]);
    }
  };
  if (order.inWords) {
    for (int64_t part = 0; part < order.getNumParts(); ++part)
      for (size_t column = 0; column < columns.size(); ++column)
        addPart(column, part);
  } else {
    for (size_t column = 0; column < columns.size(); ++column)
      for (int64_t part = 0; part < order.getNumParts(); ++part)
        addPart(column, part);
  }
  return next;
}

Value FewRowsTile::readPart(ImplicitLocOpBuilder &b, Value chunk, int64_t part,
                            int64_t row) const {
  const ChunkOrder &order = matmul.sum.order;
  Value group = b.createOrFold<arith::MulIOp>(
      chunk, createIndex(b, order.getNumGroups()));
  group = b.createOrFold<arith::AddIOp>(
      group, createIndex(b, part / order.getPartsInGroup()));
  return activations.read(b, batch, createIndex(b, 0), group,
                          part % order.getPartsInGroup(), row);
}

void FewRowsTile::addToSum(ImplicitLocOpBuilder &b, Value lhs, Value weights,
                           WeightReader &reader, int64_t part,
                           Value &partialSum, Value &sum) const {
  constexpr int64_t enoughSums = 4;
  bool isBlockSum = place == ScalePlace::BlockSums;
  if (!isBlockSum && rows * int64_t(columns.size()) >= enoughSums) {
    sum = addProduct(b, lhs, weights, sum);
    return;
  }
  int64_t numParts =
      isBlockSum ? reader.getPartsInBlock() : matmul.sum.order.getNumParts();
  partialSum = part % numParts == 0 ? arith::MulFOp::create(b, lhs, weights)
                                    : addProduct(b, lhs, weights, partialSum);
  if ((part + 1) % numParts != 0)
    return;
  sum = isBlockSum ? addProduct(b, partialSum, reader.readScale(part), sum)
                   : arith::AddFOp::create(b, sum, partialSum);
}

SmallVector<Value> FewRowsTile::scaleSums(ImplicitLocOpBuilder &b,
                                          ArrayRef<Value> sums) const {
  const ChunkOrder &order = matmul.sum.order;
  SmallVector<Value> scaled(sums);
  for (auto [column, row] : llvm::enumerate(columns)) {
    Chunk first{batch, order.chunk, Value()};
    first.indices.append({row, createIndex(b, 0)});
    WeightReader reader(b, matmul.rhs, order, first, place);
    Value scale = reader.readScale(0);
    for (int64_t i = 0; i < rows; ++i) {
      Value &sum = scaled[i * columns.size() + column];
      sum = arith::MulFOp::create(b, sum, scale);
    }
  }
  return scaled;
}

SmallVector<Value> FewRowsTile::sumProducts(ImplicitLocOpBuilder &b) const {
  const ChunkedSum &sum = matmul.sum;
  SmallVector<Value> sums =
      buildZeroSums(b, sum.order.lanes, rows * int64_t(columns.size()));
  auto loop = scf::ForOp::create(
      b, createIndex(b, 0), sum.whole, createIndex(b, 1), sums,
      [&](OpBuilder &builder, Location loc, Value chunk, ValueRange carried) {
        ImplicitLocOpBuilder n(loc, builder);
        scf::YieldOp::create(n, addChunk(n, chunk, /*count=*/{}, carried));
      });
  if (!sum.mayHaveRest())
    return llvm::to_vector_of<Value>(loop.getResults());
  if (getConstantIntValue(sum.rest))
    return addChunk(b, sum.whole, sum.rest, loop.getResults());
  Value hasRest = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, sum.rest,
                                        createIndex(b, 0));
  auto addRest = [&](OpBuilder &builder, Location loc) {
    ImplicitLocOpBuilder n(loc, builder);
    scf::YieldOp::create(n,
                         addChunk(n, sum.whole, sum.rest, loop.getResults()));
  };
  auto keep = [&](OpBuilder &builder, Location loc) {
    scf::YieldOp::create(builder, loc, loop.getResults());
  };
  auto both = scf::IfOp::create(b, hasRest, addRest, keep);
  return llvm::to_vector_of<Value>(both.getResults());
}

/// The rows of weights of a tile from `first` on; where fewer are left, the
/// last one again.
static SmallVector<Value> locateColumns(ImplicitLocOpBuilder &b,
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

Value quantx::buildFewRows(ImplicitLocOpBuilder &b, const Matmul &matmul,
                           int64_t rows, Value init) {
  PackedActivations activations(b, matmul.lhs, matmul.sum, rows, matmul.sizes);
  OpBuilder::InsertionGuard guard(b);
  size_t rank = matmul.sizes.size();
  int64_t numColumns = matmul.tuning.getColumns(rows);
  // Threads get columns, not rows.
  SmallVector<OpFoldResult> upper(matmul.sizes);
  upper.erase(upper.begin() + (rank - 2));
  SmallVector<OpFoldResult> lower(rank - 1, b.getIndexAttr(0));
  SmallVector<OpFoldResult> steps(rank - 1, b.getIndexAttr(1));
  steps.back() = b.getIndexAttr(numColumns);
  auto loop = scf::ForallOp::create(b, lower, upper, steps, init,
                                    /*mapping=*/std::nullopt);
  b.setInsertionPoint(loop.getTerminator());
  SmallVector<Value> indices(loop.getInductionVars());
  Value first = indices.back();
  FewRowsTile tile{matmul,
                   activations,
                   rows,
                   indices,
                   locateColumns(b, matmul, first, numColumns),
                   findScalePlace(matmul.rhs.type, matmul.sum.order, rows)};
  tile.batch.pop_back();
  SmallVector<Value> sums = tile.sumProducts(b);
  if (tile.place == ScalePlace::RowSums)
    sums = tile.scaleSums(b, sums);

  SmallVector<OpFoldResult> offsets = getAsOpFoldResult(tile.batch);
  offsets.append({b.getIndexAttr(0), first});
  SmallVector<OpFoldResult> ones(rank, b.getIndexAttr(1)), sizes(ones);
  sizes[rank - 2] = matmul.getRows();
  sizes.back() = limitSize(b, numColumns, matmul.getColumns(), first);
  Value all = loop.getRegionIterArgs().front();
  Value slice = tensor::ExtractSliceOp::create(b, all, offsets, sizes, ones);
  ResultRow place{slice, createIndex(b, 0), createIndex(b, 0), {}, {}};
  if (getConstantIntValue(matmul.getRows()) != rows) {
    place.numRows =
        getValueOrCreateConstantIndexOp(b, b.getLoc(), matmul.getRows());
  }
  if (auto dynamic = dyn_cast<Value>(sizes.back()))
    place.numColumns = dynamic;
  slice = addTile(b, place, sums, numColumns);
  b.setInsertionPointToStart(loop.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(b, slice, all, offsets, sizes, ones);
  return loop.getResult(0);
}
