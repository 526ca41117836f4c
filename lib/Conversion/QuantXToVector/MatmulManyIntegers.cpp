//===- MatmulManyIntegers.cpp - Many rows of integers by weights ----------===//
//
// Without tile registers, dot products of bytes are fastest: some rows of
// activations by 16 rows of weights, whose sums stay in registers. Weights in
// rows are put side by side first, 16 rows at a time, for all activations.
//
//===----------------------------------------------------------------------===//

#include "MatmulIntegers16.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace quantx;

static constexpr int64_t kRows = kInterleavedRows;
/// The rows of weights that go by some of activations before others do, if N is
/// a multiple: activations stay in the first cache for them.
static constexpr int64_t kColumns = 64;

static Value createIndex(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

bool quantx::suitsManyIntegers(const Matmul &matmul) {
  std::optional<int64_t> sum = getConstantIntValue(matmul.sum.size);
  return sum && *sum != 0 &&
         suitsIntegers16(matmul.lhs.type, matmul.rhs.type) &&
         (!matmul.rhs.type.isLinear() || mayBeSideBySide(matmul));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

namespace {

/// `rows` rows of activations are multiplied together, by `columns` rows of
/// weights before others are.
struct ManyIntegers {
  const Matmul &matmul;
  IntegerForm form;
  PackedIntegers activations;
  int64_t rows, columns;

  /// Adds the products of the rows of activations from `first` on to `results`,
  /// which are `numColumns`.
  Value addTile(ImplicitLocOpBuilder &b, const RowsSideBySide &weights,
                ArrayRef<Value> batch, Value first, OpFoldResult numColumns,
                Value results) const;
};

} // namespace

Value ManyIntegers::addTile(ImplicitLocOpBuilder &b,
                            const RowsSideBySide &weights,
                            ArrayRef<Value> batch, Value first,
                            OpFoldResult numColumns, Value results) const {
  SmallVector<Value> indices(batch);
  indices.push_back(
      b.createOrFold<arith::DivUIOp>(first, createIndex(b, rows)));
  IntegerRows tile{indices, rows};
  auto addGroup = [&](ImplicitLocOpBuilder &b, Value group, Value results) {
    SmallVector<Value> totals = sumIntegerRows(
        b, weights.matmul, form, activations, tile, weights.getGroup(b, group));
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
  ManyIntegers many{
      matmul, form, packCodes(b, sideBySide, form, {rows, /*areTiles=*/true}),
      rows, isMultiple(matmul.getColumns(), kColumns) ? kColumns : kRows};
  auto fill = [&](ImplicitLocOpBuilder &b, ArrayRef<Value> indices, Value slice,
                  OpFoldResult numColumns) {
    RowsSideBySide weights(b, matmul, indices, many.columns);
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
