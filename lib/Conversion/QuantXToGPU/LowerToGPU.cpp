//===- LowerToGPU.cpp - The quantx-lower-to-gpu pass ----------------------===//

#include "Patterns.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "quantx/Conversion/QuantXToGPU/QuantXToGPU.h"
#include "quantx/Conversion/QuantXToLinalg/QuantXToLinalg.h"
#include "quantx/IR/QuantXOps.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXLOWERTOGPU
#include "quantx/Conversion/QuantXToGPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

Value quantx::castKernelResult(OpBuilder &builder, Location loc, Value value,
                               Type type) {
  if (value.getType() == type)
    return value;
  return tensor::CastOp::create(builder, loc, type, value);
}

void quantx::replaceByParts(ConversionPatternRewriter &rewriter, Operation *op,
                            const TypeConverter &converter, ValueRange parts) {
  SmallVector<Type> types;
  LogicalResult converted =
      converter.convertType(op->getResult(0).getType(), types);
  assert(succeeded(converted) && "verified ops have convertible types");
  (void)converted;
  SmallVector<Value> values(parts);
  for (auto [value, type] : llvm::zip_equal(values, types))
    value = castKernelResult(rewriter, op->getLoc(), value, type);
  rewriter.replaceOpWithMultiple(op, {values});
}

//===----------------------------------------------------------------------===//
// One kernel or two
//===----------------------------------------------------------------------===//

namespace {

/// choose_qparams and a quantize by all that it chose, of the same input, in
/// one.
struct MergeQuantize : public OpRewritePattern<QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(QuantizeOp op,
                                PatternRewriter &rewriter) const override {
    auto choose = op.getParameters().front().getDefiningOp<ChooseQParamsOp>();
    if (!choose || choose.getInput() != op.getInput() ||
        op.getParameters() != choose.getParameters() ||
        choose.getScaledType() != op.getScaledType())
      return rewriter.notifyMatchFailure(op, "not by chosen parameters alone");
    auto merged = DynamicQuantizeOp::create(
        rewriter, op.getLoc(), op.getType(), op.getInput(), choose.getWeights(),
        choose.getGlobal(), choose.getMethod(), op.getSeed(), op.getRounding(),
        op.getSaturate());
    if (!isOneKernel(merged)) {
      rewriter.eraseOp(merged);
      return rewriter.notifyMatchFailure(op, "would not be one kernel");
    }
    SmallVector<Type> types = {
        op.getScaledType().getPayloadType(op.getType().getShape())};
    llvm::append_range(types, choose->getResultTypes());
    // After the choice, whose other users want its results.
    if (!llvm::hasSingleElement(choose->getUsers())) {
      auto parts = DisassembleOp::create(rewriter, op.getLoc(), types,
                                         merged.getResult());
      if (llvm::all_of(choose->getUsers(), [&](Operation *user) {
            return user == op || (user->getBlock() == op->getBlock() &&
                                  op->isBeforeInBlock(user));
          }))
        rewriter.replaceAllUsesWith(choose.getResults(), parts.getParameters());
    }
    rewriter.replaceOp(op, merged);
    if (choose->use_empty())
      rewriter.eraseOp(choose);
    return success();
  }
};

/// What is no one kernel in two.
struct SplitDynamic : public OpRewritePattern<DynamicQuantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(DynamicQuantizeOp op,
                                PatternRewriter &rewriter) const override {
    if (isOneKernel(op))
      return rewriter.notifyMatchFailure(op, "one kernel");
    auto choose = ChooseQParamsOp::create(rewriter, op.getLoc(), op.getInput(),
                                          op.getMethod(), op.getScaledType(),
                                          op.getWeights(), op.getGlobal());
    rewriter.replaceOpWithNewOp<QuantizeOp>(
        op, op.getType(), op.getInput(), choose.getParameters(), op.getSeed(),
        op.getRounding(), op.getSaturate());
    return success();
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

static bool isLinear(Type type) {
  ScaledType scaled = getScaledElementType(type);
  return !scaled || scaled.isLinear();
}

/// Fails, naming the first, on an op for which there is no pattern.
static LogicalResult verifyHaveKernels(Operation *root) {
  WalkResult result = root->walk([](Operation *op) {
    if (!isa<QuantXDialect>(op->getDialect()) ||
        isa<AssembleOp, DisassembleOp>(op))
      return WalkResult::advance();
    bool hasKernel =
        isa<ChooseGlobalOp, ChooseQParamsOp, DequantizeOp, DynamicQuantizeOp,
            ErrorStatsOp, PackOp, QuantizeOp, RelayoutOp, RelayoutScalesOp,
            ScaledMatmulOp, UnpackOp>(op);
    bool areLinear =
        isa<RelayoutOp>(op) || llvm::all_of(op->getOperandTypes(), isLinear);
    if (hasKernel && areLinear)
      return WalkResult::advance();
    InFlightDiagnostic error = op->emitOpError() << "has no GPU kernel";
    if (!areLinear)
      error << ": packing rows16 is for CPUs";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

namespace {

struct LowerToGPUPass
    : public quantx::impl::QuantXLowerToGPUBase<LowerToGPUPass> {
  using QuantXLowerToGPUBase::QuantXLowerToGPUBase;

  void runOnOperation() override {
    if (failed(verifyHaveKernels(getOperation())))
      return signalPassFailure();
    RewritePatternSet merge(&getContext());
    merge.add<MergeQuantize, SplitDynamic>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(merge));
    KernelLibrary library(getOperation());
    KernelContext kernels = {library,
                             {blockScaledMma, tensorMemory, warpgroupMma}};
    auto addPatterns = [&](const TypeConverter &converter,
                           RewritePatternSet &patterns) {
      populateChooseKernelPatterns(converter, patterns, kernels);
      populateDequantizeKernelPatterns(converter, patterns, kernels);
      populateErrorStatsKernelPatterns(converter, patterns, kernels);
      populatePackingKernelPatterns(converter, patterns, kernels);
      populateQuantizeKernelPatterns(converter, patterns, kernels);
      populateScaleLayoutKernelPatterns(converter, patterns, kernels);
      populateScaledMatmulKernelPatterns(converter, patterns, kernels);
      populateWeightLayoutKernelPatterns(converter, patterns, kernels);
    };
    if (failed(lowerScaledTensors(getOperation(), addPatterns)))
      return signalPassFailure();
    library.insert();
  }
};

} // namespace
