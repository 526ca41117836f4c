//===- Kernels.cpp - What a user of the PTX must know of it ---------------===//

#include "quantx/Target/NVVM/Kernels.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

using namespace mlir;
using namespace quantx;

static std::string getText(DictionaryAttr dict, StringRef name) {
  auto text = dict.getAs<StringAttr>(name);
  return text ? text.str() : "";
}

static int64_t getNumber(DictionaryAttr dict, StringRef name) {
  auto number = dict.getAs<IntegerAttr>(name);
  return number ? number.getInt() : 0;
}

static KernelDescription describe(StringRef name, DictionaryAttr dict) {
  KernelDescription kernel;
  kernel.name = name.str();
  kernel.op = getText(dict, "op");
  kernel.blockSize = getNumber(dict, "block_size");
  kernel.dynamicSharedMemory = getNumber(dict, "dynamic_shared_memory");
  if (auto parameters = dict.getAs<ArrayAttr>("params")) {
    for (auto parameter : parameters.getAsRange<DictionaryAttr>()) {
      kernel.parameters.push_back({getText(parameter, "name"),
                                   getText(parameter, "type"),
                                   parameter.contains("pointer")});
    }
  }
  return kernel;
}

SmallVector<KernelDescription> quantx::getKernels(ModuleOp module) {
  SmallVector<KernelDescription> kernels;
  if (auto kept = module->getAttrOfType<ArrayAttr>(kKernelsAttrName)) {
    for (auto dict : kept.getAsRange<DictionaryAttr>())
      kernels.push_back(describe(getText(dict, "name"), dict));
    return kernels;
  }
  module.walk([&](gpu::GPUFuncOp func) {
    if (auto dict = func->getAttrOfType<DictionaryAttr>(kKernelAttrName))
      kernels.push_back(describe(func.getName(), dict));
  });
  return kernels;
}
