//===- SimulatedProgram.cpp - Runs a function on the simulated GPU --------===//

#include "SimulatedProgram.h"
#include "SimulatedDevice.h"
#include "SimulatedLaunch.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/PassManager.h"
#include "quantx/Format/ScaleFormat.h"
#include "quantx/Pipelines/Pipelines.h"
#include "quantx/Target/CPU/Call.h"
#include "quantx/Target/NarrowFloats/Passes.h"
#include "gtest/gtest.h"

using namespace quantx;
using namespace quantx::test;

/// What LLVM calls to convert f32 to bf16 on a CPU without an instruction, as
/// few runtime libraries have it: the result is in the low bits of the register
/// that a float is returned in.
static float truncateToBF16(float value) {
  return llvm::bit_cast<float>(uint32_t(encodeBF16(value)));
}

SimulatedProgram::SimulatedProgram(
    const std::string &text,
    llvm::function_ref<llvm::LogicalResult(mlir::OpPassManager &)> addPasses,
    NaNModel nan) {
  compiler = parseProgram(text);
  signature = llvm::cantFail(compiler->getSignatures(), text.c_str()).front();
  mlir::ModuleOp module = compiler->getModule();
  mlir::PassManager passes(module.getContext());
  if (mlir::failed(addPasses(passes)) || mlir::failed(passes.run(module))) {
    llvm::cantFail(compiler->takeError("the pipeline to kernels"),
                   text.c_str());
  }
  simulateGPU(module, nan);
  simulateLaunches(module);
  CPUTarget cpu = llvm::cantFail(CPUTarget::get("generic"));
  llvm::cantFail(compiler->lowerFromBuffers(cpu), text.c_str());
  checkAccesses(module);
  function = llvm::cantFail(JITFunction::create(
      module, cpu, signature.name, kDeviceMemory,
      {{"__truncsfbf2", reinterpret_cast<void *>(truncateToBF16)}}));
}

/// To kernels whose conversions are those of `chip`.
static void addKernelPasses(mlir::OpPassManager &passes, llvm::StringRef chip) {
  NVVMPipelineOptions options;
  options.chip = chip.str();
  buildNVVMKernelPipeline(passes, options);
  QuantXExpandNarrowFloatsOptions narrowFloats;
  narrowFloats.target = chip.str();
  passes.nest<mlir::gpu::GPUModuleOp>().addPass(
      createQuantXExpandNarrowFloats(narrowFloats));
}

SimulatedProgram SimulatedProgram::createForChip(const std::string &text,
                                                 llvm::StringRef chip,
                                                 NaNModel nan) {
  return SimulatedProgram(
      text,
      [&](mlir::OpPassManager &passes) {
        addKernelPasses(passes, chip);
        return mlir::success();
      },
      nan);
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
