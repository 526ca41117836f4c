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
  SmallVector<Value> zeros =
      buildZeroSums(b, matmul.sum.order.lanes, rows * int64_t(columns.size()));
  return sumChunks(
      b, matmul.sum, zeros,
      [&](ImplicitLocOpBuilder &b, Value chunk, Value count, ValueRange sums) {
        return addChunk(b, chunk, count, sums);
      });
}

Value quantx::buildFewRows(ImplicitLocOpBuilder &b, const Matmul &matmul,
                           int64_t rows, Value init) {
  PackedActivations activations(b, matmul.lhs, matmul.sum, rows, matmul.sizes);
  int64_t columns = matmul.tuning.getColumns(rows);
  auto sum = [&](ImplicitLocOpBuilder &b, ArrayRef<Value> indices) {
    FewRowsTile tile{matmul,
                     activations,
                     rows,
                     llvm::to_vector(indices.drop_back()),
                     locateColumns(b, matmul, indices.back(), columns),
                     findScalePlace(matmul.rhs.type, matmul.sum.order, rows)};
    SmallVector<Value> sums = tile.sumProducts(b);
    if (tile.place == ScalePlace::RowSums)
      sums = tile.scaleSums(b, sums);
    return sumLanes(b, sums, columns);
  };
  return buildColumnsLoop(b, matmul, columns, rows, init, sum);
}
