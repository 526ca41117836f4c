//===- NarrowFloatMemory.cpp - Packed loads and stores of small floats ----===//
//
// In memory, upstream's lowering to LLVM gives an element of less than a byte a
// byte of its own, but loads and stores vectors of them packed. That is what
// these patterns do, on bytes.
//
//===----------------------------------------------------------------------===//

#include "NarrowFloats.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "quantx/Emit/VectorPacking.h"
#include "quantx/Format/Mutants.h"

using namespace mlir;
using namespace quantx;

/// The address of the byte that belongs to an element of a memref.
static Value buildAddress(OpBuilder &builder, Location loc, Value memref,
                          ValueRange indices) {
  auto metadata =
      memref::ExtractStridedMetadataOp::create(builder, loc, memref);
  Value address =
      memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, memref);
  if (!isPlanted(Mutant::MemoryOffsetIgnored)) {
    address =
        arith::AddIOp::create(builder, loc, address, metadata.getOffset());
  }
  for (auto [index, stride] : llvm::zip_equal(indices, metadata.getStrides())) {
    Value step = arith::MulIOp::create(builder, loc, index, stride);
    address = arith::AddIOp::create(builder, loc, address, step);
  }
  Value integer =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), address);
  return LLVM::IntToPtrOp::create(
      builder, loc, LLVM::LLVMPointerType::get(builder.getContext()), integer);
}

/// The bytes that a packed vector takes.
static VectorType getBytes(VectorType type) {
  return VectorType::get(type.getNumElements() * getElementBits(type) / 8,
                         IntegerType::get(type.getContext(), 8));
}

namespace {

struct LoadCodes : public OpConversionPattern<vector::LoadOp> {
  LoadCodes(const TypeConverter &converter, const FloatCodec &codec,
            MLIRContext *context)
      : OpConversionPattern(converter, context), codec(codec) {}

  LogicalResult
  matchAndRewrite(vector::LoadOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    VectorType type = op.getVectorType();
    Value address = buildAddress(rewriter, op.getLoc(), adaptor.getBase(),
                                 adaptor.getIndices());
    Value bytes = LLVM::LoadOp::create(rewriter, op.getLoc(), getBytes(type),
                                       address, /*alignment=*/1);
    ElementwiseBuilder b(rewriter, op.getLoc());
    rewriter.replaceOp(op, codec.unpack(b, bytes, getElementBits(type)));
    return success();
  }

  const FloatCodec &codec;
};

struct StoreCodes : public OpConversionPattern<vector::StoreOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(vector::StoreOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    unsigned bits = getElementBits(op.getVectorType());
    Value address = buildAddress(rewriter, op.getLoc(), adaptor.getBase(),
                                 adaptor.getIndices());
    ElementwiseBuilder b(rewriter, op.getLoc());
    Value bytes = emitPackCodes(b, adaptor.getValueToStore(), bits);
    rewriter.replaceOpWithNewOp<LLVM::StoreOp>(op, bytes, address,
                                               /*alignment=*/1);
    return success();
  }
};

} // namespace

/// Whether a vector in memory is packed small floats in whole bytes.
static bool isPacked(VectorType vector, MemRefType memref) {
  return vector.getRank() == 1 && isNarrowFloat(vector) &&
         getElementBits(vector) < 8 &&
         memref.getElementType() == vector.getElementType() &&
         canPackCodes(vector, getElementBits(vector));
}

void quantx::populateNarrowFloatMemoryPatterns(const TypeConverter &converter,
                                               const FloatCodec &codec,
                                               RewritePatternSet &patterns,
                                               ConversionTarget &target) {
  patterns.add<LoadCodes>(converter, codec, patterns.getContext());
  patterns.add<StoreCodes>(converter, patterns.getContext());
  target.addDynamicallyLegalOp<vector::LoadOp>([](vector::LoadOp op) {
    return !isPacked(op.getVectorType(), op.getMemRefType());
  });
  target.addDynamicallyLegalOp<vector::StoreOp>([](vector::StoreOp op) {
    return !isPacked(op.getVectorType(), op.getMemRefType());
  });
}
