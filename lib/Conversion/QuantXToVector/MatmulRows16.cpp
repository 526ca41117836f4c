//===- MatmulRows16.cpp - Weights with rows side by side ------------------===//

#include "MatmulRows16.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"
#include <numeric>

using namespace mlir;
using namespace quantx;

static constexpr int64_t kLanes = kInterleavedRows;
static constexpr int64_t kLineBytes = kLanes * kPayloadUnit;

static Value mul(ImplicitLocOpBuilder &b, Value lhs, int64_t rhs) {
  return b.createOrFold<arith::MulIOp>(lhs, createIndex(b, rhs));
}

Value quantx::broadcastToRows(ImplicitLocOpBuilder &b, Value scalar) {
  return vector::BroadcastOp::create(
      b, VectorType::get(kLanes, scalar.getType()), scalar);
}

int64_t quantx::getCodesInWord(ScaledType type) {
  return 8 * int64_t(kPayloadUnit) / type.getStorageBits();
}

// Several blocks decode more scales together.
int64_t quantx::getPieceSize(ScaledType type, int64_t size) {
  int64_t block = getRowBlock(type);
  if (type.isWholeDimension(type.getBlockRank() - 1))
    return size;
  return block < size ? block * (size / block) : std::gcd(block, size);
}

ScalePlace quantx::findRowsScalePlace(ScaledType type) {
  if (!scalesSums(type))
    return ScalePlace::Values;
  return type.isWholeDimension(type.getBlockRank() - 1) ? ScalePlace::RowSums
                                                        : ScalePlace::BlockSums;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

Value Piece::countBefore(ImplicitLocOpBuilder &b, int64_t each) const {
  if (step % each == 0)
    return mul(b, number, step / each);
  return b.createOrFold<arith::DivUIOp>(mul(b, number, step),
                                        createIndex(b, each));
}

std::pair<Value, Value> Piece::locate(ImplicitLocOpBuilder &b, int64_t element,
                                      int64_t group, int64_t each) const {
  Value number = b.createOrFold<arith::AddIOp>(countBefore(b, group),
                                               createIndex(b, element / group));
  Value place = createIndex(b, element % group / each);
  if (step % group == 0)
    return {number, place};
  Value first = b.createOrFold<arith::RemUIOp>(countBefore(b, each),
                                               createIndex(b, group / each));
  return {number, b.createOrFold<arith::AddIOp>(first, place)};
}

/// Part number `index` of `factor`, 16 lanes.
static Value sliceLanes(ImplicitLocOpBuilder &b, Value factor, int64_t index) {
  if (cast<VectorType>(factor.getType()).getNumElements() == kLanes)
    return factor;
  return vector::ExtractStridedSliceOp::create(b, factor, index * kLanes,
                                               kLanes, 1);
}

RowsReader::RowsReader(ImplicitLocOpBuilder &b, const MatmulOperand &weights,
                       const Piece &piece, ScalePlace place)
    : b(b), weights(weights), type(weights.type), piece(piece), place(place),
      codesInWord(getCodesInWord(type)),
      block(std::min(getRowBlock(type), piece.step)) {
  int64_t lanes = int64_t(llvm::divideCeil(piece.size, block)) * kLanes;
  bool isWhole = type.isWholeDimension(type.getBlockRank() - 1);
  Value first =
      isWhole ? createIndex(b, 0) : piece.countBefore(b, getRowBlock(type));
  Chunk chunk{SmallVector<Value>(piece.rows), lanes, Value()};
  chunk.indices.push_back(mul(b, first, kLanes));
  SmallVector<Value> values;
  for (Value part : ArrayRef(weights.parts).drop_front()) {
    if (cast<RankedTensorType>(part.getType()).getRank() != 0) {
      values.push_back(readChunk(b, part, chunk));
      continue;
    }
    Value global = tensor::ExtractOp::create(b, part, ValueRange());
    values.push_back(vector::BroadcastOp::create(
        b, VectorType::get(lanes, global.getType()), global));
  }
  ElementwiseBuilder arith(b, b.getLoc());
  factors =
      emitDequantizeFactors(arith, type, BlockParameters::get(type, values));
  // Powers of two: scales take the units of words, exactly.
  if (getCodeUnit(type) != 1.0)
    factors.scale = arith.mul(factors.scale, getCodeUnit(type));
}

BlockFactors RowsReader::getFactors(int64_t element) const {
  int64_t index = element / block;
  if (isPlanted(Mutant::RowsInFirstBlock))
    index = 0;
  return factors.map(
      [&](Value factor) { return sliceLanes(b, factor, index); });
}

Value RowsReader::readBytes(Value word) {
  Chunk chunk{SmallVector<Value>(piece.rows), kLineBytes, Value()};
  Value first = mul(b, piece.countBefore(b, codesInWord), kLineBytes);
  chunk.indices.push_back(
      b.createOrFold<arith::AddIOp>(first, mul(b, word, kLineBytes)));
  return readChunk(b, weights.parts.front(), chunk);
}

Value RowsReader::readBytes(int64_t word) {
  return readBytes(createIndex(b, word));
}

// Floats of 8 bits are looked up all at once, codes of 16 rows together.
SmallVector<Value> RowsReader::decodeBytes(Value bytes) {
  SmallVector<int64_t> order;
  for (int64_t code = 0; code < codesInWord; ++code)
    for (int64_t lane = 0; lane < kLanes; ++lane)
      order.push_back(lane * codesInWord + code);
  Value codes = vector::ShuffleOp::create(b, bytes, bytes, order);
  ElementwiseBuilder arith(b, b.getLoc());
  Value all = emitCodeValue(arith, type, codes, /*zeroPoint=*/{});
  SmallVector<Value> values;
  for (int64_t code = 0; code < codesInWord; ++code)
    values.push_back(sliceLanes(b, all, code));
  return values;
}

SmallVector<Value> RowsReader::decodeWords(Value bytes,
                                           const BlockFactors &lanes) {
  Value words = vector::BitCastOp::create(
      b, VectorType::get(kLanes, b.getI32Type()), bytes);
  ElementwiseBuilder arith(b, b.getLoc());
  SmallVector<Value> values;
  for (int64_t code = 0; code < codesInWord; ++code) {
    Value shifted =
        code == 0 ? words : arith.lshr(words, code * type.getStorageBits());
    values.push_back(
        emitCodeValueInWord(arith, type, shifted, lanes.zeroPoint));
  }
  return values;
}

SmallVector<Value> RowsReader::readWord(int64_t word) {
  return readWord(createIndex(b, word), word * codesInWord);
}

SmallVector<Value> RowsReader::readWord(Value word, int64_t element) {
  BlockFactors lanes = getFactors(element);
  Value bytes = readBytes(word);
  bool isWideFloat = type.getStorageBits() == 8 && type.getFloatFormat();
  SmallVector<Value> values =
      isWideFloat ? decodeBytes(bytes) : decodeWords(bytes, lanes);
  ElementwiseBuilder arith(b, b.getLoc());
  if (place == ScalePlace::Values)
    for (Value &value : values)
      value = arith.extendToF32(emitExpressedValue(arith, type, value, lanes));
  return values;
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

SmallVector<Value> quantx::sumPieces(ImplicitLocOpBuilder &b,
                                     const Matmul &matmul,
                                     ArrayRef<RowsIndices> all,
                                     const RowsPlan &plan, PiecesFn add) {
  int64_t codesInWord = getCodesInWord(matmul.rhs.type);
  int64_t sum = *getConstantIntValue(matmul.sum.size);
  int64_t whole = sum / plan.size;
  int64_t rest = int64_t(llvm::alignTo(sum % plan.size, codesInWord));
  auto getPieces = [&](Value number, int64_t elements) {
    return llvm::map_to_vector(all, [&](const RowsIndices &indices) {
      return Piece{indices, number, plan.size, elements};
    });
  };
  SmallVector<Value> sums =
      buildZeroSums(b, kLanes, int64_t(all.size()) * plan.rows);
  if (whole > 0) {
    auto loop = scf::ForOp::create(
        b, createIndex(b, 0), createIndex(b, whole), createIndex(b, 1), sums,
        [&](OpBuilder &builder, Location loc, Value number,
            ValueRange carried) {
          ImplicitLocOpBuilder n(loc, builder);
          scf::YieldOp::create(n,
                               add(n, getPieces(number, plan.size), carried));
        });
    sums = llvm::to_vector_of<Value>(loop.getResults());
  }
  if (rest == 0)
    return sums;
  return add(b, getPieces(createIndex(b, whole), rest), sums);
}

SmallVector<Value> quantx::addBlocks(ImplicitLocOpBuilder &b,
                                     const Matmul &matmul, const Piece &piece,
                                     ScalePlace place, ValueRange sums,
                                     BlockSumsFn sum) {
  RowsReader reader(b, matmul.rhs, piece, place);
  int64_t block = std::min(getRowBlock(matmul.rhs.type), piece.step);
  SmallVector<Value> next(sums);
  for (int64_t begin = 0; begin < piece.size; begin += block) {
    SmallVector<Value> products =
        sum(b, reader, begin, std::min(begin + block, piece.size));
    for (auto [total, product] : llvm::zip_equal(next, products)) {
      total =
          place == ScalePlace::BlockSums
              ? addProduct(b, product, reader.getFactors(begin).scale, total)
              : arith::AddFOp::create(b, total, product);
    }
  }
  return next;
}

SmallVector<Value> quantx::scaleRowSums(ImplicitLocOpBuilder &b,
                                        const Matmul &matmul,
                                        ArrayRef<Value> indices,
                                        ScalePlace place,
                                        ArrayRef<Value> sums) {
  SmallVector<Value> scaled(sums);
  if (place == ScalePlace::Values)
    return scaled;
  auto multiply = [&](Value factor) {
    for (Value &sum : scaled)
      sum = arith::MulFOp::create(b, sum, factor);
  };
  if (place == ScalePlace::RowSums) {
    int64_t word = getCodesInWord(matmul.rhs.type);
    RowsReader reader(b, matmul.rhs, {indices, createIndex(b, 0), word, word},
                      place);
    multiply(reader.getFactors(0).scale);
  }
  if (matmul.rhs.type.hasGlobal()) {
    multiply(broadcastToRows(b, tensor::ExtractOp::create(
                                    b, matmul.rhs.parts.back(), ValueRange())));
  }
  return scaled;
}

// The last 16 rows are multiplied again where others do not exist, which is to
// be little beside all.
RowsPlan quantx::planRows(const Matmul &matmul, int64_t rows, int64_t streams) {
  constexpr int64_t leastSteps = 8;
  std::optional<int64_t> columns = getConstantIntValue(matmul.getColumns());
  if (!columns || *columns < leastSteps * streams * kLanes)
    streams = 1;
  ScaledType type = matmul.rhs.type;
  return {rows, streams,
          getPieceSize(type, matmul.tuning.getPieceSize(rows, streams))};
}

/// The indices of each 16 of the `plan.streams` times 16 rows at `indices`, of
/// which the last is that of a row.
static SmallVector<RowsIndices> locateRows(ImplicitLocOpBuilder &b,
                                           const Matmul &matmul,
                                           const RowsPlan &plan,
                                           ArrayRef<Value> indices) {
  OpFoldResult columns = matmul.getColumns();
  Value first =
      b.createOrFold<arith::DivUIOp>(indices.back(), createIndex(b, kLanes));
  SmallVector<RowsIndices> all;
  for (int64_t i = 0; i < plan.streams; ++i) {
    int64_t next = isPlanted(Mutant::StreamsInFirstRows) ? 0 : i;
    Value number = b.createOrFold<arith::AddIOp>(first, createIndex(b, next));
    if (i > 0 && !isMultiple(columns, plan.streams * kLanes)) {
      int64_t last = (*getConstantIntValue(columns) - 1) / kLanes;
      number = b.createOrFold<arith::MinUIOp>(number, createIndex(b, last));
    }
    all.emplace_back(indices.drop_back()).push_back(number);
  }
  return all;
}

Value quantx::buildRowsLoop(ImplicitLocOpBuilder &b, const Matmul &matmul,
                            const RowsPlan &plan, Value init, PiecesFn add,
                            FinishSumsFn finish) {
  auto sum = [&](ImplicitLocOpBuilder &b, ArrayRef<Value> indices) {
    SmallVector<RowsIndices> all = locateRows(b, matmul, plan, indices);
    SmallVector<Value> sums = sumPieces(b, matmul, all, plan, add);
    SmallVector<SmallVector<Value>> totals(plan.rows);
    for (auto [i, place] : llvm::enumerate(all)) {
      auto part = ArrayRef(sums).slice(i * plan.rows, plan.rows);
      for (auto [row, total] : llvm::zip_equal(totals, finish(b, place, part)))
        row.push_back(total);
    }
    return llvm::map_to_vector(
        totals, [&](ArrayRef<Value> row) { return concatenate(b, row); });
  };
  return buildColumnsLoop(b, matmul, plan.streams * kLanes, plan.rows, init,
                          sum);
}
