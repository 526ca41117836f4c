//===- Elements.cpp - choose_qparams, quantize, dequantize to linalg ------===//

#include "quantx/Emit/Elements.h"
#include "CodeFinder.h"
#include "Loops.h"
#include "Lowerings.h"
#include "Patterns.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/Conversion/QuantXToLinalg/BlockLoops.h"
#include "quantx/Emit/ScaleMethods.h"
#include "quantx/Format/Mutants.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

/// The row-major linear index, as i64, of the element at `indices`.
static Value emitLinearIndex(OpBuilder &builder, Location loc,
                             ValueRange indices, ValueRange sizes) {
  if (isPlanted(Mutant::RandomIndexInRow)) {
    indices = indices.take_back();
    sizes = sizes.take_back();
  }
  Value linear = indices[0];
  for (auto [index, size] :
       llvm::zip_equal(indices.drop_front(), sizes.drop_front())) {
    Value row = arith::MulIOp::create(builder, loc, linear, size);
    linear = arith::AddIOp::create(builder, loc, row, index);
  }
  return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), linear);
}

//===----------------------------------------------------------------------===//
// Lowerings
//===----------------------------------------------------------------------===//

Value quantx::lowerChooseGlobal(OpBuilder &builder, Location loc,
                                ScaledType type, Value input) {
  LinalgBlockComputation blocks(builder, loc, type, input, /*weights=*/{},
                                /*global=*/{});
  return buildGlobalScale(blocks);
}

SmallVector<Value> quantx::lowerChooseQParams(OpBuilder &builder, Location loc,
                                              ScaledType type, Value input,
                                              const ChooseSpec &spec) {
  LinalgBlockComputation blocks(builder, loc, type, input, spec.weights,
                                spec.global);
  return spec.method.buildParameters(blocks);
}

CodeSource quantx::createEncodedSource(OpBuilder &builder, Location loc,
                                       ScaledType type, Value input,
                                       ValueRange parameters, EncodeSpec spec) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, input);
  SmallVector<Value> sizeValues;
  if (spec.seed)
    sizeValues = getValueOrCreateConstantIndexOp(builder, loc, sizes);

  auto encode = [type, input, parameters = llvm::to_vector(parameters), spec,
                 sizeValues](OpBuilder &nested, Location loc,
                             ValueRange indices) {
    ElementwiseBuilder b(nested, loc);
    Value element = tensor::ExtractOp::create(nested, loc, input, indices);
    BlockParameters block =
        readParameters(nested, loc, type, parameters, indices);
    RoundingSpec rounding{spec.rounding, Value()};
    if (spec.seed)
      rounding.randomBits = emitRandomBits(
          b, spec.seed, emitLinearIndex(nested, loc, indices, sizeValues));
    return emitQuantizeElement(b, type, element, block, rounding,
                               spec.saturate);
  };
  return {type.getStorageBits(), sizes, encode, /*isZeroExtended=*/true};
}

Value quantx::lowerQuantize(OpBuilder &builder, Location loc, ScaledType type,
                            Value input, ValueRange parameters,
                            EncodeSpec spec) {
  return buildPackedCodes(
      builder, loc, Packing::Linear,
      createEncodedSource(builder, loc, type, input, parameters, spec));
}

Value quantx::lowerDequantize(OpBuilder &builder, Location loc, ScaledType type,
                              const CodeSource &codes, ValueRange parameters) {
  auto decode = [&](OpBuilder &nested, Location loc, ValueRange indices) {
    ElementwiseBuilder b(nested, loc);
    Value code = codes.compute(nested, loc, indices);
    BlockParameters block =
        readParameters(nested, loc, type, parameters, indices);
    return emitDequantizeElement(b, type, code, block);
  };
  return buildElements(builder, loc, codes.sizes, type.getExpressedType(),
                       decode);
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {

struct ChooseGlobalLowering : public OpConversionPattern<ChooseGlobalOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ChooseGlobalOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, lowerChooseGlobal(rewriter, op.getLoc(),
                                             op.getScaledType(),
                                             adaptor.getInput()));
    return success();
  }
};

struct ChooseQParamsLowering : public OpConversionPattern<ChooseQParamsOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ChooseQParamsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SmallVector<Value> parameters = lowerChooseQParams(
        rewriter, op.getLoc(), op.getScaledType(), adaptor.getInput(),
        {op.getMethod(), adaptor.getWeights(), adaptor.getGlobal()});
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
    EncodeSpec spec{op.getRounding(), op.getSaturate(), adaptor.getSeed()};
    SmallVector<Value> parts = {
        lowerQuantize(rewriter, op.getLoc(), op.getScaledType(),
                      adaptor.getInput(), adaptor.getParameters(), spec)};
    llvm::append_range(parts, adaptor.getParameters());
    SmallVector<Type> types = convertType(*getTypeConverter(), op.getType());
    for (auto [part, type] : llvm::zip_equal(parts, types))
      part = castTensor(rewriter, op.getLoc(), part, type);
    rewriter.replaceOpWithMultiple(op, {parts});
    return success();
  }
};

struct DequantizeLowering : public OpConversionPattern<DequantizeOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(DequantizeOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    CodeSource codes = CodeFinder(rewriter, op.getLoc())
                           .findPayload(op.getInput(), adaptor.getInput());
    Value result = lowerDequantize(rewriter, op.getLoc(), op.getScaledType(),
                                   codes, adaptor.getInput().drop_front());
    rewriter.replaceOp(op,
                       castTensor(rewriter, op.getLoc(), result, op.getType()));
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
  patterns.add<ChooseGlobalLowering, ChooseQParamsLowering, QuantizeLowering,
               DequantizeLowering>(converter, patterns.getContext());
}

void quantx::populateAssemblePatterns(const TypeConverter &converter,
                                      RewritePatternSet &patterns) {
  patterns.add<AssembleLowering, DisassembleLowering>(converter,
                                                      patterns.getContext());
}
