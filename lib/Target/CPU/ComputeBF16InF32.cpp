//===- ComputeBF16InF32.cpp - Arithmetic on bf16 --------------------------===//

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "quantx/Target/CPU/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXCOMPUTEBF16INF32
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

static bool isBF16(Value value) { return getElementTypeOrSelf(value).isBF16(); }

/// `type` with elements of f32, a scalar or a vector.
static Type getF32(Type type) {
  Type f32 = Float32Type::get(type.getContext());
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.clone(f32);
  return f32;
}

/// Whether `op` takes the bits of its operands for its result, or is one of the
/// conversions that this pass makes.
static bool keepsBits(Operation *op) {
  return isa<arith::BitcastOp, arith::ConstantOp, arith::ExtFOp, arith::NegFOp,
             arith::SelectOp, arith::TruncFOp, math::AbsFOp, math::CopySignOp>(
      op);
}

namespace {

struct ComputeInF32 : public RewritePattern {
  explicit ComputeInF32(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (keepsBits(op) ||
        (!isa<vector::FMAOp>(op) &&
         !isa_and_nonnull<arith::ArithDialect, math::MathDialect>(
             op->getDialect())))
      return rewriter.notifyMatchFailure(op, "no arithmetic");
    if (llvm::none_of(op->getOperands(), isBF16) &&
        llvm::none_of(op->getResults(), isBF16))
      return rewriter.notifyMatchFailure(op, "not on bf16");
    IRMapping operands;
    for (Value operand : op->getOperands()) {
      if (isBF16(operand))
        operands.map(operand,
                     arith::ExtFOp::create(rewriter, op->getLoc(),
                                           getF32(operand.getType()), operand));
    }
    Operation *wide = rewriter.clone(*op, operands);
    SmallVector<Value> results;
    for (OpResult result : wide->getResults()) {
      Type type = result.getType();
      if (!isBF16(result)) {
        results.push_back(result);
        continue;
      }
      result.setType(getF32(type));
      results.push_back(
          arith::TruncFOp::create(rewriter, op->getLoc(), type, result));
    }
    rewriter.replaceOp(op, results);
    return success();
  }
};

struct ComputeBF16InF32Pass
    : public quantx::impl::QuantXComputeBF16InF32Base<ComputeBF16InF32Pass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ComputeInF32>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
