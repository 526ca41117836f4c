//===- MatmulManyRows.cpp - Many rows of activations by weights -----------===//
//
// Arithmetic is what limits these. A block of weights is decoded into a buffer,
// once for all rows of activations; these go by it in tiles whose sums stay in
// registers.
//
//===----------------------------------------------------------------------===//

#include "MatmulTiles.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quantx;

namespace {

/// A block of rows of weights by all rows of activations.
class ManyRowsBlock {
public:
  ManyRowsBlock(const Matmul &matmul, const PackedActivations &activations,
                int64_t tileRows, ValueRange indices)
      : matmul(matmul), tileRows(tileRows),
        sizes(matmul.tuning.getBlock(matmul.getRows())), tuning(matmul.tuning),
        sum(matmul.sum), order(matmul.sum.order), activations(activations),
        batch(indices.drop_back()), firstColumn(indices.back()) {}

  /// Adds the products to `results`, those of the block: its columns are
  /// `numColumns`.
  Value build(ImplicitLocOpBuilder &b, Value results, Value numColumns) const;

private:
  /// Chunks of K.
  struct Slice {
    Value begin, end;
  };

  /// How many `elements` are in, but no more than there are.
  int64_t countChunks(int64_t elements) const;

  /// Decodes the weights of `slice` into `buffer`.
  Value decode(ImplicitLocOpBuilder &b, const Slice &slice, Value numColumns,
               Value buffer) const;
  /// Decodes a chunk of a row, of `count` elements or all.
  Value decodeChunk(ImplicitLocOpBuilder &b, const Slice &slice, Value column,
                    Value chunk, Value count, Value buffer) const;
  /// Adds the products of the chunks of `slice`, which `buffer` has from those
  /// of `decoded` on, to all results of the block.
  Value addSlice(ImplicitLocOpBuilder &b, const Slice &decoded,
                 const Slice &slice, Value numColumns, Value buffer,
                 Value results) const;
  /// The same, to those of a tile.
  Value addTile(ImplicitLocOpBuilder &b, const Slice &decoded,
                const Slice &slice, Value tile, Value column, Value numColumns,
                Value buffer, Value results) const;
  /// The sums of the products of a group; `buffer` has it as number `inBuffer`.
  SmallVector<Value> addGroup(ImplicitLocOpBuilder &b, Value group,
                              Value inBuffer, Value tile, Value columnTile,
                              Value buffer, ValueRange sums) const;

  const Matmul &matmul;
  int64_t tileRows;
  MatmulBlock sizes;
  const MatmulTuning &tuning;
  const ChunkedSum &sum;
  const ChunkOrder &order;
  const PackedActivations &activations;
  SmallVector<Value> batch;
  Value firstColumn;
};

} // namespace

int64_t ManyRowsBlock::countChunks(int64_t elements) const {
  std::optional<int64_t> size = getConstantIntValue(sum.count);
  int64_t chunks = std::max(int64_t(1), elements / order.chunk);
  return size ? std::min(chunks, std::max(int64_t(1), *size)) : chunks;
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

// The buffer is tiles x groups x columns x elements of a group.
Value ManyRowsBlock::decodeChunk(ImplicitLocOpBuilder &b, const Slice &slice,
                                 Value column, Value chunk, Value count,
                                 Value buffer) const {
  Chunk elements{batch, order.chunk, count};
  elements.indices.push_back(
      b.createOrFold<arith::AddIOp>(firstColumn, column));
  elements.indices.push_back(
      b.createOrFold<arith::MulIOp>(chunk, createIndex(b, order.chunk)));
  WeightReader reader(b, matmul.rhs, order, elements, ScalePlace::Values);
  Value tileColumns = createIndex(b, tuning.tileColumns);
  OpFoldResult tile = b.createOrFold<arith::DivUIOp>(column, tileColumns);
  OpFoldResult inTile = b.createOrFold<arith::RemUIOp>(column, tileColumns);
  Value firstGroup = b.createOrFold<arith::MulIOp>(
      b.createOrFold<arith::SubIOp>(chunk, slice.begin),
      createIndex(b, order.getNumGroups()));
  for (int64_t i = 0; i < order.getNumGroups(); ++i) {
    Value group = b.createOrFold<arith::AddIOp>(firstGroup, createIndex(b, i));
    buffer = insertVector(b, reader.readGroup(i), buffer,
                          {tile, group, inTile, b.getIndexAttr(0)});
  }
  return buffer;
}

Value ManyRowsBlock::decode(ImplicitLocOpBuilder &b, const Slice &slice,
                            Value numColumns, Value buffer) const {
  Value wholeEnd = b.createOrFold<arith::MinUIOp>(slice.end, sum.whole);
  auto decodeRow = [&](ImplicitLocOpBuilder &b, Value column, Value buffer) {
    buffer = buildLoop(b, slice.begin, wholeEnd, 1, buffer,
                       [&](ImplicitLocOpBuilder &b, Value chunk, Value buffer) {
                         return decodeChunk(b, slice, column, chunk,
                                            /*count=*/{}, buffer);
                       });
    if (!sum.mayHaveRest())
      return buffer;
    // At most once: what is after the whole chunks.
    return buildLoop(b, wholeEnd, slice.end, 1, buffer,
                     [&](ImplicitLocOpBuilder &b, Value chunk, Value buffer) {
                       return decodeChunk(b, slice, column, chunk, sum.rest,
                                          buffer);
                     });
  };
  return buildLoop(b, createIndex(b, 0), numColumns, 1, buffer, decodeRow);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

SmallVector<Value> ManyRowsBlock::addGroup(ImplicitLocOpBuilder &b, Value group,
                                           Value inBuffer, Value tile,
                                           Value columnTile, Value buffer,
                                           ValueRange sums) const {
  SmallVector<Value> next(sums);
  for (int64_t part = 0; part < order.getPartsInGroup(); ++part) {
    SmallVector<Value> weights;
    for (int64_t column = 0; column < tuning.tileColumns; ++column) {
      Value indices[] = {columnTile, inBuffer, createIndex(b, column),
                         createIndex(b, part * order.lanes)};
      weights.push_back(extractVector(b, order.lanes, buffer, indices));
    }
    for (int64_t row = 0; row < tileRows; ++row) {
      Value lhs = activations.read(b, batch, tile, group, part, row);
      for (auto [column, weight] : llvm::enumerate(weights)) {
        Value &sum = next[row * tuning.tileColumns + int64_t(column)];
        sum = addProduct(b, lhs, weight, sum);
      }
    }
  }
  return next;
}

Value ManyRowsBlock::addTile(ImplicitLocOpBuilder &b, const Slice &decoded,
                             const Slice &slice, Value tile, Value column,
                             Value numColumns, Value buffer,
                             Value results) const {
  Value columnTile = b.createOrFold<arith::DivUIOp>(
      column, createIndex(b, tuning.tileColumns));
  Value groups = createIndex(b, order.getNumGroups());
  Value bufferBegin = b.createOrFold<arith::MulIOp>(decoded.begin, groups);
  Value begin = b.createOrFold<arith::MulIOp>(slice.begin, groups);
  Value end = b.createOrFold<arith::MulIOp>(slice.end, groups);
  SmallVector<Value> sums =
      buildZeroSums(b, order.lanes, tileRows * tuning.tileColumns);
  auto loop = scf::ForOp::create(
      b, begin, end, createIndex(b, 1), sums,
      [&](OpBuilder &builder, Location loc, Value group, ValueRange carried) {
        ImplicitLocOpBuilder n(loc, builder);
        Value inBuffer = arith::SubIOp::create(n, group, bufferBegin);
        scf::YieldOp::create(
            n, addGroup(n, group, inBuffer, tile, columnTile, buffer, carried));
      });
  OpFoldResult rows = matmul.getRows();
  Value row = arith::MulIOp::create(b, tile, createIndex(b, tileRows));
  ResultRow place{results, row, column, {}, {}};
  std::optional<int64_t> numRows = getConstantIntValue(rows);
  if (!numRows || *numRows % tileRows != 0)
    place.numRows = getValueOrCreateConstantIndexOp(b, b.getLoc(), rows);
  std::optional<int64_t> allColumns = getConstantIntValue(matmul.getColumns());
  if (!allColumns || *allColumns % tuning.tileColumns != 0)
    place.numColumns = numColumns;
  return addRows(b, place,
                 sumLanes(b, llvm::to_vector_of<Value>(loop.getResults()),
                          tuning.tileColumns));
}

Value ManyRowsBlock::addSlice(ImplicitLocOpBuilder &b, const Slice &decoded,
                              const Slice &slice, Value numColumns,
                              Value buffer, Value results) const {
  Value first = createIndex(b, 0);
  Value tiles = getValueOrCreateConstantIndexOp(
      b, b.getLoc(), countTiles(b, matmul.getRows(), tileRows));
  auto addColumns = [&](ImplicitLocOpBuilder &b, Value tile, Value results) {
    return buildLoop(b, first, numColumns, tuning.tileColumns, results,
                     [&](ImplicitLocOpBuilder &b, Value column, Value results) {
                       return addTile(b, decoded, slice, tile, column,
                                      numColumns, buffer, results);
                     });
  };
  return buildLoop(b, first, tiles, 1, results, addColumns);
}

Value ManyRowsBlock::build(ImplicitLocOpBuilder &b, Value results,
                           Value numColumns) const {
  int64_t chunks = countChunks(sizes.elements);
  int64_t tileChunks = countChunks(sizes.tileElements);
  SmallVector<OpFoldResult> shape;
  for (int64_t size :
       {sizes.columns / tuning.tileColumns, chunks * order.getNumGroups(),
        tuning.tileColumns, order.group})
    shape.push_back(b.getIndexAttr(size));
  Value buffer = tensor::EmptyOp::create(b, shape, b.getF32Type());
  auto getSlice = [](ImplicitLocOpBuilder &b, Value begin, int64_t size,
                     Value end) {
    Value next = b.createOrFold<arith::AddIOp>(begin, createIndex(b, size));
    return Slice{begin, b.createOrFold<arith::MinUIOp>(next, end)};
  };
  auto addBlock = [&](OpBuilder &builder, Location loc, Value begin,
                      ValueRange carried) {
    ImplicitLocOpBuilder n(loc, builder);
    Slice decoded = getSlice(n, begin, chunks, sum.count);
    Value buffer = decode(n, decoded, numColumns, carried[1]);
    Value results = buildLoop(
        n, begin, decoded.end, tileChunks, carried[0],
        [&](ImplicitLocOpBuilder &n, Value begin, Value results) {
          Slice slice = getSlice(n, begin, tileChunks, decoded.end);
          return addSlice(n, decoded, slice, numColumns, buffer, results);
        });
    scf::YieldOp::create(n, ValueRange{results, buffer});
  };
  return scf::ForOp::create(b, createIndex(b, 0), sum.count,
                            createIndex(b, chunks), ValueRange{results, buffer},
                            addBlock)
      .getResult(0);
}

Value quantx::buildManyRows(ImplicitLocOpBuilder &b, const Matmul &matmul,
                            Value init) {
  const MatmulTuning &tuning = matmul.tuning;
  int64_t blockColumns = tuning.getBlock(matmul.getRows()).columns;
  int64_t tileRows = tuning.getTileRows(matmul.getRows());
  PackedActivations activations(b, matmul.lhs, matmul.sum, tileRows,
                                matmul.sizes);
  auto addBlock = [&](ImplicitLocOpBuilder &b, ArrayRef<Value> indices,
                      Value slice, OpFoldResult numColumns) {
    ManyRowsBlock block(matmul, activations, tileRows, indices);
    return block.build(
        b, slice, getValueOrCreateConstantIndexOp(b, b.getLoc(), numColumns));
  };
  return buildColumnSlices(b, matmul, blockColumns, init, addBlock);
}
