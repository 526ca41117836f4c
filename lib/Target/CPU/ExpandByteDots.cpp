//===- ExpandByteDots.cpp - Dot products of bytes by AVX-512 VNNI ---------===//

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "quantx/Target/CPU/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXEXPANDBYTEDOTS
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

/// What the instruction takes: 16 lanes of 4 bytes.
static constexpr int64_t kLanes = 16, kBytes = 4;

/// The bytes that `Extend` made 32-bit integers of; null if it did not.
template <typename Extend>
static Value findBytes(Value operand) {
  auto extend = operand.getDefiningOp<Extend>();
  auto type = VectorType::get({kLanes, kBytes},
                              IntegerType::get(operand.getContext(), 8));
  return extend && extend.getIn().getType() == type ? extend.getIn() : Value();
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

struct ExpandDot : public OpRewritePattern<vector::ContractionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::ContractionOp op,
                                PatternRewriter &rewriter) const override {
    Value lhs = findBytes<arith::ExtUIOp>(op.getLhs());
    Value rhs = findBytes<arith::ExtSIOp>(op.getRhs());
    if (!lhs || !rhs || !sumsRows(op))
      return rewriter.notifyMatchFailure(op, "not a dot product of bytes");
    Location loc = op.getLoc();
    auto bytes = VectorType::get(kLanes * kBytes, rewriter.getI8Type());
    lhs = vector::ShapeCastOp::create(rewriter, loc, bytes, lhs);
    rhs = vector::ShapeCastOp::create(rewriter, loc, bytes, rhs);
    rewriter.replaceOpWithNewOp<LLVM::CallIntrinsicOp>(
        op, op.getType(),
        rewriter.getStringAttr("llvm.x86.avx512.vpdpbusd.512"),
        ValueRange{op.getAcc(), lhs, rhs});
    return success();
  }
};

struct ExpandByteDotsPass
    : public quantx::impl::QuantXExpandByteDotsBase<ExpandByteDotsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandDot>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
