//===- MatmulFewRows16.cpp - A few rows by weights side by side -----------===//
//
// As in MatmulFewRows.cpp, memory is the limit. An activation is one number, by
// which the values of 16 rows are multiplied.
//
//===----------------------------------------------------------------------===//

#include "MatmulRows16.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;

/// Whether words are decoded in a loop, where the target converts 16 bits by
/// integers: that is so much code that a loop costs little beside it.
static bool needsLoop(const Matmul &matmul) {
  return !matmul.tuning.hasHalfFloats &&
         !matmul.rhs.type.getExpressedType().isF32();
}

namespace {

/// Rows of activations by a piece of 16 rows of weights.
struct PieceProducts {
  const Matmul &matmul;
  const Piece &piece;
  ScalePlace place;
  int64_t rows, group;
  ReadActivationFn read;
  bool inLoop;

  /// The sums of the products of the elements `begin` to `end`.
  SmallVector<Value> sumBlock(ImplicitLocOpBuilder &b, RowsReader &reader,
                              int64_t begin, int64_t end) const;

private:
  /// The products of one row of activations have two sums, for one not to wait
  /// for the one before.
  int64_t countChains() const { return rows == 1 ? 2 : 1; }
  /// The activation that multiplies the element `element`.
  Value readActivation(ImplicitLocOpBuilder &b, Value element,
                       int64_t row) const;
  /// Adds the products of a word, that of the element `first` and what follows
  /// it, to `sums`, row by row of each chain; those may be null.
  void addWord(ImplicitLocOpBuilder &b, ArrayRef<Value> weights, Value first,
               MutableArrayRef<Value> sums) const;
  /// What `addWord` adds for the elements `begin` to `end` of a block.
  SmallVector<Value> unrollWords(ImplicitLocOpBuilder &b, RowsReader &reader,
                                 int64_t begin, int64_t end) const;
  SmallVector<Value> loopOverWords(ImplicitLocOpBuilder &b, RowsReader &reader,
                                   int64_t begin, int64_t end) const;
};

} // namespace

Value PieceProducts::readActivation(ImplicitLocOpBuilder &b, Value element,
                                    int64_t row) const {
  Value size = createIndex(b, group);
  Value before;
  if (piece.step % group == 0)
    before = piece.countBefore(b, group);
  else
    element = b.createOrFold<arith::AddIOp>(piece.countBefore(b, 1), element);
  Value number = b.createOrFold<arith::DivUIOp>(element, size);
  if (before)
    number = b.createOrFold<arith::AddIOp>(before, number);
  Value inGroup = b.createOrFold<arith::RemUIOp>(element, size);
  return broadcastToRows(b, read(b, number, inGroup, row));
}

void PieceProducts::addWord(ImplicitLocOpBuilder &b, ArrayRef<Value> weights,
                            Value first, MutableArrayRef<Value> sums) const {
  for (auto [code, values] : llvm::enumerate(weights)) {
    Value element =
        b.createOrFold<arith::AddIOp>(first, createIndex(b, int64_t(code)));
    for (int64_t row = 0; row < rows; ++row) {
      Value &sum = sums[int64_t(code) % countChains() * rows + row];
      Value lhs = readActivation(b, element, row);
      sum = sum ? addProduct(b, lhs, values, sum)
                : arith::MulFOp::create(b, lhs, values);
    }
  }
}

SmallVector<Value> PieceProducts::unrollWords(ImplicitLocOpBuilder &b,
                                              RowsReader &reader, int64_t begin,
                                              int64_t end) const {
  SmallVector<Value> sums(countChains() * rows, Value());
  int64_t codesInWord = getCodesInWord(matmul.rhs.type);
  for (int64_t first = begin; first < end; first += codesInWord)
    addWord(b, reader.readWord(first / codesInWord), createIndex(b, first),
            sums);
  return sums;
}

// Sums that begin as 0 have the same bits.
SmallVector<Value> PieceProducts::loopOverWords(ImplicitLocOpBuilder &b,
                                                RowsReader &reader,
                                                int64_t begin,
                                                int64_t end) const {
  int64_t codesInWord = getCodesInWord(matmul.rhs.type);
  auto loop = scf::ForOp::create(
      b, createIndex(b, begin), createIndex(b, end),
      createIndex(b, codesInWord),
      buildZeroSums(b, kInterleavedRows, countChains() * rows));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value first = loop.getInductionVar();
  SmallVector<Value> sums = llvm::to_vector_of<Value>(loop.getRegionIterArgs());
  Value word =
      b.createOrFold<arith::DivUIOp>(first, createIndex(b, codesInWord));
  addWord(b, reader.readWord(word, begin), first, sums);
  scf::YieldOp::create(b, sums);
  return llvm::to_vector_of<Value>(loop.getResults());
}

SmallVector<Value> PieceProducts::sumBlock(ImplicitLocOpBuilder &b,
                                           RowsReader &reader, int64_t begin,
                                           int64_t end) const {
  SmallVector<Value> sums = inLoop ? loopOverWords(b, reader, begin, end)
                                   : unrollWords(b, reader, begin, end);
  if (countChains() == 1)
    return sums;
  return {arith::AddFOp::create(b, sums[0], sums[1])};
}

SmallVector<Value> quantx::addProducts(ImplicitLocOpBuilder &b,
                                       const Matmul &matmul, const Piece &piece,
                                       ScalePlace place, ValueRange sums,
                                       int64_t group, ReadActivationFn read,
                                       bool inLoop) {
  PieceProducts all{matmul, piece, place, int64_t(sums.size()),
                    group,  read,  inLoop};
  return addBlocks(
      b, matmul, piece, place, sums,
      [&](ImplicitLocOpBuilder &b, RowsReader &reader, int64_t begin,
          int64_t end) { return all.sumBlock(b, reader, begin, end); });
}

Value quantx::buildFewRows16(ImplicitLocOpBuilder &b, const Matmul &matmul,
                             int64_t rows, Value init) {
  PackedActivations activations(b, matmul.lhs, matmul.sum, rows, matmul.sizes);
  ScalePlace place = findRowsScalePlace(matmul.rhs.type);
  RowsPlan plan = planRows(matmul, rows);
  bool inLoop = needsLoop(matmul);
  if (inLoop)
    plan.size = std::min(plan.size, getRowBlock(matmul.rhs.type));
  auto add = [&](ImplicitLocOpBuilder &b, ArrayRef<Piece> pieces,
                 ValueRange sums) {
    auto read = [&](ImplicitLocOpBuilder &b, Value number, Value inGroup,
                    int64_t row) {
      return activations.readElement(b, pieces.front().rows.drop_back(),
                                     createIndex(b, 0), number, inGroup, row);
    };
    return addProducts(b, matmul, pieces.front(), place, sums,
                       matmul.sum.order.group, read, inLoop);
  };
  auto finish = [&](ImplicitLocOpBuilder &b, ArrayRef<Value> indices,
                    ArrayRef<Value> sums) {
    return scaleRowSums(b, matmul, indices, place, sums);
  };
  return buildRowsLoop(b, matmul, plan, init, add, finish);
}
