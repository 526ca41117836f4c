//===- MatmulTerms16.cpp - Floats as bytes, by weights side by side -------===//
//
// A float is an integer times a power of two that its block shares, and that
// integer is bytes: the first of them times 2^8, and so on. Dot products of
// bytes take half the instructions of products of floats, which are what limits
// few rows of f32 or bf16.
//
// An integer has 22 or 30 bits. Where it loses 2^-17 of an activation or more,
// the activation's whole group is multiplied as floats, after all others: so
// are infinities and NaN. Usual activations have few such groups.
//
//===----------------------------------------------------------------------===//

#include "MatmulIntegers16.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

static constexpr int64_t kGroup = kIntegerGroup;
static constexpr int64_t kTermBits = 8;

/// The bytes of a float of `type`: with three, integers hold what bf16 has.
static int64_t countTerms(Type type) { return type.isBF16() ? 3 : 4; }

// What is lost may be 2^-17 of each product where the bound of a sum of K of
// them, K * 2^-24 of all, leaves room for it.
bool quantx::suitsTerms16(const Matmul &matmul, int64_t rows) {
  constexpr int64_t leastSum = 256;
  ScaledType rhs = matmul.rhs.type;
  std::optional<int64_t> sum = getConstantIntValue(matmul.sum.size);
  if (matmul.lhs.type || !sum || *sum % kGroup != 0 || *sum < leastSum)
    return false;
  Type element = getElementTypeOrSelf(matmul.lhs.parts.front().getType());
  bool hasBytes = !rhs.hasZeroPoint() || rhs.getStorageBits() == 4;
  return rows * countTerms(element) <= matmul.tuning.termRows && hasBytes &&
         haveIntegers(rhs) && suitsIntegerGroups(rhs);
}

//===----------------------------------------------------------------------===//
// One group
//===----------------------------------------------------------------------===//

namespace {

/// Integers that stand for a run of floats.
struct RunIntegers {
  /// i32, and the f32 that they count, but for the unit of products.
  Value integers, scale;
  /// Whether they lose too much, as i1.
  Value losesDigits;
};

/// A group of activations as bytes.
struct GroupTerms {
  /// Words and beginnings of integers of all terms, and the scales of runs.
  Value words, offsets, scales;
  /// What is multiplied as floats, and as i8, whether that is anything.
  Value floats, hasFloats;

  SmallVector<Value> get() const {
    return {words, offsets, scales, floats, hasFloats};
  }
};

} // namespace

// The largest magnitude takes the highest bit but two, for the first byte not
// to overflow where one from the right is carried. Truncated, 2^17 and more
// lose less than 2^-17. Powers of two stay away from the ends of f32.
static RunIntegers buildIntegers(ImplicitLocOpBuilder &b, Value run,
                                 int64_t terms) {
  constexpr int64_t mantissaBits = 23, bias = 127, leastExponent = 40;
  constexpr int64_t infinity = 0xff;
  constexpr double exactFrom = 1 << 17;
  ElementwiseBuilder arith(b, b.getLoc());
  Value magnitudes = arith.bitAnd(arith.asI32(run), 0x7fffffff);
  Value largest =
      vector::ReductionOp::create(b, vector::CombiningKind::MAXSI, magnitudes);
  Value exponent = arith.lshr(largest, mantissaBits);
  Value isFinite = arith.less(exponent, infinity);
  exponent = arith.max(exponent, leastExponent);
  int64_t highestBit = terms * kTermBits - 3;
  auto getPower = [&](Value biased) {
    return arith.asF32(arith.shl(biased, mantissaBits));
  };
  RunIntegers result;
  result.scale = getPower(arith.add(exponent, -highestBit));
  Value inverse =
      getPower(arith.sub(arith.i32(2 * bias + highestBit, exponent), exponent));
  Value scaled = arith.mul(run, inverse);
  scaled = arith.select(isFinite, scaled, arith.f32(0.0, scaled));
  result.integers = arith::FPToSIOp::create(
      b, getTypeLike(scaled.getType(), b.getI32Type()), scaled);
  Value back = arith::SIToFPOp::create(b, scaled.getType(), result.integers);
  Value magnitude = arith.asF32(arith.bitAnd(arith.asI32(scaled), 0x7fffffff));
  Value isSmall = arith.greaterF(arith.f32(exactFrom, magnitude), magnitude);
  Value isInexact =
      arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, back, scaled);
  Value loses = vector::ReductionOp::create(
      b, vector::CombiningKind::OR, arith.logicalAnd(isSmall, isInexact));
  Value isNot =
      arith::XOrIOp::create(b, isFinite, arith::ConstantIntOp::create(b, 1, 1));
  result.losesDigits = arith.logicalOr(loses, isNot);
  return result;
}

/// The bytes of `integers`, the highest first.
static SmallVector<Value> splitBytes(ImplicitLocOpBuilder &b, Value integers,
                                     int64_t terms) {
  ElementwiseBuilder arith(b, b.getLoc());
  SmallVector<Value> bytes;
  Value shift = arith.i32(kTermBits, integers);
  for (int64_t term = 0; term < terms; ++term) {
    bytes.push_back(arith.trunc(integers, kTermBits));
    Value carried = arith.add(integers, int64_t(1) << (kTermBits - 1));
    integers = arith::ShRSIOp::create(b, carried, shift);
  }
  return llvm::to_vector(llvm::reverse(bytes));
}

static GroupTerms buildGroup(ImplicitLocOpBuilder &b, const IntegerForm &form,
                             Value elements) {
  ElementwiseBuilder arith(b, b.getLoc());
  Value values = arith.extendToF32(elements);
  Value losesDigits;
  SmallVector<Value> integers, scales;
  for (int64_t first = 0; first < kGroup; first += form.run) {
    Value run =
        vector::ExtractStridedSliceOp::create(b, values, first, form.run, 1);
    RunIntegers one = buildIntegers(b, run, form.terms);
    integers.push_back(one.integers);
    scales.push_back(arith.mul(one.scale, form.unit));
    losesDigits = losesDigits ? arith.logicalOr(losesDigits, one.losesDigits)
                              : one.losesDigits;
  }
  if (isPlanted(Mutant::TermsLoseDigits))
    losesDigits = arith::ConstantIntOp::create(b, 0, 1);
  Value all = concatenate(b, integers);
  all = arith.select(losesDigits, arith.integer(32, 0, all), all);
  SmallVector<Value> words, offsets;
  for (Value bytes : splitBytes(b, all, form.terms)) {
    words.push_back(form.orderWords(b, bytes));
    offsets.push_back(form.sumRuns(b, bytes, -form.offset));
  }
  GroupTerms group;
  group.words = concatenate(b, words);
  group.offsets = concatenate(b, offsets);
  group.scales = vector::FromElementsOp::create(
      b, VectorType::get(int64_t(scales.size()), b.getF32Type()), scales);
  group.floats = arith.select(losesDigits, values, arith.f32(0.0, values));
  group.hasFloats = vector::BroadcastOp::create(
      b, VectorType::get(1, b.getI8Type()), arith.zext(losesDigits, 8));
  return group;
}

//===----------------------------------------------------------------------===//
// All groups
//===----------------------------------------------------------------------===//

namespace {

/// The groups that are multiplied as floats.
struct FloatGroups {
  /// Batches x groups x rows x elements, f32.
  Value values;
  /// The numbers of those groups, batches x groups, and how many these are,
  /// batches x 1: indices.
  Value numbers, counts;
};

/// Activations as bytes, and what is left of them.
struct PackedTerms {
  PackedIntegers integers;
  FloatGroups floats;
};

} // namespace

/// The numbers of the groups of which `hasFloats`, batches x groups x rows x 1,
/// tells for any row, and how many these are, of each batch.
static std::pair<Value, Value> listGroups(ImplicitLocOpBuilder &b,
                                          const Matmul &matmul, Value hasFloats,
                                          int64_t rows) {
  Value groups = createIndex(b, *getConstantIntValue(matmul.sum.size) / kGroup);
  SmallVector<OpFoldResult> batches(ArrayRef(matmul.sizes).drop_back(2));
  SmallVector<OpFoldResult> shape(batches);
  shape.push_back(getAsOpFoldResult(groups));
  Value numbers = tensor::EmptyOp::create(b, shape, b.getIndexType());
  shape.back() = b.getIndexAttr(1);
  Value counts = tensor::EmptyOp::create(b, shape, b.getIndexType());
  counts = linalg::FillOp::create(b, createIndex(b, 0), counts).getResult(0);

  SmallVector<Value> upper;
  for (OpFoldResult size : batches)
    upper.push_back(getValueOrCreateConstantIndexOp(b, b.getLoc(), size));
  upper.push_back(groups);
  SmallVector<Value> lower(upper.size(), createIndex(b, 0));
  SmallVector<Value> steps(upper.size(), createIndex(b, 1));
  // Of rows that do not exist, flags hold anything.
  Value numRows = dyn_cast<Value>(matmul.getRows());
  Value none = arith::ConstantIntOp::create(b, 0, 8);
  auto addGroup = [&](OpBuilder &builder, Location loc, ValueRange indices,
                      ValueRange lists) -> scf::ValueVector {
    ImplicitLocOpBuilder n(loc, builder);
    Value isListed;
    for (int64_t row = 0; row < rows; ++row) {
      SmallVector<Value> place(indices);
      place.append({createIndex(n, row), createIndex(n, 0)});
      Value flag = tensor::ExtractOp::create(n, hasFloats, place);
      if (numRows) {
        Value exists = arith::CmpIOp::create(n, arith::CmpIPredicate::ult,
                                             createIndex(n, row), numRows);
        flag = arith::SelectOp::create(n, exists, flag, none);
      }
      isListed =
          isListed ? Value(arith::OrIOp::create(n, isListed, flag)) : flag;
    }
    // A number that is not counted is written over.
    SmallVector<Value> place(indices.drop_back());
    place.push_back(createIndex(n, 0));
    Value count = tensor::ExtractOp::create(n, lists[1], place);
    SmallVector<Value> end(indices.drop_back());
    end.push_back(count);
    Value next = arith::AddIOp::create(
        n, count, arith::IndexCastUIOp::create(n, n.getIndexType(), isListed));
    return {tensor::InsertOp::create(n, indices.back(), lists[0], end),
            tensor::InsertOp::create(n, next, lists[1], place)};
  };
  scf::LoopNest nest = scf::buildLoopNest(b, b.getLoc(), lower, upper, steps,
                                          {numbers, counts}, addGroup);
  return {nest.results[0], nest.results[1]};
}

static PackedTerms packTerms(ImplicitLocOpBuilder &b, const Matmul &matmul,
                             const IntegerForm &form, int64_t rows) {
  int64_t runs = form.getRunsInGroup(), terms = form.terms;
  Type i32 = b.getI32Type(), f32 = b.getF32Type();
  SmallVector<VectorType> types = {
      VectorType::get(terms * kGroup / kDotCodes, i32),
      VectorType::get(terms * runs, i32), VectorType::get(runs, f32),
      VectorType::get(kGroup, f32), VectorType::get(1, b.getI8Type())};
  SmallVector<Value> packed =
      packGroups(b, matmul, kGroup, {rows}, types,
                 [&](ImplicitLocOpBuilder &b, const Chunk &, Value elements) {
                   return buildGroup(b, form, elements).get();
                 });
  PackedTerms result;
  result.integers.words = packed[0];
  result.integers.offsets = packed[1];
  result.integers.scales = packed[2];
  result.floats.values = packed[3];
  std::tie(result.floats.numbers, result.floats.counts) =
      listGroups(b, matmul, packed[4], rows);
  return result;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// `sums` and the products of the groups of floats with 16 rows of weights.
static SmallVector<Value> addFloats(ImplicitLocOpBuilder &b,
                                    const Matmul &matmul,
                                    const FloatGroups &floats,
                                    ArrayRef<Value> indices, ValueRange sums) {
  ScalePlace place = findRowsScalePlace(matmul.rhs.type);
  SmallVector<Value> batch(indices.drop_back());
  SmallVector<Value> first(batch);
  first.push_back(createIndex(b, 0));
  Value count = tensor::ExtractOp::create(b, floats.counts, first);
  auto loop = scf::ForOp::create(
      b, createIndex(b, 0), count, createIndex(b, 1), sums,
      [&](OpBuilder &builder, Location loc, Value i, ValueRange carried) {
        ImplicitLocOpBuilder n(loc, builder);
        SmallVector<Value> entry(batch);
        entry.push_back(i);
        Value number = tensor::ExtractOp::create(n, floats.numbers, entry);
        auto read = [&](ImplicitLocOpBuilder &b, Value number, Value inGroup,
                        int64_t row) -> Value {
          SmallVector<Value> element(batch);
          element.append({number, createIndex(b, row), inGroup});
          return tensor::ExtractOp::create(b, floats.values, element);
        };
        Piece piece{indices, number, kGroup, kGroup};
        // Not in a loop of its own: that would keep quantx-stream-memory from
        // seeing one stream in the weights.
        scf::YieldOp::create(n, addProducts(n, matmul, piece, place, carried,
                                            kGroup, read,
                                            /*inLoop=*/false));
      });
  return llvm::to_vector_of<Value>(loop.getResults());
}

Value quantx::buildTerms16(ImplicitLocOpBuilder &b, const Matmul &matmul,
                           int64_t rows, Value init) {
  Type element = getElementTypeOrSelf(matmul.lhs.parts.front().getType());
  IntegerForm form(matmul, rows, countTerms(element));
  PackedTerms activations = packTerms(b, matmul, form, rows);
  auto addMore = [&](ImplicitLocOpBuilder &b, ArrayRef<Value> indices,
                     ArrayRef<Value> sums) {
    return addFloats(b, matmul, activations.floats, indices, sums);
  };
  return buildIntegerRows(b, matmul, form, activations.integers, init, addMore);
}
