//===- CodeFinder.cpp - Codes where they come from ------------------------===//

#include "CodeFinder.h"
#include "Lowerings.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace quantx;

Value CodeFinder::getLowered(Value value) {
  Value lowered = rewriter.getRemappedValue(value);
  assert(lowered && "codes, bytes and parameters lower to one tensor");
  return lowered;
}

/// Gives `source` each static size of `type`.
static CodeSource useStaticSizes(OpBuilder &builder, RankedTensorType type,
                                 CodeSource source) {
  for (auto [size, staticSize] : llvm::zip_equal(source.sizes, type.getShape()))
    if (!ShapedType::isDynamic(staticSize))
      size = builder.getIndexAttr(staticSize);
  return source;
}

/// The codes of `source`, packed and unpacked to `type`.
static CodeSource resizeTo(OpBuilder &builder, Location loc,
                           const CodeSource &source, RankedTensorType type) {
  OpFoldResult numCodes;
  if (!type.isDynamicDim(type.getRank() - 1))
    numCodes = builder.getIndexAttr(type.getShape().back());
  return useStaticSizes(builder, type,
                        resizeRows(builder, loc, source, numCodes));
}

//===----------------------------------------------------------------------===//
// Unpacked codes
//===----------------------------------------------------------------------===//

CodeSource CodeFinder::findCodes(Value codes) {
  return findCodes(codes, /*isOnlyUse=*/true);
}

CodeSource CodeFinder::findCodes(Value codes, bool isOnlyUse) {
  auto type = cast<RankedTensorType>(codes.getType());
  isOnlyUse &= codes.hasOneUse();
  if (auto unpack = codes.getDefiningOp<UnpackOp>())
    return findUnpacked(unpack, isOnlyUse);
  auto cast = codes.getDefiningOp<tensor::CastOp>();
  if (cast && isa<RankedTensorType>(cast.getSource().getType())) {
    return useStaticSizes(rewriter, type,
                          findCodes(cast.getSource(), isOnlyUse));
  }
  CodeSource source = createUnpackedSource(rewriter, loc, getLowered(codes),
                                           type.getElementTypeBitWidth());
  return useStaticSizes(rewriter, type, source);
}

CodeSource CodeFinder::findUnpacked(UnpackOp op, bool isOnlyUse) {
  RankedTensorType type = op.getType();
  unsigned bits = type.getElementTypeBitWidth();
  if (std::optional<CodeSource> source =
          findPacked(op.getBytes(), op.getPacking(), bits, isOnlyUse))
    return resizeTo(rewriter, loc, *source, type);
  Value bytes = getLowered(op.getBytes());
  CodeSource source = createPackedSource(
      rewriter, loc, bytes, op.getPacking(), bits,
      getCodeSizes(rewriter, loc, op.getResult(), bytes, bits));
  source.countsBytes = type.isDynamicDim(type.getRank() - 1);
  return source;
}

//===----------------------------------------------------------------------===//
// Packed codes
//===----------------------------------------------------------------------===//

CodeSource CodeFinder::findPayload(Value scaled, ValueRange parts,
                                   bool mayEncode) {
  auto type = cast<RankedTensorType>(scaled.getType());
  unsigned bits = getScaledElementType(type).getStorageBits();
  if (auto assemble = scaled.getDefiningOp<AssembleOp>()) {
    if (std::optional<CodeSource> source =
            findPacked(assemble.getPayload(), Packing::Linear, bits,
                       mayEncode && scaled.hasOneUse()))
      return resizeTo(rewriter, loc, *source, type);
  }
  Value bytes = parts.front();
  return createPackedSource(rewriter, loc, bytes, Packing::Linear, bits,
                            getCodeSizes(rewriter, loc, scaled, bytes, bits));
}

std::optional<CodeSource> CodeFinder::findPacked(Value bytes, Packing packing,
                                                 unsigned bits,
                                                 bool isOnlyUse) {
  isOnlyUse &= bytes.hasOneUse();
  Operation *op = bytes.getDefiningOp();
  auto cast = dyn_cast_or_null<tensor::CastOp>(op);
  if (cast && isa<RankedTensorType>(cast.getSource().getType()))
    return findPacked(cast.getSource(), packing, bits, isOnlyUse);
  if (auto pack = dyn_cast_or_null<PackOp>(op)) {
    RankedTensorType codes = pack.getCodes().getType();
    if (pack.getPacking() != packing || codes.getElementTypeBitWidth() != bits)
      return std::nullopt;
    return findCodes(pack.getCodes(), isOnlyUse);
  }
  auto parts = dyn_cast_or_null<DisassembleOp>(op);
  if (!parts || bytes != parts.getPayload() || packing != Packing::Linear)
    return std::nullopt;
  return findDisassembled(parts, bits, isOnlyUse);
}

std::optional<CodeSource>
CodeFinder::findDisassembled(DisassembleOp op, unsigned bits, bool isOnlyUse) {
  Value scaled = op.getInput();
  if (getScaledElementType(scaled.getType()).getStorageBits() != bits)
    return std::nullopt;
  Operation *source = scaled.getDefiningOp();
  if (auto assemble = dyn_cast_or_null<AssembleOp>(source)) {
    return findPacked(assemble.getPayload(), Packing::Linear, bits,
                      isOnlyUse && scaled.hasOneUse());
  }
  if (!source || !isOnlyUse || !scaled.hasOneUse() ||
      source->getBlock() != rewriter.getInsertionBlock())
    return std::nullopt;
  if (auto quantize = dyn_cast<QuantizeOp>(source))
    return createEncoded(quantize, op);
  if (auto quantize = dyn_cast<DynamicQuantizeOp>(source))
    return createEncoded(quantize, op);
  return std::nullopt;
}

template <typename OpT>
CodeSource CodeFinder::createEncoded(OpT quantize, DisassembleOp parts) {
  // The parameters pass through: those of the tensor are the op's.
  SmallVector<Value> parameters = llvm::map_to_vector(
      parts.getParameters(), [&](Value value) { return getLowered(value); });
  EncodeSpec spec{quantize.getRounding(), quantize.getSaturate(),
                  quantize.getSeed() ? getLowered(quantize.getSeed())
                                     : Value()};
  return createEncodedSource(rewriter, loc, quantize.getScaledType(),
                             getLowered(quantize.getInput()), parameters, spec);
}
