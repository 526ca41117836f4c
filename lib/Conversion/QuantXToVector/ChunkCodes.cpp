//===- ChunkCodes.cpp - The codes of a chunk, where they come from --------===//

#include "ChunkCodes.h"
#include "CodeOrder.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "quantx/Emit/Codes.h"

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Codes of quantize
//===----------------------------------------------------------------------===//

/// The random words of the elements of `chunk`.
static Value emitRandomBits(ImplicitLocOpBuilder &b, Value seed, Value input,
                            const Chunk &chunk) {
  ElementwiseBuilder arith(b, b.getLoc());
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, b.getLoc(), input);
  Value indices = emitLinearIndices(b, sizes, chunk);
  Value seeds = vector::BroadcastOp::create(b, indices.getType(), seed);
  return quantx::emitRandomBits(arith, seeds, indices);
}

Value quantx::emitEncodedChunk(ImplicitLocOpBuilder &b, QuantizeOp op,
                               QuantizeOp::Adaptor operands,
                               const Chunk &chunk) {
  ElementwiseBuilder arith(b, b.getLoc());
  RoundingSpec rounding{op.getRounding(), Value()};
  if (Value seed = operands.getSeed())
    rounding.randomBits = ::emitRandomBits(b, seed, operands.getInput(), chunk);
  ScaledType type = op.getScaledType();
  Value elements = readChunk(b, operands.getInput(), chunk);
  BlockFactors factors = readFactors(b, type, operands.getParameters(), chunk,
                                     emitQuantizeFactors);
  return emitQuantizeElement(arith, type, elements, factors, rounding,
                             op.getSaturate());
}

//===----------------------------------------------------------------------===//
// ChunkCodeFinder
//===----------------------------------------------------------------------===//

ReadCodesFn ChunkCodeFinder::findCodes(Value codes) {
  return findCodes(codes, /*isOnlyUse=*/true);
}

ReadCodesFn ChunkCodeFinder::findUnpacked(UnpackOp op) {
  return findPacked(op.getBytes(), op.getPacking(), op.getType(),
                    /*isOnlyUse=*/true);
}

ReadCodesFn ChunkCodeFinder::findPacked(Value bytes, Packing packing,
                                        RankedTensorType codes) {
  bool isMade = isa_and_nonnull<PackOp, DisassembleOp>(bytes.getDefiningOp());
  if (isMade && !codes.hasStaticShape())
    return nullptr;
  return findPacked(bytes, packing, codes, /*isOnlyUse=*/true);
}

/// The bytes that `bytes` are repacked from: those of codes of the shape of
/// `codes`, or the same bytes. Null where they are not.
static Value getRepacked(Value bytes, RankedTensorType codes) {
  if (auto pack = bytes.getDefiningOp<PackOp>()) {
    auto unpack = pack.getCodes().getDefiningOp<UnpackOp>();
    bool isSame = unpack && unpack.getType().getShape() == codes.getShape();
    return isSame ? unpack.getBytes() : Value();
  }
  auto parts = bytes.getDefiningOp<DisassembleOp>();
  if (!parts || bytes != parts.getPayload())
    return {};
  auto assemble = parts.getInput().getDefiningOp<AssembleOp>();
  return assemble ? assemble.getPayload() : Value();
}

Value ChunkCodeFinder::findBytes(UnpackOp op) {
  Value bytes = op.getBytes();
  while (Value source = getRepacked(bytes, op.getType()))
    bytes = source;
  return rewriter.getRemappedValue(bytes);
}

ReadCodesFn ChunkCodeFinder::findCodes(Value codes, bool isOnlyUse) {
  if (codes.getDefiningOp<tensor::CastOp>())
    return nullptr;
  auto type = cast<RankedTensorType>(codes.getType());
  if (auto unpack = codes.getDefiningOp<UnpackOp>()) {
    return findPacked(unpack.getBytes(), unpack.getPacking(), type,
                      isOnlyUse && codes.hasOneUse());
  }
  unsigned bits = type.getElementTypeBitWidth();
  Value lowered = rewriter.getRemappedValue(codes);
  return [=](ImplicitLocOpBuilder &b, const Chunk &chunk) {
    Value lanes = readChunk(b, lowered, chunk);
    if (bits == 8)
      return lanes;
    return ElementwiseBuilder(b, b.getLoc()).bitAnd(lanes, (1 << bits) - 1);
  };
}

ReadCodesFn ChunkCodeFinder::findPacked(Value bytes, Packing packing,
                                        RankedTensorType codes,
                                        bool isOnlyUse) {
  isOnlyUse &= bytes.hasOneUse();
  Operation *op = bytes.getDefiningOp();
  if (isa_and_nonnull<tensor::CastOp>(op))
    return nullptr;
  if (auto pack = dyn_cast_or_null<PackOp>(op)) {
    RankedTensorType type = pack.getCodes().getType();
    bool isSame =
        pack.getPacking() == packing &&
        type.getElementTypeBitWidth() == codes.getElementTypeBitWidth();
    // Rows of dynamic size may hold more codes than were packed, but not more
    // than were unpacked.
    if (isSame && type.getShape() == codes.getShape() &&
        (codes.hasStaticShape() || pack.getCodes().getDefiningOp<UnpackOp>()))
      return findCodes(pack.getCodes(), isOnlyUse);
    if (isSame && !codes.hasStaticShape())
      return nullptr;
  }
  auto parts = dyn_cast_or_null<DisassembleOp>(op);
  if (parts && bytes == parts.getPayload() && packing == Packing::Linear)
    return findPayload(parts, codes, isOnlyUse);
  return readPacked(bytes, packing, codes);
}

ReadCodesFn ChunkCodeFinder::findPayload(DisassembleOp op,
                                         RankedTensorType codes,
                                         bool isOnlyUse) {
  auto scaled = op.getInput();
  Operation *source = scaled.getDefiningOp();
  // Rows of dynamic size may have fewer codes than their bytes hold.
  if (source && !isa<AssembleOp>(source) && !codes.hasStaticShape())
    return nullptr;
  ScaledType type = getScaledElementType(scaled.getType());
  unsigned bits = codes.getElementTypeBitWidth();
  if (type.getStorageBits() != bits ||
      scaled.getType().getShape() != codes.getShape())
    return readPacked(op.getPayload(), Packing::Linear, codes);
  isOnlyUse &= scaled.hasOneUse();
  if (auto assemble = scaled.getDefiningOp<AssembleOp>()) {
    return findPacked(assemble.getPayload(), Packing::Linear, codes, isOnlyUse);
  }
  // Codes are encoded here only if they are for nobody else.
  auto quantize = scaled.getDefiningOp<QuantizeOp>();
  if (!quantize || !isOnlyUse ||
      quantize->getBlock() != rewriter.getInsertionBlock())
    return readPacked(op.getPayload(), Packing::Linear, codes);
  if (findChunkSize(type, codes.getShape().back(), chunk) != chunk)
    return nullptr;
  // The parameters pass through: those of the tensor are the op's.
  SmallVector<Value> operands = {
      rewriter.getRemappedValue(quantize.getInput())};
  for (Value parameter : op.getParameters())
    operands.push_back(rewriter.getRemappedValue(parameter));
  if (quantize.getSeed())
    operands.push_back(rewriter.getRemappedValue(quantize.getSeed()));
  return [=](ImplicitLocOpBuilder &b, const Chunk &chunk) {
    QuantizeOp::Adaptor adaptor(operands, quantize);
    return emitEncodedChunk(b, quantize, adaptor, chunk);
  };
}

ReadCodesFn ChunkCodeFinder::readPacked(Value bytes, Packing packing,
                                        RankedTensorType codes) {
  if (quantx::findChunkSize(codes, packing, chunk) != chunk)
    return nullptr;
  unsigned bits = codes.getElementTypeBitWidth();
  Value lowered = rewriter.getRemappedValue(bytes);
  return [=](ImplicitLocOpBuilder &b, const Chunk &chunk) {
    Value lanes = readPackedChunk(b, lowered, chunk, bits);
    return reorderCodes(b, lanes, packing, chunk, /*isBack=*/true);
  };
}
