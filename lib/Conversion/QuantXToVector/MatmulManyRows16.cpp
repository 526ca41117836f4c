//===- MatmulManyRows16.cpp - Many rows by weights side by side -----------===//
//
// As few rows are multiplied, tile by tile: codes of 4 bits and integers take
// less to decode for each tile than values that were decoded into a buffer take
// to be read.
//
//===----------------------------------------------------------------------===//

#include "MatmulRows16.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace quantx;

bool quantx::suitsFloatTiles(const Matmul &matmul) {
  constexpr int64_t mostTiles = 16;
  ScaledType rhs = matmul.rhs.type;
  // Beside tile registers, few processes need it, and its code is long.
  if (!mayHaveSumTiles(matmul) || !scalesSums(rhs) ||
      matmul.mayBeTileProducts())
    return false;
  if (rhs.getStorageBits() == 4 || !rhs.getFloatFormat())
    return true;
  // Floats of 8 bits take more.
  std::optional<int64_t> rows = getConstantIntValue(matmul.getRows());
  return !rhs.isLinear() &&
         (!rows || *rows <= mostTiles * matmul.tuning.sumRows);
}

Value quantx::buildFloatTiles(ImplicitLocOpBuilder &b, const Matmul &matmul,
                              Value init) {
  int64_t rows = matmul.tuning.getSumRows(matmul.getRows());
  constexpr int64_t group = 64;
  ChunkedSum sum(b, {group, group, matmul.tuning.lanes, /*inWords=*/false},
                 matmul.sum.size);
  PackedActivations activations(b, matmul.lhs, sum, rows, matmul.sizes);
  ScalePlace place = findRowsScalePlace(matmul.rhs.type);
  auto add = [&](ImplicitLocOpBuilder &b, const Matmul &weights,
                 ArrayRef<Value> tile, const Piece &piece, ValueRange sums) {
    auto read = [&](ImplicitLocOpBuilder &b, Value number, Value inGroup,
                    int64_t row) {
      return activations.readElement(b, tile.drop_back(), tile.back(), number,
                                     inGroup, row);
    };
    return addProducts(b, weights, piece, place, sums, group, read,
                       /*inLoop=*/false);
  };
  return buildPieceTiles(b, matmul, rows, init, add);
}
