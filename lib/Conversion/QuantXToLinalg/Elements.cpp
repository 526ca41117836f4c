//===- Elements.cpp - choose_qparams, quantize, dequantize to linalg ------===//

#include "quantx/Emit/Elements.h"
#include "Loops.h"
#include "PackedCodes.h"
#include "Patterns.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

/// The row-major linear index, as i64, of the element at `indices`.
static Value emitLinearIndex(OpBuilder &builder, Location loc,
                             ValueRange indices, ValueRange sizes) {
  Value linear = indices[0];
  for (auto [index, size] :
       llvm::zip_equal(indices.drop_front(), sizes.drop_front())) {
    Value row = arith::MulIOp::create(builder, loc, linear, size);
    linear = arith::AddIOp::create(builder, loc, row, index);
  }
  return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), linear);
}

namespace {

struct ChooseQParamsLowering : public OpConversionPattern<ChooseQParamsOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ChooseQParamsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LinalgBlockComputation blocks(rewriter, op.getLoc(), op.getScaledType(),
                                  adaptor.getInput());
    SmallVector<Value> parameters = op.getMethod().buildParameters(blocks);
    for (auto [value, result] :
         llvm::zip_equal(parameters, op.getParameters())) {
      Type type = getTypeConverter()->convertType(result.getType());
      value = castTensor(rewriter, op.getLoc(), value, type);
    }
    rewriter.replaceOp(op, parameters);
    return success();
  }
};

struct QuantizeLowering : public OpConversionPattern<QuantizeOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(QuantizeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    ScaledType type = op.getScaledType();
    Value input = adaptor.getInput();
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(rewriter, loc, input);
    SmallVector<Value> sizeValues;
    if (op.getSeed())
      sizeValues = getValueOrCreateConstantIndexOp(rewriter, loc, sizes);

    auto computeCode = [&](OpBuilder &builder, Location loc,
                           ValueRange indices) {
      ElementwiseBuilder b(builder, loc);
      Value element = tensor::ExtractOp::create(builder, loc, input, indices);
      BlockParameters parameters =
          readParameters(builder, loc, type, adaptor.getParameters(), indices);
      RoundingSpec rounding{op.getRounding(), Value()};
      if (op.getSeed())
        rounding.randomBits =
            emitRandomBits(b, adaptor.getSeed(),
                           emitLinearIndex(builder, loc, indices, sizeValues));
      return emitQuantizeElement(b, type, element, parameters, rounding,
                                 op.getSaturate());
    };
    SmallVector<Value> parts = {buildPackedCodes(
        rewriter, loc, sizes, type.getStorageBits(), computeCode)};
    llvm::append_range(parts, adaptor.getParameters());
    SmallVector<Type> types = convertType(*getTypeConverter(), op.getType());
    for (auto [part, partType] : llvm::zip_equal(parts, types))
      part = castTensor(rewriter, loc, part, partType);
    rewriter.replaceOpWithMultiple(op, {parts});
    return success();
  }
};

struct DequantizeLowering : public OpConversionPattern<DequantizeOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(DequantizeOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    ScaledType type = op.getScaledType();
    unsigned bits = type.getStorageBits();
    Value payload = adaptor.getInput().front();
    ValueRange parameterTensors = adaptor.getInput().drop_front();
    auto decode = [&](OpBuilder &builder, Location loc, ValueRange indices) {
      ElementwiseBuilder b(builder, loc);
      Value code = readCode(builder, loc, payload, indices, bits);
      BlockParameters parameters =
          readParameters(builder, loc, type, parameterTensors, indices);
      return emitDequantizeElement(b, type, code, parameters);
    };
    Value result =
        buildElements(rewriter, loc,
                      getCodeSizes(rewriter, loc, op.getInput(), payload, bits),
                      type.getExpressedType(), decode);
    rewriter.replaceOp(op, castTensor(rewriter, loc, result, op.getType()));
    return success();
  }
};

struct AssembleLowering : public OpConversionPattern<AssembleOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(AssembleOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SmallVector<Value> parts(adaptor.getOperands());
    SmallVector<Type> types = convertType(*getTypeConverter(), op.getType());
    for (auto [part, type] : llvm::zip_equal(parts, types))
      part = castTensor(rewriter, op.getLoc(), part, type);
    rewriter.replaceOpWithMultiple(op, {parts});
    return success();
  }
};

struct DisassembleLowering : public OpConversionPattern<DisassembleOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(DisassembleOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SmallVector<Value> parts(adaptor.getInput());
    for (auto [part, result] : llvm::zip_equal(parts, op.getResults())) {
      Type type = getTypeConverter()->convertType(result.getType());
      part = castTensor(rewriter, op.getLoc(), part, type);
    }
    rewriter.replaceOp(op, parts);
    return success();
  }
};

} // namespace

void quantx::populateElementPatterns(const TypeConverter &converter,
                                     RewritePatternSet &patterns) {
  patterns.add<ChooseQParamsLowering, QuantizeLowering, DequantizeLowering,
               AssembleLowering, DisassembleLowering>(converter,
                                                      patterns.getContext());
}
