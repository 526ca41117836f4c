//===- SetNVVMTarget.cpp - Attach the chip to GPU modules -----------------===//

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "quantx/Target/NVVM/Kernels.h"
#include "quantx/Target/NVVM/NVVMChip.h"
#include "quantx/Target/NVVM/Passes.h"

namespace quantx {
#define GEN_PASS_DEF_QUANTXSETNVVMTARGET
#include "quantx/Target/NVVM/Passes.h.inc"
} // namespace quantx

using namespace mlir;
using namespace quantx;

/// The descriptions of the kernels under `module`, with their names.
static ArrayAttr gatherKernels(ModuleOp module) {
  Builder builder(module.getContext());
  SmallVector<Attribute> kernels;
  module.walk([&](gpu::GPUFuncOp func) {
    auto dict = func->getAttrOfType<DictionaryAttr>(kKernelAttrName);
    if (!dict)
      return;
    NamedAttrList attributes(dict);
    attributes.set("name", func.getNameAttr());
    kernels.push_back(attributes.getDictionary(module.getContext()));
  });
  return builder.getArrayAttr(kernels);
}

namespace {

struct SetNVVMTargetPass
    : public quantx::impl::QuantXSetNVVMTargetBase<SetNVVMTargetPass> {
  using QuantXSetNVVMTargetBase::QuantXSetNVVMTargetBase;

  LogicalResult initialize(MLIRContext *context) override {
    if (llvm::Error error = NVVMChip::get(chip).takeError())
      return emitError(UnknownLoc::get(context))
             << llvm::toString(std::move(error));
    return success();
  }

  void runOnOperation() override {
    llvm::Expected<NVVMChip> found = NVVMChip::get(chip);
    assert(found && "expected a chip that has been checked");
    constexpr int fullOptimization = 3;
    auto target = NVVM::NVVMTargetAttr::get(&getContext(), fullOptimization,
                                            "nvptx64-nvidia-cuda", found->name,
                                            found->ptxFeature);
    bool isAttached = false;
    for (auto gpuModule : getOperation().getOps<gpu::GPUModuleOp>()) {
      gpuModule.setTargetsAttr(ArrayAttr::get(&getContext(), target));
      isAttached = true;
    }
    if (isAttached)
      getOperation()->setAttr(kKernelsAttrName, gatherKernels(getOperation()));
  }
};

} // namespace
