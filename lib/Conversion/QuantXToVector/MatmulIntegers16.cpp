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

/// How `rows` rows of `terms` bytes go by rows of weights.
static RowsPlan planIntegers(const Matmul &matmul, int64_t rows,
                             int64_t terms) {
  int64_t parts = getCodesInWord(matmul.rhs.type) / kDotCodes;
  return planRows(matmul, rows,
                  matmul.tuning.getRowStreams(rows * terms * parts));
}

IntegerForm::IntegerForm(const Matmul &matmul, int64_t rows, int64_t terms)
    : lhs(matmul.lhs.type), rhs(matmul.rhs.type),
      plan(planIntegers(matmul, rows, terms)), codes(rhs), terms(terms),
      run(std::min({lhs ? getRowBlock(lhs) : kGroup, getRowBlock(rhs), kGroup,
                    plan.size})),
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

/// Rows of activations by pieces of 16 rows of weights.
struct IntegerTile {
  const Matmul &matmul;
  const IntegerForm &form;
  const PackedIntegers &activations;
  ArrayRef<Value> batch;
  ScalePlace place;

  /// `sums` and the products of `pieces`.
  SmallVector<Value> addPieces(ImplicitLocOpBuilder &b, ArrayRef<Piece> pieces,
                               ValueRange sums) const;
  /// `sums` times the scales of the rows of activations.
  SmallVector<Value> scaleRows(ImplicitLocOpBuilder &b,
                               ArrayRef<Value> sums) const;

private:
  /// The sums of the products of the elements `begin` to `end` of pieces, of
  /// which `piece` is one, as integers: of each term of each row.
  SmallVector<Value> sumTerms(ImplicitLocOpBuilder &b, const Piece &piece,
                              MutableArrayRef<RowsReader> readers,
                              int64_t begin, int64_t end) const;
  /// What the terms `integers` stand for.
  Value joinTerms(ImplicitLocOpBuilder &b, ArrayRef<Value> integers) const;
  /// The sum of products of the run from `begin` on, with the row `row`, less
  /// what zero points take off it, times the scale of activations.
  Value finishRun(ImplicitLocOpBuilder &b, const Piece &piece, int64_t begin,
                  int64_t row, Value zeroPoint, Value product) const;
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
  auto [group, place] = piece.locate(b, element, kGroup, each);
  Value before = createIndex(b, term * (kGroup / each));
  SmallVector<Value> indices(batch);
  indices.append({group, createIndex(b, row),
                  b.createOrFold<arith::AddIOp>(place, before)});
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
                                         const Piece &piece,
                                         MutableArrayRef<RowsReader> readers,
                                         int64_t begin, int64_t end) const {
  int64_t codesInWord = getCodesInWord(form.rhs), terms = form.terms;
  int64_t each = form.plan.rows * terms;
  auto words = VectorType::get(kInterleavedRows, b.getI32Type());
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(words));
  SmallVector<Value> integers(int64_t(readers.size()) * each, zero);
  if (form.offset != 0 && !isPlanted(Mutant::IntegerOffsetLost))
    for (auto [i, sum] : llvm::enumerate(integers))
      sum = read(b, activations.offsets, piece, begin, form.run,
                 int64_t(i) % each / terms, int64_t(i) % terms);
  SmallVector<Value> byteOffsets(readers.size());
  if (form.subtractsZeroPoints())
    for (auto [reader, offset] : llvm::zip_equal(readers, byteOffsets))
      offset = getByteOffsets(b, form, reader.getFactors(begin).zeroPoint);
  auto bytes = VectorType::get(kInterleavedRows * kDotCodes, b.getI8Type());
  auto addWord = [&](int64_t index, int64_t first) {
    auto sums = MutableArrayRef(integers).slice(index * each, each);
    for (Value weights : form.codes.getUnsigned(
             b, readers[index].readBytes(first / codesInWord))) {
      if (Value offset = byteOffsets[index])
        weights = arith::AddIOp::create(b, weights, offset);
      for (auto [i, sum] : llvm::enumerate(sums)) {
        Value codes = read(b, activations.words, piece, first, kDotCodes,
                           int64_t(i) / terms, int64_t(i) % terms);
        sum =
            addDot(b, weights, vector::BitCastOp::create(b, bytes, codes), sum);
      }
      first += kDotCodes;
    }
  };
  for (int64_t element = begin; element < end; element += codesInWord)
    for (int64_t index = 0; index < int64_t(readers.size()); ++index)
      addWord(index, element);
  return integers;
}

// Two terms are one integer, exactly: sums of at most 64 products of bytes have
// less than 2^22, and those of two terms less than 2^31.
Value IntegerTile::joinTerms(ImplicitLocOpBuilder &b,
                             ArrayRef<Value> integers) const {
  constexpr int64_t termBits = 8;
  ElementwiseBuilder arith(b, b.getLoc());
  auto floats = VectorType::get(kInterleavedRows, b.getF32Type());
  Value product;
  for (int64_t term = 0; term < form.terms; term += 2) {
    Value sum = integers[term];
    int64_t pair = std::min(form.terms - term, int64_t(2));
    if (pair == 2)
      sum = arith::AddIOp::create(b, arith.shl(sum, termBits),
                                  integers[term + 1]);
    sum = arith::SIToFPOp::create(b, floats, sum);
    Value power = arith.f32(double(1 << pair * termBits), sum);
    product = product ? addProduct(b, product, power, sum) : sum;
  }
  return product;
}

Value IntegerTile::finishRun(ImplicitLocOpBuilder &b, const Piece &piece,
                             int64_t begin, int64_t row, Value zeroPoint,
                             Value product) const {
  auto floats = VectorType::get(kInterleavedRows, b.getF32Type());
  // Integers of less than 24 bits: exact.
  if (zeroPoint && !form.subtractsZeroPoints()) {
    zeroPoint = arith::SIToFPOp::create(b, floats, zeroPoint);
    zeroPoint = arith::NegFOp::create(b, zeroPoint);
    Value sum = read(b, activations.sums, piece, begin, form.run, row);
    product = addProduct(b, sum, zeroPoint, product);
  }
  if (form.hasRowScale())
    return product;
  Value scale = read(b, activations.scales, piece, begin, form.run, row);
  return arith::MulFOp::create(b, product, scale);
}

SmallVector<Value> IntegerTile::addPieces(ImplicitLocOpBuilder &b,
                                          ArrayRef<Piece> pieces,
                                          ValueRange sums) const {
  std::vector<RowsReader> readers;
  for (const Piece &each : pieces)
    readers.emplace_back(b, matmul.rhs, each, place);
  const Piece &piece = pieces.front();
  SmallVector<Value> next(sums);
  for (int64_t begin = 0; begin < piece.size; begin += form.run) {
    SmallVector<Value> integers = sumTerms(
        b, piece, readers, begin, std::min(begin + form.run, piece.size));
    for (auto [i, total] : llvm::enumerate(next)) {
      BlockFactors factors = readers[i / form.plan.rows].getFactors(begin);
      auto terms = ArrayRef(integers).slice(i * form.terms, form.terms);
      Value product = finishRun(b, piece, begin, int64_t(i) % form.plan.rows,
                                factors.zeroPoint, joinTerms(b, terms));
      total = place == ScalePlace::BlockSums
                  ? addProduct(b, product, factors.scale, total)
                  : arith::AddFOp::create(b, total, product);
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
  for (int64_t row = 0; row < form.plan.rows; ++row)
    scaled[row] = arith::MulFOp::create(
        b, sums[row], read(b, activations.scales, first, 0, form.run, row));
  return scaled;
}

SmallVector<Value> quantx::sumIntegerRows(ImplicitLocOpBuilder &b,
                                          const Matmul &matmul,
                                          const IntegerForm &form,
                                          const PackedIntegers &activations,
                                          ArrayRef<Value> batch,
                                          ArrayRef<Value> indices) {
  ScalePlace place = findRowsScalePlace(matmul.rhs.type);
  IntegerTile tile{matmul, form, activations, batch, place};
  auto add = [&](ImplicitLocOpBuilder &b, ArrayRef<Piece> pieces,
                 ValueRange sums) { return tile.addPieces(b, pieces, sums); };
  SmallVector<Value> sums =
      sumPieces(b, matmul, RowsIndices(indices), form.plan, add);
  return tile.scaleRows(b, scaleRowSums(b, matmul, indices, place, sums));
}

Value quantx::buildIntegerRows(ImplicitLocOpBuilder &b, const Matmul &matmul,
                               const IntegerForm &form,
                               const PackedIntegers &activations, Value init,
                               FinishSumsFn addMore) {
  ScalePlace place = findRowsScalePlace(matmul.rhs.type);
  auto getTile = [&](ArrayRef<Value> indices) {
    return IntegerTile{matmul, form, activations, indices.drop_back(), place};
  };
  auto add = [&](ImplicitLocOpBuilder &b, ArrayRef<Piece> pieces,
                 ValueRange sums) {
    return getTile(pieces.front().rows).addPieces(b, pieces, sums);
  };
  auto finish = [&](ImplicitLocOpBuilder &b, ArrayRef<Value> indices,
                    ArrayRef<Value> sums) {
    SmallVector<Value> all(sums);
    if (addMore)
      all = addMore(b, indices, sums);
    all = scaleRowSums(b, matmul, indices, place, all);
    return getTile(indices).scaleRows(b, all);
  };
  return buildRowsLoop(b, matmul, form.plan, init, add, finish);
}

Value quantx::buildIntegers16(ImplicitLocOpBuilder &b, const Matmul &matmul,
                              int64_t rows, Value init) {
  if (getConstantIntValue(matmul.sum.size) == 0)
    return init;
  IntegerForm form(matmul, rows);
  PackedIntegers activations = packCodes(b, matmul, form, {rows});
  return buildIntegerRows(b, matmul, form, activations, init);
}
