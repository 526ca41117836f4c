//===- VerifyLLVM.cpp - Fail on an op that did not reach LLVM -------------===//

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "quantx/Target/CPU/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXVERIFYLLVM
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

namespace {

struct VerifyLLVMPass
    : public quantx::impl::QuantXVerifyLLVMBase<VerifyLLVMPass> {
  void runOnOperation() override {
    bool isDone = true;
    getOperation().walk([&](Operation *op) {
      StringRef dialect = op->getName().getDialectNamespace();
      if (isa<ModuleOp>(op) || dialect == "llvm" || dialect == "omp")
        return;
      op->emitOpError() << "has no lowering to the LLVM dialect";
      isDone = false;
    });
    if (!isDone)
      signalPassFailure();
  }
};

} // namespace
