//===- QuantXOps.cpp - Verifiers and builders of the quantx operations ----===//
//
// Every rule carries the label of the op's documentation.
//
//===----------------------------------------------------------------------===//

#include "quantx/IR/QuantXOps.h"
#include "Verification.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace quantx;

#define GET_OP_CLASSES
#include "quantx/IR/QuantXOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Shared rules
//===----------------------------------------------------------------------===//

std::string quantx::formatSizes(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(
      shape, os,
      [&](int64_t size) {
        if (ShapedType::isDynamic(size))
          os << '?';
        else
          os << size;
      },
      "x");
  return text;
}

static std::string formatBlock(ScaledType type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  ScaledType::printBlock(os, type.getBlockShape());
  return text;
}

LogicalResult quantx::verifyBlockRank(Operation *op, ArrayRef<int64_t> shape,
                                      ScaledType type) {
  if (shape.size() == type.getBlockRank())
    return success();
  return op->emitOpError() << "expected a block of rank " << shape.size()
                           << " for a tensor of shape " << formatSizes(shape)
                           << ", got " << formatBlock(type);
}

LogicalResult quantx::verifyIsLinear(Operation *op, RankedTensorType tensor) {
  if (getScaledElementType(tensor).isLinear())
    return success();
  return op->emitOpError() << "expected a tensor without packing rows16, which "
                              "quantx.relayout undoes, got "
                           << tensor;
}

LogicalResult quantx::verifyHasStaticRows(Operation *op,
                                          RankedTensorType tensor) {
  if (getScaledElementType(tensor).isLinear() ||
      !ShapedType::isDynamicShape(tensor.getShape().take_back(2)))
    return success();
  return op->emitOpError()
         << "expected static rows and columns with packing rows16, got "
         << tensor;
}

/// What the parameters of `type` are called in diagnostics, in order.
static SmallVector<StringRef> getParameterNames(ScaledType type) {
  SmallVector<StringRef> names = {"scales"};
  if (type.hasZeroPoint())
    names.push_back("zero points");
  if (type.hasGlobal())
    names.push_back("a global scale");
  return names;
}

/// `actual` are the parameter types of `type` for a tensor of `shape`; a
/// dynamic size agrees with any.
static LogicalResult verifyParameters(Operation *op, ArrayRef<int64_t> shape,
                                      ScaledType type, TypeRange actual) {
  SmallVector<Type> expected = type.getParameterTypes(shape);
  SmallVector<StringRef> names = getParameterNames(type);
  if (actual.size() != expected.size()) {
    InFlightDiagnostic diag = op->emitOpError()
                              << "expected " << expected.size()
                              << (expected.size() == 1 ? " parameter ("
                                                       : " parameters (");
    llvm::interleaveComma(names, diag);
    return diag << ") for " << type << ", got " << actual.size();
  }
  for (auto [name, want, got] : llvm::zip_equal(names, expected, actual)) {
    auto wantTensor = cast<RankedTensorType>(want);
    auto gotTensor = cast<RankedTensorType>(got);
    if (wantTensor.getElementType() != gotTensor.getElementType()) {
      return op->emitOpError() << "expected " << name << " of type "
                               << wantTensor.getElementType() << " for " << type
                               << ", got " << gotTensor.getElementType();
    }
    if (failed(verifyCompatibleShape(wantTensor, gotTensor))) {
      return op->emitOpError()
             << "expected " << name << " of shape "
             << formatSizes(wantTensor.getShape()) << " for tensor<"
             << formatSizes(shape) << "> per " << formatBlock(type) << ", got "
             << formatSizes(gotTensor.getShape());
    }
  }
  return success();
}

/// `expressed` is what `scaled` quantizes from: same shape, expressed type.
static LogicalResult verifyExpressed(Operation *op, StringRef name,
                                     RankedTensorType expressed,
                                     RankedTensorType scaled) {
  ScaledType type = getScaledElementType(scaled);
  if (expressed.getElementType() != type.getExpressedType()) {
    return op->emitOpError()
           << "expected " << name << " of type " << type.getExpressedType()
           << ", the expressed type of " << type << ", got "
           << expressed.getElementType();
  }
  if (expressed.getRank() != scaled.getRank() ||
      failed(verifyCompatibleShape(expressed, scaled))) {
    return op->emitOpError()
           << "expected " << name << " of the scaled tensor's shape "
           << formatSizes(scaled.getShape()) << ", got "
           << formatSizes(expressed.getShape());
  }
  return success();
}

static LogicalResult verifyPayload(Operation *op, RankedTensorType payload,
                                   RankedTensorType scaled) {
  ScaledType type = getScaledElementType(scaled);
  RankedTensorType expected = type.getPayloadType(scaled.getShape());
  if (succeeded(verifyCompatibleShape(expected, payload)))
    return success();
  return op->emitOpError() << "expected a payload of shape "
                           << formatSizes(expected.getShape()) << " for "
                           << scaled << ", got "
                           << formatSizes(payload.getShape());
}

static LogicalResult verifySeed(Operation *op, Rounding rounding, Value seed) {
  bool isStochastic = rounding == Rounding::Stochastic;
  if (isStochastic == static_cast<bool>(seed))
    return success();
  return op->emitOpError() << (isStochastic ? "expected a seed for stochastic"
                                            : "expected no seed for ")
                           << (isStochastic ? "" : stringifyRounding(rounding))
                           << " rounding, got " << (seed ? "one" : "none");
}

static LogicalResult
verifyMethod(Operation *op, ScaleMethodAttrInterface method, ScaledType type) {
  if (type.hasGlobal() && type.hasZeroPoint()) {
    return op->emitOpError() << "expected a type without a zero point or "
                                "without a global scale for "
                             << method << ", got " << type;
  }
  return method.verifySuits(type, [op] { return op->emitOpError(); });
}

/// `weights` are there for a method that takes them, with a matrix for each
/// block in the dimension of `input` along which blocks lie.
static LogicalResult verifyWeights(Operation *op,
                                   ScaleMethodAttrInterface method,
                                   ScaledType type, RankedTensorType input,
                                   Value weights) {
  if (method.takesWeights() != static_cast<bool>(weights)) {
    return op->emitOpError()
           << "expected " << (weights ? "no weights" : "weights") << " for "
           << method << ", got " << (weights ? "some" : "none");
  }
  if (!weights)
    return success();
  auto weightsType = cast<RankedTensorType>(weights.getType());
  std::optional<unsigned> dim = type.getBlockedDimension();
  assert(dim && "a method with weights suits blocks along one dimension");
  SmallVector<int64_t> expected = type.getWeightsShape(input.getShape(), *dim);
  if (succeeded(verifyCompatibleShape(expected, weightsType.getShape())))
    return success();
  return op->emitOpError() << "expected weights of shape "
                           << formatSizes(expected) << " for "
                           << formatSizes(input.getShape()) << " per "
                           << formatBlock(type) << ", got "
                           << formatSizes(weightsType.getShape());
}

/// `global` is there only for a type with a global scale.
static LogicalResult verifyGlobal(Operation *op, ScaledType type,
                                  Value global) {
  if (!global || type.hasGlobal())
    return success();
  return op->emitOpError() << "expected no global scale for " << type
                           << ", which has none, got one";
}

/// `input` has the expressed type of `type`.
static LogicalResult verifyInputType(Operation *op, RankedTensorType input,
                                     ScaledType type) {
  if (input.getElementType() == type.getExpressedType())
    return success();
  return op->emitOpError() << "expected input of type "
                           << type.getExpressedType()
                           << ", the expressed type of " << type << ", got "
                           << input.getElementType();
}

//===----------------------------------------------------------------------===//
// ChooseGlobalOp, ChooseQParamsOp
//===----------------------------------------------------------------------===//

LogicalResult ChooseGlobalOp::verify() {
  // choose_global_c1
  if (failed(verifyInputType(*this, getInput().getType(), getScaledType())))
    return failure();
  // choose_global_c2
  if (getScaledType().hasGlobal())
    return success();
  return emitOpError() << "expected a type with a global scale, got "
                       << getScaledType();
}

void ChooseQParamsOp::build(OpBuilder &builder, OperationState &state,
                            Value input, ScaleMethodAttrInterface method,
                            ScaledType scaled, Value weights, Value global) {
  auto inputType = cast<RankedTensorType>(input.getType());
  build(builder, state, scaled.getParameterTypes(inputType.getShape()), input,
        weights, global, method, TypeAttr::get(scaled));
}

LogicalResult ChooseQParamsOp::verify() {
  ScaledType type = getScaledType();
  RankedTensorType input = getInput().getType();
  // choose_qparams_c1
  if (failed(verifyInputType(*this, input, type)))
    return failure();
  // choose_qparams_c2
  if (failed(verifyBlockRank(*this, input.getShape(), type)))
    return failure();
  // choose_qparams_c3
  if (failed(verifyMethod(*this, getMethod(), type)))
    return failure();
  // choose_qparams_c8: before shapes, which would be those of rows side by side
  if (!type.isLinear()) {
    return emitOpError() << "expected a type without packing rows16, got "
                         << type;
  }
  // choose_qparams_c4
  if (failed(verifyParameters(*this, input.getShape(), type,
                              getParameters().getTypes())))
    return failure();
  // choose_qparams_c5, choose_qparams_c6
  if (failed(verifyWeights(*this, getMethod(), type, input, getWeights())))
    return failure();
  // choose_qparams_c7
  return verifyGlobal(*this, type, getGlobal());
}

//===----------------------------------------------------------------------===//
// QuantizeOp, DynamicQuantizeOp, DequantizeOp
//===----------------------------------------------------------------------===//

LogicalResult QuantizeOp::verify() {
  // quantize_c2, quantize_c5
  if (failed(verifyBlockRank(*this, getType().getShape(), getScaledType())) ||
      failed(verifyIsLinear(*this, getType())))
    return failure();
  // quantize_c1
  if (failed(verifyExpressed(*this, "input", getInput().getType(), getType())))
    return failure();
  // quantize_c3
  if (failed(verifyParameters(*this, getType().getShape(), getScaledType(),
                              getParameters().getTypes())))
    return failure();
  // quantize_c4
  return verifySeed(*this, getRounding(), getSeed());
}

LogicalResult DynamicQuantizeOp::verify() {
  // dynamic_quantize_c1
  if (failed(verifyBlockRank(*this, getType().getShape(), getScaledType())) ||
      failed(verifyExpressed(*this, "input", getInput().getType(), getType())))
    return failure();
  // dynamic_quantize_c6
  if (failed(verifyIsLinear(*this, getType())))
    return failure();
  // dynamic_quantize_c2
  if (failed(verifyMethod(*this, getMethod(), getScaledType())))
    return failure();
  // dynamic_quantize_c3
  if (failed(verifySeed(*this, getRounding(), getSeed())))
    return failure();
  // dynamic_quantize_c4
  if (failed(verifyWeights(*this, getMethod(), getScaledType(),
                           getInput().getType(), getWeights())))
    return failure();
  // dynamic_quantize_c5
  return verifyGlobal(*this, getScaledType(), getGlobal());
}

LogicalResult DequantizeOp::verify() {
  // dequantize_c1 is the trait of InferTypeOpInterface; dequantize_c2
  if (failed(verifyBlockRank(*this, getInput().getType().getShape(),
                             getScaledType())))
    return failure();
  // dequantize_c3
  return verifyIsLinear(*this, getInput().getType());
}

//===----------------------------------------------------------------------===//
// AssembleOp, DisassembleOp
//===----------------------------------------------------------------------===//

LogicalResult AssembleOp::verify() {
  ScaledType type = getScaledElementType(getType());
  // assemble_c3, assemble_c4
  if (failed(verifyBlockRank(*this, getType().getShape(), type)) ||
      failed(verifyHasStaticRows(*this, getType())))
    return failure();
  // assemble_c1
  if (failed(verifyPayload(*this, getPayload().getType(), getType())))
    return failure();
  // assemble_c2
  return verifyParameters(*this, getType().getShape(), type,
                          getParameters().getTypes());
}

LogicalResult DisassembleOp::verify() {
  RankedTensorType input = getInput().getType();
  ScaledType type = getScaledElementType(input);
  // disassemble_c2, disassemble_c3
  if (failed(verifyBlockRank(*this, input.getShape(), type)) ||
      failed(verifyHasStaticRows(*this, input)))
    return failure();
  // disassemble_c1
  if (failed(verifyPayload(*this, getPayload().getType(), input)))
    return failure();
  return verifyParameters(*this, input.getShape(), type,
                          getParameters().getTypes());
}

//===----------------------------------------------------------------------===//
// PackOp, UnpackOp
//===----------------------------------------------------------------------===//

/// The rules of pack and unpack: `bytes` are `codes` packed along the last
/// dimension, and `packing` is of such codes.
static LogicalResult verifyPacked(Operation *op, RankedTensorType codes,
                                  RankedTensorType bytes, Packing packing) {
  if (codes.getRank() == 0)
    return op->emitOpError()
           << "expected codes of rank 1 or more, got " << codes;
  if (packing != Packing::Linear && codes.getElementTypeBitWidth() != 4) {
    return op->emitOpError()
           << "expected codes of 4 bits for " << stringifyPacking(packing)
           << " packing, got " << codes;
  }
  SmallVector<int64_t> expected(codes.getShape());
  expected.back() =
      getPackedSize(expected.back(), codes.getElementTypeBitWidth());
  if (succeeded(verifyCompatibleShape(expected, bytes.getShape())))
    return success();
  return op->emitOpError() << "expected bytes of shape "
                           << formatSizes(expected) << " for codes " << codes
                           << ", got " << formatSizes(bytes.getShape());
}

// pack_c1, pack_c2, pack_c3
LogicalResult PackOp::verify() {
  return verifyPacked(*this, getCodes().getType(), getType(), getPacking());
}

// unpack_c1, unpack_c2, unpack_c3
LogicalResult UnpackOp::verify() {
  return verifyPacked(*this, getType(), getBytes().getType(), getPacking());
}

//===----------------------------------------------------------------------===//
// RelayoutScalesOp
//===----------------------------------------------------------------------===//

/// The shape of the tiles of scales of `shape`.
static SmallVector<int64_t> getTiledShape(ArrayRef<int64_t> shape) {
  auto divide = [](int64_t size, int64_t tile) {
    return ShapedType::isDynamic(size) ? size : llvm::divideCeil(size, tile);
  };
  size_t numBatches = shape.size() - 2;
  SmallVector<int64_t> tiles(shape.take_front(numBatches));
  tiles.push_back(divide(shape[numBatches], RelayoutScalesOp::kTileRows));
  tiles.push_back(divide(shape.back(), RelayoutScalesOp::kTileColumns));
  tiles.push_back(RelayoutScalesOp::kTileLines);
  tiles.push_back(RelayoutScalesOp::kTileLineSize);
  return tiles;
}

LogicalResult RelayoutScalesOp::verify() {
  RankedTensorType linear = getLinearType(), tiles = getTiledType();
  // relayout_scales_c1
  if (linear.getRank() < 2) {
    return emitOpError() << "expected linear scales of rank 2 or more, got "
                         << linear;
  }
  if (tiles.getRank() != linear.getRank() + 2) {
    return emitOpError() << "expected tiles of rank " << linear.getRank() + 2
                         << " for linear scales " << linear << ", got "
                         << tiles;
  }
  // relayout_scales_c2
  SmallVector<int64_t> expected = getTiledShape(linear.getShape());
  if (failed(verifyCompatibleShape(expected, tiles.getShape()))) {
    return emitOpError() << "expected tiles of shape " << formatSizes(expected)
                         << " for linear scales " << linear << ", got "
                         << formatSizes(tiles.getShape());
  }
  // relayout_scales_c3
  if (linear.getElementType() != tiles.getElementType()) {
    return emitOpError() << "expected a result of "
                         << getScales().getType().getElementType()
                         << ", as the operand is, got "
                         << getType().getElementType();
  }
  // relayout_scales_c4
  size_t numSizes = 0;
  if (!makesTiles()) {
    numSizes =
        llvm::count_if(linear.getShape().take_back(2), ShapedType::isDynamic);
  }
  if (getSizes().size() == numSizes)
    return success();
  if (makesTiles()) {
    return emitOpError() << "expected no sizes for tiles, got "
                         << getSizes().size();
  }
  return emitOpError() << "expected " << numSizes
                       << " sizes for the dynamic rows and columns of "
                       << getType() << ", got " << getSizes().size();
}

//===----------------------------------------------------------------------===//
// RelayoutOp
//===----------------------------------------------------------------------===//

LogicalResult RelayoutOp::verify() {
  RankedTensorType input = getInput().getType();
  ScaledType from = getScaledElementType(input);
  ScaledType to = getScaledElementType(getType());
  // relayout_c1
  if (input.getRank() != getType().getRank() ||
      failed(verifyCompatibleShape(input, getType()))) {
    return emitOpError() << "expected a result of the input's shape "
                         << formatSizes(input.getShape()) << ", got "
                         << formatSizes(getType().getShape());
  }
  // relayout_c2
  if (from.withLayout(to.getLayout()) != to) {
    return emitOpError() << "expected a result of "
                         << from.withLayout(to.getLayout())
                         << ", the input's type in another packing, got " << to;
  }
  // relayout_c3
  if (failed(verifyBlockRank(*this, input.getShape(), from)))
    return failure();
  // relayout_c4
  return success(succeeded(verifyHasStaticRows(*this, input)) &&
                 succeeded(verifyHasStaticRows(*this, getType())));
}

//===----------------------------------------------------------------------===//
// ErrorStatsOp
//===----------------------------------------------------------------------===//

LogicalResult ErrorStatsOp::verify() {
  RankedTensorType quantized = getQuantized().getType();
  // error_stats_c2, error_stats_c3
  if (failed(verifyBlockRank(*this, quantized.getShape(), getScaledType())) ||
      failed(verifyIsLinear(*this, quantized)))
    return failure();
  // error_stats_c1
  return verifyExpressed(*this, "original", getOriginal().getType(), quantized);
}
