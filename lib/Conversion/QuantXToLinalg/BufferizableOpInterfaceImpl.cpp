//===- BufferizableOpInterfaceImpl.cpp - quantx in bufferization ----------===//
//
// An op bufferizes to its linalg on tensors, which one-shot bufferization then
// takes like any other: it puts new ops on its list. What has no buffer of its
// own is carried from op to op (CarriedTensors.h).
//
//===----------------------------------------------------------------------===//

#include "quantx/Conversion/QuantXToLinalg/BufferizableOpInterfaceImpl.h"
#include "CarriedTensors.h"
#include "Loops.h"
#include "Lowerings.h"
#include "PackedCodes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectRegistry.h"
#include "quantx/Conversion/QuantXToLinalg/WeightLayouts.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace quantx;

//===----------------------------------------------------------------------===//
// The interface
//===----------------------------------------------------------------------===//

static InFlightDiagnostic emitNotCarried(Operation *op, Type type) {
  return op->emitOpError()
         << "cannot be bufferized: expected " << type
         << " to pass between quantx ops only; run quantx-lower-to-linalg "
            "first, which takes it anywhere; got ";
}

static bool isQuantX(Operation *op) {
  return op && isa_and_nonnull<QuantXDialect>(op->getDialect());
}

/// Whether `user` can use a carried tensor.
static bool isCarriedUse(Operation *user) {
  auto dim = dyn_cast<tensor::DimOp>(user);
  return isQuantX(user) || (dim && dim.getConstantIndex());
}

/// Every carried tensor comes from and goes to a quantx op.
static LogicalResult verifyCarried(Operation *op) {
  for (Value operand : op->getOperands()) {
    Operation *source = operand.getDefiningOp();
    if (!isCarried(operand.getType()) || isQuantX(source))
      continue;
    InFlightDiagnostic diag = emitNotCarried(op, operand.getType());
    return source ? diag << "it from " << source->getName()
                  : diag << "it as a block argument";
  }
  for (Value result : op->getResults()) {
    for (Operation *user : result.getUsers()) {
      if (isCarried(result.getType()) && !isCarriedUse(user))
        return emitNotCarried(op, result.getType())
               << "a use by " << user->getName();
    }
  }
  return success();
}

namespace {

/// `Model` derives from this and has
///   static SmallVector<Parts> expand(OpBuilder &, OpT, ArrayRef<Parts>)
/// which builds the results from the lowered operands.
template <typename Model, typename OpT>
struct ExpandingModel
    : public BufferizableOpInterface::ExternalModel<Model, OpT> {
  bool bufferizesToAllocation(Operation *op, Value value) const { return true; }

  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &state) const {
    return true;
  }

  bool bufferizesToMemoryWrite(Operation *op, OpOperand &operand,
                               const AnalysisState &state) const {
    return false;
  }

  AliasingValueList getAliasingValues(Operation *op, OpOperand &operand,
                                      const AnalysisState &state) const {
    return {};
  }

  /// There is no copying of what has no buffer; who writes into a part of it
  /// copies that.
  bool mustBufferizeInPlace(Operation *op, OpOperand &operand,
                            const AnalysisState &state) const {
    return isCarried(operand.get().getType());
  }

  LogicalResult verifyAnalysis(Operation *op,
                               const AnalysisState &state) const {
    return verifyCarried(op);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    // In place in a SmallVector, gcc -O3 takes them for uninitialized.
    std::vector<Parts> operands;
    for (Value operand : op->getOperands()) {
      FailureOr<Parts> parts = getParts(rewriter, operand);
      if (failed(parts))
        return op->emitOpError() << "expected parts of " << operand.getType();
      operands.push_back(*parts);
    }
    replaceWithParts(rewriter, op,
                     Model::expand(rewriter, cast<OpT>(op), operands));
    return success();
  }
};

/// Operands of `OpT` become parts of its results, or the other way round.
template <typename Model, typename OpT>
struct RegroupingModel : public ExpandingModel<Model, OpT> {
  bool bufferizesToAllocation(Operation *op, Value value) const {
    return false;
  }

  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &state) const {
    return false;
  }

  AliasingValueList getAliasingValues(Operation *op, OpOperand &operand,
                                      const AnalysisState &state) const {
    AliasingValueList list;
    for (Value result : op->getResults())
      list.addAlias({result, BufferRelation::Unknown, /*isDefinite=*/false});
    return list;
  }

  bool mustBufferizeInPlace(Operation *op, OpOperand &operand,
                            const AnalysisState &state) const {
    return true;
  }
};

Value getFirst(const Parts &parts) { return parts.values.front(); }

/// The parameters of a scaled tensor.
ValueRange getParameters(const Parts &parts) {
  return ValueRange(parts.values).drop_front();
}

/// The codes of a scaled tensor of `type`.
CodeSource getPayload(OpBuilder &builder, Location loc, RankedTensorType type,
                      const Parts &parts) {
  return createPackedSource(builder, loc, getFirst(parts), Packing::Linear,
                            getScaledElementType(type).getStorageBits(),
                            getSizes(builder, loc, type, parts));
}

/// The scaled tensor of `payload` and `parameters` that holds `input`.
Parts getQuantized(OpBuilder &builder, Location loc, Value payload,
                   ValueRange parameters, Value input) {
  int64_t last = cast<RankedTensorType>(input.getType()).getRank() - 1;
  Parts result{{payload}, tensor::getMixedSize(builder, loc, input, last)};
  llvm::append_range(result.values, parameters);
  return result;
}

struct ChooseGlobalModel
    : public ExpandingModel<ChooseGlobalModel, ChooseGlobalOp> {
  static SmallVector<Parts> expand(OpBuilder &builder, ChooseGlobalOp op,
                                   ArrayRef<Parts> operands) {
    return {{{lowerChooseGlobal(builder, op.getLoc(), op.getScaledType(),
                                getFirst(operands[0]))}}};
  }
};

struct ChooseQParamsModel
    : public ExpandingModel<ChooseQParamsModel, ChooseQParamsOp> {
  static SmallVector<Parts> expand(OpBuilder &builder, ChooseQParamsOp op,
                                   ArrayRef<Parts> operands) {
    SmallVector<Parts> results;
    for (Value parameter : lowerChooseQParams(
             builder, op.getLoc(), op.getScaledType(), getFirst(operands[0]),
             {op.getMethod(), op.getWeights(), op.getGlobal()}))
      results.push_back({{parameter}});
    return results;
  }
};

struct QuantizeModel : public ExpandingModel<QuantizeModel, QuantizeOp> {
  // The parameters become part of the result, and the codes are new.
  AliasingValueList getAliasingValues(Operation *op, OpOperand &operand,
                                      const AnalysisState &state) const {
    if (operand.getOperandNumber() == 0)
      return {};
    return {{op->getResult(0), BufferRelation::Unknown, /*isDefinite=*/false}};
  }
  bool mustBufferizeInPlace(Operation *op, OpOperand &operand,
                            const AnalysisState &state) const {
    return operand.getOperandNumber() != 0;
  }
  bool resultBufferizesToMemoryWrite(Operation *op, OpResult result,
                                     const AnalysisState &state) const {
    return true;
  }

  static SmallVector<Parts> expand(OpBuilder &builder, QuantizeOp op,
                                   ArrayRef<Parts> operands) {
    Value input = getFirst(operands[0]);
    SmallVector<Value> parameters = llvm::map_to_vector(
        operands.slice(1, op.getParameters().size()), getFirst);
    Value payload = lowerQuantize(
        builder, op.getLoc(), op.getScaledType(), input, parameters,
        {op.getRounding(), op.getSaturate(), op.getSeed()});
    return {getQuantized(builder, op.getLoc(), payload, parameters, input)};
  }
};

struct DynamicQuantizeModel
    : public ExpandingModel<DynamicQuantizeModel, DynamicQuantizeOp> {
  static SmallVector<Parts> expand(OpBuilder &builder, DynamicQuantizeOp op,
                                   ArrayRef<Parts> operands) {
    Value input = getFirst(operands[0]);
    SmallVector<Value> parameters =
        lowerChooseQParams(builder, op.getLoc(), op.getScaledType(), input,
                           {op.getMethod(), op.getWeights(), op.getGlobal()});
    Value payload = lowerQuantize(
        builder, op.getLoc(), op.getScaledType(), input, parameters,
        {op.getRounding(), op.getSaturate(), op.getSeed()});
    return {getQuantized(builder, op.getLoc(), payload, parameters, input)};
  }
};

struct DequantizeModel : public ExpandingModel<DequantizeModel, DequantizeOp> {
  static SmallVector<Parts> expand(OpBuilder &builder, DequantizeOp op,
                                   ArrayRef<Parts> operands) {
    CodeSource codes =
        getPayload(builder, op.getLoc(), op.getInput().getType(), operands[0]);
    return {{{lowerDequantize(builder, op.getLoc(), op.getScaledType(), codes,
                              getParameters(operands[0]))}}};
  }
};

struct AssembleModel : public RegroupingModel<AssembleModel, AssembleOp> {
  static SmallVector<Parts> expand(OpBuilder &builder, AssembleOp op,
                                   ArrayRef<Parts> operands) {
    unsigned bits = getScaledElementType(op.getType()).getStorageBits();
    SmallVector<OpFoldResult> sizes = getCodeSizes(
        builder, op.getLoc(), op.getResult(), getFirst(operands[0]), bits);
    return {{llvm::map_to_vector(operands, getFirst), sizes.back()}};
  }
};

struct DisassembleModel
    : public RegroupingModel<DisassembleModel, DisassembleOp> {
  static SmallVector<Parts> expand(OpBuilder &, DisassembleOp op,
                                   ArrayRef<Parts> operands) {
    return llvm::map_to_vector(operands[0].values,
                               [](Value part) { return Parts{{part}}; });
  }
};

struct PackModel : public ExpandingModel<PackModel, PackOp> {
  static SmallVector<Parts> expand(OpBuilder &builder, PackOp op,
                                   ArrayRef<Parts> operands) {
    CodeSource codes =
        createUnpackedSource(builder, op.getLoc(), getFirst(operands[0]),
                             op.getCodes().getType().getElementTypeBitWidth());
    return {{{buildPackedCodes(builder, op.getLoc(), op.getPacking(), codes)}}};
  }
};

struct UnpackModel : public ExpandingModel<UnpackModel, UnpackOp> {
  static SmallVector<Parts> expand(OpBuilder &builder, UnpackOp op,
                                   ArrayRef<Parts> operands) {
    auto type = cast<IntegerType>(op.getType().getElementType());
    Value bytes = getFirst(operands[0]);
    SmallVector<OpFoldResult> sizes = getCodeSizes(
        builder, op.getLoc(), op.getResult(), bytes, type.getWidth());
    CodeSource codes = createPackedSource(
        builder, op.getLoc(), bytes, op.getPacking(), type.getWidth(), sizes);
    return {{{lowerUnpack(builder, op.getLoc(), type, codes)}}};
  }
};

struct RelayoutModel : public ExpandingModel<RelayoutModel, RelayoutOp> {
  // The global scale passes through.
  AliasingValueList getAliasingValues(Operation *op, OpOperand &operand,
                                      const AnalysisState &state) const {
    return {{op->getResult(0), BufferRelation::Unknown, /*isDefinite=*/false}};
  }

  static SmallVector<Parts> expand(OpBuilder &builder, RelayoutOp op,
                                   ArrayRef<Parts> operands) {
    Parts result = operands[0];
    result.values = lowerRelayout(
        builder, op.getLoc(), op.getInput().getType(),
        getScaledElementType(op.getType()).getLayout(), operands[0].values);
    return {result};
  }
};

struct RelayoutScalesModel
    : public ExpandingModel<RelayoutScalesModel, RelayoutScalesOp> {
  static SmallVector<Parts> expand(OpBuilder &builder, RelayoutScalesOp op,
                                   ArrayRef<Parts> operands) {
    return {{{lowerRelayoutScales(builder, op, getFirst(operands[0]),
                                  op.getSizes())}}};
  }
};

struct ScaledMatmulModel
    : public ExpandingModel<ScaledMatmulModel, ScaledMatmulOp> {
  // The result takes the place of the accumulator.
  static bool isInit(OpOperand &operand) {
    return cast<ScaledMatmulOp>(operand.getOwner()).isDpsInit(&operand);
  }
  bool bufferizesToAllocation(Operation *op, Value value) const {
    return false;
  }
  bool bufferizesToMemoryWrite(Operation *op, OpOperand &operand,
                               const AnalysisState &state) const {
    return isInit(operand);
  }
  AliasingValueList getAliasingValues(Operation *op, OpOperand &operand,
                                      const AnalysisState &state) const {
    if (!isInit(operand))
      return {};
    return {{op->getResult(0), BufferRelation::Equivalent}};
  }

  static SmallVector<Parts> expand(OpBuilder &builder, ScaledMatmulOp op,
                                   ArrayRef<Parts> operands) {
    auto getSource = [&](RankedTensorType type, const Parts &parts) {
      return ScaledSource{getScaledElementType(type),
                          getPayload(builder, op.getLoc(), type, parts),
                          llvm::to_vector(getParameters(parts))};
    };
    auto getLinear = [&](RankedTensorType type, Parts parts) {
      ScaledType linear =
          getScaledElementType(type).withLayout(WeightLayout::Linear);
      parts.values = lowerRelayout(builder, op.getLoc(), type,
                                   WeightLayout::Linear, parts.values);
      return getSource(type.clone(linear), parts);
    };
    MatmulLhs lhs = getFirst(operands[0]);
    if (op.getLhsScaledType())
      lhs = getSource(op.getLhs().getType(), operands[0]);
    return {{{lowerScaledMatmul(builder, op.getLoc(), lhs,
                                getLinear(op.getRhs().getType(), operands[1]),
                                getFirst(operands[2]))}}};
  }
};

struct ErrorStatsModel : public ExpandingModel<ErrorStatsModel, ErrorStatsOp> {
  static SmallVector<Parts> expand(OpBuilder &builder, ErrorStatsOp op,
                                   ArrayRef<Parts> operands) {
    CodeSource codes = getPayload(builder, op.getLoc(),
                                  op.getQuantized().getType(), operands[1]);
    SmallVector<Value> stats = lowerErrorStats(
        builder, op.getLoc(), op.getScaledType(), getFirst(operands[0]), codes,
        getParameters(operands[1]));
    return llvm::map_to_vector(stats,
                               [](Value value) { return Parts{{value}}; });
  }
};

} // namespace

void quantx::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, QuantXDialect *) {
    ChooseGlobalOp::attachInterface<ChooseGlobalModel>(*context);
    ChooseQParamsOp::attachInterface<ChooseQParamsModel>(*context);
    QuantizeOp::attachInterface<QuantizeModel>(*context);
    DynamicQuantizeOp::attachInterface<DynamicQuantizeModel>(*context);
    DequantizeOp::attachInterface<DequantizeModel>(*context);
    AssembleOp::attachInterface<AssembleModel>(*context);
    DisassembleOp::attachInterface<DisassembleModel>(*context);
    PackOp::attachInterface<PackModel>(*context);
    UnpackOp::attachInterface<UnpackModel>(*context);
    RelayoutOp::attachInterface<RelayoutModel>(*context);
    RelayoutScalesOp::attachInterface<RelayoutScalesModel>(*context);
    ErrorStatsOp::attachInterface<ErrorStatsModel>(*context);
    ScaledMatmulOp::attachInterface<ScaledMatmulModel>(*context);
    // What ops expand into.
    context->loadDialect<affine::AffineDialect, arith::ArithDialect,
                         linalg::LinalgDialect, scf::SCFDialect,
                         tensor::TensorDialect>();
  });
}
