//===- MatmulManyIntegers.cpp - Many rows of integers by weights ----------===//
//
// Without tile registers, dot products of bytes are fastest: some rows of
// activations by 16 rows of weights, whose sums stay in registers. Weights in
// rows are put side by side first, 16 rows at a time, for all activations.
//
//===----------------------------------------------------------------------===//

#include "LaneShuffles.h"
#include "MatmulIntegers16.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Conversion/QuantXToLinalg/WeightLayouts.h"

using namespace mlir;
using namespace quantx;

static constexpr int64_t kRows = kInterleavedRows;
/// The bytes of rows that are put side by side at once: a word for each row.
static constexpr int64_t kLine = 4 * kRows;
/// The rows of weights that go by some of activations before others do, if N is
/// a multiple: activations stay in the first cache for them.
static constexpr int64_t kColumns = 64;

static Value createIndex(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

static bool isMultiple(OpFoldResult size, int64_t factor) {
  std::optional<int64_t> constant = getConstantIntValue(size);
  return constant && *constant % factor == 0;
}

bool quantx::suitsManyIntegers(const Matmul &matmul) {
  std::optional<int64_t> sum = getConstantIntValue(matmul.sum.size);
  ScaledType rhs = matmul.rhs.type;
  if (!sum || *sum == 0 || !suitsIntegers16(matmul.lhs.type, rhs))
    return false;
  return !rhs.isLinear() ||
         (isMultiple(matmul.getColumns(), kRows) &&
          *sum * int64_t(rhs.getStorageBits()) % (8 * kLine) == 0);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

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

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

namespace {

/// Rows of weights, side by side: a matmul that has them, and the indices of
/// the first 16.
struct SideBySide {
  Matmul matmul;
  SmallVector<Value> indices;
};

/// `rows` rows of activations are multiplied together, by `columns` rows of
/// weights before others are.
struct ManyIntegers {
  const Matmul &matmul;
  IntegerForm form;
  PackedIntegers activations;
  int64_t rows, columns;

  /// The rows of weights from `indices` on.
  SideBySide findWeights(ImplicitLocOpBuilder &b,
                         ArrayRef<Value> indices) const;
  /// Adds the products of the rows of activations from `first` on to `results`,
  /// which are `numColumns`.
  Value addTile(ImplicitLocOpBuilder &b, const SideBySide &weights,
                ArrayRef<Value> batch, Value first, OpFoldResult numColumns,
                Value results) const;
};

} // namespace

SideBySide ManyIntegers::findWeights(ImplicitLocOpBuilder &b,
                                     ArrayRef<Value> indices) const {
  SideBySide weights{matmul, SmallVector<Value>(indices)};
  weights.matmul.rhs.type = form.rhs;
  if (matmul.rhs.type.isLinear()) {
    weights.matmul.rhs.parts = putSideBySide(b, matmul, indices, columns);
    weights.indices.assign(indices.size(), createIndex(b, 0));
  } else {
    Value &place = weights.indices.back();
    place = b.createOrFold<arith::DivUIOp>(place, createIndex(b, kRows));
  }
  return weights;
}

Value ManyIntegers::addTile(ImplicitLocOpBuilder &b, const SideBySide &weights,
                            ArrayRef<Value> batch, Value first,
                            OpFoldResult numColumns, Value results) const {
  IntegerRows tile{batch, first, rows};
  auto addGroup = [&](ImplicitLocOpBuilder &b, Value group, Value results) {
    SmallVector<Value> indices(weights.indices);
    indices.back() = b.createOrFold<arith::AddIOp>(indices.back(), group);
    SmallVector<Value> totals =
        sumIntegerRows(b, weights.matmul, form, activations, tile, indices);
    Value column = b.createOrFold<arith::MulIOp>(group, createIndex(b, kRows));
    ResultRow place{results, first, column, {}, dyn_cast<Value>(numColumns)};
    if (!isMultiple(matmul.getRows(), rows)) {
      place.numRows =
          getValueOrCreateConstantIndexOp(b, b.getLoc(), matmul.getRows());
    }
    return addRows(b, place, totals);
  };
  return buildLoop(b, createIndex(b, 0), createIndex(b, columns / kRows), 1,
                   results, addGroup);
}

Value quantx::buildManyIntegers(ImplicitLocOpBuilder &b, const Matmul &matmul,
                                Value init) {
  Matmul sideBySide = matmul;
  sideBySide.rhs.type = matmul.rhs.type.withLayout(WeightLayout::Rows16);
  IntegerForm form(sideBySide);
  int64_t rows = matmul.tuning.integerRows;
  Value tiles = getValueOrCreateConstantIndexOp(
      b, b.getLoc(), countTiles(b, matmul.getRows(), rows));
  Value places = b.createOrFold<arith::MulIOp>(tiles, createIndex(b, rows));
  ManyIntegers many{
      matmul, form, packCodes(b, sideBySide, form, getAsOpFoldResult(places)),
      rows, isMultiple(matmul.getColumns(), kColumns) ? kColumns : kRows};
  auto fill = [&](ImplicitLocOpBuilder &b, ArrayRef<Value> indices, Value slice,
                  OpFoldResult numColumns) {
    SideBySide weights = many.findWeights(b, indices);
    Value numRows =
        getValueOrCreateConstantIndexOp(b, b.getLoc(), matmul.getRows());
    auto addTile = [&](ImplicitLocOpBuilder &b, Value first, Value results) {
      return many.addTile(b, weights, indices.drop_back(), first, numColumns,
                          results);
    };
    return buildLoop(b, createIndex(b, 0), numRows, rows, slice, addTile);
  };
  return buildColumnSlices(b, matmul, many.columns, init, fill);
}
