//===- Packing.cpp - pack and unpack to vectors ---------------------------===//

#include "ChunkCodes.h"
#include "CodeOrder.h"
#include "Patterns.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/Emit/Codes.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

/// The sizes of `tensor`, of the static sizes of `type`.
static SmallVector<OpFoldResult> getSizes(OpBuilder &builder, Location loc,
                                          RankedTensorType type, Value tensor) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, tensor);
  for (auto [size, staticSize] : llvm::zip_equal(sizes, type.getShape()))
    if (!ShapedType::isDynamic(staticSize))
      size = builder.getIndexAttr(staticSize);
  return sizes;
}

/// The sizes of the tensor of codes that `bytes` are unpacked to: as many as
/// they hold, where `type` does not tell.
static SmallVector<OpFoldResult> getCodeSizes(OpBuilder &builder, Location loc,
                                              RankedTensorType type,
                                              Value bytes) {
  SmallVector<OpFoldResult> sizes = getSizes(builder, loc, type, bytes);
  int64_t last = type.getRank() - 1;
  if (type.isDynamicDim(last)) {
    ImplicitLocOpBuilder b(loc, builder);
    Value rowSize = tensor::DimOp::create(b, bytes, last);
    Value eight = arith::ConstantIndexOp::create(b, 8);
    Value bits =
        arith::ConstantIndexOp::create(b, type.getElementTypeBitWidth());
    sizes.back() = arith::DivUIOp::create(
                       b, arith::MulIOp::create(b, rowSize, eight), bits)
                       .getResult();
  }
  return sizes;
}

namespace {

struct PackChunks : public ChunkPattern<PackOp> {
  using ChunkPattern::ChunkPattern;

  LogicalResult
  matchAndRewrite(PackOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    std::optional<int64_t> size =
        findChunkSize(op.getCodes().getType(), op.getPacking(), chunk);
    ChunkCodeFinder finder(rewriter, size.value_or(0));
    ReadCodesFn readCodes;
    if (size && !isReadElsewhere(op))
      readCodes = finder.findCodes(op.getCodes());
    if (!readCodes)
      return rewriter.notifyMatchFailure(op, "left to linalg");
    Location loc = op.getLoc();
    RankedTensorType type = op.getCodes().getType();
    auto unpack = op.getCodes().getDefiningOp<UnpackOp>();
    ChunkedRows rows = {
        unpack ? getCodeSizes(rewriter, loc, type, finder.findBytes(unpack))
               : getSizes(rewriter, loc, type, adaptor.getCodes()),
        *size};
    auto read = [&](ImplicitLocOpBuilder &b, const Chunk &chunk) {
      return reorderCodes(b, readCodes(b, chunk), op.getPacking(), chunk,
                          /*isBack=*/false);
    };
    unsigned bits = type.getElementTypeBitWidth();
    Value bytes = buildPackedChunks(rewriter, loc, rows, bits, read);
    rewriter.replaceOp(op, castShape(rewriter, loc, bytes, op.getType()));
    return success();
  }
};

} // namespace

namespace {

struct UnpackChunks : public ChunkPattern<UnpackOp> {
  using ChunkPattern::ChunkPattern;

  LogicalResult
  matchAndRewrite(UnpackOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    std::optional<int64_t> size =
        findChunkSize(op.getType(), op.getPacking(), chunk);
    ChunkCodeFinder finder(rewriter, size.value_or(0));
    ReadCodesFn readCodes;
    if (size && !isReadElsewhere(op))
      readCodes = finder.findUnpacked(op);
    if (!readCodes)
      return rewriter.notifyMatchFailure(op, "left to linalg");
    Location loc = op.getLoc();
    auto codeType = cast<IntegerType>(op.getType().getElementType());
    IntegerFormat format{codeType.getWidth(), !codeType.isUnsigned()};
    ChunkedRows rows = {
        getCodeSizes(rewriter, loc, op.getType(), finder.findBytes(op)), *size};
    auto read = [&](ImplicitLocOpBuilder &b, const Chunk &chunk) {
      ElementwiseBuilder arith(b, loc);
      return emitExtendInByte(arith, readCodes(b, chunk), format);
    };
    Value codes =
        buildElementChunks(rewriter, loc, rows, rewriter.getI8Type(), read);
    Type type = getTypeConverter()->convertType(op.getType());
    rewriter.replaceOp(op, castShape(rewriter, loc, codes, type));
    return success();
  }
};

} // namespace

void quantx::populatePackingChunkPatterns(const TypeConverter &converter,
                                          RewritePatternSet &patterns,
                                          int64_t chunk) {
  patterns.add<PackChunks, UnpackChunks>(converter, patterns.getContext(),
                                         chunk);
}
