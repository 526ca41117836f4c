//===- ExpandNarrowFloats.cpp - Conversions of small floats to integers ---===//

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "quantx/Emit/Codes.h"
#include "quantx/Transforms/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXEXPANDNARROWFLOATS
#include "quantx/Transforms/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static bool isE8M0(Type type) { return isa<Float8E8M0FNUType>(type); }

/// The row of the format table for the element type of `type`, or null.
static const FloatFormat *getFormat(Type type) {
  auto element = dyn_cast<FloatType>(getElementTypeOrSelf(type));
  if (!element || element.getWidth() > 8)
    return nullptr;
  std::string keyword;
  llvm::raw_string_ostream(keyword) << element;
  return lookupFloatFormat(keyword);
}

static bool isNarrow(Type type) {
  return isE8M0(getElementTypeOrSelf(type)) || getFormat(type);
}

static bool isWide(Type type) {
  return isa<Float32Type, Float16Type, BFloat16Type>(
      getElementTypeOrSelf(type));
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

/// A value of a narrow or wide type as f32.
static Value emitToF32(ElementwiseBuilder &b, Value value) {
  Type type = getElementTypeOrSelf(value);
  if (!isNarrow(type))
    return b.extendToF32(value);
  Type integer = b.getBuilder().getIntegerType(type.getIntOrFloatBitWidth());
  Value code = b.zext(b.bitcast(value, integer), 8);
  if (isE8M0(type))
    return emitDecodeE8M0(b, code);
  return emitDecodeFloat(b, code, *getFormat(type));
}

/// An f32 as a value of the narrow element type `type`.
static Value emitToNarrow(ElementwiseBuilder &b, Value value, Type type) {
  Value code = isE8M0(type)
                   ? emitEncodeE8M0(b, value)
                   : emitEncodeFloat(b, value, *getFormat(type), RoundingSpec(),
                                     /*saturate=*/false);
  return b.bitcast(b.trunc(code, type.getIntOrFloatBitWidth()), type);
}

template <typename Op>
static bool roundsToNearestEven(Op op) {
  return op.getRoundingmode().value_or(arith::RoundingMode::to_nearest_even) ==
         arith::RoundingMode::to_nearest_even;
}

namespace {

struct ExpandExtF : public OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &rewriter) const override {
    if (!isNarrow(op.getIn().getType()) || !isWide(op.getType()))
      return rewriter.notifyMatchFailure(op, "not from narrow to f32 or f16");
    ElementwiseBuilder b(rewriter, op.getLoc());
    rewriter.replaceOp(op,
                       b.truncateFromF32(emitToF32(b, op.getIn()),
                                         getElementTypeOrSelf(op.getType())));
    return success();
  }
};

struct ExpandTruncF : public OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    if (!isWide(op.getIn().getType()) || !isNarrow(op.getType()))
      return rewriter.notifyMatchFailure(op, "not from f32 or f16 to narrow");
    if (!roundsToNearestEven(op))
      return rewriter.notifyMatchFailure(op, "unsupported rounding mode");
    ElementwiseBuilder b(rewriter, op.getLoc());
    rewriter.replaceOp(op, emitToNarrow(b, b.extendToF32(op.getIn()),
                                        getElementTypeOrSelf(op.getType())));
    return success();
  }
};

struct ExpandScalingExtF : public OpRewritePattern<arith::ScalingExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ScalingExtFOp op,
                                PatternRewriter &rewriter) const override {
    Type scale = op.getScale().getType();
    if (!isNarrow(op.getIn().getType()) || !isWide(op.getType()) ||
        !(isNarrow(scale) || isWide(scale)))
      return rewriter.notifyMatchFailure(op, "unsupported types");
    ElementwiseBuilder b(rewriter, op.getLoc());
    Value value = b.mul(emitToF32(b, op.getIn()), emitToF32(b, op.getScale()));
    rewriter.replaceOp(
        op, b.truncateFromF32(value, getElementTypeOrSelf(op.getType())));
    return success();
  }
};

struct ExpandScalingTruncF : public OpRewritePattern<arith::ScalingTruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ScalingTruncFOp op,
                                PatternRewriter &rewriter) const override {
    Type scale = op.getScale().getType();
    if (!isWide(op.getIn().getType()) || !isNarrow(op.getType()) ||
        !(isNarrow(scale) || isWide(scale)))
      return rewriter.notifyMatchFailure(op, "unsupported types");
    if (!roundsToNearestEven(op))
      return rewriter.notifyMatchFailure(op, "unsupported rounding mode");
    ElementwiseBuilder b(rewriter, op.getLoc());
    Value value = b.div(b.extendToF32(op.getIn()), emitToF32(b, op.getScale()));
    rewriter.replaceOp(
        op, emitToNarrow(b, value, getElementTypeOrSelf(op.getType())));
    return success();
  }
};

struct ExpandNarrowFloatsPass
    : public quantx::impl::QuantXExpandNarrowFloatsBase<
          ExpandNarrowFloatsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateExpandNarrowFloatsPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

void quantx::populateExpandNarrowFloatsPatterns(RewritePatternSet &patterns) {
  patterns
      .add<ExpandExtF, ExpandTruncF, ExpandScalingExtF, ExpandScalingTruncF>(
          patterns.getContext());
}
