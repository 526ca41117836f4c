//===- NarrowFloatVectors.cpp - Vectors of small floats as bytes ----------===//

#include "NarrowFloats.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "quantx/Emit/VectorPacking.h"

using namespace mlir;
using namespace quantx;

static bool isNarrowVector(Type type) {
  return isa<VectorType>(type) && isNarrowFloat(type);
}

/// Ops whose results are elements of their operands, whatever these are.
static bool isMove(Operation *op) {
  return isa<arith::SelectOp, ub::PoisonOp, vector::BroadcastOp,
             vector::DeinterleaveOp, vector::ExtractOp,
             vector::ExtractStridedSliceOp, vector::FromElementsOp,
             vector::InsertOp, vector::InsertStridedSliceOp,
             vector::InterleaveOp, vector::ScalableExtractOp,
             vector::ScalableInsertOp, vector::ShapeCastOp, vector::ShuffleOp,
             vector::ToElementsOp, vector::TransposeOp>(op);
}

namespace {

/// The same op on codes.
struct MoveCodes : public ConversionPattern {
  MoveCodes(const TypeConverter &converter, MLIRContext *context)
      : ConversionPattern(converter, MatchAnyOpTypeTag(), /*benefit=*/1,
                          context) {}

  LogicalResult
  matchAndRewrite(Operation *op, ArrayRef<Value> operands,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isMove(op))
      return rewriter.notifyMatchFailure(op, "does more than move elements");
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertTypes(op->getResultTypes(), types)))
      return rewriter.notifyMatchFailure(op, "unconvertible result");
    OperationState state(op->getLoc(), op->getName(), operands, types,
                         op->getAttrs());
    rewriter.replaceOp(op, rewriter.create(state));
    return success();
  }
};

struct ConstantCodes : public OpConversionPattern<arith::ConstantOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(arith::ConstantOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto values = dyn_cast<DenseFPElementsAttr>(op.getValue());
    if (!values)
      return rewriter.notifyMatchFailure(op, "not a dense constant");
    DenseElementsAttr codes = values.mapValues(
        rewriter.getI8Type(), [](const APFloat &value) -> APInt {
          return value.bitcastToAPInt().zext(8);
        });
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(op, codes);
    return success();
  }
};

/// Packs or unpacks between codes and lanes of bytes and more.
struct BitCastCodes : public OpConversionPattern<vector::BitCastOp> {
  BitCastCodes(const TypeConverter &converter, const FloatCodec &codec,
               MLIRContext *context)
      : OpConversionPattern(converter, context), codec(codec) {}

  LogicalResult
  matchAndRewrite(vector::BitCastOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ElementwiseBuilder b(rewriter, op.getLoc());
    Value bytes = adaptor.getSource();
    if (isNarrowVector(op.getSourceVectorType()))
      bytes = codec.pack(b, bytes, getElementBits(op.getSource().getType()));
    VectorType result = op.getResultVectorType();
    if (!isNarrowVector(result)) {
      rewriter.replaceOpWithNewOp<vector::BitCastOp>(op, result, bytes);
      return success();
    }
    bytes = vector::BitCastOp::create(rewriter, op.getLoc(),
                                      getByteVector(result), bytes);
    rewriter.replaceOp(op, codec.unpack(b, bytes, getElementBits(result)));
    return success();
  }

  /// The bytes of a vector whose rows fill whole ones.
  static VectorType getByteVector(VectorType type) {
    SmallVector<int64_t> shape(type.getShape());
    if (!shape.empty())
      shape.back() = shape.back() * getElementBits(type) / 8;
    return VectorType::get(shape, IntegerType::get(type.getContext(), 8),
                           type.getScalableDims());
  }

  const FloatCodec &codec;
};

/// Encodes and packs at once, where the target can.
struct EncodePacked : public OpConversionPattern<vector::BitCastOp> {
  EncodePacked(const TypeConverter &converter, const FloatCodec &codec,
               MLIRContext *context)
      : OpConversionPattern(converter, context, /*benefit=*/2), codec(codec) {}

  LogicalResult
  matchAndRewrite(vector::BitCastOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    VectorType narrow = op.getSourceVectorType();
    auto truncf = op.getSource().getDefiningOp<arith::TruncFOp>();
    if (!truncf || isNarrowFloat(truncf.getIn().getType()) ||
        !getFloatFormat(narrow) || narrow.getRank() != 1 ||
        narrow.isScalable() || isNarrowVector(op.getResultVectorType()))
      return rewriter.notifyMatchFailure(op, "not of a vector that is encoded");
    if (truncf.getRoundingmode().value_or(
            arith::RoundingMode::to_nearest_even) !=
        arith::RoundingMode::to_nearest_even)
      return rewriter.notifyMatchFailure(op, "not rounded to nearest even");
    ElementwiseBuilder b(rewriter, op.getLoc());
    Value bytes = codec.encodePacked(b, truncf.getIn(), *getFloatFormat(narrow),
                                     getEncodedValues(truncf));
    if (!bytes)
      return rewriter.notifyMatchFailure(op, "the target has no such form");
    rewriter.replaceOp(op, rewriter.createOrFold<vector::BitCastOp>(
                               op.getLoc(), op.getResultVectorType(), bytes));
    return success();
  }

private:
  const FloatCodec &codec;
};

} // namespace

/// Whether the bits of `type` can be taken apart at bytes.
static bool hasWholeBytes(VectorType type) {
  unsigned bits = getElementBits(type);
  return bits % 8 == 0 || canPackCodes(type, bits);
}

static bool isConvertedBitCast(vector::BitCastOp op) {
  VectorType from = op.getSourceVectorType();
  VectorType to = op.getResultVectorType();
  if (!isNarrowVector(from) && !isNarrowVector(to))
    return false;
  // Between elements of one size nothing is packed; a vector of i4 stays one.
  auto isPackable = [](VectorType type) {
    return isNarrowVector(type) ? hasWholeBytes(type)
                                : getElementBits(type) % 8 == 0;
  };
  return isPackable(from) && isPackable(to);
}

void quantx::populateNarrowFloatVectorPatterns(const TypeConverter &converter,
                                               const FloatCodec &codec,
                                               RewritePatternSet &patterns,
                                               ConversionTarget &target) {
  patterns.add<MoveCodes, ConstantCodes>(converter, patterns.getContext());
  patterns.add<BitCastCodes, EncodePacked>(converter, codec,
                                           patterns.getContext());
  target.addDynamicallyLegalOp<vector::BitCastOp>(
      [](vector::BitCastOp op) { return !isConvertedBitCast(op); });
  target.addDynamicallyLegalOp<arith::ConstantOp>([](arith::ConstantOp op) {
    return !isNarrowVector(op.getType()) ||
           !isa<DenseFPElementsAttr>(op.getValue());
  });
  target.markUnknownOpDynamicallyLegal([](Operation *op) {
    return !isMove(op) ||
           (llvm::none_of(op->getOperandTypes(), isNarrowVector) &&
            llvm::none_of(op->getResultTypes(), isNarrowVector));
  });
}
