//===- Elements.cpp - quantize and dequantize to vectors ------------------===//

#include "quantx/Emit/Elements.h"
#include "ChunkLoops.h"
#include "Patterns.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

/// The random words of the elements of `chunk`.
static Value emitChunkRandomBits(ImplicitLocOpBuilder &b, Value seed,
                                 ArrayRef<OpFoldResult> sizes,
                                 const Chunk &chunk) {
  ElementwiseBuilder arith(b, b.getLoc());
  Value indices = emitLinearIndices(b, sizes, chunk);
  Value seeds = vector::BroadcastOp::create(b, indices.getType(), seed);
  return emitRandomBits(arith, seeds, indices);
}

namespace {

struct QuantizeChunks : public ChunkPattern<QuantizeOp> {
  using ChunkPattern::ChunkPattern;

  LogicalResult
  matchAndRewrite(QuantizeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ScaledType type = op.getScaledType();
    std::optional<int64_t> size =
        findChunkSize(type, op.getInput().getType().getShape().back(), chunk);
    if (!size || isInChain(op))
      return rewriter.notifyMatchFailure(op, "left to linalg");
    Location loc = op.getLoc();
    ChunkedRows rows = {
        tensor::getMixedSizes(rewriter, loc, adaptor.getInput()), *size};
    auto encode = [&](ImplicitLocOpBuilder &b, const Chunk &chunk) {
      ElementwiseBuilder arith(b, loc);
      RoundingSpec rounding{op.getRounding(), Value()};
      if (Value seed = adaptor.getSeed())
        rounding.randomBits = emitChunkRandomBits(b, seed, rows.sizes, chunk);
      Value elements = readChunk(b, adaptor.getInput(), chunk);
      BlockFactors factors = readFactors(b, type, adaptor.getParameters(),
                                         chunk, emitQuantizeFactors);
      return emitQuantizeElement(arith, type, elements, factors, rounding,
                                 op.getSaturate());
    };
    SmallVector<Value> parts = {
        buildPackedChunks(rewriter, loc, rows, type.getStorageBits(), encode)};
    llvm::append_range(parts, adaptor.getParameters());
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertType(op.getType(), types)))
      return failure();
    for (auto [part, partType] : llvm::zip_equal(parts, types))
      part = castShape(rewriter, loc, part, partType);
    rewriter.replaceOpWithMultiple(op, {parts});
    return success();
  }
};

struct DequantizeChunks : public ChunkPattern<DequantizeOp> {
  using ChunkPattern::ChunkPattern;

  LogicalResult
  matchAndRewrite(DequantizeOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ScaledType type = op.getScaledType();
    std::optional<int64_t> size =
        findChunkSize(type, op.getInput().getType().getShape().back(), chunk);
    if (!size || isInChain(op))
      return rewriter.notifyMatchFailure(op, "left to linalg");
    Location loc = op.getLoc();
    // The conversion finds the sizes of the scaled tensor in its parts.
    ChunkedRows rows = {tensor::getMixedSizes(rewriter, loc, op.getInput()),
                        *size};
    ValueRange parts = adaptor.getInput();
    auto decode = [&](ImplicitLocOpBuilder &b, const Chunk &chunk) {
      ElementwiseBuilder arith(b, loc);
      Value codes =
          readPackedChunk(b, parts.front(), chunk, type.getStorageBits());
      BlockFactors factors = readFactors(b, type, parts.drop_front(), chunk,
                                         emitDequantizeFactors);
      return emitDequantizeElement(arith, type, codes, factors);
    };
    Value result = buildElementChunks(rewriter, loc, rows,
                                      type.getExpressedType(), decode);
    rewriter.replaceOp(op, castShape(rewriter, loc, result, op.getType()));
    return success();
  }
};

} // namespace

void quantx::populateElementChunkPatterns(const TypeConverter &converter,
                                          RewritePatternSet &patterns,
                                          int64_t chunk) {
  patterns.add<QuantizeChunks, DequantizeChunks>(converter,
                                                 patterns.getContext(), chunk);
}
