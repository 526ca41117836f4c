//===- FuseQuantize.cpp - Choose and encode tile by tile ------------------===//

#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "quantx/IR/QuantXOps.h"
#include "quantx/Transforms/Alignment.h"
#include "quantx/Transforms/Passes.h"
#include <utility>

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

/// The tile, in steps of the iteration domain, 0 for a whole dimension: as much
/// of a row as has `tile` elements, and where that is all of it, as many rows.
static SmallVector<int64_t> getTileSizes(DynamicQuantizeOp op, int64_t tile) {
  ScaledType type = op.getScaledType();
  ArrayRef<int64_t> shape = op.getType().getShape();
  SmallVector<int64_t> steps = getSliceSteps(type);
  for (auto [dim, step] : llvm::enumerate(steps)) {
    // A dimension of unknown size is a long one.
    if (type.isWholeDimension(dim))
      step = ShapedType::isDynamic(shape[dim]) ? tile : shape[dim];
    tile /= std::max(step, int64_t(1));
  }
  // From here on, the tile counts steps.
  SmallVector<int64_t> sizes(steps.size(), 0);
  for (unsigned dim = steps.size(); dim-- > 0;) {
    if (type.isWholeDimension(dim))
      continue;
    tile = std::max(tile, int64_t(1));
    if (ShapedType::isDynamic(shape[dim])) {
      sizes[dim] = std::exchange(tile, 1);
      continue;
    }
    int64_t count = llvm::divideCeil(shape[dim], steps[dim]);
    if (count > tile)
      sizes[dim] = getTileSize(count, tile);
    tile /= std::max(count, int64_t(1));
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
                            int64_t tile) {
  SmallVector<int64_t> sizes = getTileSizes(op, tile);
  if (llvm::all_of(sizes, [](int64_t size) { return size == 0; }))
    return success();
  op = refineShapes(rewriter, op);
  SmallVector<OpFoldResult> tileSizes =
      getAsIndexOpFoldResult(op.getContext(), sizes);
  scf::SCFTilingOptions options;
  options.setTileSizes(tileSizes);
  options.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp);
  rewriter.setInsertionPoint(op);
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
    if (tile >= 1)
      return success();
    return emitError(UnknownLoc::get(context))
           << "expected a tile of at least 1 element, got " << int64_t(tile);
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
      if (failed(tileOp(rewriter, op, tile)))
        return signalPassFailure();
  }
};

} // namespace
