//===- SideBySide.cpp - Rows of weights are put side by side --------------===//

#include "LaneShuffles.h"
#include "MatmulRows16.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Conversion/QuantXToLinalg/WeightLayouts.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

static constexpr int64_t kRows = kInterleavedRows;
/// The bytes of rows that are put side by side at once: a word for each row.
static constexpr int64_t kLine = 4 * kRows;

bool quantx::isMultiple(OpFoldResult size, int64_t factor) {
  std::optional<int64_t> constant = getConstantIntValue(size);
  return constant && *constant % factor == 0;
}

bool quantx::mayBeSideBySide(const Matmul &matmul) {
  std::optional<int64_t> sum = getConstantIntValue(matmul.sum.size);
  int64_t bits = matmul.rhs.type.getStorageBits();
  return matmul.rhs.type.mayBeRows16() && sum &&
         isMultiple(matmul.getColumns(), kRows) &&
         *sum * bits % (8 * kLine) == 0;
}

/// The codes of `rows`, `bytes` each, side by side: a multiple of 16 of them.
static Value interleaveWords(ImplicitLocOpBuilder &b, Value rows,
                             int64_t numRows, int64_t bytes) {
  size_t rank = cast<RankedTensorType>(rows.getType()).getRank();
  SmallVector<int64_t> shape(rank, 1);
  shape[rank - 2] = numRows / kRows;
  shape.back() = kRows * bytes;
  Value all = tensor::EmptyOp::create(b, shape, b.getI8Type());
  SmallVector<Value> batch(rank - 2, createIndex(b, 0));
  auto line = VectorType::get(kLine, b.getI8Type());
  auto words = VectorType::get(kRows, b.getI32Type());
  auto moveLines = [&](ImplicitLocOpBuilder &b, Value group, Value first,
                       Value all) {
    Value firstRow =
        b.createOrFold<arith::MulIOp>(group, createIndex(b, kRows));
    SmallVector<Value> vectors;
    for (int64_t row = 0; row < kRows; ++row) {
      SmallVector<Value> indices(batch);
      indices.append(
          {b.createOrFold<arith::AddIOp>(firstRow, createIndex(b, row)),
           first});
      vectors.push_back(vector::BitCastOp::create(
          b, words, extractVector(b, kLine, rows, indices)));
    }
    Value place = b.createOrFold<arith::MulIOp>(first, createIndex(b, kRows));
    for (auto [i, vector] : llvm::enumerate(transposeLanes(b, vectors))) {
      SmallVector<OpFoldResult> offsets = getAsOpFoldResult(batch);
      Value offset = b.createOrFold<arith::AddIOp>(
          place, createIndex(b, int64_t(i) * kLine));
      offsets.append({group, offset});
      all = insertVector(b, vector::BitCastOp::create(b, line, vector), all,
                         offsets);
    }
    return all;
  };
  auto moveGroup = [&](ImplicitLocOpBuilder &b, Value group, Value all) {
    auto move = [&](ImplicitLocOpBuilder &b, Value first, Value all) {
      return moveLines(b, group, first, all);
    };
    return buildLoop(b, createIndex(b, 0), createIndex(b, bytes), kLine, all,
                     move);
  };
  return buildLoop(b, createIndex(b, 0), createIndex(b, numRows / kRows), 1,
                   all, moveGroup);
}

/// The parts of the `numRows` rows of weights from `indices` on, side by side.
static SmallVector<Value> putSideBySide(ImplicitLocOpBuilder &b,
                                        const Matmul &matmul,
                                        ArrayRef<Value> indices,
                                        int64_t numRows) {
  ScaledType linear = matmul.rhs.type;
  SmallVector<OpFoldResult> offsets = getAsOpFoldResult(indices);
  offsets.push_back(b.getIndexAttr(0));
  size_t rank = offsets.size();
  SmallVector<OpFoldResult> ones(rank, b.getIndexAttr(1)), sizes(ones);
  sizes[rank - 2] = b.getIndexAttr(numRows);
  SmallVector<Value> slices;
  for (Value part : matmul.rhs.parts) {
    auto type = cast<RankedTensorType>(part.getType());
    if (type.getRank() != 0) {
      sizes.back() = tensor::getMixedSize(b, b.getLoc(), part, rank - 1);
      part = tensor::ExtractSliceOp::create(b, part, offsets, sizes, ones);
    }
    slices.push_back(part);
  }
  SmallVector<int64_t> shape(rank, 1);
  shape[rank - 2] = numRows;
  shape.back() = *getConstantIntValue(matmul.sum.size);
  SmallVector<Value> parts =
      lowerRelayout(b, b.getLoc(), RankedTensorType::get(shape, linear),
                    WeightLayout::Rows16, slices);
  int64_t bytes = shape.back() * int64_t(linear.getStorageBits()) / 8;
  parts.front() = interleaveWords(b, slices.front(), numRows, bytes);
  return parts;
}

RowsSideBySide::RowsSideBySide(ImplicitLocOpBuilder &b, const Matmul &all,
                               ArrayRef<Value> first, int64_t numRows)
    : matmul(all), indices(first) {
  ScaledType type = all.rhs.type;
  matmul.rhs.type = type.withLayout(WeightLayout::Rows16);
  if (type.isLinear()) {
    matmul.rhs.parts = putSideBySide(b, all, first, numRows);
    indices.assign(indices.size(), createIndex(b, 0));
    return;
  }
  indices.back() =
      b.createOrFold<arith::DivUIOp>(indices.back(), createIndex(b, kRows));
}

SmallVector<Value> RowsSideBySide::getGroup(ImplicitLocOpBuilder &b,
                                            Value number) const {
  SmallVector<Value> group(indices);
  group.back() = b.createOrFold<arith::AddIOp>(group.back(), number);
  return group;
}

bool quantx::mayHaveSumTiles(const Matmul &matmul) {
  std::optional<int64_t> sum = getConstantIntValue(matmul.sum.size);
  return matmul.tuning.sumRows > 0 && sum && *sum != 0 &&
         (!matmul.rhs.type.isLinear() || mayBeSideBySide(matmul));
}

int64_t quantx::countSumColumns(const Matmul &matmul) {
  int64_t columns = matmul.tuning.sumColumns;
  return isMultiple(matmul.getColumns(), columns) ? columns : kRows;
}

Value quantx::buildSumTiles(
    ImplicitLocOpBuilder &b, const Matmul &matmul, int64_t rows,
    int64_t columns, Value init,
    function_ref<GroupTotalsFn(ImplicitLocOpBuilder &b,
                               const RowsSideBySide &weights)>
        prepare) {
  auto fill = [&](ImplicitLocOpBuilder &b, ArrayRef<Value> indices, Value slice,
                  OpFoldResult numColumns) {
    GroupTotalsFn sum = prepare(b, RowsSideBySide(b, matmul, indices, columns));
    Value numRows =
        getValueOrCreateConstantIndexOp(b, b.getLoc(), matmul.getRows());
    auto addTile = [&](ImplicitLocOpBuilder &b, Value first, Value results) {
      Value number =
          b.createOrFold<arith::DivUIOp>(first, createIndex(b, rows));
      if (isPlanted(Mutant::TilesOfFirstRows))
        number = createIndex(b, 0);
      SmallVector<Value> tile(indices.drop_back());
      tile.push_back(number);
      auto addGroup = [&](ImplicitLocOpBuilder &b, Value group, Value results) {
        SmallVector<Value> totals = sum(b, tile, group);
        Value column =
            b.createOrFold<arith::MulIOp>(group, createIndex(b, kRows));
        ResultRow place{
            results, first, column, {}, dyn_cast<Value>(numColumns)};
        if (!isMultiple(matmul.getRows(), rows))
          place.numRows = numRows;
        return addRows(b, place, totals);
      };
      return buildLoop(b, createIndex(b, 0), createIndex(b, columns / kRows), 1,
                       results, addGroup);
    };
    return buildLoop(b, createIndex(b, 0), numRows, rows, slice, addTile);
  };
  return buildColumnSlices(b, matmul, columns, init, fill);
}

Value quantx::buildPieceTiles(ImplicitLocOpBuilder &b, const Matmul &matmul,
                              int64_t rows, Value init, AddPieceFn add) {
  ScalePlace place = findRowsScalePlace(matmul.rhs.type);
  auto prepare = [&](ImplicitLocOpBuilder &,
                     const RowsSideBySide &weights) -> GroupTotalsFn {
    return [&, weights](ImplicitLocOpBuilder &b, ArrayRef<Value> tile,
                        Value group) {
      const Matmul &rows16 = weights.matmul;
      RowsIndices indices = weights.getGroup(b, group);
      auto addPiece = [&](ImplicitLocOpBuilder &b, ArrayRef<Piece> pieces,
                          ValueRange sums) {
        return add(b, rows16, tile, pieces.front(), sums);
      };
      SmallVector<Value> sums =
          sumPieces(b, rows16, indices, planRows(rows16, rows), addPiece);
      return scaleRowSums(b, rows16, indices, place, sums);
    };
  };
  return buildSumTiles(b, matmul, rows, countSumColumns(matmul), init, prepare);
}
