//===- ScaledMatmul.cpp - scaled_matmul to vectors ------------------------===//
//
// A tile of results is computed at once: each chunk of a row of weights is
// decoded once for all its rows of activations, and each chunk of activations
// read once for all its rows of weights. Sums stay in the lanes of vectors
// until the end of the row.
//
//===----------------------------------------------------------------------===//

#include "ChunkLoops.h"
#include "Patterns.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/Elements.h"
#include "quantx/Format/Mutants.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

/// The rows of activations and of weights of a tile: as many sums fit in the
/// registers.
static constexpr int64_t kLhsRows = 4, kRhsRows = 4;
/// The lanes of a sum.
static constexpr int64_t kSumLanes = 16;

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

namespace {

/// An operand: a plain tensor, or a scaled one by its lowered parts.
struct Operand {
  ScaledType type; ///< null for a plain one
  SmallVector<Value> parts;

  /// The elements of `chunk` as f32; zeros for those it lacks.
  Value read(ImplicitLocOpBuilder &b, const Chunk &chunk) const;
};

/// A tile of results.
struct Tile {
  /// The indices of its first one in each dimension.
  SmallVector<Value> indices;
  int64_t lhsRows, rhsRows;
};

/// What is multiplied, in loops over tiles.
class Multiplication {
public:
  Multiplication(ImplicitLocOpBuilder &b, Operand lhs, Operand rhs, Value size,
                 int64_t chunk)
      : b(b), lhs(std::move(lhs)), rhs(std::move(rhs)), size(size),
        chunk(chunk) {}

  /// All results, added to `init`.
  Value build(Value init) const;

private:
  /// The results whose rows and columns are in these ranges, in tiles.
  Value buildTiles(Value init, ArrayRef<OpFoldResult> lower,
                   ArrayRef<OpFoldResult> upper, int64_t lhsRows,
                   int64_t rhsRows) const;
  /// The sums of a tile (vectors), row by row.
  SmallVector<Value> sumProducts(ImplicitLocOpBuilder &b,
                                 const Tile &tile) const;
  /// `sums` and the products of a chunk from `start` on, of `count` elements or
  /// all.
  SmallVector<Value> addProducts(ImplicitLocOpBuilder &b, const Tile &tile,
                                 Value start, Value count,
                                 ValueRange sums) const;

  ImplicitLocOpBuilder &b;
  Operand lhs, rhs;
  Value size; ///< K
  int64_t chunk;
};

} // namespace

Value Operand::read(ImplicitLocOpBuilder &b, const Chunk &chunk) const {
  ElementwiseBuilder arith(b, b.getLoc());
  Value values;
  if (type) {
    Value codes =
        readPackedChunk(b, parts.front(), chunk, type.getStorageBits());
    BlockFactors factors = readFactors(b, type, ValueRange(parts).drop_front(),
                                       chunk, emitDequantizeFactors);
    values = emitDequantizeElement(arith, type, codes, factors);
  } else {
    values = readChunk(b, parts.front(), chunk);
  }
  values = arith.extendToF32(values);
  if (!chunk.count)
    return values;
  // What is beyond the row may be anything, also NaN.
  Value exists = vector::CreateMaskOp::create(
      b, VectorType::get(chunk.size, b.getI1Type()), chunk.count);
  return arith.select(exists, values, arith.f32(0.0, values));
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// `sum` and the products of the lanes of `lhs` and `rhs`, that many lanes at a
/// time.
static Value addProduct(ImplicitLocOpBuilder &b, Value lhs, Value rhs,
                        Value sum) {
  int64_t lanes = cast<VectorType>(sum.getType()).getNumElements();
  int64_t size = cast<VectorType>(lhs.getType()).getNumElements();
  // One instruction where the target has it; a call nowhere.
  auto fuse = arith::FastMathFlags::contract;
  for (int64_t first = 0; first < size; first += lanes) {
    auto slice = [&](Value vector) -> Value {
      return vector::ExtractStridedSliceOp::create(b, vector, first, lanes, 1);
    };
    Value product = arith::MulFOp::create(b, slice(lhs), slice(rhs), fuse);
    sum = arith::AddFOp::create(b, sum, product, fuse);
  }
  return sum;
}

SmallVector<Value> Multiplication::addProducts(ImplicitLocOpBuilder &b,
                                               const Tile &tile, Value start,
                                               Value count,
                                               ValueRange sums) const {
  auto readRows = [&](const Operand &operand, Value firstRow, int64_t rows) {
    SmallVector<Value> vectors;
    for (int64_t i = 0; i < rows; ++i) {
      Chunk elements{tile.indices, chunk, count};
      Value offset = arith::ConstantIndexOp::create(b, i);
      elements.indices[tile.indices.size() - 2] =
          b.createOrFold<arith::AddIOp>(firstRow, offset);
      elements.indices.back() = start;
      vectors.push_back(operand.read(b, elements));
    }
    return vectors;
  };
  size_t rank = tile.indices.size();
  SmallVector<Value> a = readRows(lhs, tile.indices[rank - 2], tile.lhsRows);
  SmallVector<Value> next(sums);
  for (int64_t j = 0; j < tile.rhsRows; ++j) {
    Value offset = arith::ConstantIndexOp::create(b, j);
    Value row = b.createOrFold<arith::AddIOp>(tile.indices[rank - 1], offset);
    Value w = readRows(rhs, row, 1)[0];
    for (int64_t i = 0; i < tile.lhsRows; ++i) {
      Value &sum = next[i * tile.rhsRows + j];
      sum = addProduct(b, a[i], w, sum);
    }
  }
  return next;
}

SmallVector<Value> Multiplication::sumProducts(ImplicitLocOpBuilder &b,
                                               const Tile &tile) const {
  auto type = VectorType::get(std::min(chunk, kSumLanes), b.getF32Type());
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
  SmallVector<Value> sums(tile.lhsRows * tile.rhsRows, zero);
  Value step = arith::ConstantIndexOp::create(b, chunk);
  Value rest = b.createOrFold<arith::RemUIOp>(size, step);
  Value whole = b.createOrFold<arith::SubIOp>(size, rest);
  Value first = arith::ConstantIndexOp::create(b, 0);
  auto loop = scf::ForOp::create(
      b, first, whole, step, sums,
      [&](OpBuilder &builder, Location loc, Value start, ValueRange carried) {
        ImplicitLocOpBuilder n(loc, builder);
        scf::YieldOp::create(
            n, addProducts(n, tile, start, /*count=*/{}, carried));
      });
  std::optional<int64_t> constantRest = getConstantIntValue(rest);
  if (constantRest == 0 || isPlanted(Mutant::MatmulRestSkipped))
    return llvm::to_vector_of<Value>(loop.getResults());
  if (constantRest)
    return addProducts(b, tile, whole, rest, loop.getResults());
  Value hasRest =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ne, rest, first);
  auto addRest = [&](OpBuilder &builder, Location loc) {
    ImplicitLocOpBuilder n(loc, builder);
    scf::YieldOp::create(n,
                         addProducts(n, tile, whole, rest, loop.getResults()));
  };
  auto keep = [&](OpBuilder &builder, Location loc) {
    scf::YieldOp::create(builder, loc, loop.getResults());
  };
  auto both = scf::IfOp::create(b, hasRest, addRest, keep);
  return llvm::to_vector_of<Value>(both.getResults());
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

/// `row`, a slice of one row of results, with the lanes of `sums` added.
static Value addSums(ImplicitLocOpBuilder &b, ArrayRef<Value> sums, Value row) {
  auto type = cast<RankedTensorType>(row.getType());
  auto map = AffineMap::getMinorIdentityMap(type.getRank(), 1, b.getContext());
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0.0f));
  SmallVector<Value> totals =
      llvm::map_to_vector(sums, [&](Value sum) -> Value {
        return vector::ReductionOp::create(b, vector::CombiningKind::ADD, sum,
                                           zero, arith::FastMathFlags::reassoc);
      });
  auto vectorType = VectorType::get(int64_t(sums.size()), b.getF32Type());
  Value added = vector::FromElementsOp::create(b, vectorType, totals);
  SmallVector<Value> start(type.getRank(),
                           arith::ConstantIndexOp::create(b, 0));
  ArrayAttr inBounds = b.getBoolArrayAttr({true});
  Value old = vector::TransferReadOp::create(b, vectorType, row, start, map,
                                             zero, /*mask=*/Value(), inBounds);
  return vector::TransferWriteOp::create(
             b, type, arith::AddFOp::create(b, old, added), row, start, map,
             /*mask=*/Value(), inBounds)
      .getResult();
}

/// `slice`, the results of a tile, with the lanes of `sums` added. Each row is
/// a slice of its own: to LLVM 22's bufferization, a transfer_write of one row
/// overwrites all of them.
static Value addSums(ImplicitLocOpBuilder &b, const Tile &tile,
                     ArrayRef<Value> sums, Value slice) {
  size_t rank = tile.indices.size();
  SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0));
  SmallVector<OpFoldResult> ones(rank, b.getIndexAttr(1)), sizes(ones);
  sizes.back() = b.getIndexAttr(tile.rhsRows);
  for (int64_t i = 0; i < tile.lhsRows; ++i) {
    offsets[rank - 2] = b.getIndexAttr(i);
    Value row = tensor::ExtractSliceOp::create(b, slice, offsets, sizes, ones);
    row = addSums(b, sums.slice(i * tile.rhsRows, tile.rhsRows), row);
    slice = tensor::InsertSliceOp::create(b, row, slice, offsets, sizes, ones);
  }
  return slice;
}

Value Multiplication::buildTiles(Value init, ArrayRef<OpFoldResult> lower,
                                 ArrayRef<OpFoldResult> upper, int64_t lhsRows,
                                 int64_t rhsRows) const {
  OpBuilder::InsertionGuard guard(b);
  unsigned rank = upper.size();
  SmallVector<OpFoldResult> ones(rank, b.getIndexAttr(1)), sizes(ones);
  sizes[rank - 2] = b.getIndexAttr(lhsRows);
  sizes[rank - 1] = b.getIndexAttr(rhsRows);
  auto loop = scf::ForallOp::create(b, lower, upper, /*steps=*/sizes, init,
                                    /*mapping=*/std::nullopt);
  b.setInsertionPoint(loop.getTerminator());
  Tile tile{SmallVector<Value>(loop.getInductionVars()), lhsRows, rhsRows};
  SmallVector<Value> sums = sumProducts(b, tile);
  Value all = loop.getRegionIterArgs().front();
  SmallVector<OpFoldResult> offsets = getAsOpFoldResult(tile.indices);
  Value slice = tensor::ExtractSliceOp::create(b, all, offsets, sizes, ones);
  slice = addSums(b, tile, sums, slice);
  b.setInsertionPointToStart(loop.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(b, slice, all, offsets, sizes, ones);
  return loop.getResult(0);
}

namespace {

/// A range of rows or columns in tiles of `rows`.
struct TileRange {
  OpFoldResult begin, end;
  int64_t rows;
};

} // namespace

/// `size` in tiles of at most `most`, then of what is left: one by one where
/// that shows at run time.
static SmallVector<TileRange> splitRange(ImplicitLocOpBuilder &b,
                                         OpFoldResult size, int64_t most) {
  OpFoldResult zero = b.getIndexAttr(0);
  if (std::optional<int64_t> constant = getConstantIntValue(size)) {
    int64_t rest = *constant % most;
    OpFoldResult whole = b.getIndexAttr(*constant - rest);
    SmallVector<TileRange> ranges;
    if (rest != *constant)
      ranges.push_back({zero, whole, most});
    if (rest != 0)
      ranges.push_back({whole, size, rest});
    return ranges;
  }
  Value dynamic = cast<Value>(size);
  Value rest = arith::RemUIOp::create(b, dynamic,
                                      arith::ConstantIndexOp::create(b, most));
  OpFoldResult whole = arith::SubIOp::create(b, dynamic, rest).getResult();
  return {{zero, whole, most}, {whole, size, 1}};
}

Value Multiplication::build(Value init) const {
  SmallVector<OpFoldResult> upper = tensor::getMixedSizes(b, b.getLoc(), init);
  SmallVector<OpFoldResult> lower(upper.size(), b.getIndexAttr(0));
  size_t row = upper.size() - 2, column = upper.size() - 1;
  SmallVector<TileRange> rowRanges = splitRange(b, upper[row], kLhsRows);
  SmallVector<TileRange> columnRanges = splitRange(b, upper[column], kRhsRows);
  for (const TileRange &rows : rowRanges) {
    for (const TileRange &columns : columnRanges) {
      std::tie(lower[row], upper[row]) = std::tie(rows.begin, rows.end);
      std::tie(lower[column], upper[column]) =
          std::tie(columns.begin, columns.end);
      init = buildTiles(init, lower, upper, rows.rows, columns.rows);
    }
  }
  return init;
}

//===----------------------------------------------------------------------===//
// The pattern
//===----------------------------------------------------------------------===//

namespace {

struct ScaledMatmulChunks : public ChunkPattern<ScaledMatmulOp> {
  using ChunkPattern::ChunkPattern;

  LogicalResult
  matchAndRewrite(ScaledMatmulOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    std::optional<int64_t> size = findSize(op);
    if (!size || isPackedHere(op.getLhs()) || isPackedHere(op.getRhs()))
      return rewriter.notifyMatchFailure(op, "left to linalg");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Operand lhs{op.getLhsScaledType(), llvm::to_vector(adaptor.getLhs())};
    Operand rhs{op.getScaledType(), llvm::to_vector(adaptor.getRhs())};
    Multiplication multiplication(b, lhs, rhs, getSumSize(b, op), *size);
    rewriter.replaceOp(op, multiplication.build(adaptor.getInit().front()));
    return success();
  }

private:
  /// The elements of a chunk, which must suit the blocks of both operands.
  std::optional<int64_t> findSize(ScaledMatmulOp op) const {
    int64_t rowSize = op.getRhs().getType().getShape().back();
    std::optional<int64_t> size =
        findChunkSize(op.getScaledType(), rowSize, chunk);
    ScaledType lhs = op.getLhsScaledType();
    if (!lhs || !size)
      return size;
    size = findChunkSize(lhs, rowSize, *size);
    return size && findChunkSize(op.getScaledType(), rowSize, *size) == size
               ? size
               : std::nullopt;
  }

  /// Whether the bytes of `operand` are made here, from codes that CodeFinder
  /// finds.
  static bool isPackedHere(Value operand) {
    auto assemble = operand.getDefiningOp<AssembleOp>();
    return assemble && assemble.getPayload().getDefiningOp<PackOp>();
  }

  /// K. Where it is dynamic in two scaled operands, each may count codes in the
  /// last byte of a row that are none.
  static Value getSumSize(ImplicitLocOpBuilder &b, ScaledMatmulOp op) {
    auto getSize = [&](Value operand) {
      int64_t last = cast<RankedTensorType>(operand.getType()).getRank() - 1;
      return tensor::getMixedSize(b, b.getLoc(), operand, last);
    };
    OpFoldResult lhs = getSize(op.getLhs()), rhs = getSize(op.getRhs());
    bool isKnown = getConstantIntValue(lhs) || !op.getLhsScaledType();
    if (isKnown || getConstantIntValue(rhs)) {
      return getValueOrCreateConstantIndexOp(
          b, b.getLoc(), getConstantIntValue(rhs) ? rhs : lhs);
    }
    return arith::MinUIOp::create(b, cast<Value>(lhs), cast<Value>(rhs));
  }
};

} // namespace

void quantx::populateScaledMatmulChunkPatterns(const TypeConverter &converter,
                                               RewritePatternSet &patterns,
                                               int64_t chunk) {
  patterns.add<ScaledMatmulChunks>(converter, patterns.getContext(), chunk);
}
