//===- StructuralConversion.cpp - Types that control flow carries ---------===//

#include "quantx/Transforms/StructuralConversion.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"

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
        op, adaptor.getCondition().front(),
        flatten(adaptor.getTrueDestOperands()),
        flatten(adaptor.getFalseDestOperands()), op.getBranchWeightsAttr(),
        op.getTrueDest(), op.getFalseDest());
    return success();
  }

  static LogicalResult replace(cf::SwitchOp op, Adaptor adaptor,
                               ConversionPatternRewriter &rewriter) {
    SmallVector<SmallVector<Value>> cases = llvm::map_to_vector(
        adaptor.getCaseOperands(),
        [](ArrayRef<ValueRange> ranges) { return flatten(ranges); });
    rewriter.replaceOpWithNewOp<cf::SwitchOp>(
        op, adaptor.getFlag().front(), op.getDefaultDestination(),
        flatten(adaptor.getDefaultOperands()), op.getCaseValuesAttr(),
        op.getCaseDestinations(), llvm::to_vector_of<ValueRange>(cases));
    return success();
  }
};

/// Upstream's structural conversions leave scf.execute_region out.
struct ConvertExecuteRegion : public OpConversionPattern<scf::ExecuteRegionOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(scf::ExecuteRegionOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SmallVector<SmallVector<Type>> types;
    SmallVector<Type> allTypes;
    for (Type type : op.getResultTypes()) {
      if (failed(getTypeConverter()->convertType(type, types.emplace_back())))
        return rewriter.notifyMatchFailure(op, "unconvertible result");
      llvm::append_range(allTypes, types.back());
    }
    auto converted = scf::ExecuteRegionOp::create(rewriter, op.getLoc(),
                                                  allTypes, op.getNoInline());
    rewriter.inlineRegionBefore(op.getRegion(), converted.getRegion(),
                                converted.getRegion().end());
    SmallVector<ValueRange> results;
    ValueRange rest = converted.getResults();
    for (const SmallVector<Type> &parts : types) {
      results.push_back(rest.take_front(parts.size()));
      rest = rest.drop_front(parts.size());
    }
    rewriter.replaceOpWithMultiple(op, results);
    return success();
  }
};

} // namespace

static void populateFunctions(const TypeConverter &converter,
                              RewritePatternSet &patterns,
                              ConversionTarget &target) {
  populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns,
                                                                 converter);
  populateCallOpTypeConversionPattern(patterns, converter);
  populateReturnOpTypeConversionPattern(patterns, converter);
  target.addDynamicallyLegalOp<func::FuncOp>([&converter](func::FuncOp op) {
    return converter.isSignatureLegal(op.getFunctionType());
  });
  target.addDynamicallyLegalOp<func::CallOp, func::ReturnOp>(
      [&converter](Operation *op) { return converter.isLegal(op); });
}

/// Comes after upstream's patterns for structured control flow, whose rule for
/// `scf.yield` this one goes before.
static void populateBranches(const TypeConverter &converter,
                             RewritePatternSet &patterns,
                             ConversionTarget &target) {
  patterns.add<ConvertBranch<cf::BranchOp>, ConvertBranch<cf::CondBranchOp>,
               ConvertBranch<cf::SwitchOp>, ConvertExecuteRegion>(
      converter, patterns.getContext());
  target.addDynamicallyLegalOp<cf::BranchOp, cf::CondBranchOp, cf::SwitchOp,
                               scf::ExecuteRegionOp>(
      [&converter](Operation *op) { return converter.isLegal(op); });
  target.addDynamicallyLegalOp<scf::YieldOp>(
      [&converter](Operation *op) -> std::optional<bool> {
        if (!isa<scf::ExecuteRegionOp>(op->getParentOp()))
          return std::nullopt;
        return converter.isLegal(op);
      });
}

void quantx::populateStructuralTypeConversionsAndLegality(
    const TypeConverter &converter, RewritePatternSet &patterns,
    ConversionTarget &target) {
  populateFunctions(converter, patterns, target);
  scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns,
                                                       target);
  populateBranches(converter, patterns, target);
}
