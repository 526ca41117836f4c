//===- ScaledTensorParts.cpp - Moving scaled tensors in parts -------------===//

#include "Loops.h"
#include "PackedCodes.h"
#include "Patterns.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/Conversion/QuantXToLinalg/QuantXToLinalg.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

namespace {

struct CastParts : public OpConversionPattern<tensor::CastOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(tensor::CastOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ScaledType type = getScaledElementType(op.getType());
    if (!type || op.getSource().getType().getElementType() != type)
      return rewriter.notifyMatchFailure(op, "not between scaled tensors");
    SmallVector<Value> parts(adaptor.getSource());
    SmallVector<Type> types = convertType(*getTypeConverter(), op.getType());
    for (auto [part, partType] : llvm::zip_equal(parts, types))
      part = castTensor(rewriter, op.getLoc(), part, partType);
    rewriter.replaceOpWithMultiple(op, {parts});
    return success();
  }
};

struct DimOfParts : public OpConversionPattern<tensor::DimOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(tensor::DimOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ScaledType type = getScaledElementType(op.getSource().getType());
    std::optional<int64_t> index = op.getConstantIndex();
    if (!type || !index)
      return rewriter.notifyMatchFailure(
          op, "not a constant dimension of a scaled tensor");
    SmallVector<OpFoldResult> sizes =
        getCodeSizes(rewriter, op.getLoc(), op.getSource(),
                     adaptor.getSource().front(), type.getStorageBits());
    if (*index < 0 || *index >= static_cast<int64_t>(sizes.size()))
      return rewriter.notifyMatchFailure(op, "dimension out of range");
    rewriter.replaceOp(op, getValueOrCreateConstantIndexOp(
                               rewriter, op.getLoc(), sizes[*index]));
    return success();
  }
};

struct SelectParts : public OpConversionPattern<arith::SelectOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(arith::SelectOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!getScaledElementType(op.getType()))
      return rewriter.notifyMatchFailure(op, "not on scaled tensors");
    SmallVector<Value> parts;
    for (auto [ifTrue, ifFalse] :
         llvm::zip_equal(adaptor.getTrueValue(), adaptor.getFalseValue()))
      parts.push_back(arith::SelectOp::create(rewriter, op.getLoc(),
                                              adaptor.getCondition().front(),
                                              ifTrue, ifFalse));
    rewriter.replaceOpWithMultiple(op, {parts});
    return success();
  }
};

} // namespace

void quantx::populateScaledTensorPartsPatterns(const TypeConverter &converter,
                                               RewritePatternSet &patterns) {
  patterns.add<CastParts, DimOfParts, SelectParts>(converter,
                                                   patterns.getContext());
}
