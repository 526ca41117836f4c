//===- Packing.cpp - pack and unpack to vectors ---------------------------===//

#include "ChunkLoops.h"
#include "Patterns.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/Emit/Codes.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

namespace {

struct PackChunks : public ChunkPattern<PackOp> {
  using ChunkPattern::ChunkPattern;

  LogicalResult
  matchAndRewrite(PackOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (op.getPacking() != Packing::Linear || isInChain(op))
      return rewriter.notifyMatchFailure(op, "left to linalg");
    Location loc = op.getLoc();
    Value codes = adaptor.getCodes();
    unsigned bits = op.getCodes().getType().getElementTypeBitWidth();
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(rewriter, loc, codes);
    ChunkedRows rows = {
        sizes, getChunkSize(op.getCodes().getType().getShape().back(), chunk)};
    auto read = [&](ImplicitLocOpBuilder &b, const Chunk &chunk) {
      Value lanes = readChunk(b, codes, chunk);
      return bits == 8
                 ? lanes
                 : ElementwiseBuilder(b, loc).bitAnd(lanes, (1 << bits) - 1);
    };
    Value bytes = buildPackedChunks(rewriter, loc, rows, bits, read);
    rewriter.replaceOp(op, castShape(rewriter, loc, bytes, op.getType()));
    return success();
  }
};

} // namespace

/// The sizes of the tensor of codes that `bytes` are unpacked to: as many as
/// they hold, where `type` does not tell.
static SmallVector<OpFoldResult> getCodeSizes(OpBuilder &builder, Location loc,
                                              RankedTensorType type,
                                              Value bytes) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, bytes);
  for (auto [size, staticSize] : llvm::zip_equal(sizes, type.getShape()))
    if (!ShapedType::isDynamic(staticSize))
      size = builder.getIndexAttr(staticSize);
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

struct UnpackChunks : public ChunkPattern<UnpackOp> {
  using ChunkPattern::ChunkPattern;

  LogicalResult
  matchAndRewrite(UnpackOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (op.getPacking() != Packing::Linear || isInChain(op))
      return rewriter.notifyMatchFailure(op, "left to linalg");
    Location loc = op.getLoc();
    Value bytes = adaptor.getBytes();
    auto codeType = cast<IntegerType>(op.getType().getElementType());
    IntegerFormat format{codeType.getWidth(), !codeType.isUnsigned()};
    SmallVector<OpFoldResult> sizes =
        getCodeSizes(rewriter, loc, op.getType(), bytes);
    ChunkedRows rows = {sizes,
                        getChunkSize(op.getType().getShape().back(), chunk)};
    auto read = [&](ImplicitLocOpBuilder &b, const Chunk &chunk) {
      ElementwiseBuilder arith(b, loc);
      return emitExtendInByte(
          arith, readPackedChunk(b, bytes, chunk, format.bits), format);
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
