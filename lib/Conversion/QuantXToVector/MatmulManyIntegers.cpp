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
  return mayHaveSumTiles(matmul) &&
         suitsIntegers16(matmul.lhs.type, matmul.rhs.type);
}

Value quantx::buildManyIntegers(ImplicitLocOpBuilder &b, const Matmul &matmul,
                                Value init) {
  int64_t rows = matmul.tuning.getSumRows(matmul.getRows());
  IntegerForm form(matmul, rows);
  PackedIntegers activations =
      packCodes(b, matmul, form, {rows, /*areTiles=*/true});
  auto prepare = [&](ImplicitLocOpBuilder &,
                     const RowsSideBySide &weights) -> GroupTotalsFn {
    return [&, weights](ImplicitLocOpBuilder &b, ArrayRef<Value> tile,
                        Value group) {
      return sumIntegerRows(b, weights.matmul, form, activations, tile,
                            weights.getGroup(b, group));
    };
  };
  return buildSumTiles(b, matmul, rows, countSumColumns(matmul), init, prepare);
}
