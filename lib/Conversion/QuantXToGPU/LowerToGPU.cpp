//===- LowerToGPU.cpp - The quantx-lower-to-gpu pass ----------------------===//

#include "Patterns.h"
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

static bool isLinear(Type type) {
  ScaledType scaled = getScaledElementType(type);
  return !scaled || scaled.isLinear();
}

/// Fails, naming the first, on an op for which there is no pattern.
static LogicalResult verifyHaveKernels(Operation *root) {
  WalkResult result = root->walk([](Operation *op) {
    bool computes = isa<QuantXDialect>(op->getDialect()) &&
                    !isa<AssembleOp, DisassembleOp>(op);
    bool areLinear = llvm::all_of(op->getOperandTypes(), isLinear);
    if (!computes || (isa<DequantizeOp, ScaledMatmulOp>(op) && areLinear))
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
    KernelLibrary library(getOperation());
    KernelContext kernels = {library, f8Mma, wgmma, blockScaledMma};
    auto addPatterns = [&](const TypeConverter &converter,
                           RewritePatternSet &patterns) {
      populateDequantizeKernelPatterns(converter, patterns, kernels);
      populateScaledMatmulKernelPatterns(converter, patterns, kernels);
    };
    if (failed(lowerScaledTensors(getOperation(), addPatterns)))
      return signalPassFailure();
    library.insert();
  }
};

} // namespace
