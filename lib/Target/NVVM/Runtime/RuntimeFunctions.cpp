//===- RuntimeFunctions.cpp - What the host's code calls ------------------===//
//
// The names and the ABI are those of upstream's CUDA run time, which
// gpu-to-llvm generates calls of.
//
//===----------------------------------------------------------------------===//

#include "quantx/Target/NVVM/Runtime/Device.h"
#include "llvm/Support/ErrorHandling.h"

using namespace quantx;

/// The device: open, since code that calls these functions was made for it.
static Device &device() { return *llvm::cantFail(Device::get()); }

static const CUDADriver &driver() { return device().getDriver(); }

//===----------------------------------------------------------------------===//
// Modules and kernels
//===----------------------------------------------------------------------===//

static CUmodule mgpuModuleLoad(void *image, size_t) {
  return device().loadModule(image);
}

static CUmodule mgpuModuleLoadJIT(void *image, int) {
  return device().loadModule(image);
}

static void mgpuModuleUnload(CUmodule module) {
  if (module)
    device().call("cuModuleUnload", driver().cuModuleUnload, module);
}

static CUfunction mgpuModuleGetFunction(CUmodule module, const char *name) {
  CUfunction function = nullptr;
  device().call("cuModuleGetFunction", driver().cuModuleGetFunction, &function,
                module, name);
  return function;
}

static void mgpuLaunchKernel(CUfunction function, intptr_t gridX,
                             intptr_t gridY, intptr_t gridZ, intptr_t blockX,
                             intptr_t blockY, intptr_t blockZ, int32_t shared,
                             CUstream stream, void **parameters, void **extra,
                             size_t) {
  // More than 48 KiB have to be asked for.
  constexpr int32_t freely = 48 << 10;
  constexpr int maxDynamicShared = 8;
  if (shared > freely) {
    device().call("cuFuncSetAttribute", driver().cuFuncSetAttribute, function,
                  maxDynamicShared, int(shared));
  }
  device().call("cuLaunchKernel", driver().cuLaunchKernel, function,
                unsigned(gridX), unsigned(gridY), unsigned(gridZ),
                unsigned(blockX), unsigned(blockY), unsigned(blockZ),
                unsigned(shared), stream, parameters, extra);
}

//===----------------------------------------------------------------------===//
// Streams and events
//===----------------------------------------------------------------------===//

// Each function has a stream of its own; they share one, by which a caller can
// measure the time of all.

static CUstream mgpuStreamCreate() { return device().getStream(); }

static void mgpuStreamDestroy(CUstream) {}

static void mgpuStreamSynchronize(CUstream stream) {
  device().call("cuStreamSynchronize", driver().cuStreamSynchronize, stream);
}

static void mgpuStreamWaitEvent(CUstream stream, CUevent event) {
  device().call("cuStreamWaitEvent", driver().cuStreamWaitEvent, stream, event,
                0);
}

static CUevent mgpuEventCreate() {
  constexpr unsigned disableTiming = 2;
  CUevent event = nullptr;
  device().call("cuEventCreate", driver().cuEventCreate, &event, disableTiming);
  return event;
}

static void mgpuEventDestroy(CUevent event) {
  if (event)
    device().call("cuEventDestroy", driver().cuEventDestroy, event);
}

static void mgpuEventSynchronize(CUevent event) {
  device().call("cuEventSynchronize", driver().cuEventSynchronize, event);
}

static void mgpuEventRecord(CUevent event, CUstream stream) {
  device().call("cuEventRecord", driver().cuEventRecord, event, stream);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static void *mgpuMemAlloc(uint64_t size, CUstream, bool) {
  return device().allocate(size);
}

static void mgpuMemFree(void *address, CUstream) {
  // What is freed is used again by the same stream only, in its order.
  if (address)
    device().release(address);
}

static void mgpuMemcpy(void *to, void *from, size_t size, CUstream) {
  device().copy(to, from, size);
}

static void mgpuMemset32(void *to, unsigned value, size_t count,
                         CUstream stream) {
  if (count != 0)
    device().call("cuMemsetD32Async", driver().cuMemsetD32Async,
                  CUdeviceptr(reinterpret_cast<uintptr_t>(to)), value, count,
                  stream);
}

static void mgpuMemset16(void *to, unsigned short value, size_t count,
                         CUstream stream) {
  if (count != 0)
    device().call("cuMemsetD16Async", driver().cuMemsetD16Async,
                  CUdeviceptr(reinterpret_cast<uintptr_t>(to)), value, count,
                  stream);
}

llvm::ArrayRef<RuntimeFunction> quantx::getRuntimeFunctions() {
#define FUNCTION(name)                                                         \
  { #name, reinterpret_cast < void *>(name) }
  static const RuntimeFunction functions[] = {
      FUNCTION(mgpuModuleLoad),      FUNCTION(mgpuModuleLoadJIT),
      FUNCTION(mgpuModuleUnload),    FUNCTION(mgpuModuleGetFunction),
      FUNCTION(mgpuLaunchKernel),    FUNCTION(mgpuStreamCreate),
      FUNCTION(mgpuStreamDestroy),   FUNCTION(mgpuStreamSynchronize),
      FUNCTION(mgpuStreamWaitEvent), FUNCTION(mgpuEventCreate),
      FUNCTION(mgpuEventDestroy),    FUNCTION(mgpuEventSynchronize),
      FUNCTION(mgpuEventRecord),     FUNCTION(mgpuMemAlloc),
      FUNCTION(mgpuMemFree),         FUNCTION(mgpuMemcpy),
      FUNCTION(mgpuMemset32),        FUNCTION(mgpuMemset16)};
#undef FUNCTION
  return functions;
}
