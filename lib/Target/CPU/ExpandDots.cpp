//===- ExpandDots.cpp - Dot products by AVX-512 VNNI and BF16 -------------===//

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "quantx/Target/CPU/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXEXPANDBF16DOTS
#define GEN_PASS_DEF_QUANTXEXPANDBYTEDOTS
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

/// What the instructions take: 16 lanes of 4 bytes, or of 2 bf16.
static constexpr int64_t kLanes = 16, kBytes = 4, kPair = 2;

/// The vector of `size` narrow elements in each lane that `Extend` extended, as
/// one of all of them; null if it did not.
template <typename Extend>
static Value findNarrow(OpBuilder &builder, Value operand, int64_t size,
                        Type element) {
  auto extend = operand.getDefiningOp<Extend>();
  if (!extend ||
      extend.getIn().getType() != VectorType::get({kLanes, size}, element))
    return {};
  return vector::ShapeCastOp::create(builder, operand.getLoc(),
                                     VectorType::get(kLanes * size, element),
                                     extend.getIn());
}

/// Whether `op` sums up the products of each row.
static bool sumsRows(vector::ContractionOp op) {
  MLIRContext *context = op.getContext();
  AffineMap element = AffineMap::getMultiDimIdentityMap(2, context);
  AffineMap row = element.getSubMap(0);
  return op.getKind() == vector::CombiningKind::ADD &&
         op.getIndexingMapsArray() ==
             SmallVector<AffineMap>{element, element, row};
}

namespace {

/// Sums the products of rows of `size` elements that `ExtendLhs` and
/// `ExtendRhs` extended by `intrinsic`.
template <typename ExtendLhs, typename ExtendRhs>
struct ExpandDot : public OpRewritePattern<vector::ContractionOp> {
  ExpandDot(MLIRContext *context, int64_t size, Type element,
            StringRef intrinsic)
      : OpRewritePattern(context), size(size), element(element),
        intrinsic(intrinsic) {}

  LogicalResult matchAndRewrite(vector::ContractionOp op,
                                PatternRewriter &rewriter) const override {
    if (!sumsRows(op))
      return rewriter.notifyMatchFailure(op, "no sums of rows");
    Value lhs = findNarrow<ExtendLhs>(rewriter, op.getLhs(), size, element);
    Value rhs = findNarrow<ExtendRhs>(rewriter, op.getRhs(), size, element);
    if (!lhs || !rhs)
      return rewriter.notifyMatchFailure(op, "not of extended elements");
    rewriter.replaceOpWithNewOp<LLVM::CallIntrinsicOp>(
        op, op.getType(), rewriter.getStringAttr(intrinsic),
        ValueRange{op.getAcc(), lhs, rhs});
    return success();
  }

private:
  int64_t size;
  Type element;
  StringRef intrinsic;
};

/// Integers of at most 5 bits to bf16, from the low bits of lanes of 16 bits: a
/// permutation takes as many of each index, and leaves what is above.
template <typename Op>
struct LookUpLowBits : public OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    constexpr int64_t entries = 32;
    auto halves = VectorType::get(entries, rewriter.getI16Type());
    auto trunc = op.getIn().template getDefiningOp<arith::TruncIOp>();
    if (!trunc || trunc.getIn().getType() != halves ||
        op.getType() != VectorType::get(entries, rewriter.getBF16Type()))
      return rewriter.notifyMatchFailure(op, "not of low bits of 16 to bf16");
    unsigned bits =
        getElementTypeOrSelf(trunc.getType()).getIntOrFloatBitWidth();
    if ((1 << bits) > entries)
      return rewriter.notifyMatchFailure(op, "more integers than lanes");
    SmallVector<APFloat> values;
    for (int64_t i = 0; i < entries; ++i) {
      APFloat value(APFloat::BFloat());
      value.convertFromAPInt(APInt(16, uint64_t(i)).trunc(bits),
                             std::is_same_v<Op, arith::SIToFPOp>,
                             APFloat::rmNearestTiesToEven);
      values.push_back(value);
    }
    Location loc = op.getLoc();
    Value table = arith::ConstantOp::create(
        rewriter, loc,
        DenseElementsAttr::get(cast<VectorType>(op.getType()), values));
    table = arith::BitcastOp::create(rewriter, loc, halves, table);
    Value looked = LLVM::CallIntrinsicOp::create(
                       rewriter, loc, halves,
                       rewriter.getStringAttr("llvm.x86.avx512.permvar.hi.512"),
                       ValueRange{table, trunc.getIn()})
                       .getResult(0);
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, op.getType(), looked);
    return success();
  }
};

struct ExpandByteDotsPass
    : public quantx::impl::QuantXExpandByteDotsBase<ExpandByteDotsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandDot<arith::ExtUIOp, arith::ExtSIOp>>(
        &getContext(), kBytes, IntegerType::get(&getContext(), 8),
        "llvm.x86.avx512.vpdpbusd.512");
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

struct ExpandBF16DotsPass
    : public quantx::impl::QuantXExpandBF16DotsBase<ExpandBF16DotsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandDot<arith::ExtFOp, arith::ExtFOp>>(
        &getContext(), kPair, BFloat16Type::get(&getContext()),
        "llvm.x86.avx512bf16.dpbf16ps.512");
    patterns
        .add<LookUpLowBits<arith::SIToFPOp>, LookUpLowBits<arith::UIToFPOp>>(
            &getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
