//===- ScaledTensorParts.cpp - Moving scaled tensors in parts -------------===//

#include "Loops.h"
#include "PackedCodes.h"
#include "Patterns.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
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
         llvm::zip_equal(adaptor.getTrueValue(), adaptor.getFalseValue())) {
      parts.push_back(arith::SelectOp::create(rewriter, op.getLoc(),
                                              adaptor.getCondition().front(),
                                              ifTrue, ifFalse));
    }
    rewriter.replaceOpWithMultiple(op, {parts});
    return success();
  }
};

using CreatePartFn = llvm::function_ref<Value(RankedTensorType type,
                                              ArrayRef<OpFoldResult> sizes)>;

/// The parts of a new scaled tensor of `sizes`.
static SmallVector<Value> createParts(OpBuilder &builder, Location loc,
                                      RankedTensorType tensor,
                                      ArrayRef<OpFoldResult> sizes,
                                      ArrayRef<Type> types,
                                      CreatePartFn create) {
  ScaledType type = getScaledElementType(tensor);
  SmallVector<OpFoldResult> payload =
      getPayloadIndices(builder, loc, type, sizes);
  SmallVector<OpFoldResult> scales =
      getScalesIndices(builder, loc, type, sizes, /*whole=*/1);
  SmallVector<Value> parts;
  for (auto [i, partType] : llvm::enumerate(types)) {
    auto partTensor = cast<RankedTensorType>(partType);
    SmallVector<OpFoldResult> partSizes = i == 0 ? payload : scales;
    if (partTensor.getRank() == 0)
      partSizes.clear();
    // Which are those of rows side by side, where there are such.
    for (auto [size, staticSize] :
         llvm::zip_equal(partSizes, partTensor.getShape()))
      if (!ShapedType::isDynamic(staticSize))
        size = builder.getIndexAttr(staticSize);
    parts.push_back(create(partTensor, partSizes));
  }
  return parts;
}

struct EmptyParts : public OpConversionPattern<tensor::EmptyOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(tensor::EmptyOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!getScaledElementType(op.getType()))
      return rewriter.notifyMatchFailure(op, "not of a scaled tensor");
    auto create = [&](RankedTensorType type,
                      ArrayRef<OpFoldResult> sizes) -> Value {
      return tensor::EmptyOp::create(rewriter, op.getLoc(), sizes,
                                     type.getElementType());
    };
    SmallVector<Value> parts =
        createParts(rewriter, op.getLoc(), op.getType(),
                    getMixedValues(op.getType().getShape(),
                                   adaptor.getDynamicSizes(), rewriter),
                    convertType(*getTypeConverter(), op.getType()), create);
    rewriter.replaceOpWithMultiple(op, {parts});
    return success();
  }
};

struct AllocTensorParts
    : public OpConversionPattern<bufferization::AllocTensorOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(bufferization::AllocTensorOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto tensor = dyn_cast<RankedTensorType>(op.getType());
    if (!tensor || !getScaledElementType(tensor))
      return rewriter.notifyMatchFailure(op, "not of a scaled tensor");
    if (op.getCopy()) {
      SmallVector<Value> parts;
      for (Value part : adaptor.getCopy())
        parts.push_back(create(rewriter, op, part.getType(), {}, part));
      rewriter.replaceOpWithMultiple(op, {parts});
      return success();
    }
    SmallVector<Value> dynamicSizes;
    for (ValueRange size : adaptor.getDynamicSizes())
      dynamicSizes.push_back(size.front());
    auto createPart = [&](RankedTensorType type, ArrayRef<OpFoldResult> sizes) {
      SmallVector<Value> partSizes;
      SmallVector<int64_t> staticSizes;
      dispatchIndexOpFoldResults(sizes, partSizes, staticSizes);
      return create(rewriter, op, type, partSizes, Value());
    };
    SmallVector<Value> parts =
        createParts(rewriter, op.getLoc(), tensor,
                    getMixedValues(tensor.getShape(), dynamicSizes, rewriter),
                    convertType(*getTypeConverter(), tensor), createPart);
    rewriter.replaceOpWithMultiple(op, {parts});
    return success();
  }

private:
  static Value create(OpBuilder &builder, bufferization::AllocTensorOp op,
                      Type type, ValueRange sizes, Value copy) {
    return bufferization::AllocTensorOp::create(
        builder, op.getLoc(), cast<RankedTensorType>(type), sizes, copy,
        /*size_hint=*/Value(), op.getMemorySpaceAttr());
  }
};

/// Upstream's structural conversions leave scf.forall out.
struct ForallParts : public OpConversionPattern<scf::ForallOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(scf::ForallOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto mix = [&](ArrayRef<int64_t> statics, ArrayRef<ValueRange> dynamics) {
      return getMixedValues(statics, flatten(dynamics), rewriter);
    };
    auto loop = scf::ForallOp::create(
        rewriter, op.getLoc(),
        mix(op.getStaticLowerBound(), adaptor.getDynamicLowerBound()),
        mix(op.getStaticUpperBound(), adaptor.getDynamicUpperBound()),
        mix(op.getStaticStep(), adaptor.getDynamicStep()),
        flatten(adaptor.getOutputs()), op.getMapping());
    rewriter.eraseBlock(loop.getBody());
    rewriter.inlineRegionBefore(op.getRegion(), loop.getRegion(),
                                loop.getRegion().end());
    if (failed(rewriter.convertRegionTypes(&loop.getRegion(),
                                           *getTypeConverter())))
      return rewriter.notifyMatchFailure(op, "arguments cannot be converted");
    SmallVector<ValueRange> results;
    ValueRange rest = loop.getResults();
    for (ValueRange outputs : adaptor.getOutputs()) {
      results.push_back(rest.take_front(outputs.size()));
      rest = rest.drop_front(outputs.size());
    }
    rewriter.replaceOpWithMultiple(op, results);
    return success();
  }

private:
  static SmallVector<Value> flatten(ArrayRef<ValueRange> ranges) {
    SmallVector<Value> values;
    for (ValueRange range : ranges)
      llvm::append_range(values, range);
    return values;
  }
};

/// Moves tensors of small integers as the bytes that they live in.
template <typename OpT>
struct MoveBytes : public OpConversionPattern<OpT> {
  using OpConversionPattern<OpT>::OpConversionPattern;
  using Adaptor = typename OpConversionPattern<OpT>::OneToNOpAdaptor;

  LogicalResult
  matchAndRewrite(OpT op, Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SmallVector<Value> operands;
    for (ValueRange range : adaptor.getOperands()) {
      if (range.size() != 1)
        return rewriter.notifyMatchFailure(op, "an operand has several parts");
      operands.push_back(range.front());
    }
    for (Type type : op->getResultTypes())
      if (getScaledElementType(type))
        return rewriter.notifyMatchFailure(op, "a result has several parts");
    FailureOr<Operation *> moved =
        convertOpResultTypes(op, operands, *this->getTypeConverter(), rewriter);
    if (failed(moved))
      return rewriter.notifyMatchFailure(op, "a result cannot be converted");
    rewriter.replaceOp(op, *moved);
    return success();
  }
};

/// Constants of small integers, as the bytes that they live in.
struct ConstantBytes : public OpConversionPattern<arith::ConstantOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(arith::ConstantOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto values = dyn_cast<DenseIntElementsAttr>(op.getValue());
    if (!values)
      return rewriter.notifyMatchFailure(op, "not integers in the text");
    bool isUnsigned = values.getElementType().isUnsignedInteger();
    auto extend = [&](const APInt &value) {
      return isUnsigned ? value.zext(8) : value.sext(8);
    };
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(
        op, values.mapValues(rewriter.getI8Type(), extend));
    return success();
  }
};

} // namespace

void quantx::addLegalMoves(const TypeConverter &converter,
                           ConversionTarget &target) {
  target.addDynamicallyLegalOp<
      arith::ConstantOp, arith::SelectOp, bufferization::AllocTensorOp,
      scf::ForallOp, tensor::CastOp, tensor::CollapseShapeOp, tensor::DimOp,
      tensor::EmptyOp, tensor::ExpandShapeOp, tensor::ExtractSliceOp,
      tensor::InsertSliceOp, tensor::ParallelInsertSliceOp>(
      [&](Operation *op) { return converter.isLegal(op); });
}

void quantx::populateSelectPatterns(const TypeConverter &converter,
                                    RewritePatternSet &patterns) {
  patterns.add<SelectParts>(converter, patterns.getContext());
}

void quantx::populateScaledTensorPartsPatterns(const TypeConverter &converter,
                                               RewritePatternSet &patterns) {
  populateAssemblePatterns(converter, patterns);
  populateSelectPatterns(converter, patterns);
  patterns
      .add<CastParts, DimOfParts, EmptyParts, AllocTensorParts, ForallParts,
           ConstantBytes, MoveBytes<arith::SelectOp>,
           MoveBytes<bufferization::AllocTensorOp>, MoveBytes<tensor::CastOp>,
           MoveBytes<tensor::CollapseShapeOp>, MoveBytes<tensor::DimOp>,
           MoveBytes<tensor::EmptyOp>, MoveBytes<tensor::ExpandShapeOp>,
           MoveBytes<tensor::ExtractSliceOp>, MoveBytes<tensor::InsertSliceOp>,
           MoveBytes<tensor::ParallelInsertSliceOp>>(converter,
                                                     patterns.getContext());
}
