//===- MatmulFewRows16.cpp - A few rows by weights side by side -----------===//
//
// As in MatmulFewRows.cpp, memory is the limit. An activation is one number, by
// which the values of 16 rows are multiplied.
//
//===----------------------------------------------------------------------===//

#include "MatmulRows16.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;

static Value createIndex(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

namespace {

/// Rows of activations by a piece of 16 rows of weights.
struct PieceProducts {
  const Matmul &matmul;
  const Piece &piece;
  ScalePlace place;
  int64_t rows, group;
  ReadActivationFn read;

  /// The sums of the products of the elements `begin` to `end`.
  SmallVector<Value> sumBlock(ImplicitLocOpBuilder &b, RowsReader &reader,
                              int64_t begin, int64_t end) const;

private:
  /// The activation that multiplies the element `element`.
  Value readActivation(ImplicitLocOpBuilder &b, int64_t element,
                       int64_t row) const;
};

} // namespace

Value PieceProducts::readActivation(ImplicitLocOpBuilder &b, int64_t element,
                                    int64_t row) const {
  Value number, inGroup;
  if (piece.step % group == 0) {
    number = b.createOrFold<arith::AddIOp>(piece.countBefore(b, group),
                                           createIndex(b, element / group));
    inGroup = createIndex(b, element % group);
  } else {
    Value index = b.createOrFold<arith::AddIOp>(piece.countBefore(b, 1),
                                                createIndex(b, element));
    Value size = createIndex(b, group);
    number = b.createOrFold<arith::DivUIOp>(index, size);
    inGroup = b.createOrFold<arith::RemUIOp>(index, size);
  }
  return broadcastToRows(b, read(b, number, inGroup, row));
}

// The products of one row of activations have two sums, for one not to wait for
// the one before.
SmallVector<Value> PieceProducts::sumBlock(ImplicitLocOpBuilder &b,
                                           RowsReader &reader, int64_t begin,
                                           int64_t end) const {
  int64_t numChains = rows == 1 ? 2 : 1;
  int64_t codesInWord = getCodesInWord(matmul.rhs.type);
  SmallVector<SmallVector<Value>> chains(numChains,
                                         SmallVector<Value>(rows, Value()));
  for (int64_t first = begin; first < end; first += codesInWord) {
    for (auto [code, weights] :
         llvm::enumerate(reader.readWord(first / codesInWord))) {
      SmallVector<Value> &sums = chains[int64_t(code) % numChains];
      for (int64_t row = 0; row < rows; ++row) {
        Value lhs = readActivation(b, first + int64_t(code), row);
        sums[row] = sums[row] ? addProduct(b, lhs, weights, sums[row])
                              : arith::MulFOp::create(b, lhs, weights);
      }
    }
  }
  if (numChains == 1)
    return chains[0];
  return {arith::AddFOp::create(b, chains[0][0], chains[1][0])};
}

SmallVector<Value> quantx::addProducts(ImplicitLocOpBuilder &b,
                                       const Matmul &matmul, const Piece &piece,
                                       ScalePlace place, ValueRange sums,
                                       int64_t group, ReadActivationFn read) {
  PieceProducts all{matmul, piece, place, int64_t(sums.size()), group, read};
  RowsReader reader(b, matmul.rhs, piece, place);
  int64_t block = std::min(getRowBlock(matmul.rhs.type), piece.step);
  SmallVector<Value> next(sums);
  for (int64_t begin = 0; begin < piece.size; begin += block) {
    SmallVector<Value> products =
        all.sumBlock(b, reader, begin, std::min(begin + block, piece.size));
    for (auto [sum, product] : llvm::zip_equal(next, products)) {
      sum = place == ScalePlace::BlockSums
                ? addProduct(b, product, reader.getFactors(begin).scale, sum)
                : arith::AddFOp::create(b, sum, product);
    }
  }
  return next;
}

Value quantx::buildFewRows16(ImplicitLocOpBuilder &b, const Matmul &matmul,
                             int64_t rows, Value init) {
  PackedActivations activations(b, matmul.lhs, matmul.sum, rows, matmul.sizes);
  ScalePlace place = findRowsScalePlace(matmul.rhs.type);
  int64_t size =
      getPieceSize(matmul.rhs.type, matmul.tuning.getPieceSize(rows));
  auto sum = [&](ImplicitLocOpBuilder &b, ArrayRef<Value> indices) {
    auto read = [&](ImplicitLocOpBuilder &b, Value number, Value inGroup,
                    int64_t row) {
      return activations.readElement(b, indices.drop_back(), createIndex(b, 0),
                                     number, inGroup, row);
    };
    auto add = [&](ImplicitLocOpBuilder &b, const Piece &piece,
                   ValueRange sums) {
      return addProducts(b, matmul, piece, place, sums, matmul.sum.order.group,
                         read);
    };
    return scaleRowSums(b, matmul, indices, place,
                        sumPieces(b, matmul, indices, size, rows, add));
  };
  return buildRowsLoop(b, matmul, rows, init, sum);
}
