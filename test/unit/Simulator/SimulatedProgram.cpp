//===- SimulatedProgram.cpp - Runs a function on the simulated GPU --------===//

#include "SimulatedProgram.h"
#include "SimulatedDevice.h"
#include "SimulatedLaunch.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "quantx/Target/CPU/Call.h"
#include "gtest/gtest.h"

using namespace quantx;
using namespace quantx::test;

static void runPipeline(mlir::ModuleOp module, llvm::StringRef pipeline) {
  mlir::PassManager passes(module.getContext());
  if (mlir::failed(mlir::parsePassPipeline(pipeline, passes)) ||
      mlir::failed(passes.run(module)))
    llvm::report_fatal_error("cannot run a pipeline of passes");
}

SimulatedProgram::SimulatedProgram(const std::string &text,
                                   llvm::StringRef pipeline, NaNModel nan) {
  compiler = parseProgram(text);
  signature = llvm::cantFail(compiler->getSignatures(), text.c_str()).front();
  mlir::ModuleOp module = compiler->getModule();
  runPipeline(module, pipeline);
  simulateGPU(module, nan);
  simulateLaunches(module);
  CPUTarget cpu = llvm::cantFail(CPUTarget::get("generic"));
  llvm::cantFail(compiler->lowerFromBuffers(cpu), text.c_str());
  checkAccesses(module);
  function = llvm::cantFail(
      JITFunction::create(module, cpu, signature.name, kDeviceMemory));
}

std::vector<Array> SimulatedProgram::call(llvm::ArrayRef<TensorView> inputs,
                                          std::string &mistake) const {
  assert(inputs.size() == signature.inputs.size());
  std::vector<void *> memory;
  llvm::SmallVector<TensorView> onDevice(inputs);
  for (auto [value, input] : llvm::zip(signature.inputs, onDevice)) {
    llvm::cantFail(checkTensor(value, input));
    if (value.isScalar)
      continue;
    auto *copy =
        static_cast<uint8_t *>(kDeviceMemory.allocate(input.data.size()));
    llvm::copy(input.data, copy);
    memory.push_back(copy);
    input.data = {copy, input.data.size()};
  }
  std::vector<Array> results;
  {
    Call call(signature, onDevice);
    call.run(*function);
    mistake = SimulatedDevice::get().takeFailure();
    for (const TensorView &view : llvm::cantFail(call.getResults()))
      results.push_back({{view.shape.begin(), view.shape.end()},
                         {view.data.begin(), view.data.end()}});
  }
  for (void *address : memory)
    kDeviceMemory.release(address);
  return results;
}

std::vector<Array>
SimulatedProgram::run(llvm::ArrayRef<TensorView> inputs) const {
  std::string mistake;
  std::vector<Array> results = call(inputs, mistake);
  if (!mistake.empty())
    ADD_FAILURE() << mistake;
  return results;
}

std::string
SimulatedProgram::findMistake(llvm::ArrayRef<TensorView> inputs) const {
  std::string mistake;
  call(inputs, mistake);
  return mistake;
}
