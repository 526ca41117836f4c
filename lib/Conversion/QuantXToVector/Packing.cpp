//===- Packing.cpp - pack and unpack to vectors ---------------------------===//

#include "ChunkLoops.h"
#include "Patterns.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/Codes.h"
#include "quantx/Format/Mutants.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

/// For each code of a block of `packing`, as they are in its bytes, the code
/// that it is; empty for the linear layout, which has no blocks.
static SmallVector<int64_t> getBlockOrder(Packing packing) {
  if (packing == Packing::Linear || isPlanted(Mutant::LayoutIgnored))
    return {};
  // Bytes of codes 16 apart; first the even ones, then the odd ones.
  bool isSplitHalf = packing == Packing::SplitHalf;
  int64_t size = isSplitHalf ? 32 : 8;
  SmallVector<int64_t> order;
  for (int64_t place = 0; place < size; ++place)
    order.push_back(isSplitHalf ? place / 2 + place % 2 * 16
                                : place * 2 % size + place * 2 / size);
  return order;
}

/// The size of the chunks of `codes` in the layout `packing`: none where a row
/// or a chunk may end within a block of it.
static std::optional<int64_t> findChunkSize(RankedTensorType codes,
                                            Packing packing, int64_t largest) {
  int64_t rowSize = codes.getShape().back();
  int64_t chunk = getChunkSize(rowSize, largest);
  int64_t block = std::max<int64_t>(getBlockOrder(packing).size(), 1);
  if (block > 1 && (ShapedType::isDynamic(rowSize) || rowSize % block != 0))
    return std::nullopt;
  return chunk % block == 0 ? std::optional(chunk) : std::nullopt;
}

/// Brings `codes` from the order of the linear layout into that of `packing`,
/// or back.
static Value reorder(ImplicitLocOpBuilder &b, Value codes, Packing packing,
                     bool isBack) {
  SmallVector<int64_t> order = getBlockOrder(packing);
  if (order.empty())
    return codes;
  int64_t block = order.size();
  int64_t size = cast<VectorType>(codes.getType()).getNumElements();
  SmallVector<int64_t> lanes(size);
  for (int64_t i = 0; i < size; ++i) {
    int64_t lane = i / block * block + order[i % block];
    (isBack ? lanes[lane] : lanes[i]) = isBack ? i : lane;
  }
  return vector::ShuffleOp::create(b, codes, codes, lanes);
}

namespace {

struct PackChunks : public ChunkPattern<PackOp> {
  using ChunkPattern::ChunkPattern;

  LogicalResult
  matchAndRewrite(PackOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    std::optional<int64_t> size =
        findChunkSize(op.getCodes().getType(), op.getPacking(), chunk);
    if (!size || isInChain(op))
      return rewriter.notifyMatchFailure(op, "left to linalg");
    Location loc = op.getLoc();
    Value codes = adaptor.getCodes();
    unsigned bits = op.getCodes().getType().getElementTypeBitWidth();
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(rewriter, loc, codes);
    ChunkedRows rows = {sizes, *size};
    auto read = [&](ImplicitLocOpBuilder &b, const Chunk &chunk) {
      Value lanes = readChunk(b, codes, chunk);
      if (bits != 8)
        lanes = ElementwiseBuilder(b, loc).bitAnd(lanes, (1 << bits) - 1);
      return reorder(b, lanes, op.getPacking(), /*isBack=*/false);
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
    std::optional<int64_t> size =
        findChunkSize(op.getType(), op.getPacking(), chunk);
    if (!size || isInChain(op))
      return rewriter.notifyMatchFailure(op, "left to linalg");
    Location loc = op.getLoc();
    Value bytes = adaptor.getBytes();
    auto codeType = cast<IntegerType>(op.getType().getElementType());
    IntegerFormat format{codeType.getWidth(), !codeType.isUnsigned()};
    SmallVector<OpFoldResult> sizes =
        getCodeSizes(rewriter, loc, op.getType(), bytes);
    ChunkedRows rows = {sizes, *size};
    auto read = [&](ImplicitLocOpBuilder &b, const Chunk &chunk) {
      ElementwiseBuilder arith(b, loc);
      Value lanes = readPackedChunk(b, bytes, chunk, format.bits);
      lanes = reorder(b, lanes, op.getPacking(), /*isBack=*/true);
      return emitExtendInByte(arith, lanes, format);
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
