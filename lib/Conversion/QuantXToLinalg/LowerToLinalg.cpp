//===- LowerToLinalg.cpp - The quantx-lower-to-linalg pass ----------------===//

#include "DynamicSizes.h"
#include "Loops.h"
#include "Patterns.h"
#include "TypeChecks.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "quantx/Conversion/QuantXToLinalg/QuantXToLinalg.h"
#include "quantx/IR/QuantXOps.h"
#include "quantx/Transforms/Passes.h"
#include "quantx/Transforms/StructuralConversion.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXLOWERTOLINALG
#include "quantx/Conversion/QuantXToLinalg/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// Whether `type` is a tensor of integers that live in bytes: unsigned ones,
/// and signless ones of less than 8 bits (but not i1).
static bool isByteStored(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && isCodeType(tensor.getElementType()) &&
         !tensor.getElementType().isSignlessInteger(8);
}

/// Between bytes and signless integers, element by element. Nothing but quantx
/// ops can use unsigned ones.
static Value materializeIntegers(OpBuilder &builder, Type type,
                                 ValueRange inputs, Location loc) {
  if (inputs.size() != 1 || !isa<RankedTensorType>(type))
    return {};
  Type from = getElementTypeOrSelf(inputs[0]);
  Type to = getElementTypeOrSelf(type);
  if (!from.isSignlessInteger() || !to.isSignlessInteger())
    return {};
  if (to.getIntOrFloatBitWidth() < from.getIntOrFloatBitWidth())
    return arith::TruncIOp::create(builder, loc, type, inputs[0]);
  return arith::ExtSIOp::create(builder, loc, type, inputs[0]);
}

LoweredTypeConverter::LoweredTypeConverter() {
  addConversion([](Type type) { return type; });
  addConversion([](RankedTensorType type) -> std::optional<Type> {
    if (!isByteStored(type))
      return std::nullopt;
    return type.clone(IntegerType::get(type.getContext(), 8));
  });
  addConversion(
      [this](RankedTensorType type,
             SmallVectorImpl<Type> &results) -> std::optional<LogicalResult> {
        ScaledType scaled = getScaledElementType(type);
        if (!scaled)
          return std::nullopt;
        if (type.getRank() != scaled.getBlockRank())
          return failure();
        results.push_back(scaled.getPayloadType(type.getShape()));
        return convertTypes(scaled.getParameterTypes(type.getShape()), results);
      });
  addSourceMaterialization(materializeIntegers);
  addTargetMaterialization(materializeIntegers);
}

SmallVector<Type> quantx::convertType(const TypeConverter &converter,
                                      Type type) {
  SmallVector<Type> types;
  LogicalResult converted = converter.convertType(type, types);
  assert(succeeded(converted) && "verified ops have convertible types");
  (void)converted;
  return types;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

void quantx::populateQuantXToLinalgPatterns(const TypeConverter &converter,
                                            RewritePatternSet &patterns) {
  populateElementPatterns(converter, patterns);
  populateErrorStatsPatterns(converter, patterns);
  populatePackingPatterns(converter, patterns);
  populateScaleLayoutPatterns(converter, patterns);
  populateScaledMatmulPatterns(converter, patterns);
  populateWeightLayoutPatterns(converter, patterns);
  populateExpandDynamicPatterns(patterns);
}

/// A global scale from before a loop, into which every iteration of the loop
/// puts it, is that scale after the loop too; also if there is no iteration.
static void useGlobalsFromBefore(scf::ForallOp loop) {
  for (Operation &op : loop.getTerminator().getYieldingOps()) {
    auto insert = dyn_cast<tensor::ParallelInsertSliceOp>(op);
    if (!insert || insert.getDestType().getRank() != 0 ||
        !loop.isDefinedOutsideOfLoop(insert.getSource()))
      continue;
    auto dest = cast<BlockArgument>(insert.getDest());
    loop.getTiedOpResult(loop.getTiedOpOperand(dest))
        .replaceAllUsesWith(insert.getSource());
  }
}

/// Erases what computes for nobody: loops that made codes for ops that then
/// looked through to where the codes come from.
static void eraseDeadLoops(Operation *root) {
  SmallVector<Operation *> loops;
  root->walk([&](Operation *op) {
    if (isa<linalg::GenericOp, tensor::CastOp, tensor::EmptyOp, tensor::DimOp,
            affine::AffineApplyOp>(op))
      loops.push_back(op);
  });
  for (Operation *op : llvm::reverse(loops))
    if (isOpTriviallyDead(op))
      op->erase();
}

/// What carries scaled tensors without computing: functions, calls, control
/// flow.
static void populateStructure(const TypeConverter &converter,
                              RewritePatternSet &patterns,
                              ConversionTarget &target) {
  populateStructuralTypeConversionsAndLegality(converter, patterns, target);

  target.addIllegalDialect<QuantXDialect>();
  addLegalMoves(converter, target);
  // Anything else may use small integers, but not scaled tensors.
  target.markUnknownOpDynamicallyLegal([](Operation *op) {
    auto isPlain = [](Type type) { return !getScaledElementType(type); };
    return llvm::all_of(op->getOperandTypes(), isPlain) &&
           llvm::all_of(op->getResultTypes(), isPlain);
  });
}

LogicalResult quantx::lowerScaledTensors(Operation *root,
                                         AddPatternsFn addPatterns) {
  if (failed(verifyScaledRanks(root)) || failed(verifyScaledUses(root)))
    return failure();
  FailureOr<ScaledTensorSlices> slices = findScaledTensorSlices(root);
  // What a size is that goes along does not show: slices were proven before.
  if (failed(slices) || failed(carryDynamicSizes(root)))
    return failure();
  LoweredTypeConverter converter;
  ConversionTarget target(*root->getContext());
  RewritePatternSet patterns(root->getContext());
  populateScaledTensorPartsPatterns(converter, patterns);
  populateDynamicSizesPatterns(converter, patterns);
  populateScaledTensorSlicesPatterns(converter, *slices, patterns);
  populateStructure(converter, patterns, target);
  addPatterns(converter, patterns);
  if (failed(applyFullConversion(root, target, std::move(patterns))) ||
      failed(verifyNoScaledTypes(root)))
    return failure();
  root->walk(useGlobalsFromBefore);
  return success();
}

LogicalResult quantx::lowerQuantX(Operation *root, AddPatternsFn addPatterns) {
  auto addAll = [&](const TypeConverter &converter,
                    RewritePatternSet &patterns) {
    populateQuantXToLinalgPatterns(converter, patterns);
    if (addPatterns)
      addPatterns(converter, patterns);
  };
  if (failed(lowerScaledTensors(root, addAll)))
    return failure();
  eraseDeadLoops(root);
  return success();
}

namespace {

struct LowerToLinalgPass
    : public quantx::impl::QuantXLowerToLinalgBase<LowerToLinalgPass> {
  void runOnOperation() override {
    if (failed(lowerQuantX(getOperation())))
      signalPassFailure();
  }
};

} // namespace
