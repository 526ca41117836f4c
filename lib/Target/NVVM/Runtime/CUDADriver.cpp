//===- CUDADriver.cpp - NVIDIA's driver, where there is one ---------------===//

#include "quantx/Target/NVVM/Runtime/CUDADriver.h"
#include <dlfcn.h>

using namespace quantx;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

static constexpr const char *kLibrary = "libcuda.so.1";

namespace {

/// Fills a table of functions; remembers the first that is not there.
class Loader {
public:
  explicit Loader(void *library) : library(library) {}

  template <typename Function>
  void load(Function *&function, const char *symbol) {
    void *address = dlsym(library, symbol);
    if (!address && !missing)
      missing = symbol;
    function = reinterpret_cast<Function *>(address);
  }

  const char *missing = nullptr;

private:
  void *library;
};

} // namespace

static void loadDevice(Loader &loader, CUDADriver &driver) {
  loader.load(driver.cuInit, "cuInit");
  loader.load(driver.cuGetErrorName, "cuGetErrorName");
  loader.load(driver.cuGetErrorString, "cuGetErrorString");
  loader.load(driver.cuDriverGetVersion, "cuDriverGetVersion");
  loader.load(driver.cuDeviceGetCount, "cuDeviceGetCount");
  loader.load(driver.cuDeviceGet, "cuDeviceGet");
  loader.load(driver.cuDeviceGetName, "cuDeviceGetName");
  loader.load(driver.cuDeviceGetAttribute, "cuDeviceGetAttribute");
  loader.load(driver.cuDevicePrimaryCtxRetain, "cuDevicePrimaryCtxRetain");
  loader.load(driver.cuCtxSetCurrent, "cuCtxSetCurrent");
}

static void loadExecution(Loader &loader, CUDADriver &driver) {
  loader.load(driver.cuModuleLoadDataEx, "cuModuleLoadDataEx");
  loader.load(driver.cuModuleUnload, "cuModuleUnload");
  loader.load(driver.cuModuleGetFunction, "cuModuleGetFunction");
  loader.load(driver.cuFuncSetAttribute, "cuFuncSetAttribute");
  loader.load(driver.cuLaunchKernel, "cuLaunchKernel");
  loader.load(driver.cuStreamCreate, "cuStreamCreate");
  loader.load(driver.cuStreamSynchronize, "cuStreamSynchronize");
  loader.load(driver.cuStreamWaitEvent, "cuStreamWaitEvent");
  loader.load(driver.cuEventCreate, "cuEventCreate");
  loader.load(driver.cuEventDestroy, "cuEventDestroy_v2");
  loader.load(driver.cuEventRecord, "cuEventRecord");
  loader.load(driver.cuEventSynchronize, "cuEventSynchronize");
  loader.load(driver.cuEventElapsedTime, "cuEventElapsedTime");
}

static void loadMemory(Loader &loader, CUDADriver &driver) {
  loader.load(driver.cuMemAlloc, "cuMemAlloc_v2");
  loader.load(driver.cuMemFree, "cuMemFree_v2");
  loader.load(driver.cuMemcpyAsync, "cuMemcpyAsync");
  loader.load(driver.cuMemcpyHtoD, "cuMemcpyHtoD_v2");
  loader.load(driver.cuMemcpyDtoH, "cuMemcpyDtoH_v2");
  loader.load(driver.cuMemsetD16Async, "cuMemsetD16Async");
  loader.load(driver.cuMemsetD32Async, "cuMemsetD32Async");
}

Expected<CUDADriver> CUDADriver::load() {
  // Stays loaded: the driver does not expect to be unloaded.
  void *library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    return llvm::createStringError(
        StringRef("cannot load NVIDIA's driver, which the target 'nvvm' "
                  "needs: ") +
        (reason ? reason : kLibrary));
  }
  CUDADriver driver;
  Loader loader(library);
  loadDevice(loader, driver);
  loadExecution(loader, driver);
  loadMemory(loader, driver);
  if (loader.missing) {
    return llvm::createStringError(StringRef("NVIDIA's driver has no '") +
                                   loader.missing +
                                   "': expected that of CUDA 11 or later");
  }
  return driver;
}

Error CUDADriver::check(CUresult result, StringRef function) const {
  if (result == 0)
    return Error::success();
  const char *name = nullptr, *text = nullptr;
  cuGetErrorName(result, &name);
  cuGetErrorString(result, &text);
  return llvm::createStringError(
      function + " failed: " + (name ? name : "unknown error") + " (" +
      (text ? text : std::to_string(result)) + ")");
}
