//===- BranchConversion.cpp - Types that branches carry -------------------===//

#include "quantx/Transforms/BranchConversion.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"

using namespace mlir;
using namespace quantx;

namespace {

/// Converts the operands of `cf` branches, one block argument to many.
template <typename Branch>
struct ConvertBranch : public OpConversionPattern<Branch> {
  using OpConversionPattern<Branch>::OpConversionPattern;
  using Adaptor = typename OpConversionPattern<Branch>::OneToNOpAdaptor;

  LogicalResult
  matchAndRewrite(Branch op, Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    for (Block *successor : op->getSuccessors())
      if (failed(convertArguments(successor, rewriter)))
        return rewriter.notifyMatchFailure(op, "unconvertible block argument");
    return replace(op, adaptor, rewriter);
  }

private:
  /// The pattern for functions converts the arguments of entry blocks alone.
  LogicalResult convertArguments(Block *block,
                                 ConversionPatternRewriter &rewriter) const {
    const TypeConverter &converter = *this->getTypeConverter();
    if (converter.isLegal(block->getArgumentTypes()))
      return success();
    std::optional<TypeConverter::SignatureConversion> conversion =
        converter.convertBlockSignature(block);
    if (!conversion)
      return failure();
    rewriter.applySignatureConversion(block, *conversion, &converter);
    return success();
  }

  static SmallVector<Value> flatten(ArrayRef<ValueRange> ranges) {
    SmallVector<Value> values;
    for (ValueRange range : ranges)
      llvm::append_range(values, range);
    return values;
  }

  static LogicalResult replace(cf::BranchOp op, Adaptor adaptor,
                               ConversionPatternRewriter &rewriter) {
    rewriter.replaceOpWithNewOp<cf::BranchOp>(
        op, op.getDest(), flatten(adaptor.getDestOperands()));
    return success();
  }

  static LogicalResult replace(cf::CondBranchOp op, Adaptor adaptor,
                               ConversionPatternRewriter &rewriter) {
    rewriter.replaceOpWithNewOp<cf::CondBranchOp>(
        op, adaptor.getCondition().front(), op.getTrueDest(),
        flatten(adaptor.getTrueDestOperands()), op.getFalseDest(),
        flatten(adaptor.getFalseDestOperands()));
    return success();
  }
};

} // namespace

void quantx::populateBranchConversionPatterns(const TypeConverter &converter,
                                              RewritePatternSet &patterns) {
  patterns.add<ConvertBranch<cf::BranchOp>, ConvertBranch<cf::CondBranchOp>>(
      converter, patterns.getContext());
}
