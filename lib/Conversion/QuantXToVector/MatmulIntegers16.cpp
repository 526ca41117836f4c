//===- MatmulIntegers16.cpp - Integers by weights side by side ------------===//
//
// Four products of bytes at once, whose sums are exact: in each lane, four
// codes of a row of weights by four of the activations. One side of such
// products has no sign, so that weights have an offset; the activations' sum,
// times that, is where the integers begin. What blocks have is multiplied
// after.
//
//===----------------------------------------------------------------------===//

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

/// Whether groups are whole blocks, or within one, of one row.
static bool suitsGroups(ScaledType type) {
  unsigned last = type.getBlockRank() - 1;
  int64_t block = type.getBlockShape()[last];
  bool isOneRow = llvm::all_of(type.getBlockShape().drop_back(),
                               [](int64_t size) { return size == 1; });
  return isOneRow && (type.isWholeDimension(last) || block % kGroup == 0 ||
                      kGroup % block == 0);
}

static bool isE2M1(ScaledType type) {
  return isa<Float4E2M1FNType>(type.getStorageType());
}

bool quantx::suitsIntegers16(ScaledType lhs, ScaledType rhs) {
  constexpr int64_t leastRun = 16;
  return lhs && lhs.getStorageType().isSignlessInteger(8) &&
         !lhs.hasZeroPoint() && !lhs.hasGlobal() && scalesSums(lhs) &&
         suitsGroups(lhs) && getRowBlock(lhs) >= leastRun &&
         (!rhs.getFloatFormat() || isE2M1(rhs)) && scalesSums(rhs) &&
         suitsGroups(rhs) && getRowBlock(rhs) >= leastRun;
}

namespace {

/// How codes become integers.
struct IntegerForm {
  explicit IntegerForm(const Matmul &matmul);

  ScaledType lhs, rhs;
  /// The elements whose products have one sum of integers.
  int64_t run;
  /// What integers of weights have more than they count, and what they count:
  /// twice an E2M1 value is one.
  int64_t offset;
  double unit;

  bool hasRowScale() const {
    return lhs.isWholeDimension(lhs.getBlockRank() - 1);
  }
  int64_t getRunsInGroup() const { return kGroup / run; }

  /// The integers of weights in `bytes`, those of a word of each row: operands
  /// of dot products.
  SmallVector<Value> getIntegers(ImplicitLocOpBuilder &b, Value bytes) const;
  /// Where a group of activations has what these are multiplied by.
  SmallVector<int64_t> getOrder() const;
};

} // namespace

IntegerForm::IntegerForm(const Matmul &matmul)
    : lhs(matmul.lhs.type), rhs(matmul.rhs.type),
      run(std::min({getRowBlock(lhs), getRowBlock(rhs), kGroup})), offset(0),
      unit(getCodeUnit(lhs)) {
  if (isE2M1(rhs)) {
    offset = 12;
    unit /= 2;
  } else if (rhs.getIntegerFormat().isSigned) {
    offset = int64_t(1) << (rhs.getStorageBits() - 1);
  }
}

SmallVector<int64_t> IntegerForm::getOrder() const {
  int64_t codes = getCodesInWord(rhs), parts = codes / kDotCodes;
  SmallVector<int64_t> order;
  for (int64_t first = 0; first < kGroup; first += codes)
    for (int64_t part = 0; part < parts; ++part)
      for (int64_t i = 0; i < kDotCodes; ++i)
        order.push_back(first + i * parts + part);
  return order;
}

SmallVector<Value> IntegerForm::getIntegers(ImplicitLocOpBuilder &b,
                                            Value bytes) const {
  ElementwiseBuilder arith(b, b.getLoc());
  // Where codes are signed, their sign bits add the offset.
  bool flips = offset != 0 && !isE2M1(rhs);
  auto flip = [&](Value codes, int64_t bits) {
    return flips ? arith.bitXor(codes, arith.integer(8, bits, codes)) : codes;
  };
  if (rhs.getStorageBits() == 8)
    return {flip(bytes, 0x80)};
  bytes = flip(bytes, 0x88);
  auto type = cast<VectorType>(bytes.getType());
  auto words =
      VectorType::get(type.getNumElements() / kDotCodes, b.getI32Type());
  Value word = vector::BitCastOp::create(b, words, bytes);
  Value high = vector::BitCastOp::create(b, type, arith.lshr(word, 4));
  SmallVector<Value> integers = {arith.bitAnd(bytes, 0xf),
                                 arith.bitAnd(high, 0xf)};
  if (!isE2M1(rhs))
    return integers;
  for (Value &codes : integers) {
    Value value = emitCodeValue(arith, rhs, codes, /*zeroPoint=*/{});
    value = arith.add(arith.mul(value, 2.0), arith.f32(double(offset), value));
    codes = arith::FPToUIOp::create(b, type, value);
  }
  return integers;
}

/// `sums` plus, in each lane, four products of bytes: `lhs` without sign, `rhs`
/// with it. quantx-expand-byte-dots knows it by this form.
static Value addDot(ImplicitLocOpBuilder &b, Value lhs, Value rhs, Value sums) {
  int64_t lanes = cast<VectorType>(sums.getType()).getNumElements();
  auto bytes = VectorType::get({lanes, kDotCodes}, b.getI8Type());
  auto words = VectorType::get({lanes, kDotCodes}, b.getI32Type());
  lhs = arith::ExtUIOp::create(b, words,
                               vector::ShapeCastOp::create(b, bytes, lhs));
  rhs = arith::ExtSIOp::create(b, words,
                               vector::ShapeCastOp::create(b, bytes, rhs));
  AffineMap element = b.getMultiDimIdentityMap(2);
  auto getIterator = [&](vector::IteratorType type) -> Attribute {
    return vector::IteratorTypeAttr::get(b.getContext(), type);
  };
  return vector::ContractionOp::create(
      b, lhs, rhs, sums,
      b.getAffineMapArrayAttr({element, element, element.getSubMap(0)}),
      b.getArrayAttr({getIterator(vector::IteratorType::parallel),
                      getIterator(vector::IteratorType::reduction)}));
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
  using ComputeFn = llvm::function_ref<Value(ImplicitLocOpBuilder &b,
                                             const Chunk &group, Value codes)>;
  /// A tensor of what `compute` gives for each group, vectors of `size`.
  Value build(ImplicitLocOpBuilder &b, Type element, int64_t size,
              ComputeFn compute) const;
  /// That of the groups from `lower` to `upper`, of `count` codes or all, in
  /// `tensor`.
  Value buildGroups(ImplicitLocOpBuilder &b, int64_t lower, int64_t upper,
                    Value count, Value tensor, ComputeFn compute) const;
  /// The sums of the runs of a group, times `factor`.
  Value sumRuns(ImplicitLocOpBuilder &b, Value codes, int64_t factor) const;
  Value readScales(ImplicitLocOpBuilder &b, const Chunk &group) const;

  const Matmul &matmul;
  const IntegerForm &form;
  int64_t rows, size;
};

} // namespace

PackedIntegers::PackedIntegers(ImplicitLocOpBuilder &b, const Matmul &matmul,
                               const IntegerForm &form, int64_t rows)
    : matmul(matmul), form(form), rows(rows),
      size(*getConstantIntValue(matmul.sum.size)) {
  int64_t runs = form.getRunsInGroup();
  words =
      build(b, b.getI32Type(), kGroup / kDotCodes,
            [&](ImplicitLocOpBuilder &b, const Chunk &, Value codes) {
              Value ordered =
                  vector::ShuffleOp::create(b, codes, codes, form.getOrder());
              return vector::BitCastOp::create(
                         b, VectorType::get(kGroup / kDotCodes, b.getI32Type()),
                         ordered)
                  .getResult();
            });
  scales = build(b, b.getF32Type(), runs,
                 [&](ImplicitLocOpBuilder &b, const Chunk &group, Value) {
                   return readScales(b, group);
                 });
  if (form.offset != 0)
    offsets = build(b, b.getI32Type(), runs,
                    [&](ImplicitLocOpBuilder &b, const Chunk &, Value codes) {
                      return sumRuns(b, codes, -form.offset);
                    });
  if (form.rhs.hasZeroPoint()) {
    auto type = VectorType::get(runs, b.getF32Type());
    sums = build(b, b.getF32Type(), runs,
                 [&](ImplicitLocOpBuilder &b, const Chunk &, Value codes) {
                   return arith::SIToFPOp::create(b, type, sumRuns(b, codes, 1))
                       .getResult();
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

Value PackedIntegers::buildGroups(ImplicitLocOpBuilder &b, int64_t lower,
                                  int64_t upper, Value count, Value tensor,
                                  ComputeFn compute) const {
  OpBuilder::InsertionGuard guard(b);
  size_t rank = matmul.sizes.size();
  SmallVector<OpFoldResult> lowers(rank, b.getIndexAttr(0));
  SmallVector<OpFoldResult> uppers(matmul.sizes);
  lowers.back() = b.getIndexAttr(lower);
  uppers.back() = b.getIndexAttr(upper);
  SmallVector<OpFoldResult> steps(rank, b.getIndexAttr(1));
  auto loop = scf::ForallOp::create(b, lowers, uppers, steps, tensor,
                                    /*mapping=*/std::nullopt);
  b.setInsertionPoint(loop.getTerminator());
  SmallVector<Value> indices(loop.getInductionVars());
  Chunk group{indices, kGroup, count};
  group.indices.back() =
      b.createOrFold<arith::MulIOp>(indices.back(), createIndex(b, kGroup));
  Value none = arith::ConstantOp::create(b, b.getI8IntegerAttr(0));
  Value codes = readChunk(b, matmul.lhs.parts.front(), group, none);
  Value vector = compute(b, group, codes);

  SmallVector<OpFoldResult> offsets = getAsOpFoldResult(indices);
  std::swap(offsets[rank - 2], offsets[rank - 1]);
  offsets.push_back(b.getIndexAttr(0));
  SmallVector<OpFoldResult> ones(rank + 1, b.getIndexAttr(1)), sizes(ones);
  sizes.back() =
      b.getIndexAttr(cast<VectorType>(vector.getType()).getNumElements());
  Value all = loop.getRegionIterArgs().front();
  Value slice = tensor::ExtractSliceOp::create(b, all, offsets, sizes, ones);
  SmallVector<OpFoldResult> start(rank + 1, b.getIndexAttr(0));
  slice = insertVector(b, vector, slice, start);
  b.setInsertionPointToStart(loop.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(b, slice, all, offsets, sizes, ones);
  return loop.getResult(0);
}

Value PackedIntegers::build(ImplicitLocOpBuilder &b, Type element,
                            int64_t vectorSize, ComputeFn compute) const {
  int64_t whole = size / kGroup, rest = size % kGroup;
  SmallVector<OpFoldResult> shape(matmul.sizes);
  shape[shape.size() - 2] = b.getIndexAttr(whole + (rest != 0));
  shape.back() = b.getIndexAttr(rows);
  shape.push_back(b.getIndexAttr(vectorSize));
  Value tensor = tensor::EmptyOp::create(b, shape, element);
  if (whole != 0)
    tensor = buildGroups(b, 0, whole, /*count=*/{}, tensor, compute);
  if (rest != 0)
    tensor =
        buildGroups(b, whole, whole + 1, createIndex(b, rest), tensor, compute);
  return tensor;
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
  if (form.offset != 0 && !isPlanted(Mutant::IntegerOffsetLost))
    for (int64_t row = 0; row < rows; ++row)
      integers[row] = read(b, activations.offsets, piece, begin, form.run, row);
  auto bytes = VectorType::get(kInterleavedRows * kDotCodes, b.getI8Type());
  for (int64_t element = begin; element < end; element += codesInWord) {
    int64_t first = element;
    for (Value weights :
         form.getIntegers(b, reader.readBytes(element / codesInWord))) {
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
