//===- MatmulFewPairs.cpp - A few rows of floats by weights, in pairs -----===//
//
// As in MatmulFewRows.cpp, by dot products of pairs of bf16.
//
//===----------------------------------------------------------------------===//

#include "MatmulIntegers.h"
#include "MatmulPairs.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;

bool quantx::suitsFewPairs(const Matmul &matmul, int64_t rows) {
  ScaledType rhs = matmul.rhs.type;
  return havePairs(matmul) && suitsLanes(rhs, getLaneGroup(rhs)) &&
         (countPieces(matmul) == 1 || rows <= matmul.tuning.twoPieceRows);
}

namespace {

/// Products of pairs.
class PairProducts : public LaneProducts {
public:
  PairProducts(ImplicitLocOpBuilder &b, const Matmul &matmul, int64_t rows);

  SmallVector<Value> multiply(ImplicitLocOpBuilder &b,
                              ArrayRef<LaneGroup> columns) const override;
  Value getFactor(ImplicitLocOpBuilder &b, ArrayRef<Value> batch,
                  int64_t row) const override;

private:
  ScaledType weights;
  int64_t rows, pieces;
  /// The pairs of groups of activations: batches x groups x rows x the words of
  /// all pieces.
  Value words;
};

} // namespace

PairProducts::PairProducts(ImplicitLocOpBuilder &b, const Matmul &matmul,
                           int64_t rows)
    : weights(matmul.rhs.type), rows(rows), pieces(countPieces(matmul)) {
  int64_t group = getLaneGroup(weights);
  auto type = VectorType::get(pieces * group / 2, b.getI32Type());
  words = packGroups(
      b, matmul, group, {rows}, type,
      [&](ImplicitLocOpBuilder &b, const Chunk &, Value elements) -> Value {
        SmallVector<Value> all;
        for (Value piece : splitIntoPieces(b, elements))
          all.push_back(orderPairs(b, piece, getPairOrder(weights)));
        return concatenate(b, all);
      });
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

// Each vector of activations is read once, for all rows of weights.
SmallVector<Value> PairProducts::multiply(ImplicitLocOpBuilder &b,
                                          ArrayRef<LaneGroup> columns) const {
  SmallVector<SmallVector<Value>> operands;
  for (const LaneGroup &column : columns) {
    Value zeroPoints = column.zeroPoints
                           ? column.spreadZeroPoints(b, kGroupBytes, 8)
                           : Value();
    operands.push_back(
        decodePairs(b, weights, column.bytes.front(), zeroPoints));
  }
  int64_t parts = int64_t(operands.front().size());
  SmallVector<Value> products =
      buildZeroSums(b, kSumLanes, rows * int64_t(columns.size()));
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < pieces * parts; ++i) {
      Value pairs = read(b, words, columns.front(), row, i);
      for (auto [column, operand] : llvm::enumerate(operands)) {
        Value &product = products[row * columns.size() + column];
        product = addPairs(b, operand[i % parts], pairs, product);
      }
    }
  }
  return products;
}

Value PairProducts::getFactor(ImplicitLocOpBuilder &b, ArrayRef<Value>,
                              int64_t) const {
  double unit = getCodeUnit(weights);
  return unit == 1.0 ? Value()
                     : Value(arith::ConstantOp::create(
                           b, b.getF32FloatAttr(float(unit))));
}

Value quantx::buildFewPairs(ImplicitLocOpBuilder &b, const Matmul &matmul,
                            int64_t rows, Value init) {
  PairProducts products(b, matmul, rows);
  return buildLaneSums(b, matmul, products,
                       {rows, matmul.tuning.getPairColumns(rows)}, init);
}
