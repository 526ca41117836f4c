//===- QuantXFolders.cpp - Folders of the quantx operations ---------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"
#include "quantx/Format/Mutants.h"
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
  if (isPlanted(Mutant::FoldKeepsPadding))
    return unpack.getBytes();
  if (ShapedType::isDynamic(numCodes) || numCodes * bits % 8 != 0)
    return {};
  return unpack.getBytes();
}

/// Whether the bytes that hold `codes` are known to be those that `unpack`
/// gives. An argument's may have anything above the bits of a code.
static bool areExtended(Value codes) {
  return getElementTypeOrSelf(codes).getIntOrFloatBitWidth() == 8 ||
         isa_and_nonnull<UnpackOp, arith::ConstantOp>(codes.getDefiningOp());
}

// unpack(pack(c)) -> c
OpFoldResult UnpackOp::fold(FoldAdaptor) {
  auto pack = getBytes().getDefiningOp<PackOp>();
  if (!pack || pack.getPacking() != getPacking() ||
      pack.getCodes().getType() != getType() || !areExtended(pack.getCodes()) ||
      !keepsNumCodes(getType(), getType().getElementTypeBitWidth()))
    return {};
  return pack.getCodes();
}

// relayout to the input's own type -> the input
// relayout(relayout(q)) -> q, where that is of the result's type
OpFoldResult RelayoutOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  auto inverse = getInput().getDefiningOp<RelayoutOp>();
  bool isIdentity = inverse && inverse.getInput().getType() == getType();
  return isIdentity ? inverse.getInput() : Value();
}

/// Whether `size` is that of dimension `dim` of `tensor`.
static bool isSizeOf(Value size, Value tensor, int64_t dim) {
  auto op = size.getDefiningOp<tensor::DimOp>();
  return op && op.getSource() == tensor && op.getConstantIndex() == dim;
}

/// Whether `toLinear` gives back the shape of `scales`, of the same type.
static bool hasShapeOf(RelayoutScalesOp toLinear, Value scales) {
  RankedTensorType type = toLinear.getType();
  OperandRange sizes = toLinear.getSizes();
  for (int64_t dim = type.getRank() - 2; dim < type.getRank(); ++dim) {
    if (!type.isDynamicDim(dim))
      continue;
    if (!isSizeOf(sizes.front(), scales, dim))
      return false;
    sizes = sizes.drop_front();
  }
  return true;
}

/// Whether tiles of `linear` scales are full: without padding.
static bool fillsTiles(RankedTensorType linear) {
  ArrayRef<int64_t> sizes = linear.getShape().take_back(2);
  return !ShapedType::isDynamicShape(sizes) &&
         sizes[0] % RelayoutScalesOp::kTileRows == 0 &&
         sizes[1] % RelayoutScalesOp::kTileColumns == 0;
}

// to linear(to tiles(s)) -> s, where sizes are known to be those of s
// to tiles(to linear(t)) -> t, unless t has padding, which becomes zero.
OpFoldResult RelayoutScalesOp::fold(FoldAdaptor) {
  auto inverse = getScales().getDefiningOp<RelayoutScalesOp>();
  if (!inverse || inverse.getLayout() == getLayout() ||
      inverse.getScales().getType() != getType())
    return {};
  bool isIdentity = makesTiles() ? fillsTiles(getScales().getType())
                                 : hasShapeOf(*this, inverse.getScales());
  return isIdentity ? inverse.getScales() : Value();
}
