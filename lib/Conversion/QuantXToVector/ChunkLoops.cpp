//===- ChunkLoops.cpp - Loops over the vectors of rows --------------------===//

#include "ChunkLoops.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/VectorPacking.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Chunks
//===----------------------------------------------------------------------===//

Chunk Chunk::getBytes(ImplicitLocOpBuilder &b, unsigned bits) const {
  if (bits == 8)
    return *this;
  IndexMath math(b);
  Chunk bytes{indices, size * bits / 8, Value()};
  // Chunks begin on a byte.
  bytes.indices.back() = math.div(math.mul(indices.back(), bits), 8);
  if (count)
    bytes.count = math.ceilDiv(math.mul(count, bits), 8);
  return bytes;
}

Chunk Chunk::getBlocks(ImplicitLocOpBuilder &b, int64_t block) const {
  IndexMath math(b);
  Chunk blocks{indices, size / block, Value()};
  blocks.indices.back() = math.div(indices.back(), block);
  if (count)
    blocks.count = math.ceilDiv(count, block);
  return blocks;
}

static constexpr int64_t kSmallestChunk = 8;

int64_t quantx::getChunkSize(int64_t rowSize, int64_t largest) {
  if (ShapedType::isDynamic(rowSize))
    return largest;
  int64_t enough = llvm::PowerOf2Ceil(std::max(rowSize, kSmallestChunk));
  return std::min(largest, enough);
}

/// Whether rows of `rowSize` are of one block each.
static bool isOneBlock(ScaledType type, int64_t rowSize) {
  unsigned last = type.getBlockRank() - 1;
  return type.isWholeDimension(last) || (!ShapedType::isDynamic(rowSize) &&
                                         rowSize <= type.getBlockShape()[last]);
}

std::optional<int64_t> quantx::findChunkSize(ScaledType type, int64_t rowSize,
                                             int64_t largest) {
  int64_t chunk = getChunkSize(rowSize, largest);
  if (isOneBlock(type, rowSize))
    return chunk;
  int64_t block = type.getBlockShape().back();
  for (; chunk >= kSmallestChunk; chunk /= 2)
    if (chunk % block == 0 || block % chunk == 0)
      return chunk;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Reading and writing
//===----------------------------------------------------------------------===//

/// The lanes of `chunk` that are there; null for all.
static Value createMask(ImplicitLocOpBuilder &b, const Chunk &chunk) {
  if (!chunk.count)
    return {};
  return vector::CreateMaskOp::create(
      b, VectorType::get(chunk.size, b.getI1Type()), chunk.count);
}

Value quantx::readChunk(ImplicitLocOpBuilder &b, Value tensor,
                        const Chunk &chunk, Value padding) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Type element = type.getElementType();
  auto map = AffineMap::getMinorIdentityMap(type.getRank(), 1, b.getContext());
  if (!padding)
    padding = ub::PoisonOp::create(b, element);
  return vector::TransferReadOp::create(
      b, VectorType::get(chunk.size, element), tensor, chunk.indices, map,
      padding, createMask(b, chunk), b.getBoolArrayAttr({true}));
}

Value quantx::readPackedChunk(ImplicitLocOpBuilder &b, Value bytes,
                              const Chunk &chunk, unsigned bits) {
  ElementwiseBuilder arith(b, b.getLoc());
  return emitUnpackCodes(arith, readChunk(b, bytes, chunk.getBytes(b, bits)),
                         bits);
}

/// Writes `vector`, or its lanes of `mask`, to `tensor` from its first element
/// on.
static Value writeVector(ImplicitLocOpBuilder &b, Value vector, Value tensor,
                         Value mask = Value()) {
  auto type = cast<RankedTensorType>(tensor.getType());
  auto map = AffineMap::getMinorIdentityMap(type.getRank(), 1, b.getContext());
  SmallVector<Value> start(type.getRank(), createIndex(b, 0));
  return vector::TransferWriteOp::create(b, type, vector, tensor, start, map,
                                         mask, b.getBoolArrayAttr({true}))
      .getResult();
}

/// Writes `vector` to `tensor`, which has the size of `chunk`. One element goes
/// without a mask: on AVX-512, LLVM 22 writes more than that of a truncated
/// vector (llvm/llvm-project#179489) where it finds that a mask has one lane.
static Value writeChunk(ImplicitLocOpBuilder &b, Value vector, Value tensor,
                        const Chunk &chunk) {
  if (!chunk.count)
    return writeVector(b, vector, tensor);
  auto writeOne = [&](ImplicitLocOpBuilder &b) {
    Value first = vector::ExtractStridedSliceOp::create(b, vector, 0, 1, 1);
    return writeVector(b, first, tensor);
  };
  auto writeSeveral = [&](ImplicitLocOpBuilder &b) {
    return writeVector(b, vector, tensor, createMask(b, chunk));
  };
  if (std::optional<int64_t> count = getConstantIntValue(chunk.count))
    return *count == 1 ? writeOne(b) : writeSeveral(b);
  Value isOne = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, chunk.count,
                                      createIndex(b, 1));
  auto yield = [](auto write) {
    return [write](OpBuilder &builder, Location loc) {
      ImplicitLocOpBuilder b(loc, builder);
      scf::YieldOp::create(b, write(b));
    };
  };
  return scf::IfOp::create(b, isOne, yield(writeOne), yield(writeSeveral))
      .getResult(0);
}

//===----------------------------------------------------------------------===//
// Parameters and indices
//===----------------------------------------------------------------------===//

static Value broadcast(ImplicitLocOpBuilder &b, Value scalar, int64_t size) {
  return vector::BroadcastOp::create(b, VectorType::get(size, scalar.getType()),
                                     scalar);
}

Value quantx::spread(ImplicitLocOpBuilder &b, Value value, int64_t size) {
  auto type = dyn_cast<VectorType>(value.getType());
  if (!type)
    return broadcast(b, value, size);
  if (type.getNumElements() == size)
    return value;
  SmallVector<int64_t> lanes;
  int64_t neighbours = size / type.getNumElements();
  if (isPlanted(Mutant::ChunkInFirstBlock))
    neighbours = size;
  for (int64_t lane = 0; lane < size; ++lane)
    lanes.push_back(lane / neighbours);
  return vector::ShuffleOp::create(b, value, value, lanes);
}

/// `chunk` with the indices of the blocks in all dimensions but the last.
static Chunk toBlockRow(ImplicitLocOpBuilder &b, ScaledType type, Chunk chunk) {
  IndexMath math(b);
  for (unsigned dim = 0; dim + 1 < type.getBlockRank(); ++dim) {
    Value &index = chunk.indices[dim];
    index = type.isWholeDimension(dim)
                ? createIndex(b, 0)
                : math.div(index, type.getBlockShape()[dim]);
  }
  return chunk;
}

// The global scale is a vector where the others are.
SmallVector<Value> quantx::readParameters(ImplicitLocOpBuilder &b,
                                          ScaledType type,
                                          ValueRange parameters,
                                          const Chunk &chunk) {
  Chunk row = toBlockRow(b, type, chunk);
  unsigned last = type.getBlockRank() - 1;
  int64_t block = type.getBlockShape()[last];
  bool isVector = !type.isWholeDimension(last) && block < chunk.size;
  SmallVector<Value> scalar(row.indices);
  scalar.back() = type.isWholeDimension(last)
                      ? createIndex(b, 0)
                      : IndexMath(b).div(scalar.back(), block);
  SmallVector<Value> values;
  for (Value tensor : parameters) {
    if (cast<RankedTensorType>(tensor.getType()).getRank() == 0) {
      Value value = tensor::ExtractOp::create(b, tensor, ValueRange());
      values.push_back(isVector ? broadcast(b, value, chunk.size / block)
                                : value);
    } else if (isVector) {
      values.push_back(readChunk(b, tensor, row.getBlocks(b, block)));
    } else {
      values.push_back(tensor::ExtractOp::create(b, tensor, scalar));
    }
  }
  return values;
}

BlockFactors quantx::readBlockFactors(ImplicitLocOpBuilder &b, ScaledType type,
                                      ValueRange parameters, const Chunk &chunk,
                                      FactorsFn emitFactors) {
  ElementwiseBuilder arith(b, b.getLoc());
  SmallVector<Value> values = readParameters(b, type, parameters, chunk);
  return emitFactors(arith, type, BlockParameters::get(type, values));
}

BlockFactors quantx::readFactors(ImplicitLocOpBuilder &b, ScaledType type,
                                 ValueRange parameters, const Chunk &chunk,
                                 FactorsFn emitFactors) {
  return readBlockFactors(b, type, parameters, chunk, emitFactors)
      .map([&](Value factor) { return spread(b, factor, chunk.size); });
}

Value quantx::emitLinearIndices(ImplicitLocOpBuilder &b,
                                ArrayRef<OpFoldResult> sizes,
                                const Chunk &chunk) {
  ArrayRef<Value> indices = chunk.indices;
  if (isPlanted(Mutant::RandomIndexInRow)) {
    indices = indices.take_back();
    sizes = sizes.take_back();
  }
  Value first = indices[0];
  for (auto [index, size] :
       llvm::zip_equal(indices.drop_front(), sizes.drop_front())) {
    Value row = arith::MulIOp::create(
        b, first, getValueOrCreateConstantIndexOp(b, b.getLoc(), size));
    first = arith::AddIOp::create(b, row, index);
  }
  first = arith::IndexCastOp::create(b, b.getI64Type(), first);
  auto lanes = llvm::to_vector(llvm::seq<int64_t>(0, chunk.size));
  auto type = VectorType::get(chunk.size, b.getI64Type());
  Value steps =
      arith::ConstantOp::create(b, DenseIntElementsAttr::get(type, lanes));
  return arith::AddIOp::create(b, broadcast(b, first, chunk.size), steps);
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

namespace {

/// What the chunks of rows are written to.
struct Output {
  /// Where the vectors of a chunk of elements go.
  llvm::function_ref<Chunk(ImplicitLocOpBuilder &, const Chunk &)> locate;
  ChunksFn compute;
};

/// A range of the elements of each row.
struct Columns {
  OpFoldResult begin, end;
  /// The size of its chunks.
  int64_t chunk;
  /// The elements of its chunks; null for all.
  Value count;
};

} // namespace

/// Computes the chunks of `columns`, and writes them into `tensors`.
static SmallVector<Value> buildLoop(ImplicitLocOpBuilder &b,
                                    const ChunkedRows &rows,
                                    const Columns &columns,
                                    const Output &output,
                                    ArrayRef<Value> tensors) {
  OpBuilder::InsertionGuard guard(b);
  unsigned rank = rows.sizes.size();
  SmallVector<OpFoldResult> lower(rank, b.getIndexAttr(0));
  SmallVector<OpFoldResult> upper(rows.sizes);
  SmallVector<OpFoldResult> ones(rank, b.getIndexAttr(1)), steps(ones);
  lower.back() = columns.begin;
  upper.back() = columns.end;
  steps.back() = b.getIndexAttr(columns.chunk);
  auto loop = scf::ForallOp::create(b, lower, upper, steps, tensors,
                                    /*mapping=*/std::nullopt);

  b.setInsertionPoint(loop.getTerminator());
  Chunk chunk{SmallVector<Value>(loop.getInductionVars()), columns.chunk,
              columns.count};
  SmallVector<Value> vectors = output.compute(b, chunk);
  Chunk written = output.locate(b, chunk);
  SmallVector<OpFoldResult> sizes(ones);
  sizes.back() = written.count ? getAsOpFoldResult(written.count)
                               : b.getIndexAttr(written.size);
  SmallVector<OpFoldResult> offsets = getAsOpFoldResult(written.indices);
  SmallVector<Value> slices;
  for (auto [vector, all] :
       llvm::zip_equal(vectors, loop.getRegionIterArgs())) {
    Value slice = tensor::ExtractSliceOp::create(b, all, offsets, sizes, ones);
    slices.push_back(writeChunk(b, vector, slice, written));
  }
  b.setInsertionPointToStart(loop.getTerminator().getBody());
  for (auto [slice, all] : llvm::zip_equal(slices, loop.getRegionIterArgs()))
    tensor::ParallelInsertSliceOp::create(b, slice, all, offsets, sizes, ones);
  return llvm::to_vector_of<Value>(loop.getResults());
}

/// Writes all chunks of `rows` into `tensors`.
static SmallVector<Value> buildLoops(ImplicitLocOpBuilder &b,
                                     const ChunkedRows &rows,
                                     const Output &output,
                                     SmallVector<Value> tensors) {
  OpFoldResult end = rows.sizes.back(), begin = b.getIndexAttr(0);
  int64_t chunk = rows.chunk;
  if (std::optional<int64_t> size = getConstantIntValue(end)) {
    int64_t rest = *size % chunk;
    OpFoldResult whole = b.getIndexAttr(*size - rest);
    if (rest != *size)
      tensors =
          buildLoop(b, rows, {begin, whole, chunk, Value()}, output, tensors);
    if (rest != 0)
      tensors = buildLoop(b, rows, {whole, end, chunk, createIndex(b, rest)},
                          output, tensors);
    return tensors;
  }
  Value size = cast<Value>(end), whole = rows.whole ? rows.whole : size, rest;
  SmallVector<int64_t> chunks = {chunk};
  llvm::append_range(chunks, rows.restChunks);
  for (int64_t next : chunks) {
    chunk = next;
    rest = arith::AndIOp::create(b, whole, createIndex(b, chunk - 1));
    Value stop = arith::SubIOp::create(b, whole, rest);
    tensors =
        buildLoop(b, rows, {begin, stop, chunk, Value()}, output, tensors);
    begin = stop;
  }
  if (chunk == 1)
    rest = createIndex(b, 1);
  else if (rows.whole)
    rest = arith::SubIOp::create(b, size, cast<Value>(begin));
  return buildLoop(b, rows, {begin, end, chunk, rest}, output, tensors);
}

SmallVector<Value> quantx::buildElementChunks(OpBuilder &builder, Location loc,
                                              const ChunkedRows &rows,
                                              TypeRange elements,
                                              ChunksFn compute) {
  ImplicitLocOpBuilder b(loc, builder);
  auto locate = [](ImplicitLocOpBuilder &, const Chunk &chunk) {
    return chunk;
  };
  SmallVector<Value> empty;
  for (Type element : elements)
    empty.push_back(tensor::EmptyOp::create(b, rows.sizes, element));
  return buildLoops(b, rows, {locate, compute}, empty);
}

Value quantx::buildElementChunks(OpBuilder &builder, Location loc,
                                 const ChunkedRows &rows, Type element,
                                 ChunkFn compute) {
  auto computeOne = [&](ImplicitLocOpBuilder &b,
                        const Chunk &chunk) -> SmallVector<Value> {
    return {compute(b, chunk)};
  };
  return buildElementChunks(builder, loc, rows, TypeRange(element),
                            computeOne)[0];
}

/// The bytes of rows of `numCodes` codes.
static OpFoldResult getPackedRowSize(ImplicitLocOpBuilder &b,
                                     OpFoldResult numCodes, unsigned bits) {
  if (std::optional<int64_t> size = getConstantIntValue(numCodes))
    return b.getIndexAttr(getPackedSize(*size, bits));
  IndexMath math(b);
  return math.ceilDiv(math.mul(cast<Value>(numCodes), bits), 8);
}

/// The vector of small floats whose bits `codes` are; null if there is none.
static Value findFloats(Value codes) {
  auto extended = codes.getDefiningOp<arith::ExtUIOp>();
  auto bits = extended ? extended.getIn().getDefiningOp<arith::BitcastOp>()
                       : arith::BitcastOp();
  bool matches = bits && isa<FloatType>(getElementTypeOrSelf(bits.getIn()));
  return matches ? bits.getIn() : Value();
}

// Small floats of 4 bits go as they are: quantx-expand-narrow-floats knows how
// to pack them.
Value quantx::packChunk(ImplicitLocOpBuilder &b, const Chunk &chunk,
                        Value codes, unsigned bits) {
  ElementwiseBuilder arith(b, b.getLoc());
  Value floats = findFloats(codes);
  if (floats && bits == 4 && !chunk.count) {
    auto bytes = VectorType::get(chunk.size / 2, b.getI8Type());
    return vector::BitCastOp::create(b, bytes, floats);
  }
  if (chunk.count && bits != 8) {
    Value zero = arith.integer(8, 0, codes);
    codes = arith.select(createMask(b, chunk), codes, zero);
  }
  return emitPackCodes(arith, codes, bits);
}

Value quantx::buildByteChunks(OpBuilder &builder, Location loc,
                              const ChunkedRows &rows, unsigned bits,
                              ChunkFn compute) {
  ImplicitLocOpBuilder b(loc, builder);
  auto locate = [&](ImplicitLocOpBuilder &b, const Chunk &chunk) {
    return chunk.getBytes(b, bits);
  };
  SmallVector<OpFoldResult> sizes(rows.sizes);
  sizes.back() = getPackedRowSize(b, sizes.back(), bits);
  Value empty = tensor::EmptyOp::create(b, sizes, b.getI8Type());
  auto computeOne = [&](ImplicitLocOpBuilder &b,
                        const Chunk &chunk) -> SmallVector<Value> {
    return {compute(b, chunk)};
  };
  return buildLoops(b, rows, {locate, computeOne}, {empty})[0];
}

Value quantx::buildPackedChunks(OpBuilder &builder, Location loc,
                                const ChunkedRows &rows, unsigned bits,
                                ChunkFn compute) {
  auto pack = [&](ImplicitLocOpBuilder &b, const Chunk &chunk) {
    return packChunk(b, chunk, compute(b, chunk), bits);
  };
  return buildByteChunks(builder, loc, rows, bits, pack);
}
