//===- Packing.cpp - pack and unpack to linalg ----------------------------===//

#include "Loops.h"
#include "PackedCodes.h"
#include "Patterns.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/Emit/Codes.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

/// The integer format of the codes of a code tensor.
static IntegerFormat getCodeFormat(RankedTensorType codes) {
  auto element = cast<IntegerType>(codes.getElementType());
  return {element.getWidth(), !element.isUnsigned()};
}

namespace {

struct PackLowering : public OpConversionPattern<PackOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(PackOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value codes = adaptor.getCodes();
    unsigned bits = getCodeFormat(op.getCodes().getType()).bits;
    auto computeCode = [&](OpBuilder &builder, Location loc,
                           ValueRange indices) {
      ElementwiseBuilder b(builder, loc);
      Value code = tensor::ExtractOp::create(builder, loc, codes, indices);
      return b.bitAnd(code, (1 << bits) - 1);
    };
    Value bytes = buildPackedCodes(rewriter, loc,
                                   tensor::getMixedSizes(rewriter, loc, codes),
                                   bits, computeCode);
    rewriter.replaceOp(op, castTensor(rewriter, loc, bytes, op.getType()));
    return success();
  }
};

struct UnpackLowering : public OpConversionPattern<UnpackOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(UnpackOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    IntegerFormat format = getCodeFormat(op.getType());
    Value bytes = adaptor.getBytes();
    auto extend = [&](OpBuilder &builder, Location loc, ValueRange indices) {
      ElementwiseBuilder b(builder, loc);
      Value code = readCode(builder, loc, bytes, indices, format.bits);
      return b.trunc(emitExtendInteger(b, code, format), 8);
    };
    Value codes = buildElements(
        rewriter, loc,
        getCodeSizes(rewriter, loc, op.getResult(), bytes, format.bits),
        rewriter.getI8Type(), extend);
    Type type = getTypeConverter()->convertType(op.getType());
    rewriter.replaceOp(op, castTensor(rewriter, loc, codes, type));
    return success();
  }
};

} // namespace

void quantx::populatePackingPatterns(const TypeConverter &converter,
                                     RewritePatternSet &patterns) {
  patterns.add<PackLowering, UnpackLowering>(converter, patterns.getContext());
}
