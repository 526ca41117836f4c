//===- QuantToQuantX.cpp - The convert-quant-to-quantx pass ---------------===//

#include "quantx/Conversion/QuantToQuantX/QuantToQuantX.h"
#include "QuantTypes.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"
#include "quantx/IR/QuantXOps.h"
#include "quantx/Transforms/StructuralConversion.h"

namespace quantx {
#define GEN_PASS_DEF_CONVERTQUANTTOQUANTX
#include "quantx/Conversion/QuantToQuantX/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static bool isQuantized(Type type) {
  return isa<quant::QuantizedType>(getElementTypeOrSelf(type));
}

/// `type`, a tensor that `verifyTypes` has let pass.
static QuantTensor getQuantTensor(Type type) {
  FailureOr<QuantTensor> converted = convertQuantTensor(
      cast<RankedTensorType>(type), []() -> InFlightDiagnostic { return {}; });
  assert(succeeded(converted) && "expected a type that has been verified");
  return *converted;
}

QuantTypeConverter::QuantTypeConverter() {
  addConversion([](Type type) -> std::optional<Type> {
    return isQuantized(type) ? Type() : type;
  });
  addConversion([](RankedTensorType type) -> std::optional<Type> {
    if (!isQuantized(type))
      return std::nullopt;
    FailureOr<QuantTensor> converted =
        convertQuantTensor(type, []() -> InFlightDiagnostic { return {}; });
    return succeeded(converted) ? Type(type.clone(converted->type)) : Type();
  });
}

/// Fails on the first op with a quantized type that has no equal, and says why.
static LogicalResult verifyTypes(Operation *root) {
  Operation *current = nullptr;
  auto emitError = [&] {
    return current->emitOpError("cannot be converted: ");
  };
  AttrTypeWalker walker;
  walker.addWalk([&](RankedTensorType type) {
    if (!isQuantized(type))
      return WalkResult::advance();
    return failed(convertQuantTensor(type, emitError)) ? WalkResult::interrupt()
                                                       : WalkResult::skip();
  });
  walker.addWalk([&](quant::QuantizedType type) {
    emitError() << "expected " << type
                << " as the element type of ranked tensors alone";
    return WalkResult::interrupt();
  });
  auto stops = [&](auto typeOrAttribute) {
    return walker.walk<WalkOrder::PreOrder>(typeOrAttribute).wasInterrupted();
  };
  WalkResult result = root->walk([&](Operation *op) {
    current = op;
    if (stops(Attribute(op->getAttrDictionary())) ||
        llvm::any_of(op->getResultTypes(), stops))
      return WalkResult::interrupt();
    for (Region &region : op->getRegions()) {
      for (Block &block : region)
        if (llvm::any_of(block.getArgumentTypes(), stops))
          return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

/// The constant parameters, as operands of ops on a tensor of `shape`.
static SmallVector<Value> buildParameters(ImplicitLocOpBuilder &b,
                                          const QuantTensor &tensor,
                                          ArrayRef<int64_t> shape) {
  SmallVector<Value> parameters;
  SmallVector<Type> types = tensor.type.getParameterTypes(shape);
  for (DenseElementsAttr values : {tensor.scales, tensor.zeroPoints}) {
    if (!values)
      continue;
    Value constant = arith::ConstantOp::create(b, values);
    // Where a dimension is dynamic, so is the number of its blocks.
    Type type = types[parameters.size()];
    parameters.push_back(constant.getType() == type
                             ? constant
                             : tensor::CastOp::create(b, type, constant));
  }
  return parameters;
}

/// The codes of `tensor`, of `type`, as integers of as many bits, whose sign
/// `type` knows.
static Value buildCodes(ImplicitLocOpBuilder &b, Value tensor,
                        ScaledType type) {
  auto tensorType = cast<RankedTensorType>(tensor.getType());
  auto parts = DisassembleOp::create(
      b, type.getPayloadType(tensorType.getShape()),
      type.getParameterTypes(tensorType.getShape()), tensor);
  auto codes = b.getIntegerType(type.getStorageBits());
  if (type.getStorageBits() == 8)
    return parts.getPayload();
  return UnpackOp::create(b, tensorType.clone(codes), parts.getPayload(),
                          Packing::Linear);
}

/// The tensor of `type` that has such codes.
static Value buildTensor(ImplicitLocOpBuilder &b, Value codes,
                         const QuantTensor &tensor, ValueRange parameters) {
  auto codesType = cast<RankedTensorType>(codes.getType());
  Value payload = codes;
  if (tensor.type.getStorageBits() != 8) {
    payload =
        PackOp::create(b, tensor.type.getPayloadType(codesType.getShape()),
                       codes, Packing::Linear);
  }
  return AssembleOp::create(b, codesType.clone(tensor.type), payload,
                            parameters);
}

/// A tensor like `codes` that holds `value` everywhere.
static Value buildSplat(ImplicitLocOpBuilder &b, Value codes, int64_t value) {
  auto type = cast<RankedTensorType>(codes.getType());
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      sizes.push_back(tensor::DimOp::create(b, codes, dim));
  auto element = cast<IntegerType>(type.getElementType());
  Value scalar = arith::ConstantOp::create(
      b, b.getIntegerAttr(element, APInt(element.getWidth(), uint64_t(value),
                                         /*isSigned=*/true,
                                         /*implicitTrunc=*/true)));
  return tensor::SplatOp::create(b, type, scalar, sizes);
}

/// `codes`, limited to the range of `type`.
static Value buildClamp(ImplicitLocOpBuilder &b, Value codes,
                        quant::QuantizedType type) {
  Value low = buildSplat(b, codes, type.getStorageTypeMin());
  Value high = buildSplat(b, codes, type.getStorageTypeMax());
  if (type.isSigned()) {
    codes = arith::MaxSIOp::create(b, codes, low);
    return arith::MinSIOp::create(b, codes, high);
  }
  codes = arith::MaxUIOp::create(b, codes, low);
  return arith::MinUIOp::create(b, codes, high);
}

namespace {

struct ConvertQuantizeCast : public OpConversionPattern<quant::QuantizeCastOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(quant::QuantizeCastOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getType());
    QuantTensor tensor = getQuantTensor(type);
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> parameters = buildParameters(b, tensor, type.getShape());
    Value result =
        QuantizeOp::create(b, type.clone(tensor.type), adaptor.getInput(),
                           parameters, /*seed=*/Value());
    auto quantized = cast<quant::QuantizedType>(type.getElementType());
    if (quantized.hasStorageTypeBounds()) {
      Value codes = buildCodes(b, result, tensor.type);
      result =
          buildTensor(b, buildClamp(b, codes, quantized), tensor, parameters);
    }
    rewriter.replaceOp(op, result);
    return success();
  }
};

struct ConvertDequantizeCast
    : public OpConversionPattern<quant::DequantizeCastOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(quant::DequantizeCastOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<DequantizeOp>(op, op.getType(),
                                              adaptor.getInput());
    return success();
  }
};

struct ConvertStorageCast : public OpConversionPattern<quant::StorageCastOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(quant::StorageCastOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    if (!isQuantized(op.getType())) {
      QuantTensor tensor = getQuantTensor(op.getInput().getType());
      rewriter.replaceOp(op, buildCodes(b, adaptor.getInput(), tensor.type));
      return success();
    }
    auto type = cast<RankedTensorType>(op.getType());
    QuantTensor tensor = getQuantTensor(type);
    rewriter.replaceOp(
        op, buildTensor(b, adaptor.getInput(), tensor,
                        buildParameters(b, tensor, type.getShape())));
    return success();
  }
};

} // namespace

void quantx::populateQuantToQuantXPatterns(const TypeConverter &converter,
                                           RewritePatternSet &patterns) {
  patterns.add<ConvertQuantizeCast, ConvertDequantizeCast, ConvertStorageCast>(
      converter, patterns.getContext());
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct ConvertQuantToQuantXPass
    : public quantx::impl::ConvertQuantToQuantXBase<ConvertQuantToQuantXPass> {
  void runOnOperation() override {
    if (failed(verifyTypes(getOperation())))
      return signalPassFailure();
    QuantTypeConverter converter;
    ConversionTarget target(getContext());
    RewritePatternSet patterns(&getContext());
    populateQuantToQuantXPatterns(converter, patterns);
    populateStructuralTypeConversionsAndLegality(converter, patterns, target);
    target.addIllegalDialect<quant::QuantDialect>();
    target.markUnknownOpDynamicallyLegal(
        [&](Operation *op) { return converter.isLegal(op); });
    // Upstream folds a dcast of a qcast to what was quantized.
    ConversionConfig config;
    config.foldingMode = DialectConversionFoldingMode::Never;
    if (failed(applyFullConversion(getOperation(), target, std::move(patterns),
                                   config)))
      signalPassFailure();
  }
};

} // namespace
