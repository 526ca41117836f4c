//===- ExpandDynamic.cpp - Split dynamic_quantize -------------------------===//

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "quantx/IR/QuantXOps.h"
#include "quantx/Transforms/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXEXPANDDYNAMIC
#include "quantx/Transforms/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

namespace {

struct ExpandDynamicQuantize : public OpRewritePattern<DynamicQuantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(DynamicQuantizeOp op,
                                PatternRewriter &rewriter) const override {
    auto parameters = ChooseQParamsOp::create(
        rewriter, op.getLoc(), op.getInput(), op.getMethod(),
        op.getScaledType(), op.getWeights(), op.getGlobal());
    rewriter.replaceOpWithNewOp<QuantizeOp>(
        op, op.getType(), op.getInput(), parameters.getParameters(),
        op.getSeed(), op.getRounding(), op.getSaturate());
    return success();
  }
};

struct ExpandDynamicPass
    : public quantx::impl::QuantXExpandDynamicBase<ExpandDynamicPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateExpandDynamicPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

void quantx::populateExpandDynamicPatterns(RewritePatternSet &patterns) {
  patterns.add<ExpandDynamicQuantize>(patterns.getContext());
}
