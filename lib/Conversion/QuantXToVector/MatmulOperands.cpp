//===- MatmulOperands.cpp - Rows of a matmul in chunks --------------------===//

#include "MatmulOperands.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Vectors in tensors
//===----------------------------------------------------------------------===//

/// Writes `vector` over `slice`, a tensor of as many elements.
static Value writeVector(ImplicitLocOpBuilder &b, Value vector, Value slice) {
  auto type = cast<RankedTensorType>(slice.getType());
  auto map = AffineMap::getMinorIdentityMap(type.getRank(), 1, b.getContext());
  SmallVector<Value> start(type.getRank(), createIndex(b, 0));
  return vector::TransferWriteOp::create(b, type, vector, slice, start, map,
                                         /*mask=*/Value(),
                                         b.getBoolArrayAttr({true}))
      .getResult();
}

Value quantx::insertVector(ImplicitLocOpBuilder &b, Value vector, Value tensor,
                           ArrayRef<OpFoldResult> offsets) {
  SmallVector<OpFoldResult> ones(offsets.size(), b.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes(ones);
  sizes.back() =
      b.getIndexAttr(cast<VectorType>(vector.getType()).getNumElements());
  Value slice = tensor::ExtractSliceOp::create(b, tensor, offsets, sizes, ones);
  slice = writeVector(b, vector, slice);
  return tensor::InsertSliceOp::create(b, slice, tensor, offsets, sizes, ones);
}

Value quantx::concatenate(ImplicitLocOpBuilder &b, ArrayRef<Value> parts) {
  if (parts.size() == 1)
    return parts.front();
  auto type = cast<VectorType>(parts.front().getType());
  int64_t size = type.getNumElements();
  auto all =
      VectorType::get(size * int64_t(parts.size()), type.getElementType());
  Value result = arith::ConstantOp::create(b, b.getZeroAttr(all));
  for (auto [i, part] : llvm::enumerate(parts))
    result = vector::InsertStridedSliceOp::create(b, part, result,
                                                  int64_t(i) * size, 1);
  return result;
}

Value quantx::extractVector(ImplicitLocOpBuilder &b, int64_t lanes,
                            Value tensor, ValueRange indices) {
  auto map = AffineMap::getMinorIdentityMap(indices.size(), 1, b.getContext());
  Type element = cast<ShapedType>(tensor.getType()).getElementType();
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(element));
  return vector::TransferReadOp::create(
      b, VectorType::get(lanes, element), tensor, indices, map, zero,
      /*mask=*/Value(), b.getBoolArrayAttr({true}));
}

//===----------------------------------------------------------------------===//
// Chunks of K
//===----------------------------------------------------------------------===//

SmallVector<int64_t> ChunkOrder::getElements(int64_t part) const {
  int64_t first = inWords ? part : part * lanes;
  int64_t distance = inWords ? getPartsInGroup() : 1;
  SmallVector<int64_t> elements;
  for (int64_t lane = 0; lane < lanes; ++lane)
    elements.push_back(first + lane * distance);
  return elements;
}

ChunkedSum::ChunkedSum(ImplicitLocOpBuilder &b, const ChunkOrder &order,
                       Value size)
    : order(order), size(size) {
  Value step = createIndex(b, order.chunk);
  whole = b.createOrFold<arith::DivUIOp>(size, step);
  rest = b.createOrFold<arith::RemUIOp>(size, step);
  if (isPlanted(Mutant::MatmulRestSkipped))
    rest = createIndex(b, 0);
  Value added =
      b.createOrFold<arith::AddIOp>(size, createIndex(b, order.chunk - 1));
  count = b.createOrFold<arith::DivUIOp>(added, step);
}

bool ChunkedSum::mayHaveRest() const { return getConstantIntValue(rest) != 0; }

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// `vector`, but zeros in the lanes from `count` on, if that is given.
static Value clearFrom(ImplicitLocOpBuilder &b, Value vector, Value count) {
  auto type = dyn_cast<VectorType>(vector.getType());
  if (!type || !count)
    return vector;
  Value exists = vector::CreateMaskOp::create(
      b, VectorType::get(type.getShape(), b.getI1Type()), count);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
  return arith::SelectOp::create(b, exists, vector, zero);
}

Value quantx::readValues(ImplicitLocOpBuilder &b, const MatmulOperand &operand,
                         const Chunk &chunk) {
  ElementwiseBuilder arith(b, b.getLoc());
  ScaledType type = operand.type;
  Value values;
  if (type) {
    Value codes =
        readPackedChunk(b, operand.parts.front(), chunk, type.getStorageBits());
    BlockFactors factors =
        readFactors(b, type, ValueRange(operand.parts).drop_front(), chunk,
                    emitDequantizeFactors);
    values = emitDequantizeElement(arith, type, codes, factors);
  } else {
    values = readChunk(b, operand.parts.front(), chunk);
  }
  // What is beyond the row may be anything, also NaN.
  return clearFrom(b, arith.extendToF32(values), chunk.count);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

// A power of two times a code has the at most 8 significant bits of bf16.
bool quantx::scalesSums(ScaledType type) {
  Type expressed = type.getExpressedType();
  return expressed.isF32() || (expressed.isBF16() && !type.hasGlobal() &&
                               isa<Float8E8M0FNUType>(type.getScaleType()));
}

int64_t quantx::getRowBlock(ScaledType type) {
  unsigned last = type.getBlockRank() - 1;
  return type.isWholeDimension(last) ? std::numeric_limits<int64_t>::max()
                                     : type.getBlockShape()[last];
}

/// `factor`, a scalar or one lane for each block of a chunk, as the lanes
/// of vectors: lane i has that of the element `elements[i]`.
static Value spreadFactor(ImplicitLocOpBuilder &b, Value factor, int64_t block,
                          ArrayRef<int64_t> elements) {
  Type element = getElementTypeOrSelf(factor);
  auto type = VectorType::get(int64_t(elements.size()), element);
  if (!isa<VectorType>(factor.getType()))
    return vector::BroadcastOp::create(b, type, factor);
  auto blocks = llvm::map_to_vector(
      elements, [&](int64_t index) { return index / block; });
  if (isPlanted(Mutant::ChunkInFirstBlock))
    llvm::fill(blocks, 0);
  return vector::ShuffleOp::create(b, factor, factor, blocks);
}

/// The parts of a chunk that are in one block; 0 where a part is not.
static int64_t countPartsInBlock(ScaledType type, const ChunkOrder &order) {
  return order.inWords ? order.getPartsInGroup()
                       : std::min(getRowBlock(type), order.chunk) / order.lanes;
}

ScalePlace quantx::findScalePlace(ScaledType type, const ChunkOrder &order,
                                  int64_t rows) {
  if (!scalesSums(type))
    return ScalePlace::Values;
  if (rows > 1 && type.isWholeDimension(type.getBlockRank() - 1))
    return ScalePlace::RowSums;
  // A multiplication for each row, or for each part.
  return rows <= countPartsInBlock(type, order) ? ScalePlace::BlockSums
                                                : ScalePlace::Values;
}

WeightReader::WeightReader(ImplicitLocOpBuilder &b,
                           const MatmulOperand &weights,
                           const ChunkOrder &order, const Chunk &chunk,
                           ScalePlace place)
    : b(b), arith(b, b.getLoc()), weights(weights), type(weights.type),
      order(order), chunk(chunk), place(place), block(getRowBlock(type)) {
  factors = readBlockFactors(b, type, ValueRange(weights.parts).drop_front(),
                             chunk, emitDequantizeFactors);
  if (chunk.count && block < chunk.size) {
    Value blocks = chunk.getBlocks(b, block).count;
    factors =
        factors.map([&](Value factor) { return clearFrom(b, factor, blocks); });
  }
  // Powers of two: scales take the units of words, exactly.
  if (order.inWords && getCodeUnit(type) != 1.0)
    factors.scale = arith.mul(factors.scale, getCodeUnit(type));
}

int64_t WeightReader::getPartsInBlock() const {
  return countPartsInBlock(type, order);
}

SmallVector<int64_t> WeightReader::getElements(int64_t part) const {
  SmallVector<int64_t> elements =
      order.getElements(part % order.getPartsInGroup());
  for (int64_t &element : elements)
    element += part / order.getPartsInGroup() * order.group;
  return elements;
}

BlockFactors WeightReader::spread(ArrayRef<int64_t> elements) {
  return factors.map(
      [&](Value factor) { return spreadFactor(b, factor, block, elements); });
}

Value WeightReader::readScale(int64_t part) {
  Value scale = factors.scale;
  if (factors.global)
    scale = arith.mul(scale, factors.global);
  return spreadFactor(b, scale, block, getElements(part));
}

Value WeightReader::scaleValues(Value values, const BlockFactors &lanes) {
  return arith.extendToF32(emitExpressedValue(arith, type, values, lanes));
}

Value WeightReader::readWords(int64_t group) {
  Value offset = createIndex(b, group * order.group);
  Chunk part{chunk.indices, order.group, Value()};
  part.indices.back() =
      b.createOrFold<arith::AddIOp>(part.indices.back(), offset);
  if (chunk.count) {
    Value left = b.createOrFold<arith::SubIOp>(chunk.count, offset);
    part.count = b.createOrFold<arith::MaxSIOp>(left, createIndex(b, 0));
  }
  Value none = arith::ConstantOp::create(b, b.getI8IntegerAttr(0));
  Value bytes = readChunk(b, weights.parts.front(),
                          part.getBytes(b, type.getStorageBits()), none);
  return vector::BitCastOp::create(
      b, VectorType::get(order.lanes, b.getI32Type()), bytes);
}

Value WeightReader::readInOrder() {
  Value codes =
      readPackedChunk(b, weights.parts.front(), chunk, type.getStorageBits());
  auto all = llvm::to_vector(llvm::seq<int64_t>(0, chunk.size));
  BlockFactors lanes = spread(all);
  Value values = emitCodeValue(arith, type, codes, lanes.zeroPoint);
  if (place == ScalePlace::Values)
    values = scaleValues(values, lanes);
  return clearFrom(b, values, chunk.count);
}

Value WeightReader::read(int64_t part) {
  if (!order.inWords) {
    if (part == 0)
      current = readInOrder();
    return vector::ExtractStridedSliceOp::create(b, current, part * order.lanes,
                                                 order.lanes, 1);
  }
  int64_t inGroup = part % order.getPartsInGroup();
  if (inGroup == 0) {
    current = readWords(part / order.getPartsInGroup());
    currentFactors = spread(getElements(part));
  }
  Value code = inGroup == 0
                   ? current
                   : arith.lshr(current, inGroup * type.getStorageBits());
  Value values =
      emitCodeValueInWord(arith, type, code, currentFactors.zeroPoint);
  return place == ScalePlace::Values ? scaleValues(values, currentFactors)
                                     : values;
}

Value WeightReader::readGroup(int64_t group) {
  auto vectorType = VectorType::get(order.group, b.getF32Type());
  Value all = arith::ConstantOp::create(b, b.getZeroAttr(vectorType));
  int64_t parts = order.getPartsInGroup();
  for (int64_t i = 0; i < parts; ++i) {
    all = vector::InsertStridedSliceOp::create(
        b, read(group * parts + i), all, ArrayRef<int64_t>{i * order.lanes},
        ArrayRef<int64_t>{1});
  }
  return all;
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

OpFoldResult quantx::countTiles(ImplicitLocOpBuilder &b, OpFoldResult size,
                                int64_t rows) {
  if (std::optional<int64_t> constant = getConstantIntValue(size))
    return b.getIndexAttr(llvm::divideCeil(*constant, rows));
  Value sum =
      arith::AddIOp::create(b, cast<Value>(size), createIndex(b, rows - 1));
  return arith::DivUIOp::create(b, sum, createIndex(b, rows)).getResult();
}

/// The same, but at least one: where there are no rows, the first tile is read
/// all the same.
static OpFoldResult countReadTiles(ImplicitLocOpBuilder &b, OpFoldResult size,
                                   int64_t rows) {
  Value tiles =
      getValueOrCreateConstantIndexOp(b, b.getLoc(), countTiles(b, size, rows));
  return getAsOpFoldResult(
      b.createOrFold<arith::MaxUIOp>(tiles, createIndex(b, 1)));
}

/// `values`, a group, as its parts behind one another.
static Value reorder(ImplicitLocOpBuilder &b, const ChunkOrder &order,
                     Value values) {
  SmallVector<int64_t> elements;
  for (int64_t part = 0; part < order.getPartsInGroup(); ++part)
    llvm::append_range(elements, order.getElements(part));
  return vector::ShuffleOp::create(b, values, values, elements);
}

/// The elements of `group`, of which as many exist as the row has before `end`:
/// none, maybe.
static Value readRest(ImplicitLocOpBuilder &b, const MatmulOperand &lhs,
                      Chunk group, Value end) {
  Value size = createIndex(b, group.size), zero = createIndex(b, 0);
  Value left = b.createOrFold<arith::SubIOp>(end, group.indices.back());
  group.count = b.createOrFold<arith::MinSIOp>(left, size);
  Value exists =
      arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, left, zero);
  auto read = [&](OpBuilder &builder, Location loc) {
    ImplicitLocOpBuilder n(loc, builder);
    scf::YieldOp::create(n, readValues(n, lhs, group));
  };
  auto clear = [&](OpBuilder &builder, Location loc) {
    auto type = VectorType::get(group.size, builder.getF32Type());
    Value zeros =
        arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
    scf::YieldOp::create(builder, loc, zeros);
  };
  return scf::IfOp::create(b, exists, read, clear).getResult(0);
}

Value quantx::readGroup(ImplicitLocOpBuilder &b, const MatmulOperand &operand,
                        const Chunk &group, Value end) {
  return end ? readRest(b, operand, group, end) : readValues(b, operand, group);
}

SmallVector<Value> quantx::readParts(ImplicitLocOpBuilder &b,
                                     const MatmulOperand &operand,
                                     const ChunkOrder &order,
                                     const Chunk &group, Value end) {
  Value values = reorder(b, order, readGroup(b, operand, group, end));
  SmallVector<Value> parts;
  for (int64_t i = 0; i < order.getPartsInGroup(); ++i) {
    parts.push_back(vector::ExtractStridedSliceOp::create(
        b, values, i * order.lanes, order.lanes, 1));
  }
  return parts;
}

namespace {

/// Packs rows of activations.
struct RowPacking {
  ImplicitLocOpBuilder &b;
  const MatmulOperand &lhs;
  const ChunkOrder &order;
  int64_t rows;
  ArrayRef<OpFoldResult> sizes;

  /// Packs the groups number `lower` to `upper` of all rows into `tensor`.
  /// Their rows end at `end`, or behind all of them if that is null.
  Value packGroups(OpFoldResult lower, OpFoldResult upper, Value end,
                   Value tensor) const;
};

} // namespace

Value RowPacking::packGroups(OpFoldResult lower, OpFoldResult upper, Value end,
                             Value tensor) const {
  OpBuilder::InsertionGuard guard(b);
  size_t rank = sizes.size();
  SmallVector<OpFoldResult> ones(rank, b.getIndexAttr(1));
  SmallVector<OpFoldResult> lowers(rank, b.getIndexAttr(0)), uppers(sizes);
  lowers.back() = lower;
  uppers.back() = upper;
  auto loop = scf::ForallOp::create(b, lowers, uppers, ones, tensor,
                                    /*mapping=*/std::nullopt);
  b.setInsertionPoint(loop.getTerminator());
  SmallVector<Value> indices(loop.getInductionVars());
  Chunk group{indices, order.group, Value()};
  group.indices.back() = b.createOrFold<arith::MulIOp>(
      indices.back(), createIndex(b, order.group));
  Value values = end ? readRest(b, lhs, group, end) : readValues(b, lhs, group);

  values = reorder(b, order, values);

  // batches, tile, group, row, element
  SmallVector<OpFoldResult> offsets =
      getAsOpFoldResult(ValueRange(indices).drop_back(2));
  Value row = indices[rank - 2], tileRows = createIndex(b, rows);
  offsets.push_back(b.createOrFold<arith::DivUIOp>(row, tileRows));
  offsets.push_back(indices.back());
  offsets.push_back(b.createOrFold<arith::RemUIOp>(row, tileRows));
  offsets.push_back(b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(rank + 2, b.getIndexAttr(1));
  SmallVector<OpFoldResult> extents(strides);
  extents.back() = b.getIndexAttr(order.group);
  Value all = loop.getRegionIterArgs().front();
  Value slice =
      tensor::ExtractSliceOp::create(b, all, offsets, extents, strides);
  slice = writeVector(b, values, slice);
  b.setInsertionPointToStart(loop.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(b, slice, all, offsets, extents,
                                        strides);
  return loop.getResult(0);
}

PackedActivations::PackedActivations(ImplicitLocOpBuilder &b,
                                     const MatmulOperand &lhs,
                                     const ChunkedSum &sum, int64_t rows,
                                     ArrayRef<OpFoldResult> sizes)
    : lanes(sum.order.lanes) {
  const ChunkOrder &order = sum.order;
  auto countGroups = [&](Value chunks) {
    return b.createOrFold<arith::MulIOp>(chunks,
                                         createIndex(b, order.getNumGroups()));
  };
  Value groups = countGroups(sum.count);
  SmallVector<OpFoldResult> shape(sizes.drop_back(2));
  shape.push_back(countReadTiles(b, sizes[sizes.size() - 2], rows));
  shape.push_back(getAsOpFoldResult(groups));
  for (int64_t size : {rows, order.group})
    shape.push_back(b.getIndexAttr(size));
  tensor = tensor::EmptyOp::create(b, shape, b.getF32Type());
  // What fills up the last chunk is zeros.
  RowPacking packing{b, lhs, order, rows, sizes};
  Value whole =
      b.createOrFold<arith::DivUIOp>(sum.size, createIndex(b, order.group));
  tensor = packing.packGroups(b.getIndexAttr(0), getAsOpFoldResult(whole),
                              /*end=*/Value(), tensor);
  if (sum.mayHaveRest()) {
    tensor = packing.packGroups(getAsOpFoldResult(whole),
                                getAsOpFoldResult(groups), sum.size, tensor);
  }
}

Value PackedActivations::read(ImplicitLocOpBuilder &b, ValueRange batch,
                              Value tile, Value group, int64_t part,
                              int64_t row) const {
  SmallVector<Value> indices(batch);
  indices.append(
      {tile, group, createIndex(b, row), createIndex(b, part * lanes)});
  return extractVector(b, lanes, tensor, indices);
}

Value PackedActivations::readElement(ImplicitLocOpBuilder &b, ValueRange batch,
                                     Value tile, Value group, Value element,
                                     int64_t row) const {
  SmallVector<Value> indices(batch);
  indices.append({tile, group, createIndex(b, row), element});
  return tensor::ExtractOp::create(b, tensor, indices);
}
