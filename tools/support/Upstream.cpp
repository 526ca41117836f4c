//===- Upstream.cpp - Lowering by upstream's passes -----------------------===//

#include "Upstream.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "quantx/Pipelines/Pipelines.h"
#include "llvm/Support/DynamicLibrary.h"

using namespace mlir;
using namespace quantx;

/// Makes calls of the library calls of the LLVM dialect. Our pipeline gives
/// functions C wrappers, and would call one of the library's that is not there.
static void callLibraryDirectly(ModuleOp module) {
  for (auto function :
       llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
    if (!function.isDeclaration())
      continue;
    OpBuilder builder(function);
    auto type = LLVM::LLVMFunctionType::get(function.getResultTypes().front(),
                                            function.getArgumentTypes());
    LLVM::LLVMFuncOp::create(builder, function.getLoc(), function.getName(),
                             type);
    function.erase();
  }
  module.walk([](func::CallOp call) {
    OpBuilder builder(call);
    auto direct =
        LLVM::CallOp::create(builder, call.getLoc(), call.getResultTypes(),
                             call.getCallee(), call.getOperands());
    call.replaceAllUsesWith(direct.getResults());
    call.erase();
  });
}

llvm::Error quantx::lowerByUpstream(ModuleOp module, StringRef pipeline) {
  static const bool registered = (registerAllPasses(), true);
  (void)registered;
  std::string message;
  if (llvm::sys::DynamicLibrary::LoadLibraryPermanently(QUANTX_APFLOAT_LIBRARY,
                                                        &message))
    return llvm::createStringError(message);
  module.getContext()->loadDialect<LLVM::LLVMDialect>();
  PassManager passes(module.getContext());
  if (failed(parsePassPipeline(pipeline, passes)) || failed(passes.run(module)))
    return llvm::createStringError("upstream's " + pipeline + " failed");
  callLibraryDirectly(module);
  return llvm::Error::success();
}
