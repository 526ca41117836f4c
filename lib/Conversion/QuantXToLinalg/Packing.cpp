//===- Packing.cpp - pack and unpack to linalg ----------------------------===//

#include "CodeFinder.h"
#include "Loops.h"
#include "Lowerings.h"
#include "Patterns.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/Emit/Codes.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

Value quantx::lowerUnpack(OpBuilder &builder, Location loc,
                          IntegerType codeType, const CodeSource &codes) {
  IntegerFormat format{codeType.getWidth(), !codeType.isUnsigned()};
  auto extend = [&](OpBuilder &nested, Location loc, ValueRange indices) {
    ElementwiseBuilder b(nested, loc);
    Value code = codes.compute(nested, loc, indices);
    return b.trunc(emitExtendInteger(b, code, format), 8);
  };
  return buildElements(builder, loc, codes.sizes, builder.getI8Type(), extend);
}

namespace {

struct PackLowering : public OpConversionPattern<PackOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(PackOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    CodeSource codes = CodeFinder(rewriter, loc).findCodes(op.getCodes());
    Value bytes = buildPackedCodes(rewriter, loc, op.getPacking(), codes);
    rewriter.replaceOp(op, castTensor(rewriter, loc, bytes, op.getType()));
    return success();
  }
};

struct UnpackLowering : public OpConversionPattern<UnpackOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(UnpackOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    CodeSource source = CodeFinder(rewriter, loc).findCodes(op.getResult());
    auto codeType = cast<IntegerType>(op.getType().getElementType());
    Value codes = lowerUnpack(rewriter, loc, codeType, source);
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
