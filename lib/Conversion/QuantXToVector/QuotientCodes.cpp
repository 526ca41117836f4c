//===- QuotientCodes.cpp - Codes without divisions ------------------------===//
//
// What a block needs instead of a division is computed for several blocks at
// once, before the loop that encodes. There, whether the blocks of a chunk have
// it is a branch that is hardly ever taken the other way; where all blocks have
// it, LLVM makes that a loop without a branch.
//
//===----------------------------------------------------------------------===//

#include "QuotientCodes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

/// Blocks whose quotients are computed at once.
static constexpr int64_t kQuotients = 16;

/// Elements of an op whose quotients are computed first: a tile, more than
/// which would take memory.
static constexpr int64_t kMostElements = 64 * 1024;

static std::optional<int64_t> findMost(Value value);

/// What `expr`, of an affine op on `operands`, is at most.
static std::optional<int64_t> findMost(AffineExpr expr, ValueRange operands,
                                       unsigned numDims) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return findMost(operands[dim.getPosition()]);
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return findMost(operands[numDims + symbol.getPosition()]);
  // Products have their constant on the right.
  auto product = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!product || product.getKind() != AffineExprKind::Mul)
    return std::nullopt;
  auto factor = dyn_cast<AffineConstantExpr>(product.getRHS());
  std::optional<int64_t> most = findMost(product.getLHS(), operands, numDims);
  if (!factor || factor.getValue() < 0 || !most)
    return std::nullopt;
  return *most * factor.getValue();
}

/// What `value`, the size of a tile, is at most. Analyses of upstream look at
/// what the conversion has taken apart.
static std::optional<int64_t> findMost(Value value) {
  auto min = value.getDefiningOp<affine::AffineMinOp>();
  if (!min)
    return std::nullopt;
  std::optional<int64_t> least;
  for (AffineExpr bound : min.getMap().getResults()) {
    std::optional<int64_t> most =
        findMost(bound, min.getOperands(), min.getMap().getNumDims());
    if (most && (!least || *most < *least))
      least = most;
  }
  return least;
}

/// What a size of `tensor` is at most, as it is known of a tile.
static std::optional<int64_t> findMost(Value tensor, int64_t dim) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return type.getDimSize(dim);
  auto slice = tensor.getDefiningOp<tensor::ExtractSliceOp>();
  if (!slice || slice.getSourceType().getRank() != type.getRank())
    return std::nullopt;
  auto size = dyn_cast<Value>(slice.getMixedSizes()[dim]);
  return size ? findMost(size) : std::nullopt;
}

/// Whether `tensor`, of blocks of `type`, is known to have at most `most`
/// elements. A whole dimension, which has one block, counts as one.
static bool hasAtMost(ScaledType type, Value tensor, int64_t most) {
  int64_t count = 1;
  auto shape = cast<RankedTensorType>(tensor.getType());
  for (int64_t dim = 0; dim < shape.getRank(); ++dim) {
    if (type.isWholeDimension(dim))
      continue;
    std::optional<int64_t> size = findMost(tensor, dim);
    if (!size || *size > most)
      return false;
    count *= std::max<int64_t>(*size, 1);
  }
  return count <= most;
}

/// What is known of the elements over their scales: something where these were
/// chosen from them.
static QuotientRange findRange(QuantizeOp op) {
  auto choose = op.getParameters().front().getDefiningOp<ChooseQParamsOp>();
  bool isChosen = choose && choose.getInput() == op.getInput() &&
                  choose.getScaledType() == op.getScaledType() &&
                  llvm::equal(op.getParameters(), choose.getParameters());
  return isChosen ? choose.getMethod().getQuotientRange(op.getScaledType())
                  : QuotientRange::Any;
}

QuotientCodes::QuotientCodes(OpBuilder &builder, QuantizeOp op,
                             QuantizeOp::Adaptor operands, int64_t chunk,
                             bool hasFMA)
    : op(op), operands(operands), type(op.getScaledType()),
      range(findRange(op)) {
  bool isExact =
      isa<Float8E8M0FNUType>(type.getScaleType()) && !type.hasGlobal();
  isPossible =
      (isExact || hasFMA) &&
      BlockQuotient::isPossible(type, RoundingSpec(op.getRounding(), Value()),
                                op.getSaturate());
  bool isEmpty = llvm::is_contained(op.getInput().getType().getShape(), 0);
  if (isPossible && !isEmpty && hasAtMost(type, op.getInput(), kMostElements))
    buildQuotients(builder);
}

void QuotientCodes::buildQuotients(OpBuilder &builder) {
  Location loc = op.getLoc();
  ValueRange parameters = operands.getParameters();
  auto emit = [&](ImplicitLocOpBuilder &b, const Chunk &blocks) {
    ElementwiseBuilder arith(b, loc);
    SmallVector<Value> values;
    for (Value tensor : parameters) {
      bool isGlobal = cast<RankedTensorType>(tensor.getType()).getRank() == 0;
      values.push_back(
          isGlobal
              ? spread(b, tensor::ExtractOp::create(b, tensor, {}), blocks.size)
              : readChunk(b, tensor, blocks));
    }
    quotients = emitQuantizeQuotient(arith, type,
                                     BlockParameters::get(type, values), range);
    return quotients.getValues();
  };
  auto scales = cast<RankedTensorType>(parameters.front().getType());
  ChunkedRows rows = {tensor::getMixedSizes(builder, loc, parameters.front()),
                      getChunkSize(scales.getShape().back(), kQuotients)};
  quotients = quotients.withValues(buildElementChunks(
      builder, loc, rows, BlockQuotient::getTypes(type, range), emit));
  if (!type.isWholeDimension(type.getBlockRank() - 1)) {
    ImplicitLocOpBuilder b(loc, builder);
    buildAreAllUsable(b, rows);
  }
}

// Reciprocals are positive or, where there is none, NaN: so is their sum.
void QuotientCodes::buildAreAllUsable(ImplicitLocOpBuilder &b,
                                      const ChunkedRows &rows) {
  auto index = [&](ImplicitLocOpBuilder &n, OpFoldResult value) {
    return getValueOrCreateConstantIndexOp(n, n.getLoc(), value);
  };
  Value end = index(b, rows.sizes.back());
  SmallVector<Value> lower, upper, steps;
  for (OpFoldResult size : rows.sizes) {
    lower.push_back(arith::ConstantIndexOp::create(b, 0));
    upper.push_back(index(b, size));
    steps.push_back(arith::ConstantIndexOp::create(b, 1));
  }
  steps.back() = arith::ConstantIndexOp::create(b, rows.chunk);
  if (isPlanted(Mutant::FirstQuotientsChecked))
    upper.back() = arith::MinUIOp::create(b, steps.back(), end);
  Value one = arith::ConstantOp::create(b, b.getF32FloatAttr(1.0));
  auto add = [&](OpBuilder &builder, Location loc, ValueRange indices,
                 ValueRange sums) -> scf::ValueVector {
    ImplicitLocOpBuilder n(loc, builder);
    Chunk chunk{SmallVector<Value>(indices), rows.chunk, Value()};
    std::optional<int64_t> size = getConstantIntValue(rows.sizes.back());
    if (!size || *size % rows.chunk != 0) {
      Value rest = arith::SubIOp::create(n, end, indices.back());
      chunk.count = arith::MinUIOp::create(n, rest, steps.back());
    }
    Value reciprocals = readChunk(n, quotients.reciprocal, chunk, one);
    return {arith::AddFOp::create(n, sums[0], reciprocals)};
  };
  auto lanes = VectorType::get(rows.chunk, b.getF32Type());
  Value zeros = arith::ConstantOp::create(b, b.getZeroAttr(lanes));
  BlockQuotient sum = quotients;
  sum.reciprocal =
      scf::buildLoopNest(b, b.getLoc(), lower, upper, steps, zeros, add)
          .results[0];
  areAllUsable = sum.emitIsUsable(b);
}

BlockQuotient QuotientCodes::readQuotient(ImplicitLocOpBuilder &b,
                                          const Chunk &chunk) {
  ElementwiseBuilder arith(b, b.getLoc());
  if (quotients.reciprocal) {
    return quotients.withValues(
        readParameters(b, type, quotients.getValues(), chunk));
  }
  SmallVector<Value> values =
      readParameters(b, type, operands.getParameters(), chunk);
  return emitQuantizeQuotient(arith, type, BlockParameters::get(type, values),
                              range);
}

Value QuotientCodes::emitBytes(
    ImplicitLocOpBuilder &b, const Chunk &chunk,
    llvm::function_ref<Value(ImplicitLocOpBuilder &)> otherwise) {
  BlockQuotient quotient = readQuotient(b, chunk);
  auto encode = [&](OpBuilder &builder, Location loc) {
    ImplicitLocOpBuilder b(loc, builder);
    ElementwiseBuilder arith(b, loc);
    SmallVector<Value> lanes;
    for (Value value : quotient.getValues())
      lanes.push_back(spread(b, value, chunk.size));
    Value codes = emitQuantizeElement(
        arith, type, readChunk(b, operands.getInput(), chunk),
        quotient.withValues(lanes), op.getSaturate());
    scf::YieldOp::create(b, packChunk(b, chunk, codes, type.getStorageBits()));
  };
  auto encodeOtherwise = [&](OpBuilder &builder, Location loc) {
    ImplicitLocOpBuilder b(loc, builder);
    scf::YieldOp::create(b, otherwise(b));
  };
  auto encodeChecked = [&](OpBuilder &builder, Location loc) {
    ImplicitLocOpBuilder b(loc, builder);
    Value isUsable = quotient.emitIsUsable(b);
    return scf::IfOp::create(b, isUsable, encode, encodeOtherwise).getResult(0);
  };
  if (!areAllUsable || chunk.count)
    return encodeChecked(b, b.getLoc());
  auto yieldChecked = [&](OpBuilder &builder, Location loc) {
    scf::YieldOp::create(builder, loc, encodeChecked(builder, loc));
  };
  return scf::IfOp::create(b, areAllUsable, encode, yieldChecked).getResult(0);
}
