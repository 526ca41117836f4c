//===- ExpandMath.cpp - Make the instructions of math ops -----------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "quantx/Target/NVVM/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXEXPANDMATH
#include "quantx/Target/NVVM/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

namespace {

/// To a call of an intrinsic: upstream takes the ops of the LLVM dialect for
/// what is yet to be converted.
template <typename OpT>
struct ExpandToIntrinsic : public OpRewritePattern<OpT> {
  ExpandToIntrinsic(MLIRContext *context, StringRef intrinsic)
      : OpRewritePattern<OpT>(context), intrinsic(intrinsic) {}

  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    if (!LLVM::isCompatibleType(op.getType()))
      return rewriter.notifyMatchFailure(op, "no type of LLVM's");
    auto call = LLVM::CallIntrinsicOp::create(
        rewriter, op.getLoc(), op.getType(), rewriter.getStringAttr(intrinsic),
        op->getOperands());
    rewriter.replaceOp(op, call);
    return success();
  }

private:
  StringRef intrinsic;
};

struct ExpandMathPass
    : public quantx::impl::QuantXExpandMathBase<ExpandMathPass> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    patterns.add<ExpandToIntrinsic<arith::MaxNumFOp>>(context, "llvm.maxnum");
    patterns.add<ExpandToIntrinsic<arith::MinNumFOp>>(context, "llvm.minnum");
    patterns.add<ExpandToIntrinsic<math::AbsFOp>>(context, "llvm.fabs");
    patterns.add<ExpandToIntrinsic<math::CopySignOp>>(context, "llvm.copysign");
    patterns.add<ExpandToIntrinsic<math::FmaOp>>(context, "llvm.fma");
    patterns.add<ExpandToIntrinsic<math::SqrtOp>>(context, "llvm.sqrt");
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
