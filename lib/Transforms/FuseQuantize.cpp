//===- FuseQuantize.cpp - Choose and encode tile by tile ------------------===//

#include "JoinRows.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "quantx/IR/QuantXOps.h"
#include "quantx/Transforms/Alignment.h"
#include "quantx/Transforms/PassOptions.h"
#include "quantx/Transforms/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXFUSEQUANTIZE
#include "quantx/Transforms/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// One op
//===----------------------------------------------------------------------===//

/// The quantize that takes all parameters from `choose`, for the same tensor;
/// null if there is none, or several.
static QuantizeOp findQuantize(ChooseQParamsOp choose) {
  QuantizeOp found;
  for (Operation *user : choose.getParameters().front().getUsers()) {
    auto quantize = dyn_cast<QuantizeOp>(user);
    if (!quantize)
      continue;
    bool matches =
        quantize.getInput() == choose.getInput() &&
        quantize.getScaledType() == choose.getScaledType() &&
        llvm::equal(quantize.getParameters(), choose.getParameters());
    if (!matches || found)
      return {};
    found = quantize;
  }
  return found;
}

namespace {

/// Makes one op of choose_qparams and quantize, where the former is. Others who
/// use its results get them from the scaled tensor.
struct MergeQuantize : public OpRewritePattern<ChooseQParamsOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ChooseQParamsOp op,
                                PatternRewriter &rewriter) const override {
    QuantizeOp quantize = findQuantize(op);
    if (!quantize || quantize.getSeed())
      return failure();
    Value merged = DynamicQuantizeOp::create(
        rewriter, op.getLoc(), quantize.getType(), op.getInput(),
        op.getWeights(), op.getGlobal(), op.getMethod(), /*seed=*/Value(),
        quantize.getRounding(), quantize.getSaturate());
    rewriter.replaceOp(quantize, merged);
    if (op->use_empty()) {
      rewriter.eraseOp(op);
      return success();
    }
    auto shape = cast<RankedTensorType>(merged.getType()).getShape();
    ScaledType type = op.getScaledType();
    SmallVector<Type> types = {type.getPayloadType(shape)};
    llvm::append_range(types, type.getParameterTypes(shape));
    auto parts = DisassembleOp::create(rewriter, op.getLoc(), types, merged);
    SmallVector<Value> parameters;
    for (auto [part, result] :
         llvm::zip_equal(parts.getParameters(), op.getParameters())) {
      parameters.push_back(part);
      if (part.getType() != result.getType())
        parameters.back() = tensor::CastOp::create(rewriter, op.getLoc(),
                                                   result.getType(), part);
    }
    rewriter.replaceOp(op, parameters);
    return success();
  }
};

/// Chooses the global scale first.
struct SplitGlobal : public OpRewritePattern<DynamicQuantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(DynamicQuantizeOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getScaledType().hasGlobal() || op.getGlobal())
      return failure();
    Value global = ChooseGlobalOp::create(rewriter, op.getLoc(), op.getInput(),
                                          op.getScaledType());
    rewriter.modifyOpInPlace(op, [&] { op.getGlobalMutable().assign(global); });
    return success();
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

/// Whether an unpack reads the codes: it becomes a loop that encodes.
static bool isUnpacked(DynamicQuantizeOp op) {
  return llvm::any_of(op->getUsers(), [](Operation *user) {
    auto parts = dyn_cast<DisassembleOp>(user);
    return parts &&
           llvm::any_of(parts.getPayload().getUsers(), llvm::IsaPred<UnpackOp>);
  });
}

/// Whether a size is known to be 0: no slice may start there.
static bool isEmpty(DynamicQuantizeOp op) {
  return llvm::is_contained(op.getType().getShape(), 0) ||
         llvm::is_contained(op.getInput().getType().getShape(), 0);
}

static bool canBeTiled(DynamicQuantizeOp op) {
  return op.getRounding() != Rounding::Stochastic && !op.getWeights() &&
         !isUnpacked(op) && !isEmpty(op);
}

/// How many of `steps` to take at once, `most` or less: so that no tile is
/// smaller than the others, if that does not make them much smaller.
static int64_t getTileSize(int64_t steps, int64_t most) {
  for (int64_t size = most; size > most / 2; --size)
    if (steps % size == 0)
      return size;
  return most;
}

/// Rows of dynamic size that a tile has at most. What is computed of their
/// blocks has a limit then, and is on the stack.
static constexpr int64_t kMostRows = 16;

/// How many times `size` goes into `tile`, at least once.
static OpFoldResult divideTile(ImplicitLocOpBuilder &b, OpFoldResult tile,
                               OpFoldResult size) {
  std::optional<int64_t> most = getConstantIntValue(tile);
  std::optional<int64_t> divisor = getConstantIntValue(size);
  if (most && (divisor || *most == 1))
    return b.getIndexAttr(std::max(
        *most / std::max(divisor.value_or(1), int64_t(1)), int64_t(1)));
  auto atLeastOne = [&](Value value) -> Value {
    Value one = arith::ConstantIndexOp::create(b, 1);
    return b.createOrFold<arith::MaxUIOp>(value, one);
  };
  auto value = [&](OpFoldResult of) {
    return getValueOrCreateConstantIndexOp(b, b.getLoc(), of);
  };
  Value count = arith::DivUIOp::create(b, value(tile), atLeastOne(value(size)));
  // What an affine.min is at most shows.
  AffineExpr bounds[] = {b.getAffineSymbolExpr(0),
                         b.getAffineConstantExpr(kMostRows)};
  AffineMap map = AffineMap::get(0, 1, bounds, b.getContext());
  return affine::AffineMinOp::create(b, map, atLeastOne(count)).getResult();
}

/// The tile, in steps of the iteration domain, 0 for a whole dimension: as much
/// of a row as has `elements`, and where that is all of it, as many rows.
static SmallVector<OpFoldResult>
getTileSizes(OpBuilder &builder, DynamicQuantizeOp op, int64_t elements) {
  ImplicitLocOpBuilder b(op.getLoc(), builder);
  ScaledType type = op.getScaledType();
  SmallVector<OpFoldResult> shape =
      tensor::getMixedSizes(b, op.getLoc(), op.getInput());
  SmallVector<int64_t> steps = getSliceSteps(type);
  OpFoldResult tile = b.getIndexAttr(elements);
  for (auto [dim, step] : llvm::enumerate(steps)) {
    OpFoldResult size = b.getIndexAttr(step);
    tile = divideTile(b, tile, type.isWholeDimension(dim) ? shape[dim] : size);
  }
  // From here on, the tile counts steps.
  SmallVector<OpFoldResult> sizes(steps.size(), b.getIndexAttr(0));
  for (unsigned dim = steps.size(); dim-- > 0;) {
    if (type.isWholeDimension(dim))
      continue;
    OpFoldResult count = affine::makeComposedFoldedAffineApply(
        b, b.getLoc(), b.getAffineSymbolExpr(0).ceilDiv(steps[dim]),
        {shape[dim]});
    std::optional<int64_t> all = getConstantIntValue(count);
    std::optional<int64_t> most = getConstantIntValue(tile);
    if (!all || !most)
      sizes[dim] = tile;
    else if (*all > *most)
      sizes[dim] = b.getIndexAttr(getTileSize(*all, *most));
    if (dim > 0)
      tile = divideTile(b, tile, count);
  }
  return sizes;
}

/// Gives input and result the sizes that are known of either, as the slices of
/// both are to have the same.
static DynamicQuantizeOp refineShapes(RewriterBase &rewriter,
                                      DynamicQuantizeOp op) {
  RankedTensorType inputType = op.getInput().getType();
  RankedTensorType type = op.getType();
  if (inputType.getShape() == type.getShape())
    return op;
  SmallVector<int64_t> shape(type.getShape());
  for (auto [size, other] : llvm::zip_equal(shape, inputType.getShape()))
    if (ShapedType::isDynamic(size))
      size = other;
  rewriter.setInsertionPoint(op);
  Value input = tensor::CastOp::create(rewriter, op.getLoc(),
                                       inputType.clone(shape), op.getInput());
  auto refined = DynamicQuantizeOp::create(
      rewriter, op.getLoc(), type.clone(shape), input, op.getWeights(),
      op.getGlobal(), op.getMethod(), op.getSeed(), op.getRounding(),
      op.getSaturate());
  rewriter.replaceOpWithNewOp<tensor::CastOp>(op, type, refined);
  return refined;
}

/// Makes a loop over tiles of `op`, if there are several.
static LogicalResult tileOp(RewriterBase &rewriter, DynamicQuantizeOp op,
                            int64_t tile, bool joinsRows) {
  op = refineShapes(rewriter, op);
  if (joinsRows)
    op = joinRows(rewriter, op);
  rewriter.setInsertionPoint(op);
  SmallVector<OpFoldResult> sizes = getTileSizes(rewriter, op, tile);
  if (llvm::all_of(sizes, isZeroInteger))
    return success();
  scf::SCFTilingOptions options;
  options.setTileSizes(sizes);
  options.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp);
  FailureOr<scf::SCFTilingResult> tiled = scf::tileUsingSCF(
      rewriter, cast<TilingInterface>(op.getOperation()), options);
  if (failed(tiled))
    return failure();
  rewriter.replaceOp(op, tiled->replacements);
  return success();
}

namespace {

struct FuseQuantizePass
    : public quantx::impl::QuantXFuseQuantizeBase<FuseQuantizePass> {
  using QuantXFuseQuantizeBase::QuantXFuseQuantizeBase;

  LogicalResult initialize(MLIRContext *context) override {
    return checkOption(context, tile.getArgStr(), tile, /*least=*/1);
  }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<MergeQuantize, SplitGlobal>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    SmallVector<DynamicQuantizeOp> ops;
    getOperation()->walk([&](DynamicQuantizeOp op) {
      if (canBeTiled(op))
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (DynamicQuantizeOp op : ops)
      if (failed(tileOp(rewriter, op, tile, joinRows)))
        return signalPassFailure();
  }
};

} // namespace
