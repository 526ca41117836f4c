//===- Elements.cpp - quantize and dequantize to vectors ------------------===//

#include "quantx/Emit/Elements.h"
#include "ChunkCodes.h"
#include "Patterns.h"
#include "QuotientCodes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

namespace {

struct QuantizeChunks : public ChunkPattern<QuantizeOp> {
  QuantizeChunks(const TypeConverter &converter, MLIRContext *context,
                 const VectorTarget &target)
      : ChunkPattern(converter, context, target.chunk), hasFMA(target.hasFMA) {}

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
    unsigned bits = type.getStorageBits();
    QuotientCodes quotients(rewriter, op, adaptor, *size, hasFMA);
    auto encode = [&](ImplicitLocOpBuilder &b, const Chunk &chunk) -> Value {
      auto divide = [&](ImplicitLocOpBuilder &b) {
        return packChunk(b, chunk, emitEncodedChunk(b, op, adaptor, chunk),
                         bits);
      };
      // What is left of rows is not worth two ways.
      if (!quotients.arePossible() || chunk.count)
        return divide(b);
      return quotients.emitBytes(b, chunk, divide);
    };
    SmallVector<Value> parts = {
        buildByteChunks(rewriter, loc, rows, bits, encode)};
    llvm::append_range(parts, adaptor.getParameters());
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertType(op.getType(), types)))
      return failure();
    for (auto [part, partType] : llvm::zip_equal(parts, types))
      part = castShape(rewriter, loc, part, partType);
    rewriter.replaceOpWithMultiple(op, {parts});
    return success();
  }

private:
  bool hasFMA;
};

struct DequantizeChunks : public ChunkPattern<DequantizeOp> {
  DequantizeChunks(const TypeConverter &converter, MLIRContext *context,
                   const VectorTarget &target)
      : ChunkPattern(converter, context, target.chunk),
        convertsToBF16(target.convertsToBF16) {}

  LogicalResult
  matchAndRewrite(DequantizeOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ScaledType type = op.getScaledType();
    std::optional<int64_t> size =
        findChunkSize(type, op.getInput().getType().getShape().back(), chunk);
    ReadCodesFn readCodes;
    if (size)
      readCodes = findCodes(op, adaptor.getInput(), *size, rewriter);
    if (!readCodes)
      return rewriter.notifyMatchFailure(op, "left to linalg");
    Location loc = op.getLoc();
    // The conversion finds the sizes of the scaled tensor in its parts.
    ChunkedRows rows = {tensor::getMixedSizes(rewriter, loc, op.getInput()),
                        *size};
    ValueRange parts = adaptor.getInput();
    auto decode = [&](ImplicitLocOpBuilder &b, const Chunk &chunk) -> Value {
      Value codes = readCodes(b, chunk);
      BlockFactors blocks = readBlockFactors(b, type, parts.drop_front(), chunk,
                                             emitDequantizeFactors);
      auto build = [&](ImplicitLocOpBuilder &b, bool areNormal) {
        ElementwiseBuilder arith(b, loc);
        BlockFactors factors = blocks.map(
            [&](Value factor) { return spread(b, factor, chunk.size); });
        return emitDequantizeElement(arith, type, codes, factors, areNormal);
      };
      // What is left of rows is not worth two ways.
      if (!convertsToBF16 || !suitsNormalValues(type) || chunk.count)
        return build(b, /*areNormal=*/false);
      ElementwiseBuilder arith(b, loc);
      auto yield = [&](bool areNormal) {
        return [&, areNormal](OpBuilder &builder, Location loc) {
          ImplicitLocOpBuilder b(loc, builder);
          scf::YieldOp::create(b, build(b, areNormal));
        };
      };
      return scf::IfOp::create(b, emitAreNormal(arith, blocks), yield(true),
                               yield(false))
          .getResult(0);
    };
    Value result = buildElementChunks(rewriter, loc, rows,
                                      type.getExpressedType(), decode);
    rewriter.replaceOp(op, castShape(rewriter, loc, result, op.getType()));
    return success();
  }

private:
  /// The codes of the operand, whose lowered form is `parts`; null if they are
  /// part of a chain that has no form in vectors.
  static ReadCodesFn findCodes(DequantizeOp op, ValueRange parts, int64_t chunk,
                               ConversionPatternRewriter &rewriter) {
    unsigned bits = op.getScaledType().getStorageBits();
    if (!isInChain(op)) {
      return [bytes = parts.front(), bits](ImplicitLocOpBuilder &b,
                                           const Chunk &chunk) {
        return readPackedChunk(b, bytes, chunk, bits);
      };
    }
    auto assemble = op.getInput().getDefiningOp<AssembleOp>();
    auto codes = RankedTensorType::get(op.getInput().getType().getShape(),
                                       rewriter.getIntegerType(bits));
    return ChunkCodeFinder(rewriter, chunk)
        .findPacked(assemble.getPayload(), Packing::Linear, codes);
  }

  bool convertsToBF16;
};

} // namespace

void quantx::populateElementChunkPatterns(const TypeConverter &converter,
                                          RewritePatternSet &patterns,
                                          const VectorTarget &target) {
  patterns.add<QuantizeChunks, DequantizeChunks>(converter,
                                                 patterns.getContext(), target);
}
