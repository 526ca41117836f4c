//===- ExpandHalfFloats.cpp - The quantx-expand-half-floats pass ----------===//

#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "quantx/Target/NarrowFloats/FloatCodecs.h"
#include "quantx/Target/NarrowFloats/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXEXPANDHALFFLOATS
#include "quantx/Target/NarrowFloats/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

namespace {

struct ExpandExtFOfF16 : public OpRewritePattern<arith::ExtFOp> {
  ExpandExtFOfF16(MLIRContext *context, const FloatCodec &codec)
      : OpRewritePattern(context), codec(codec) {}

  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &rewriter) const override {
    Type to = getElementTypeOrSelf(op.getType());
    if (!getElementTypeOrSelf(op.getIn()).isF16() ||
        !isa<Float32Type, Float64Type>(to))
      return rewriter.notifyMatchFailure(op, "not from f16 to f32 or f64");
    ElementwiseBuilder b(rewriter, op.getLoc());
    Value value = codec.extendToF32(b, op.getIn());
    if (to.isF64())
      value = arith::ExtFOp::create(rewriter, op.getLoc(), op.getType(), value);
    rewriter.replaceOp(op, value);
    return success();
  }

private:
  const FloatCodec &codec;
};

struct ExpandTruncFToF16 : public OpRewritePattern<arith::TruncFOp> {
  ExpandTruncFToF16(MLIRContext *context, const FloatCodec &codec)
      : OpRewritePattern(context), codec(codec) {}

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    Type to = getElementTypeOrSelf(op.getType());
    if (!to.isF16() || !getElementTypeOrSelf(op.getIn()).isF32())
      return rewriter.notifyMatchFailure(op, "not from f32 to f16");
    auto mode = op.getRoundingmode();
    if (mode && mode != arith::RoundingMode::to_nearest_even)
      return rewriter.notifyMatchFailure(op, "not to nearest even");
    ElementwiseBuilder b(rewriter, op.getLoc());
    rewriter.replaceOp(op, codec.truncateFromF32(b, op.getIn(), to));
    return success();
  }

private:
  const FloatCodec &codec;
};

struct ExpandHalfFloatsPass
    : public quantx::impl::QuantXExpandHalfFloatsBase<ExpandHalfFloatsPass> {
  using QuantXExpandHalfFloatsBase::QuantXExpandHalfFloatsBase;

  LogicalResult initialize(MLIRContext *context) override {
    if (llvm::Error error = createFloatCodec(target).takeError())
      return emitError(UnknownLoc::get(context))
             << llvm::toString(std::move(error));
    return success();
  }

  void runOnOperation() override {
    llvm::Expected<std::unique_ptr<FloatCodec>> codec =
        createFloatCodec(target);
    assert(codec && "expected a target that has been checked");
    if ((*codec)->hasF16Instructions())
      return;
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandExtFOfF16, ExpandTruncFToF16>(&getContext(), **codec);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
