//===- QuantXPlugin.cpp - QuantX inside the stock mlir-opt ----------------===//
//
// mlir-opt-22 --load-dialect-plugin=QuantXPlugin.so
//             --load-pass-plugin=QuantXPlugin.so --pass-pipeline=...
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "quantx/Pipelines/Pipelines.h"

extern "C" LLVM_ATTRIBUTE_WEAK
    LLVM_ATTRIBUTE_VISIBILITY_DEFAULT mlir::DialectPluginLibraryInfo
    mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "QuantX", LLVM_VERSION_STRING,
          [](mlir::DialectRegistry *registry) {
            quantx::registerQuantXDialect(*registry);
          }};
}

extern "C" LLVM_ATTRIBUTE_WEAK
    LLVM_ATTRIBUTE_VISIBILITY_DEFAULT mlir::PassPluginLibraryInfo
    mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "QuantX", LLVM_VERSION_STRING,
          quantx::registerQuantXPasses};
}
