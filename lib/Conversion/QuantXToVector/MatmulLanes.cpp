//===- MatmulLanes.cpp - Weights whose lanes are of one block -------------===//

#include "MatmulLanes.h"
#include "MatmulIntegers.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

int64_t quantx::getLaneGroup(ScaledType weights) {
  return kGroupBytes * 8 / weights.getStorageBits();
}

int64_t quantx::getLaneElements(ScaledType weights) {
  return getLaneGroup(weights) / kSumLanes;
}

bool quantx::hasRowScale(ScaledType type) {
  return type.isWholeDimension(type.getBlockRank() - 1);
}

// Groups are whole blocks, of whole lanes, or within one.
bool quantx::suitsLanes(ScaledType type, int64_t group) {
  int64_t block = getRowBlock(type);
  return hasRowScale(type) || block % group == 0 ||
         (group % block == 0 && block % (group / kSumLanes) == 0);
}

// As many as have 16 scales, which are decoded together, where rows are whole
// chunks then.
int64_t quantx::countLaneGroups(const Matmul &matmul) {
  constexpr int64_t most = 4;
  int64_t group = getLaneGroup(matmul.rhs.type);
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

Value LaneGroup::spread(ImplicitLocOpBuilder &b, Value factor,
                        int64_t lanes) const {
  auto type = dyn_cast<VectorType>(factor.getType());
  if (!type) {
    return vector::BroadcastOp::create(
        b, VectorType::get(lanes, factor.getType()), factor);
  }
  SmallVector<int64_t> blocks;
  for (int64_t lane = 0; lane < lanes; ++lane)
    blocks.push_back((index * lanes + lane) * type.getNumElements() /
                     (count * lanes));
  if (isPlanted(Mutant::LanesInFirstBlock))
    llvm::fill(blocks, 0);
  return vector::ShuffleOp::create(b, factor, factor, blocks);
}

Value LaneGroup::spreadZeroPoints(ImplicitLocOpBuilder &b, int64_t lanes,
                                  int64_t bits) const {
  ElementwiseBuilder arith(b, b.getLoc());
  return spread(b, arith.trunc(zeroPoints, bits), lanes);
}

Value LaneProducts::read(ImplicitLocOpBuilder &b, Value tensor,
                         const LaneGroup &group, int64_t row, int64_t part) {
  SmallVector<Value> indices(group.batch);
  indices.append(
      {group.number, createIndex(b, row), createIndex(b, part * kSumLanes)});
  return extractVector(b, kSumLanes, tensor, indices);
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

namespace {

/// Rows of activations by some rows of weights.
struct LanesTile {
  const Matmul &matmul;
  const LaneProducts &products;
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
  /// The run number `index` of a chunk of a row of weights.
  LaneGroup readRun(ImplicitLocOpBuilder &b, const Chunk &elements,
                    Value zeroPoints, Value chunk, int64_t index) const;
};

} // namespace

LaneGroup LanesTile::readRun(ImplicitLocOpBuilder &b, const Chunk &elements,
                             Value zeroPoints, Value chunk,
                             int64_t index) const {
  ScaledType type = matmul.rhs.type;
  Value none = arith::ConstantOp::create(b, b.getI8IntegerAttr(0));
  int64_t run = products.getRun(), runs = groups / run;
  SmallVector<Value> bytes;
  for (int64_t group = index * run; group < (index + 1) * run; ++group) {
    Chunk part{elements.indices, getLaneGroup(type), elements.count};
    part.indices.back() = b.createOrFold<arith::AddIOp>(
        part.indices.back(), createIndex(b, group * part.size));
    bytes.push_back(readChunk(b, matmul.rhs.parts.front(),
                              part.getBytes(b, type.getStorageBits()), none));
  }
  Value number = b.createOrFold<arith::AddIOp>(
      b.createOrFold<arith::MulIOp>(chunk, createIndex(b, runs)),
      createIndex(b, index));
  return {batch, number, bytes, zeroPoints, index, runs};
}

// All rows of weights go forward together, for what is read of activations to
// multiply each of them.
SmallVector<Value> LanesTile::addChunk(ImplicitLocOpBuilder &b, Value chunk,
                                       Value count, ValueRange sums) const {
  ScaledType type = matmul.rhs.type;
  int64_t size = groups * getLaneGroup(type);
  SmallVector<Chunk> chunks;
  SmallVector<BlockFactors> factors;
  for (Value number : columns) {
    Chunk elements{llvm::to_vector(batch), size, count};
    elements.indices.append(
        {number, b.createOrFold<arith::MulIOp>(chunk, createIndex(b, size))});
    factors.push_back(readPresentFactors(
        b, type, ValueRange(matmul.rhs.parts).drop_front(), elements));
    chunks.push_back(elements);
  }
  SmallVector<Value> next(sums);
  for (int64_t index = 0; index < groups / products.getRun(); ++index) {
    SmallVector<LaneGroup> all;
    for (auto [elements, one] : llvm::zip_equal(chunks, factors))
      all.push_back(readRun(b, elements, one.zeroPoint, chunk, index));
    SmallVector<Value> added = products.multiply(b, all);
    for (auto [i, sum] : llvm::enumerate(next)) {
      size_t column = i % columns.size();
      sum = hasRowScale(type)
                ? arith::AddFOp::create(b, sum, added[i])
                : addProduct(
                      b, added[i],
                      all[column].spread(b, factors[column].scale, kSumLanes),
                      sum);
    }
  }
  return next;
}

SmallVector<Value> LanesTile::scaleSums(ImplicitLocOpBuilder &b,
                                        ArrayRef<Value> sums) const {
  SmallVector<Value> scaled(sums);
  auto multiply = [&](Value &sum, Value factor) {
    auto lanes = VectorType::get(kSumLanes, factor.getType());
    sum = arith::MulFOp::create(b, sum,
                                vector::BroadcastOp::create(b, lanes, factor));
  };
  for (auto [column, number] : llvm::enumerate(columns)) {
    Chunk first{llvm::to_vector(batch), 1, Value()};
    first.indices.append({number, createIndex(b, 0)});
    BlockFactors factors = readBlockFactors(
        b, matmul.rhs.type, ValueRange(matmul.rhs.parts).drop_front(), first,
        emitDequantizeFactors);
    for (int64_t row = 0; row < rows; ++row) {
      Value &sum = scaled[row * columns.size() + column];
      if (hasRowScale(matmul.rhs.type))
        multiply(sum, factors.scale);
      if (factors.global)
        multiply(sum, factors.global);
    }
  }
  for (int64_t row = 0; row < rows; ++row) {
    Value factor = products.getFactor(b, batch, row);
    for (size_t column = 0; factor && column < columns.size(); ++column)
      multiply(scaled[row * columns.size() + column], factor);
  }
  return scaled;
}

Value quantx::buildLaneSums(ImplicitLocOpBuilder &b, const Matmul &matmul,
                            const LaneProducts &products, LaneTile size,
                            Value init) {
  int64_t groups = countLaneGroups(matmul);
  int64_t chunk = groups * getLaneGroup(matmul.rhs.type);
  ChunkedSum all(b, {chunk, chunk, kSumLanes, /*inWords=*/false},
                 matmul.sum.size);
  auto [rows, columns] = size;
  auto sum = [&, rows = rows, columns = columns](ImplicitLocOpBuilder &b,
                                                 ArrayRef<Value> indices) {
    LanesTile tile{matmul,
                   products,
                   rows,
                   groups,
                   indices.drop_back(),
                   locateColumns(b, matmul, indices.back(), columns)};
    SmallVector<Value> sums = sumChunks(
        b, all, buildZeroSums(b, kSumLanes, rows * columns),
        [&](ImplicitLocOpBuilder &b, Value chunk, Value count,
            ValueRange sums) { return tile.addChunk(b, chunk, count, sums); });
    return sumLanes(b, tile.scaleSums(b, sums), columns);
  };
  return buildColumnsLoop(b, matmul, columns, rows, init, sum);
}
