//===- SetCPUTarget.cpp - Attach the triple, CPU and features -------------===//

#include "quantx/Target/CPU/CPUTarget.h"
#include "quantx/Target/CPU/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXSETCPUTARGET
#include "quantx/Target/CPU/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

namespace {

struct SetCPUTargetPass
    : public quantx::impl::QuantXSetCPUTargetBase<SetCPUTargetPass> {
  using QuantXSetCPUTargetBase::QuantXSetCPUTargetBase;

  LogicalResult initialize(MLIRContext *context) override {
    if (llvm::Error error = CPUTarget::get(target).takeError())
      return emitError(UnknownLoc::get(context))
             << llvm::toString(std::move(error));
    return success();
  }

  void runOnOperation() override {
    llvm::Expected<CPUTarget> cpu = CPUTarget::get(target);
    assert(cpu && "expected a target that has been checked");
    Builder builder(&getContext());
    getOperation()->setAttr(LLVM::LLVMDialect::getTargetTripleAttrName(),
                            builder.getStringAttr(cpu->triple.str()));
    getOperation().walk(
        [&](LLVM::LLVMFuncOp func) { setAttributes(func, *cpu, builder); });
  }

private:
  static void setAttributes(LLVM::LLVMFuncOp func, const CPUTarget &cpu,
                            Builder &builder) {
    if (!cpu.cpu.empty())
      func.setTargetCpu(cpu.cpu);
    if (!cpu.features.empty())
      func.setTargetFeaturesAttr(
          LLVM::TargetFeaturesAttr::get(builder.getContext(), cpu.features));
    if (cpu.vectorWidth != 0)
      func.setPreferVectorWidth(std::to_string(cpu.vectorWidth));
  }
};

} // namespace
