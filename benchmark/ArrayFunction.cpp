//===- ArrayFunction.cpp - Compiled loops over arrays ---------------------===//

#include "ArrayFunction.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "quantx/Pipelines/Pipelines.h"
#include "quantx/Target/CPU/JIT.h"

using namespace mlir;
using namespace quantx;

namespace {
/// A memref of one dimension, as compiled code takes it.
struct Descriptor {
  const void *allocated;
  const void *aligned;
  int64_t offset;
  int64_t size;
  int64_t stride;
};
} // namespace

std::unique_ptr<Compiler> quantx::parseArrayFunction(llvm::StringRef program) {
  return Compiler::build([&](MLIRContext &context) {
    auto module = parseSourceString<ModuleOp>(program, &context);
    assert(module && "the program is ours");
    return module;
  });
}

llvm::Expected<ArrayFunction> quantx::compileArrayFunction(Compiler &compiler,
                                                           llvm::StringRef name,
                                                           unsigned threads) {
  CPUTarget native = llvm::cantFail(CPUTarget::get("native"));
  CPUPipelineOptions options;
  options.target = native.name;
  options.threads = threads;
  ModuleOp module = compiler.getModule();
  PassManager passes(module.getContext());
  buildCPUPipelineFromBuffers(passes, options);
  if (failed(passes.run(module)))
    return llvm::createStringError("compiling the function '" + name +
                                   "' failed");
  auto function = JITFunction::create(module, native, name);
  if (!function)
    return function.takeError();
  auto shared = std::make_shared<JITFunction>(std::move(*function));
  return [shared](const void *in, void *out, size_t count) {
    int64_t n = int64_t(count);
    Descriptor descriptors[] = {{in, in, 0, n, 1}, {out, out, 0, n, 1}};
    void *pointers[] = {&descriptors[0], &descriptors[1]};
    void *arguments[] = {&pointers[0], &pointers[1], &n};
    shared->call(arguments);
  };
}
