//===- Packing.cpp - pack and unpack to linalg ----------------------------===//

#include "Loops.h"
#include "Lowerings.h"
#include "PackedCodes.h"
#include "Patterns.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/Emit/Codes.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

Value quantx::lowerPack(OpBuilder &builder, Location loc, IntegerType codeType,
                        Value codes) {
  unsigned bits = codeType.getWidth();
  auto computeCode = [&](OpBuilder &nested, Location loc, ValueRange indices) {
    ElementwiseBuilder b(nested, loc);
    Value code = tensor::ExtractOp::create(nested, loc, codes, indices);
    return b.bitAnd(code, (1 << bits) - 1);
  };
  return buildPackedCodes(builder, loc,
                          tensor::getMixedSizes(builder, loc, codes), bits,
                          computeCode);
}

Value quantx::lowerUnpack(OpBuilder &builder, Location loc,
                          IntegerType codeType, ArrayRef<OpFoldResult> sizes,
                          Value bytes) {
  IntegerFormat format{codeType.getWidth(), !codeType.isUnsigned()};
  auto extend = [&](OpBuilder &nested, Location loc, ValueRange indices) {
    ElementwiseBuilder b(nested, loc);
    Value code = readCode(nested, loc, bytes, indices, format.bits);
    return b.trunc(emitExtendInteger(b, code, format), 8);
  };
  return buildElements(builder, loc, sizes, builder.getI8Type(), extend);
}

namespace {

struct PackLowering : public OpConversionPattern<PackOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(PackOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto codeType = cast<IntegerType>(op.getCodes().getType().getElementType());
    Value bytes =
        lowerPack(rewriter, op.getLoc(), codeType, adaptor.getCodes());
    rewriter.replaceOp(op,
                       castTensor(rewriter, op.getLoc(), bytes, op.getType()));
    return success();
  }
};

struct UnpackLowering : public OpConversionPattern<UnpackOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(UnpackOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto codeType = cast<IntegerType>(op.getType().getElementType());
    SmallVector<OpFoldResult> sizes =
        getCodeSizes(rewriter, op.getLoc(), op.getResult(), adaptor.getBytes(),
                     codeType.getWidth());
    Value codes =
        lowerUnpack(rewriter, op.getLoc(), codeType, sizes, adaptor.getBytes());
    Type type = getTypeConverter()->convertType(op.getType());
    rewriter.replaceOp(op, castTensor(rewriter, op.getLoc(), codes, type));
    return success();
  }
};

} // namespace

void quantx::populatePackingPatterns(const TypeConverter &converter,
                                     RewritePatternSet &patterns) {
  patterns.add<PackLowering, UnpackLowering>(converter, patterns.getContext());
}
