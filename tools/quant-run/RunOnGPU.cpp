//===- RunOnGPU.cpp - Running a function on an NVIDIA GPU -----------------===//

#include "RunOnGPU.h"
#include "Measurement.h"
#include "quantx/Target/CPU/Call.h"

using namespace quantx;
using llvm::Error;
using llvm::Expected;

/// What the host's code allocates is the host's; results are the device's.
static void release(void *address) {
  llvm::cantFail(Device::get())->release(address);
}

/// The host's code of a function. The module, in which PTX is, is loaded too.
static Expected<JITFunction> compile(Compiler &compiler, Device &device,
                                     llvm::StringRef chip,
                                     llvm::StringRef function) {
  if (Error error = compiler.lowerToNVVM(chip))
    return error;
  Expected<CPUTarget> cpu = CPUTarget::get("native");
  if (!cpu)
    return cpu.takeError();
  llvm::SmallVector<HostFunction> functions;
  for (const RuntimeFunction &called : getRuntimeFunctions())
    functions.push_back({called.name, called.address});
  auto compiled =
      JITFunction::create(compiler.getModule(), *cpu, function,
                          HostMemory{std::malloc, release}, functions);
  if (compiled)
    if (Error error = device.takeError())
      return error;
  return compiled;
}

namespace {

/// Copies of arrays in the memory of the device.
class DeviceArrays {
public:
  explicit DeviceArrays(Device &device) : device(device) {}
  ~DeviceArrays() {
    for (void *array : arrays)
      device.release(array);
  }

  llvm::ArrayRef<uint8_t> add(llvm::ArrayRef<uint8_t> data) {
    void *array = device.allocate(data.size());
    if (array)
      arrays.push_back(array);
    device.copyToDevice(array, data);
    return {static_cast<const uint8_t *>(array), data.size()};
  }

private:
  Device &device;
  std::vector<void *> arrays;
};

} // namespace

/// The results on the host; `storage` has their data.
static Expected<llvm::SmallVector<TensorView>>
fetchResults(const Call &call, const FunctionSignature &signature,
             Device &device, std::vector<std::vector<uint8_t>> &storage) {
  auto results = call.getResults();
  if (!results)
    return results.takeError();
  for (auto [value, result] : llvm::zip(signature.outputs, *results)) {
    if (value.isScalar)
      continue;
    std::vector<uint8_t> &data = storage.emplace_back(result.data.size());
    device.copyToHost(data, result.data.data());
    result.data = data;
  }
  if (Error error = device.takeError())
    return error;
  return results;
}

Error quantx::runOnGPU(Compiler &compiler, Device &device, llvm::StringRef chip,
                       const FunctionSignature &signature,
                       llvm::ArrayRef<TensorView> inputs,
                       TensorOutputs &destinations, unsigned repeat) {
  Expected<JITFunction> function =
      compile(compiler, device, chip, signature.name);
  if (!function)
    return function.takeError();
  DeviceArrays arrays(device);
  llvm::SmallVector<TensorView> arguments(inputs);
  for (auto [value, argument] : llvm::zip(signature.inputs, arguments))
    if (!value.isScalar)
      argument.data = arrays.add(argument.data);
  if (Error error = device.takeError())
    return error;

  Call call(signature, arguments);
  call.run(*function);
  if (Error error = device.takeError())
    return error;
  std::vector<std::vector<uint8_t>> storage;
  auto results = fetchResults(call, signature, device, storage);
  if (!results)
    return results.takeError();
  if (Error error = destinations.write(*results))
    return error;

  std::vector<double> seconds;
  for (unsigned i = 0; i < repeat; ++i) {
    call.freeResults();
    seconds.push_back(device.measure([&] { call.run(*function); }) * 1e-3);
  }
  if (Error error = device.takeError())
    return error;
  if (repeat)
    printMedian(seconds, countBytes(inputs) + countBytes(*results));
  return Error::success();
}
