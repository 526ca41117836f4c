//===- CarriedTensors.cpp - Tensors without a buffer ----------------------===//

#include "CarriedTensors.h"
#include "Loops.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "quantx/IR/QuantXTypes.h"

using namespace mlir;
using namespace quantx;

bool quantx::isCarried(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && (getScaledElementType(tensor) ||
                    tensor.getElementType().isUnsignedInteger());
}

static bool isSmallInteger(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && isCodeType(tensor.getElementType());
}

static bool hasDynamicCodes(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return getScaledElementType(tensor) &&
         ShapedType::isDynamic(tensor.getShape().back());
}

/// Signless integers as such of another width, sign-extended or cut.
static Value convertIntegers(OpBuilder &builder, Location loc, Value value,
                             Type elementType) {
  Type from = getElementTypeOrSelf(value);
  if (from == elementType)
    return value;
  auto convert = [&](OpBuilder &b, Location loc, ValueRange indices) -> Value {
    Value element = tensor::ExtractOp::create(b, loc, value, indices);
    if (from.getIntOrFloatBitWidth() < elementType.getIntOrFloatBitWidth())
      return arith::ExtSIOp::create(b, loc, elementType, element);
    return arith::TruncIOp::create(b, loc, elementType, element);
  };
  return buildElements(builder, loc, tensor::getMixedSizes(builder, loc, value),
                       elementType, convert);
}

SmallVector<OpFoldResult> quantx::getSizes(OpBuilder &builder, Location loc,
                                           RankedTensorType type,
                                           const Parts &parts) {
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(builder, loc, parts.values.front());
  if (!ShapedType::isDynamic(type.getShape().back()))
    sizes.back() = builder.getIndexAttr(type.getShape().back());
  else if (parts.numCodes)
    sizes.back() = parts.numCodes;
  return sizes;
}

FailureOr<Parts> quantx::getParts(OpBuilder &builder, Value value) {
  Type type = value.getType();
  if (!isCarried(type)) {
    if (isSmallInteger(type))
      value =
          convertIntegers(builder, value.getLoc(), value, builder.getI8Type());
    return Parts{{value}};
  }
  auto carrier = value.getDefiningOp<UnrealizedConversionCastOp>();
  if (!carrier)
    return failure();
  Parts parts{llvm::to_vector(carrier.getInputs())};
  if (hasDynamicCodes(type))
    parts.numCodes = parts.values.pop_back_val();
  return parts;
}

/// A value of `type` that carries, or is, `parts`.
static Value createValue(OpBuilder &builder, Location loc, Type type,
                         const Parts &parts) {
  if (!isa<RankedTensorType>(type))
    return parts.values.front();
  if (!isCarried(type)) {
    Value value = convertIntegers(builder, loc, parts.values.front(),
                                  getElementTypeOrSelf(type));
    return castTensor(builder, loc, value, type);
  }
  SmallVector<Value> inputs = parts.values;
  if (hasDynamicCodes(type))
    inputs.push_back(
        getValueOrCreateConstantIndexOp(builder, loc, parts.numCodes));
  return UnrealizedConversionCastOp::create(builder, loc, type, inputs)
      .getResult(0);
}

/// Answers what asks for the sizes of `result`, a carried tensor to be.
static void replaceDims(RewriterBase &rewriter, Value result,
                        const Parts &parts) {
  SmallVector<tensor::DimOp> dims;
  for (Operation *user : result.getUsers())
    if (auto dim = dyn_cast<tensor::DimOp>(user))
      dims.push_back(dim);
  if (dims.empty())
    return;
  Location loc = result.getLoc();
  SmallVector<OpFoldResult> sizes =
      getSizes(rewriter, loc, cast<RankedTensorType>(result.getType()), parts);
  for (tensor::DimOp dim : dims)
    rewriter.replaceOp(dim, getValueOrCreateConstantIndexOp(
                                rewriter, loc, sizes[*dim.getConstantIndex()]));
}

void quantx::replaceWithParts(RewriterBase &rewriter, Operation *op,
                              ArrayRef<Parts> results) {
  SmallVector<Value> operands(op->getOperands());
  for (auto [result, parts] : llvm::zip_equal(op->getResults(), results)) {
    if (isCarried(result.getType()))
      replaceDims(rewriter, result, parts);
    if (!result.use_empty())
      rewriter.replaceAllUsesWith(
          result, createValue(rewriter, op->getLoc(), result.getType(), parts));
  }
  rewriter.eraseOp(op);
  llvm::SmallPtrSet<Operation *, 4> carriers;
  for (Value operand : operands)
    if (auto carrier = operand.getDefiningOp<UnrealizedConversionCastOp>())
      carriers.insert(carrier);
  for (Operation *carrier : carriers)
    if (carrier->use_empty())
      rewriter.eraseOp(carrier);
}
