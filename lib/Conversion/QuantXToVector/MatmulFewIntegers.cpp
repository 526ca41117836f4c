//===- MatmulFewIntegers.cpp - A few rows of integers by weights ----------===//
//
// As in MatmulFewRows.cpp, by dot products of bytes. Each lane has the integers
// of neighbours, all in one block, so that what a group of codes adds to it is
// multiplied by one scale.
//
//===----------------------------------------------------------------------===//

#include "MatmulIntegers.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

/// The bytes of an operand of dot products, and their lanes.
static constexpr int64_t kBytes = 64, kLanes = 16;

static Value createIndex(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

static Value broadcast(ImplicitLocOpBuilder &b, Value scalar) {
  return vector::BroadcastOp::create(
      b, VectorType::get(kLanes, scalar.getType()), scalar);
}

//===----------------------------------------------------------------------===//
// What is multiplied
//===----------------------------------------------------------------------===//

/// The elements whose codes are the bytes of an operand.
static int64_t getGroup(ScaledType weights) {
  return kBytes * 8 / weights.getStorageBits();
}

/// Whether groups are whole blocks, of whole lanes, or within one.
static bool suitsGroup(ScaledType type, int64_t group) {
  int64_t block = getRowBlock(type);
  return type.isWholeDimension(type.getBlockRank() - 1) || block % group == 0 ||
         (group % block == 0 && block % (group / kLanes) == 0);
}

bool quantx::suitsFewIntegers(const Matmul &matmul) {
  ScaledType lhs = matmul.lhs.type, rhs = matmul.rhs.type;
  return suitIntegers(lhs, rhs) && suitsGroup(lhs, getGroup(rhs)) &&
         suitsGroup(rhs, getGroup(rhs));
}

static bool hasRowScale(ScaledType type) {
  return type.isWholeDimension(type.getBlockRank() - 1);
}

/// The groups of a chunk: as many as have 16 scales, which are decoded
/// together, where rows are whole chunks then.
static int64_t countGroups(const Matmul &matmul) {
  constexpr int64_t most = 4;
  int64_t group = getGroup(matmul.rhs.type);
  int64_t block = getRowBlock(matmul.rhs.type);
  std::optional<int64_t> size = getConstantIntValue(matmul.sum.size);
  for (int64_t count = most; count > 1 && size; count /= 2) {
    int64_t chunk = count * group;
    bool suitsBlocks = hasRowScale(matmul.rhs.type) || block % chunk == 0 ||
                       chunk % block == 0;
    if (*size % chunk == 0 && suitsBlocks)
      return count;
  }
  return 1;
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

namespace {

/// What groups of codes of activations have: tensors of batches x groups x rows
/// x some of each.
struct PackedGroups {
  PackedGroups(ImplicitLocOpBuilder &b, const Matmul &matmul,
               const IntegerCodes &codes, int64_t rows);

  /// Operands of dot products, as words.
  Value words;
  /// For each lane, the sum of its codes, and what integers begin with.
  Value sums, offsets;
  /// For each lane, its scale, where rows have several.
  Value scales;
};

} // namespace

/// The elements of a group as the words of its operands.
static SmallVector<int64_t> getOrder(int64_t group) {
  int64_t halves = group / kBytes;
  SmallVector<int64_t> order;
  for (int64_t half = 0; half < halves; ++half)
    for (int64_t element = half; element < group; element += halves)
      order.push_back(element);
  return order;
}

/// The sums of the codes of each lane, i32.
static Value sumCodes(ImplicitLocOpBuilder &b, Value codes) {
  int64_t size = cast<VectorType>(codes.getType()).getNumElements() / kLanes;
  auto type = VectorType::get(kLanes, b.getI32Type());
  Value sum;
  for (int64_t i = 0; i < size; ++i) {
    SmallVector<int64_t> lanes;
    for (int64_t lane = 0; lane < kLanes; ++lane)
      lanes.push_back(lane * size + i);
    Value part = vector::ShuffleOp::create(b, codes, codes, lanes);
    part = arith::ExtSIOp::create(b, type, part);
    sum = sum ? Value(arith::AddIOp::create(b, sum, part)) : part;
  }
  return sum;
}

PackedGroups::PackedGroups(ImplicitLocOpBuilder &b, const Matmul &matmul,
                           const IntegerCodes &codes, int64_t rows) {
  int64_t group = getGroup(codes.type);
  auto wordsType = VectorType::get(group / 4, b.getI32Type());
  auto integers = VectorType::get(kLanes, b.getI32Type());
  auto floats = VectorType::get(kLanes, b.getF32Type());
  auto pack = [&](VectorType type, auto compute) {
    return packGroups(b, matmul, group, {rows}, type, compute);
  };
  words =
      pack(wordsType,
           [&](ImplicitLocOpBuilder &b, const Chunk &, Value codes) -> Value {
             Value ordered =
                 vector::ShuffleOp::create(b, codes, codes, getOrder(group));
             return vector::BitCastOp::create(b, wordsType, ordered);
           });
  if (codes.offset != 0) {
    offsets =
        pack(integers, [&](ImplicitLocOpBuilder &b, const Chunk &, Value read) {
          ElementwiseBuilder arith(b, b.getLoc());
          Value sum = sumCodes(b, read);
          return arith.mul(sum, arith.integer(32, -codes.offset, sum));
        });
  }
  if (codes.type.hasZeroPoint()) {
    sums =
        pack(floats,
             [&](ImplicitLocOpBuilder &b, const Chunk &, Value read) -> Value {
               return arith::SIToFPOp::create(b, floats, sumCodes(b, read));
             });
  }
  if (hasRowScale(matmul.lhs.type))
    return;
  scales = pack(floats, [&](ImplicitLocOpBuilder &b, const Chunk &group,
                            Value) {
    BlockFactors factors = readPresentFactors(
        b, matmul.lhs.type, ValueRange(matmul.lhs.parts).drop_front(), group);
    return spread(b, factors.scale, kLanes);
  });
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

namespace {

/// Rows of activations by some rows of weights.
struct IntegersTile {
  const Matmul &matmul;
  const IntegerCodes &codes;
  const PackedGroups &activations;
  int64_t rows, groups;
  ArrayRef<Value> batch;
  /// The numbers of the rows of weights.
  SmallVector<Value> columns;

  /// `sums`, rows x columns, and the products of a chunk, of `count` elements
  /// or all.
  SmallVector<Value> addChunk(ImplicitLocOpBuilder &b, Value chunk, Value count,
                              ValueRange sums) const;
  /// `sums` times what a row of each operand has one of.
  SmallVector<Value> scaleSums(ImplicitLocOpBuilder &b,
                               ArrayRef<Value> sums) const;

private:
  /// Adds the products of a row of weights in the group number `i` of a chunk
  /// to `sums`, one for each row of activations.
  void addGroup(ImplicitLocOpBuilder &b, const Chunk &elements,
                const BlockFactors &factors, Value chunk, int64_t i,
                MutableArrayRef<Value> sums) const;
  /// The part number `part` of what `tensor` has for a group, 16 lanes.
  Value read(ImplicitLocOpBuilder &b, Value tensor, Value group, int64_t row,
             int64_t part = 0) const;
};

} // namespace

Value IntegersTile::read(ImplicitLocOpBuilder &b, Value tensor, Value group,
                         int64_t row, int64_t part) const {
  SmallVector<Value> indices(batch);
  indices.append({group, createIndex(b, row), createIndex(b, part * kLanes)});
  return extractVector(b, kLanes, tensor, indices);
}

/// `factor`, of a chunk of `groups`, in the lanes of the group number `i`.
static Value takeGroup(ImplicitLocOpBuilder &b, Value factor, int64_t groups,
                       int64_t i) {
  auto type = dyn_cast<VectorType>(factor.getType());
  if (!type)
    return broadcast(b, factor);
  SmallVector<int64_t> lanes;
  for (int64_t lane = 0; lane < kLanes; ++lane)
    lanes.push_back((i * kLanes + lane) * type.getNumElements() /
                    (groups * kLanes));
  if (isPlanted(Mutant::FewIntegersInFirstBlock))
    llvm::fill(lanes, 0);
  return vector::ShuffleOp::create(b, factor, factor, lanes);
}

void IntegersTile::addGroup(ImplicitLocOpBuilder &b, const Chunk &elements,
                            const BlockFactors &factors, Value chunk, int64_t i,
                            MutableArrayRef<Value> sums) const {
  Value none = arith::ConstantOp::create(b, b.getI8IntegerAttr(0));
  Chunk part{elements.indices, getGroup(codes.type), elements.count};
  part.indices.back() = b.createOrFold<arith::AddIOp>(
      part.indices.back(), createIndex(b, i * part.size));
  Value bytes = readChunk(b, matmul.rhs.parts.front(),
                          part.getBytes(b, codes.type.getStorageBits()), none);
  SmallVector<Value> weights = codes.getUnsigned(b, bytes);
  auto lanes = [&](Value factor) { return takeGroup(b, factor, groups, i); };
  auto integers = VectorType::get(kLanes, b.getI32Type());
  auto floats = VectorType::get(kLanes, b.getF32Type());
  auto byteType = VectorType::get(kBytes, b.getI8Type());
  Value zeroPoint;
  if (factors.zeroPoint) {
    zeroPoint = arith::SIToFPOp::create(b, floats, lanes(factors.zeroPoint));
    zeroPoint = arith::NegFOp::create(b, zeroPoint);
  }
  Value group = b.createOrFold<arith::AddIOp>(
      b.createOrFold<arith::MulIOp>(chunk, createIndex(b, groups)),
      createIndex(b, i));
  for (int64_t row = 0; row < rows; ++row) {
    Value sum =
        activations.offsets
            ? read(b, activations.offsets, group, row)
            : Value(arith::ConstantOp::create(b, b.getZeroAttr(integers)));
    for (auto [index, operand] : llvm::enumerate(weights)) {
      Value words = read(b, activations.words, group, row, int64_t(index));
      sum = addDot(b, operand, vector::BitCastOp::create(b, byteType, words),
                   sum);
    }
    // Integers of less than 24 bits: exact.
    Value product = arith::SIToFPOp::create(b, floats, sum);
    if (zeroPoint)
      product = addProduct(b, read(b, activations.sums, group, row), zeroPoint,
                           product);
    if (activations.scales)
      product = arith::MulFOp::create(b, product,
                                      read(b, activations.scales, group, row));
    sums[row] = hasRowScale(codes.type)
                    ? arith::AddFOp::create(b, sums[row], product)
                    : addProduct(b, product, lanes(factors.scale), sums[row]);
  }
}

SmallVector<Value> IntegersTile::addChunk(ImplicitLocOpBuilder &b, Value chunk,
                                          Value count, ValueRange sums) const {
  int64_t size = groups * getGroup(codes.type);
  SmallVector<Value> next(sums);
  for (auto [column, number] : llvm::enumerate(columns)) {
    Chunk elements{llvm::to_vector(batch), size, count};
    elements.indices.append(
        {number, b.createOrFold<arith::MulIOp>(chunk, createIndex(b, size))});
    BlockFactors factors = readPresentFactors(
        b, codes.type, ValueRange(matmul.rhs.parts).drop_front(), elements);
    SmallVector<Value> columnSums;
    for (int64_t row = 0; row < rows; ++row)
      columnSums.push_back(next[row * columns.size() + column]);
    for (int64_t i = 0; i < groups; ++i)
      addGroup(b, elements, factors, chunk, i, columnSums);
    for (int64_t row = 0; row < rows; ++row)
      next[row * columns.size() + column] = columnSums[row];
  }
  return next;
}

SmallVector<Value> IntegersTile::scaleSums(ImplicitLocOpBuilder &b,
                                           ArrayRef<Value> sums) const {
  ElementwiseBuilder arith(b, b.getLoc());
  ScaledType lhs = matmul.lhs.type, rhs = codes.type;
  auto readRow = [&](const MatmulOperand &operand, Value row) {
    Chunk first{llvm::to_vector(batch), 1, Value()};
    first.indices.append({row, createIndex(b, 0)});
    return readBlockFactors(b, operand.type,
                            ValueRange(operand.parts).drop_front(), first,
                            emitDequantizeFactors);
  };
  SmallVector<Value> scaled(sums);
  auto multiply = [&](Value &sum, Value factor) {
    sum = arith.mul(sum, broadcast(b, factor));
  };
  for (auto [column, number] : llvm::enumerate(columns)) {
    BlockFactors factors = readRow(matmul.rhs, number);
    for (int64_t row = 0; row < rows; ++row) {
      Value &sum = scaled[row * columns.size() + column];
      if (hasRowScale(rhs))
        multiply(sum, factors.scale);
      if (factors.global)
        multiply(sum, factors.global);
    }
  }
  Value last = getValueOrCreateConstantIndexOp(b, b.getLoc(), matmul.getRows());
  last = b.createOrFold<arith::SubIOp>(last, createIndex(b, 1));
  double unit = codes.unit * getCodeUnit(lhs);
  for (int64_t row = 0; row < rows; ++row) {
    Value factor;
    if (hasRowScale(lhs)) {
      Value number = b.createOrFold<arith::MinUIOp>(createIndex(b, row), last);
      factor = arith.mul(readRow(matmul.lhs, number).scale, unit);
    } else if (unit != 1.0) {
      factor = arith::ConstantOp::create(b, b.getF32FloatAttr(float(unit)));
    }
    for (size_t column = 0; factor && column < columns.size(); ++column)
      multiply(scaled[row * columns.size() + column], factor);
  }
  return scaled;
}

Value quantx::buildFewIntegers(ImplicitLocOpBuilder &b, const Matmul &matmul,
                               int64_t rows, Value init) {
  IntegerCodes codes(matmul.rhs.type);
  int64_t groups = countGroups(matmul), group = getGroup(codes.type);
  Matmul integers = matmul;
  integers.sum =
      ChunkedSum(b, {groups * group, groups * group, kLanes, /*inWords=*/false},
                 matmul.sum.size);
  PackedGroups activations(b, integers, codes, rows);
  int64_t columns = matmul.tuning.getColumns(rows);
  auto sum = [&](ImplicitLocOpBuilder &b, ArrayRef<Value> indices) {
    IntegersTile tile{integers,
                      codes,
                      activations,
                      rows,
                      groups,
                      indices.drop_back(),
                      locateColumns(b, matmul, indices.back(), columns)};
    SmallVector<Value> sums = sumChunks(
        b, integers.sum, buildZeroSums(b, kLanes, rows * columns),
        [&](ImplicitLocOpBuilder &b, Value chunk, Value count,
            ValueRange sums) { return tile.addChunk(b, chunk, count, sums); });
    return sumLanes(b, tile.scaleSums(b, sums), columns);
  };
  return buildColumnsLoop(b, matmul, columns, rows, init, sum);
}
