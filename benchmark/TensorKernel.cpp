//===- TensorKernel.cpp - Compiled functions on tensors -------------------===//

#include "TensorKernel.h"
#include "mlir/Parser/Parser.h"

using namespace quantx;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

size_t quantx::getSize(llvm::ArrayRef<TensorView> tensors) {
  size_t size = 0;
  for (const TensorView &tensor : tensors)
    size += tensor.data.size();
  return size;
}

Expected<std::shared_ptr<TensorKernel>>
TensorKernel::create(StringRef program, StringRef target, unsigned threads) {
  auto kernel = std::make_shared<TensorKernel>();
  kernel->compiler = Compiler::build([&](mlir::MLIRContext &context) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(program, &context);
    assert(module && "the program is ours");
    return module;
  });
  auto signatures = kernel->compiler->getSignatures();
  if (!signatures)
    return signatures.takeError();
  kernel->signature = signatures->front();
  CPUTarget cpu = llvm::cantFail(CPUTarget::get(target));
  if (Error error = kernel->compiler->lower(cpu, threads))
    return error;
  auto function = JITFunction::create(kernel->compiler->getModule(), cpu,
                                      kernel->signature.name);
  if (!function)
    return function.takeError();
  kernel->function = std::move(*function);
  return kernel;
}

Error TensorKernel::addInputs(llvm::ArrayRef<TensorView> inputs) {
  for (auto [value, tensor] : llvm::zip_equal(signature.inputs, inputs))
    if (Error error = checkTensor(value, tensor))
      return error;
  inputBytes = getSize(inputs);
  calls.push_back(std::make_unique<Call>(signature, inputs));
  return Error::success();
}

void TensorKernel::run() {
  Call &call = *calls[next];
  next = (next + 1) % calls.size();
  call.run(*function);
  call.freeResults();
}

Error TensorKernel::run(
    llvm::function_ref<void(llvm::ArrayRef<TensorView>)> use) {
  Call &call = *calls[next];
  next = (next + 1) % calls.size();
  call.run(*function);
  auto results = call.getResults();
  if (!results)
    return results.takeError();
  use(*results);
  call.freeResults();
  return Error::success();
}
