//===- MatmulIntegers16.cpp - Integers by weights side by side ------------===//

#include "MatmulIntegers16.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"
#include <numeric>

using namespace mlir;
using namespace quantx;

static constexpr int64_t kGroup = kIntegerGroup;

//===----------------------------------------------------------------------===//
// What is multiplied
//===----------------------------------------------------------------------===//

bool quantx::suitsIntegerGroups(ScaledType type) {
  constexpr int64_t leastRun = 16;
  int64_t block = getRowBlock(type);
  return type.isWholeDimension(type.getBlockRank() - 1) ||
         block % kGroup == 0 || (kGroup % block == 0 && block >= leastRun);
}

bool quantx::suitsIntegers16(ScaledType lhs, ScaledType rhs) {
  return suitIntegers(lhs, rhs) && suitsIntegerGroups(lhs) &&
         suitsIntegerGroups(rhs);
}

IntegerForm::IntegerForm(const Matmul &matmul, int64_t terms)
    : lhs(matmul.lhs.type), rhs(matmul.rhs.type), codes(rhs), terms(terms),
      run(std::min(
          {lhs ? getRowBlock(lhs) : kGroup, getRowBlock(rhs), kGroup})),
      // That of integers of `rhs` too, but what their scales have.
      unit((lhs ? getCodeUnit(lhs) : 1.0) * codes.unit / getCodeUnit(rhs)),
      offset(subtractsZeroPoints() ? (int64_t(1) << rhs.getStorageBits()) - 1
                                   : codes.offset) {}

SmallVector<int64_t> IntegerForm::getOrder() const {
  int64_t codes = getCodesInWord(rhs), parts = codes / kDotCodes;
  SmallVector<int64_t> order;
  for (int64_t first = 0; first < kGroup; first += codes)
    for (int64_t part = 0; part < parts; ++part)
      for (int64_t i = 0; i < kDotCodes; ++i)
        order.push_back(first + i * parts + part);
  return order;
}

Value IntegerForm::orderWords(ImplicitLocOpBuilder &b, Value codes) const {
  Value ordered = vector::ShuffleOp::create(b, codes, codes, getOrder());
  return vector::BitCastOp::create(
      b, VectorType::get(kGroup / kDotCodes, b.getI32Type()), ordered);
}

Value IntegerForm::sumRuns(ImplicitLocOpBuilder &b, Value codes,
                           int64_t factor) const {
  Value wide =
      arith::ExtSIOp::create(b, VectorType::get(kGroup, b.getI32Type()), codes);
  SmallVector<Value> sums;
  for (int64_t first = 0; first < kGroup; first += run) {
    Value part = vector::ExtractStridedSliceOp::create(b, wide, first, run, 1);
    Value sum =
        vector::ReductionOp::create(b, vector::CombiningKind::ADD, part);
    sums.push_back(arith::MulIOp::create(
        b, sum, arith::ConstantIntOp::create(b, factor, 32)));
  }
  return vector::FromElementsOp::create(
      b, VectorType::get(int64_t(sums.size()), b.getI32Type()), sums);
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

/// The scales of the runs of `group`.
static Value readScales(ImplicitLocOpBuilder &b, const Matmul &matmul,
                        const IntegerForm &form, const Chunk &group) {
  ElementwiseBuilder arith(b, b.getLoc());
  int64_t block = getRowBlock(form.lhs);
  int64_t size = *getConstantIntValue(matmul.sum.size);
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

PackedIntegers quantx::packCodes(ImplicitLocOpBuilder &b, const Matmul &matmul,
                                 const IntegerForm &form, PackedRows rows) {
  auto build = [&](VectorType type, auto compute) {
    return packGroups(b, matmul, kGroup, rows, type, compute);
  };
  int64_t runs = form.getRunsInGroup();
  auto wordsType = VectorType::get(kGroup / kDotCodes, b.getI32Type());
  auto integers = VectorType::get(runs, b.getI32Type());
  auto floats = VectorType::get(runs, b.getF32Type());
  PackedIntegers packed;
  packed.words =
      build(wordsType, [&](ImplicitLocOpBuilder &b, const Chunk &,
                           Value codes) { return form.orderWords(b, codes); });
  packed.scales =
      build(floats, [&](ImplicitLocOpBuilder &b, const Chunk &group, Value) {
        return readScales(b, matmul, form, group);
      });
  if (form.offset != 0) {
    packed.offsets = build(
        integers, [&](ImplicitLocOpBuilder &b, const Chunk &, Value codes) {
          return form.sumRuns(b, codes, -form.offset);
        });
  }
  if (form.rhs.hasZeroPoint()) {
    packed.sums = build(
        floats,
        [&](ImplicitLocOpBuilder &b, const Chunk &, Value codes) -> Value {
          return arith::SIToFPOp::create(b, floats, form.sumRuns(b, codes, 1));
        });
  }
  return packed;
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
  const IntegerRows &lhs;
  ScalePlace place;

  /// `sums` and the products of `piece`.
  SmallVector<Value> addPiece(ImplicitLocOpBuilder &b, const Piece &piece,
                              ValueRange sums) const;
  /// `sums` times the scales of the rows of activations.
  SmallVector<Value> scaleRows(ImplicitLocOpBuilder &b,
                               ArrayRef<Value> sums) const;

private:
  /// The sums of the products of the elements `begin` to `end` of `piece`,
  /// under scales of 1 and `zeroPoint`, of 16 rows, if that is subtracted here.
  SmallVector<Value> sumRun(ImplicitLocOpBuilder &b, const Piece &piece,
                            RowsReader &reader, int64_t begin, int64_t end,
                            Value zeroPoint) const;
  /// The same of each term of each row, as integers.
  SmallVector<Value> sumTerms(ImplicitLocOpBuilder &b, const Piece &piece,
                              RowsReader &reader, int64_t begin, int64_t end,
                              Value zeroPoint) const;
  /// What `tensor` has for the element `element` of `piece`, if it has one
  /// thing for `each`, in all lanes.
  Value read(ImplicitLocOpBuilder &b, Value tensor, const Piece &piece,
             int64_t element, int64_t each, int64_t row,
             int64_t term = 0) const;
};

} // namespace

Value IntegerTile::read(ImplicitLocOpBuilder &b, Value tensor,
                        const Piece &piece, int64_t element, int64_t each,
                        int64_t row, int64_t term) const {
  SmallVector<Value> indices(lhs.batch);
  indices.push_back(b.createOrFold<arith::AddIOp>(
      piece.countBefore(b, kGroup), createIndex(b, element / kGroup)));
  int64_t inGroup = element % kGroup / each;
  indices.append(
      {createIndex(b, row), createIndex(b, term * (kGroup / each) + inGroup)});
  return broadcastToRows(b, tensor::ExtractOp::create(b, tensor, indices));
}

/// What is added to the bytes of codes of 16 rows for them to be less their
/// `zeroPoint`, and still without sign.
static Value getByteOffsets(ImplicitLocOpBuilder &b, const IntegerForm &form,
                            Value zeroPoint) {
  ElementwiseBuilder arith(b, b.getLoc());
  zeroPoint = arith.trunc(zeroPoint, 8);
  Value offset = arith.integer(8, form.offset - form.codes.offset, zeroPoint);
  Value offsets = arith.sub(offset, zeroPoint);
  SmallVector<int64_t> lanes;
  for (int64_t row = 0; row < int64_t(kInterleavedRows); ++row)
    lanes.append(kDotCodes, row);
  return vector::ShuffleOp::create(b, offsets, offsets, lanes);
}

SmallVector<Value> IntegerTile::sumTerms(ImplicitLocOpBuilder &b,
                                         const Piece &piece, RowsReader &reader,
                                         int64_t begin, int64_t end,
                                         Value zeroPoint) const {
  int64_t codesInWord = getCodesInWord(form.rhs), terms = form.terms;
  auto words = VectorType::get(kInterleavedRows, b.getI32Type());
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(words));
  SmallVector<Value> integers(lhs.count * terms, zero);
  if (form.offset != 0 && !isPlanted(Mutant::IntegerOffsetLost))
    for (auto [i, sum] : llvm::enumerate(integers))
      sum = read(b, activations.offsets, piece, begin, form.run,
                 int64_t(i) / terms, int64_t(i) % terms);
  Value byteOffsets = zeroPoint ? getByteOffsets(b, form, zeroPoint) : Value();
  auto bytes = VectorType::get(kInterleavedRows * kDotCodes, b.getI8Type());
  for (int64_t element = begin; element < end; element += codesInWord) {
    int64_t first = element;
    for (Value weights :
         form.codes.getUnsigned(b, reader.readBytes(element / codesInWord))) {
      if (byteOffsets)
        weights = arith::AddIOp::create(b, weights, byteOffsets);
      for (auto [i, sum] : llvm::enumerate(integers)) {
        Value codes = read(b, activations.words, piece, first, kDotCodes,
                           int64_t(i) / terms, int64_t(i) % terms);
        sum =
            addDot(b, weights, vector::BitCastOp::create(b, bytes, codes), sum);
      }
      first += kDotCodes;
    }
  }
  return integers;
}

// Two terms are one integer, exactly: sums of at most 64 products of bytes have
// less than 2^22, and those of two terms less than 2^31.
SmallVector<Value> IntegerTile::sumRun(ImplicitLocOpBuilder &b,
                                       const Piece &piece, RowsReader &reader,
                                       int64_t begin, int64_t end,
                                       Value zeroPoint) const {
  constexpr int64_t termBits = 8;
  ElementwiseBuilder arith(b, b.getLoc());
  auto floats = VectorType::get(kInterleavedRows, b.getF32Type());
  SmallVector<Value> integers =
      sumTerms(b, piece, reader, begin, end, zeroPoint);
  SmallVector<Value> products;
  for (int64_t row = 0; row < lhs.count; ++row) {
    Value product;
    for (int64_t term = 0; term < form.terms; term += 2) {
      Value sum = integers[row * form.terms + term];
      int64_t pair = std::min(form.terms - term, int64_t(2));
      if (pair == 2) {
        sum = arith::AddIOp::create(b, arith.shl(sum, termBits),
                                    integers[row * form.terms + term + 1]);
      }
      sum = arith::SIToFPOp::create(b, floats, sum);
      Value power = arith.f32(double(1 << pair * termBits), sum);
      product = product ? addProduct(b, product, power, sum) : sum;
    }
    products.push_back(product);
  }
  return products;
}

SmallVector<Value> IntegerTile::addPiece(ImplicitLocOpBuilder &b,
                                         const Piece &piece,
                                         ValueRange sums) const {
  RowsReader reader(b, matmul.rhs, piece, place);
  auto floats = VectorType::get(kInterleavedRows, b.getF32Type());
  SmallVector<Value> next(sums);
  for (int64_t begin = 0; begin < piece.size; begin += form.run) {
    BlockFactors factors = reader.getFactors(begin);
    bool subtracts = form.subtractsZeroPoints();
    SmallVector<Value> products =
        sumRun(b, piece, reader, begin, std::min(begin + form.run, piece.size),
               subtracts ? factors.zeroPoint : Value());
    Value zeroPoint;
    if (factors.zeroPoint && !subtracts) {
      zeroPoint = arith::SIToFPOp::create(b, floats, factors.zeroPoint);
      zeroPoint = arith::NegFOp::create(b, zeroPoint);
    }
    for (int64_t row = 0; row < lhs.count; ++row) {
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
  Piece first{lhs.batch, createIndex(b, 0), kGroup, kGroup};
  for (int64_t row = 0; row < lhs.count; ++row)
    scaled[row] = arith::MulFOp::create(
        b, sums[row], read(b, activations.scales, first, 0, form.run, row));
  return scaled;
}

SmallVector<Value> quantx::sumIntegerRows(
    ImplicitLocOpBuilder &b, const Matmul &matmul, const IntegerForm &form,
    const PackedIntegers &activations, const IntegerRows &rows,
    ArrayRef<Value> indices, FinishSumsFn finish) {
  ScalePlace place = findRowsScalePlace(matmul.rhs.type);
  int64_t size =
      getPieceSize(matmul.rhs.type, matmul.tuning.getPieceSize(rows.count));
  IntegerTile tile{matmul, form, activations, rows, place};
  auto add = [&](ImplicitLocOpBuilder &b, const Piece &piece, ValueRange sums) {
    return tile.addPiece(b, piece, sums);
  };
  SmallVector<Value> sums =
      sumPieces(b, matmul, indices, size, rows.count, add);
  if (finish)
    sums = finish(b, indices, sums);
  return tile.scaleRows(b, scaleRowSums(b, matmul, indices, place, sums));
}

Value quantx::buildIntegerRows(ImplicitLocOpBuilder &b, const Matmul &matmul,
                               const IntegerForm &form,
                               const PackedIntegers &activations, int64_t rows,
                               Value init, FinishSumsFn finish) {
  auto sum = [&](ImplicitLocOpBuilder &b, ArrayRef<Value> indices) {
    IntegerRows all{indices.drop_back(), rows};
    return sumIntegerRows(b, matmul, form, activations, all, indices, finish);
  };
  return buildRowsLoop(b, matmul, rows, init, sum);
}

Value quantx::buildIntegers16(ImplicitLocOpBuilder &b, const Matmul &matmul,
                              int64_t rows, Value init) {
  if (getConstantIntValue(matmul.sum.size) == 0)
    return init;
  IntegerForm form(matmul);
  PackedIntegers activations = packCodes(b, matmul, form, {rows});
  return buildIntegerRows(b, matmul, form, activations, rows, init);
}
