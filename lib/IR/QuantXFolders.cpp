//===- QuantXFolders.cpp - Folders of the quantx operations ---------------===//

#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

// assemble(disassemble(q)) -> q
OpFoldResult AssembleOp::fold(FoldAdaptor) {
  auto parts = getPayload().getDefiningOp<DisassembleOp>();
  if (!parts || getPayload() != parts.getPayload() ||
      parts.getInput().getType() != getType() ||
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
      pack.getCodes().getType() != getType())
    return {};
  return pack.getCodes();
}
