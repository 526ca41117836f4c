//===- QuantXFolders.cpp - Folders of the quantx operations ---------------===//

#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

/// Whether a type that is built from bytes has as many codes a row as the same
/// type that was packed into them. A dynamic size counts what the bytes hold,
/// padding included.
static bool keepsNumCodes(RankedTensorType type, unsigned bits) {
  return bits == 8 || !type.isDynamicDim(type.getRank() - 1);
}

// assemble(disassemble(q)) -> q
OpFoldResult AssembleOp::fold(FoldAdaptor) {
  auto parts = getPayload().getDefiningOp<DisassembleOp>();
  if (!parts || getPayload() != parts.getPayload() ||
      parts.getInput().getType() != getType() ||
      !keepsNumCodes(getType(),
                     getScaledElementType(getType()).getStorageBits()) ||
      !llvm::equal(getParameters(), parts.getParameters()))
    return {};
  return parts.getInput();
}

// disassemble(assemble(p, s...)) -> p, s...
LogicalResult DisassembleOp::fold(FoldAdaptor,
                                  SmallVectorImpl<OpFoldResult> &results) {
  auto whole = getInput().getDefiningOp<AssembleOp>();
  if (!whole || whole.getOperandTypes() != getResultTypes())
    return failure();
  llvm::append_range(results, whole.getOperands());
  return success();
}

// pack(unpack(b)) -> b, unless b has padding bits, which pack clears.
OpFoldResult PackOp::fold(FoldAdaptor) {
  auto unpack = getCodes().getDefiningOp<UnpackOp>();
  if (!unpack || unpack.getPacking() != getPacking() ||
      unpack.getBytes().getType() != getType())
    return {};
  int64_t numCodes = getCodes().getType().getShape().back();
  unsigned bits = getCodes().getType().getElementTypeBitWidth();
  if (ShapedType::isDynamic(numCodes) || numCodes * bits % 8 != 0)
    return {};
  return unpack.getBytes();
}

// unpack(pack(c)) -> c
OpFoldResult UnpackOp::fold(FoldAdaptor) {
  auto pack = getBytes().getDefiningOp<PackOp>();
  if (!pack || pack.getPacking() != getPacking() ||
      pack.getCodes().getType() != getType() ||
      !keepsNumCodes(getType(), getType().getElementTypeBitWidth()))
    return {};
  return pack.getCodes();
}
