//===- AMXTileLoops.cpp - The loops of products of tiles ------------------===//

#include "AMXTileLoops.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/IndexMath.h"

using namespace mlir;
using namespace quantx;

static constexpr int64_t tileRows = TileProduct::rows;
static constexpr int64_t tileColumns = TileProduct::columns;

//===----------------------------------------------------------------------===//
// Loops and tiles
//===----------------------------------------------------------------------===//

/// A loop of `size` iterations that carries `tiles`.
static SmallVector<Value>
buildLoop(ImplicitLocOpBuilder &b, Value size, ValueRange tiles,
          function_ref<SmallVector<Value>(Value i, ValueRange tiles)> body) {
  auto loop =
      scf::ForOp::create(b, createIndex(b, 0), size, createIndex(b, 1), tiles);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next =
      body(loop.getInductionVar(), loop.getRegionIterArgs());
  // A loop that carries nothing has its terminator.
  if (!tiles.empty())
    scf::YieldOp::create(b, next);
  return llvm::to_vector_of<Value>(loop.getResults());
}

/// The distance of the rows of a tile in memory.
static Value getStride(ImplicitLocOpBuilder &b, Value buffer) {
  return createIndex(b, cast<MemRefType>(buffer.getType()).getShape().back());
}

static amx::TileType getTileType(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  return amx::TileType::get(type.getShape().take_back(2),
                            type.getElementType());
}

/// The tile of `buffer` at `indices`, those of its dimensions before a tile's.
static Value loadTile(ImplicitLocOpBuilder &b, Value buffer,
                      SmallVector<Value> indices) {
  indices.append(2, createIndex(b, 0));
  return amx::TileLoadOp::create(b, getTileType(buffer), buffer, indices,
                                 getStride(b, buffer));
}

static void storeTile(ImplicitLocOpBuilder &b, Value tile, Value buffer,
                      SmallVector<Value> indices) {
  indices.append(2, createIndex(b, 0));
  amx::TileStoreOp::create(b, buffer, indices, tile, getStride(b, buffer));
}

namespace {

/// The tiles that are multiplied at once: each of some of weights by each of
/// some of activations.
struct TileGrid {
  int64_t weights, activations;

  explicit TileGrid(Value sums) {
    ArrayRef<int64_t> shape = cast<MemRefType>(sums.getType()).getShape();
    weights = shape[1];
    activations = shape[2];
  }

  int64_t size() const { return weights * activations; }
  /// The indices of the tile number `tile` of the grid.
  SmallVector<Value> getIndices(ImplicitLocOpBuilder &b, int64_t tile) const {
    return {createIndex(b, tile / activations),
            createIndex(b, tile % activations)};
  }
};

} // namespace

/// `sums` and the products of the tiles that `loadWeights` and
/// `loadActivations` give by their numbers.
template <typename Multiply>
static SmallVector<Value>
addTiles(ImplicitLocOpBuilder &b, const TileGrid &grid, ValueRange sums,
         function_ref<Value(Value number)> loadWeights,
         function_ref<Value(Value number)> loadActivations) {
  SmallVector<Value> activations, next;
  for (int64_t i = 0; i < grid.weights; ++i) {
    Value weights = loadWeights(createIndex(b, i));
    for (int64_t j = 0; j < grid.activations; ++j) {
      if (i == 0)
        activations.push_back(loadActivations(createIndex(b, j)));
      Value sum = sums[next.size()];
      next.push_back(
          Multiply::create(b, sum.getType(), weights, activations[j], sum));
    }
  }
  return next;
}

//===----------------------------------------------------------------------===//
// Floats
//===----------------------------------------------------------------------===//

/// `tiles` and the products of the piece `p` of weights by `q` of activations.
static SmallVector<Value> addPieces(ImplicitLocOpBuilder &b,
                                    const TileProduct &product, Value block,
                                    Value p, Value q, ValueRange tiles) {
  Value steps = memref::DimOp::create(b, product.weights, 1);
  return buildLoop(b, steps, tiles, [&](Value step, ValueRange tiles) {
    return addTiles<amx::TileMulFOp>(
        b, TileGrid(product.sums), tiles,
        [&](Value i) {
          return loadTile(b, product.weights, {p, step, i});
        },
        [&](Value j) {
          return loadTile(b, product.activations, {block, q, step, j});
        });
  });
}

void quantx::buildTileLoops(ImplicitLocOpBuilder &b,
                            const TileProduct &product) {
  Value blocks = memref::DimOp::create(b, product.sums, 0);
  Value weightPieces = memref::DimOp::create(b, product.weights, 0);
  Value activationPieces = memref::DimOp::create(b, product.activations, 1);
  TileGrid grid(product.sums);
  buildLoop(b, blocks, {}, [&](Value block, ValueRange) -> SmallVector<Value> {
    auto getSum = [&](int64_t tile) {
      SmallVector<Value> indices = grid.getIndices(b, tile);
      indices.insert(indices.begin(), block);
      return indices;
    };
    SmallVector<Value> tiles;
    for (int64_t i = 0; i < grid.size(); ++i)
      tiles.push_back(loadTile(b, product.sums, getSum(i)));
    tiles = buildLoop(b, weightPieces, tiles, [&](Value p, ValueRange tiles) {
      return buildLoop(b, activationPieces, tiles,
                       [&](Value q, ValueRange tiles) {
                         return addPieces(b, product, block, p, q, tiles);
                       });
    });
    for (auto [i, tile] : llvm::enumerate(tiles))
      storeTile(b, tile, product.sums, getSum(int64_t(i)));
    return {};
  });
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

namespace {

/// The loops of a product of integers.
struct IntegerLoops {
  ImplicitLocOpBuilder &b;
  const IntegerTileProduct &product;
  TileGrid grid;
  /// The integers of a run: tiles of i32.
  Value integers;

  void build();

private:
  /// Sums up the products of `run` into `integers`.
  void sumRun(Value block, Value run);
  /// Adds the tile number `tile` of `integers`, times the scales of `run`.
  void addTile(Value block, Value run, int64_t tile);
};

} // namespace

void IntegerLoops::sumRun(Value block, Value run) {
  auto type = amx::TileType::get({tileRows, tileColumns}, b.getI32Type());
  SmallVector<Value> tiles;
  for (int64_t i = 0; i < grid.size(); ++i)
    tiles.push_back(amx::TileZeroOp::create(b, type));
  Value steps = memref::DimOp::create(b, product.weights, 1);
  tiles = buildLoop(b, steps, tiles, [&](Value step, ValueRange tiles) {
    return addTiles<amx::TileMulIOp>(
        b, grid, tiles,
        [&](Value i) {
          return loadTile(b, product.weights, {run, step, i});
        },
        [&](Value j) {
          return loadTile(b, product.activations, {block, run, step, j});
        });
  });
  for (auto [i, tile] : llvm::enumerate(tiles))
    storeTile(b, tile, integers, grid.getIndices(b, int64_t(i)));
}

void IntegerLoops::addTile(Value block, Value run, int64_t tile) {
  SmallVector<Value> place = grid.getIndices(b, tile);
  Value zero = createIndex(b, 0);
  auto floats = VectorType::get(tileColumns, b.getF32Type());
  Value columnScales =
      vector::LoadOp::create(b, floats, product.activationScales,
                             ValueRange{block, run, place[1], zero});
  for (int64_t i = 0; i < tileRows; ++i) {
    Value row = createIndex(b, i);
    Value sum =
        vector::LoadOp::create(b, floats.clone(b.getI32Type()), integers,
                               ValueRange{place[0], place[1], row, zero});
    sum = arith::SIToFPOp::create(b, floats, sum);
    sum = arith::MulFOp::create(b, sum, columnScales);
    Value scale = memref::LoadOp::create(b, product.weightScales,
                                         ValueRange{run, place[0], row});
    scale = vector::BroadcastOp::create(b, floats, scale);
    SmallVector<Value> indices = {block, place[0], place[1], row, zero};
    Value old = vector::LoadOp::create(b, floats, product.sums, indices);
    Value next = vector::FMAOp::create(b, sum, scale, old);
    vector::StoreOp::create(b, next, product.sums, indices);
  }
}

void IntegerLoops::build() {
  Value blocks = memref::DimOp::create(b, product.sums, 0);
  Value runs = memref::DimOp::create(b, product.weights, 0);
  buildLoop(b, blocks, {}, [&](Value block, ValueRange) -> SmallVector<Value> {
    buildLoop(b, runs, {}, [&](Value run, ValueRange) -> SmallVector<Value> {
      sumRun(block, run);
      for (int64_t tile = 0; tile < grid.size(); ++tile)
        addTile(block, run, tile);
      return {};
    });
    return {};
  });
}

void quantx::buildTileLoops(ImplicitLocOpBuilder &b,
                            const IntegerTileProduct &product) {
  TileGrid grid(product.sums);
  auto type = MemRefType::get(
      {grid.weights, grid.activations, tileRows, tileColumns}, b.getI32Type());
  constexpr int64_t lineBytes = 64;
  Value integers = memref::AllocaOp::create(b, type, ValueRange(),
                                            b.getI64IntegerAttr(lineBytes));
  IntegerLoops{b, product, grid, integers}.build();
}
