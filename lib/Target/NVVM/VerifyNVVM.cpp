//===- VerifyNVVM.cpp - Fail on an op that did not arrive -----------------===//

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "quantx/Target/NVVM/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXVERIFYNVVM
#include "quantx/Target/NVVM/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

namespace {

struct VerifyNVVMPass
    : public quantx::impl::QuantXVerifyNVVMBase<VerifyNVVMPass> {
  void runOnOperation() override {
    bool isDone = true;
    getOperation().walk([&](Operation *op) {
      if (isa<ModuleOp, gpu::BinaryOp, gpu::LaunchFuncOp>(op) ||
          isa<LLVM::LLVMDialect>(op->getDialect()))
        return;
      op->emitOpError() << "has no lowering to a binary for the GPU, nor to "
                           "the LLVM dialect";
      isDone = false;
    });
    if (!isDone)
      signalPassFailure();
  }
};

} // namespace
