//===- MatmulManyIntegers.cpp - Many rows of integers by weights ----------===//
//
// Without tile registers, dot products of bytes are fastest: some rows of
// activations by 16 rows of weights side by side, whose sums stay in registers.
//
//===----------------------------------------------------------------------===//

#include "MatmulIntegers16.h"

using namespace mlir;
using namespace quantx;

bool quantx::suitsManyIntegers(const Matmul &matmul) {
  std::optional<int64_t> sum = getConstantIntValue(matmul.sum.size);
  return sum && *sum != 0 &&
         suitsIntegers16(matmul.lhs.type, matmul.rhs.type) &&
         (!matmul.rhs.type.isLinear() || mayBeSideBySide(matmul));
}

Value quantx::buildManyIntegers(ImplicitLocOpBuilder &b, const Matmul &matmul,
                                Value init) {
  const MatmulTuning &tuning = matmul.tuning;
  IntegerForm form(matmul, tuning.dotRows);
  PackedIntegers activations =
      packCodes(b, matmul, form, {tuning.dotRows, /*areTiles=*/true});
  auto prepare = [&](ImplicitLocOpBuilder &,
                     const RowsSideBySide &weights) -> GroupTotalsFn {
    return [&, weights](ImplicitLocOpBuilder &b, ArrayRef<Value> tile,
                        Value group) {
      return sumIntegerRows(b, weights.matmul, form, activations, tile,
                            weights.getGroup(b, group));
    };
  };
  int64_t columns = isMultiple(matmul.getColumns(), tuning.dotColumns)
                        ? tuning.dotColumns
                        : int64_t(kInterleavedRows);
  return buildDotTiles(b, matmul, columns, init, prepare);
}
