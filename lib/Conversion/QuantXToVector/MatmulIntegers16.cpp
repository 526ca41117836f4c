//===- MatmulIntegers16.cpp - Integers by weights side by side ------------===//
//
// Four products of bytes at once, whose sums are exact: in each lane, four
// codes of a row of weights by four of the activations. One side of such
// products has no sign, so that weights have an offset; the activations' sum,
// times that, is where the integers begin. What blocks have is multiplied
// after.
//
//===----------------------------------------------------------------------===//

#include "MatmulIntegers.h"
#include "MatmulRows16.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"
#include <numeric>

using namespace mlir;
using namespace quantx;

/// The codes of activations that are packed at once.
static constexpr int64_t kGroup = 64;
/// The codes in an operand of a dot product.
static constexpr int64_t kDotCodes = 4;

static Value createIndex(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

//===----------------------------------------------------------------------===//
// What is multiplied
//===----------------------------------------------------------------------===//

/// Whether groups are whole blocks, or within one.
static bool suitsGroups(ScaledType type) {
  constexpr int64_t leastRun = 16;
  int64_t block = getRowBlock(type);
  return type.isWholeDimension(type.getBlockRank() - 1) ||
         block % kGroup == 0 || (kGroup % block == 0 && block >= leastRun);
}

bool quantx::suitsIntegers16(ScaledType lhs, ScaledType rhs) {
  return suitIntegers(lhs, rhs) && suitsGroups(lhs) && suitsGroups(rhs);
}

namespace {

/// How codes become integers.
struct IntegerForm {
  explicit IntegerForm(const Matmul &matmul)
      : lhs(matmul.lhs.type), rhs(matmul.rhs.type), codes(rhs),
        run(std::min({getRowBlock(lhs), getRowBlock(rhs), kGroup})),
        // That of integers of `rhs` too, but what their scales have.
        unit(getCodeUnit(lhs) * codes.unit / getCodeUnit(rhs)) {}

  ScaledType lhs, rhs;
  IntegerCodes codes;
  /// The elements whose products have one sum of integers.
  int64_t run;
  /// What a product of integers counts.
  double unit;

  bool hasRowScale() const {
    return lhs.isWholeDimension(lhs.getBlockRank() - 1);
  }
  int64_t getRunsInGroup() const { return kGroup / run; }

  /// Where a group of activations has what integers of weights, those of a word
  /// of each row, are multiplied by.
  SmallVector<int64_t> getOrder() const;
};

} // namespace

SmallVector<int64_t> IntegerForm::getOrder() const {
  int64_t codes = getCodesInWord(rhs), parts = codes / kDotCodes;
  SmallVector<int64_t> order;
  for (int64_t first = 0; first < kGroup; first += codes)
    for (int64_t part = 0; part < parts; ++part)
      for (int64_t i = 0; i < kDotCodes; ++i)
        order.push_back(first + i * parts + part);
  return order;
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

namespace {

/// What groups of codes of activations have: tensors of batches x groups x rows
/// x some of each.
struct PackedIntegers {
  PackedIntegers(ImplicitLocOpBuilder &b, const Matmul &matmul,
                 const IntegerForm &form, int64_t rows);

  /// Operands of dot products, as words.
  Value words;
  /// For each run, the sum of its codes, and what integers begin with for it.
  Value sums, offsets;
  /// For each run, its scale.
  Value scales;

private:
  /// The sums of the runs of a group, times `factor`.
  Value sumRuns(ImplicitLocOpBuilder &b, Value codes, int64_t factor) const;
  Value readScales(ImplicitLocOpBuilder &b, const Chunk &group) const;

  const Matmul &matmul;
  const IntegerForm &form;
  int64_t size;
};

} // namespace

PackedIntegers::PackedIntegers(ImplicitLocOpBuilder &b, const Matmul &matmul,
                               const IntegerForm &form, int64_t rows)
    : matmul(matmul), form(form), size(*getConstantIntValue(matmul.sum.size)) {
  auto build = [&](VectorType type, auto compute) {
    return packGroups(b, matmul, kGroup, rows, type, compute);
  };
  int64_t runs = form.getRunsInGroup();
  auto wordsType = VectorType::get(kGroup / kDotCodes, b.getI32Type());
  auto integers = VectorType::get(runs, b.getI32Type());
  auto floats = VectorType::get(runs, b.getF32Type());
  words =
      build(wordsType,
            [&](ImplicitLocOpBuilder &b, const Chunk &, Value codes) -> Value {
              Value ordered =
                  vector::ShuffleOp::create(b, codes, codes, form.getOrder());
              return vector::BitCastOp::create(b, wordsType, ordered);
            });
  scales = build(floats, [&](ImplicitLocOpBuilder &b, const Chunk &group,
                             Value) { return readScales(b, group); });
  if (form.codes.offset != 0) {
    offsets = build(integers,
                    [&](ImplicitLocOpBuilder &b, const Chunk &, Value codes) {
                      return sumRuns(b, codes, -form.codes.offset);
                    });
  }
  if (form.rhs.hasZeroPoint()) {
    sums = build(
        floats,
        [&](ImplicitLocOpBuilder &b, const Chunk &, Value codes) -> Value {
          return arith::SIToFPOp::create(b, floats, sumRuns(b, codes, 1));
        });
  }
}

Value PackedIntegers::sumRuns(ImplicitLocOpBuilder &b, Value codes,
                              int64_t factor) const {
  Value wide =
      arith::ExtSIOp::create(b, VectorType::get(kGroup, b.getI32Type()), codes);
  SmallVector<Value> sums;
  for (int64_t first = 0; first < kGroup; first += form.run) {
    Value run =
        vector::ExtractStridedSliceOp::create(b, wide, first, form.run, 1);
    Value sum = vector::ReductionOp::create(b, vector::CombiningKind::ADD, run);
    sums.push_back(arith::MulIOp::create(
        b, sum, arith::ConstantIntOp::create(b, factor, 32)));
  }
  return vector::FromElementsOp::create(
      b, VectorType::get(int64_t(sums.size()), b.getI32Type()), sums);
}

Value PackedIntegers::readScales(ImplicitLocOpBuilder &b,
                                 const Chunk &group) const {
  ElementwiseBuilder arith(b, b.getLoc());
  int64_t block = getRowBlock(form.lhs);
  SmallVector<Value> scales;
  for (int64_t first = 0; first < kGroup; first += form.run) {
    SmallVector<Value> indices(group.indices);
    Value element =
        b.createOrFold<arith::AddIOp>(indices.back(), createIndex(b, first));
    // The last block stands in for those beyond the row.
    element = b.createOrFold<arith::MinUIOp>(element, createIndex(b, size - 1));
    indices.back() =
        form.hasRowScale()
            ? createIndex(b, 0)
            : b.createOrFold<arith::DivUIOp>(element, createIndex(b, block));
    Value scale = emitDecodeScale(
        arith, tensor::ExtractOp::create(b, matmul.lhs.parts[1], indices));
    scales.push_back(arith.mul(scale, form.unit));
  }
  return vector::FromElementsOp::create(
      b, VectorType::get(int64_t(scales.size()), b.getF32Type()), scales);
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

namespace {

/// Rows of activations by 16 rows of weights.
struct IntegerTile {
  const Matmul &matmul;
  const IntegerForm &form;
  const PackedIntegers &activations;
  int64_t rows;
  /// Of the batches.
  ArrayRef<Value> batch;
  ScalePlace place;

  /// `sums` and the products of `piece`.
  SmallVector<Value> addPiece(ImplicitLocOpBuilder &b, const Piece &piece,
                              ValueRange sums) const;
  /// `sums` times the scales of the rows of activations.
  SmallVector<Value> scaleRows(ImplicitLocOpBuilder &b,
                               ArrayRef<Value> sums) const;

private:
  /// The sums of the products of the elements `begin` to `end` of `piece`,
  /// under scales of 1.
  SmallVector<Value> sumRun(ImplicitLocOpBuilder &b, const Piece &piece,
                            RowsReader &reader, int64_t begin,
                            int64_t end) const;
  /// What `tensor` has for the element `element` of `piece`, if it has one
  /// thing for `each`, in all lanes.
  Value read(ImplicitLocOpBuilder &b, Value tensor, const Piece &piece,
             int64_t element, int64_t each, int64_t row) const;
};

} // namespace

Value IntegerTile::read(ImplicitLocOpBuilder &b, Value tensor,
                        const Piece &piece, int64_t element, int64_t each,
                        int64_t row) const {
  SmallVector<Value> indices(batch);
  indices.push_back(b.createOrFold<arith::AddIOp>(
      piece.countBefore(b, kGroup), createIndex(b, element / kGroup)));
  indices.append(
      {createIndex(b, row), createIndex(b, element % kGroup / each)});
  return broadcastToRows(b, tensor::ExtractOp::create(b, tensor, indices));
}

SmallVector<Value> IntegerTile::sumRun(ImplicitLocOpBuilder &b,
                                       const Piece &piece, RowsReader &reader,
                                       int64_t begin, int64_t end) const {
  int64_t codesInWord = getCodesInWord(form.rhs);
  auto words = VectorType::get(kInterleavedRows, b.getI32Type());
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(words));
  SmallVector<Value> integers(rows, zero);
  if (form.codes.offset != 0 && !isPlanted(Mutant::IntegerOffsetLost))
    for (int64_t row = 0; row < rows; ++row)
      integers[row] = read(b, activations.offsets, piece, begin, form.run, row);
  auto bytes = VectorType::get(kInterleavedRows * kDotCodes, b.getI8Type());
  for (int64_t element = begin; element < end; element += codesInWord) {
    int64_t first = element;
    for (Value weights :
         form.codes.getUnsigned(b, reader.readBytes(element / codesInWord))) {
      for (int64_t row = 0; row < rows; ++row) {
        Value codes = read(b, activations.words, piece, first, kDotCodes, row);
        codes = vector::BitCastOp::create(b, bytes, codes);
        integers[row] = addDot(b, weights, codes, integers[row]);
      }
      first += kDotCodes;
    }
  }
  auto floats = VectorType::get(kInterleavedRows, b.getF32Type());
  for (Value &sum : integers)
    sum = arith::SIToFPOp::create(b, floats, sum);
  return integers;
}

SmallVector<Value> IntegerTile::addPiece(ImplicitLocOpBuilder &b,
                                         const Piece &piece,
                                         ValueRange sums) const {
  RowsReader reader(b, matmul.rhs, piece, place);
  auto floats = VectorType::get(kInterleavedRows, b.getF32Type());
  SmallVector<Value> next(sums);
  for (int64_t begin = 0; begin < piece.size; begin += form.run) {
    BlockFactors factors = reader.getFactors(begin);
    SmallVector<Value> products =
        sumRun(b, piece, reader, begin, std::min(begin + form.run, piece.size));
    Value zeroPoint;
    if (factors.zeroPoint) {
      zeroPoint = arith::SIToFPOp::create(b, floats, factors.zeroPoint);
      zeroPoint = arith::NegFOp::create(b, zeroPoint);
    }
    for (int64_t row = 0; row < rows; ++row) {
      Value product = products[row];
      // Integers of less than 24 bits: exact.
      if (zeroPoint) {
        Value sum = read(b, activations.sums, piece, begin, form.run, row);
        product = addProduct(b, sum, zeroPoint, product);
      }
      if (!form.hasRowScale()) {
        product = arith::MulFOp::create(
            b, product,
            read(b, activations.scales, piece, begin, form.run, row));
      }
      next[row] = place == ScalePlace::BlockSums
                      ? addProduct(b, product, factors.scale, next[row])
                      : arith::AddFOp::create(b, next[row], product);
    }
  }
  return next;
}

SmallVector<Value> IntegerTile::scaleRows(ImplicitLocOpBuilder &b,
                                          ArrayRef<Value> sums) const {
  SmallVector<Value> scaled(sums);
  if (!form.hasRowScale())
    return scaled;
  Piece first{batch, createIndex(b, 0), kGroup, kGroup};
  for (int64_t row = 0; row < rows; ++row)
    scaled[row] = arith::MulFOp::create(
        b, sums[row], read(b, activations.scales, first, 0, form.run, row));
  return scaled;
}

Value quantx::buildIntegers16(ImplicitLocOpBuilder &b, const Matmul &matmul,
                              int64_t rows, Value init) {
  if (getConstantIntValue(matmul.sum.size) == 0)
    return init;
  IntegerForm form(matmul);
  PackedIntegers activations(b, matmul, form, rows);
  ScalePlace place = findRowsScalePlace(matmul.rhs.type);
  int64_t size =
      getPieceSize(matmul.rhs.type, matmul.tuning.getPieceSize(rows));
  auto sum = [&](ImplicitLocOpBuilder &b, ArrayRef<Value> indices) {
    IntegerTile tile{matmul, form, activations, rows, indices.drop_back(),
                     place};
    auto add = [&](ImplicitLocOpBuilder &b, const Piece &piece,
                   ValueRange sums) { return tile.addPiece(b, piece, sums); };
    return tile.scaleRows(
        b, scaleRowSums(b, matmul, indices, place,
                        sumPieces(b, matmul, indices, size, rows, add)));
  };
  return buildRowsLoop(b, matmul, rows, init, sum);
}
