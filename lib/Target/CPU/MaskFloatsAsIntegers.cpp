//===- MaskFloatsAsIntegers.cpp - Masked moves of 16-bit floats -----------===//

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "quantx/Target/CPU/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXMASKFLOATSASINTEGERS
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

/// The vector of integers that holds `type`, a vector of 16-bit floats; null
/// for other types.
static VectorType getBits(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  if (!vector || !isa<Float16Type, BFloat16Type>(vector.getElementType()))
    return {};
  return vector.clone(IntegerType::get(type.getContext(), 16));
}

namespace {

struct LoadBits : public OpRewritePattern<LLVM::MaskedLoadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LLVM::MaskedLoadOp op,
                                PatternRewriter &rewriter) const override {
    VectorType bits = getBits(op.getType());
    if (!bits)
      return rewriter.notifyMatchFailure(op, "not of 16-bit floats");
    Location loc = op.getLoc();
    Value padding = op.getPassThru();
    if (padding)
      padding = LLVM::BitcastOp::create(rewriter, loc, bits, padding);
    Value loaded = LLVM::MaskedLoadOp::create(
        rewriter, loc, bits, op.getData(), op.getMask(), padding,
        op.getAlignmentAttr(), op.getNontemporalAttr());
    rewriter.replaceOpWithNewOp<LLVM::BitcastOp>(op, op.getType(), loaded);
    return success();
  }
};

struct StoreBits : public OpRewritePattern<LLVM::MaskedStoreOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LLVM::MaskedStoreOp op,
                                PatternRewriter &rewriter) const override {
    VectorType bits = getBits(op.getValue().getType());
    if (!bits)
      return rewriter.notifyMatchFailure(op, "not of 16-bit floats");
    Value value =
        LLVM::BitcastOp::create(rewriter, op.getLoc(), bits, op.getValue());
    rewriter.replaceOpWithNewOp<LLVM::MaskedStoreOp>(
        op, value, op.getData(), op.getMask(), op.getAlignmentAttr());
    return success();
  }
};

struct MaskFloatsAsIntegersPass
    : public quantx::impl::QuantXMaskFloatsAsIntegersBase<
          MaskFloatsAsIntegersPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<LoadBits, StoreBits>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
