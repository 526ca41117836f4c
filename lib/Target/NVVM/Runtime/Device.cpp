//===- Device.cpp - The GPU that compiled code runs on --------------------===//

#include "quantx/Target/NVVM/Runtime/Device.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>

using namespace quantx;
using llvm::Error;
using llvm::Expected;

// From the driver's documentation.
static constexpr int kCapabilityMajor = 75;
static constexpr int kCapabilityMinor = 76;
static constexpr int kErrorLogBuffer = 5;
static constexpr int kErrorLogSize = 6;
// Waits for copies, which the driver may end after it returned.
static constexpr unsigned kBlockingStream = 0;

Expected<Device *> Device::get() {
  static std::unique_ptr<Device> device;
  if (device)
    return device.get();
  Expected<CUDADriver> driver = CUDADriver::load();
  if (!driver)
    return driver.takeError();
  std::unique_ptr<Device> opened(new Device(*driver));
  if (Error error = opened->open())
    return error;
  device = std::move(opened);
  return device.get();
}

Error Device::open() {
  if (!call("cuInit", driver.cuInit, 0))
    return takeError();
  int count = 0;
  if (!call("cuDeviceGetCount", driver.cuDeviceGetCount, &count))
    return takeError();
  if (count == 0)
    return llvm::createStringError(
        "NVIDIA's driver shows no GPU, which the target 'nvvm' needs");
  CUdevice device = 0;
  CUcontext context = nullptr;
  char text[256] = "";
  int major = 0, minor = 0;
  call("cuDeviceGet", driver.cuDeviceGet, &device, 0);
  call("cuDeviceGetName", driver.cuDeviceGetName, text, int(sizeof(text)),
       device);
  call("cuDeviceGetAttribute", driver.cuDeviceGetAttribute, &major,
       kCapabilityMajor, device);
  call("cuDeviceGetAttribute", driver.cuDeviceGetAttribute, &minor,
       kCapabilityMinor, device);
  call("cuDevicePrimaryCtxRetain", driver.cuDevicePrimaryCtxRetain, &context,
       device);
  call("cuCtxSetCurrent", driver.cuCtxSetCurrent, context);
  call("cuStreamCreate", driver.cuStreamCreate, &stream, kBlockingStream);
  name = text;
  capability = major * 10 + minor;
  return takeError();
}

Expected<std::string> Device::getChip() const {
  // Code with an 'a' runs on that very chip alone; other code on later ones
  // too.
  switch (capability) {
  case 90:
    return "sm_90a";
  case 100:
    return "sm_100a";
  case 120:
    return "sm_120a";
  default:
    break;
  }
  if (capability > 90)
    return "sm_90";
  if (capability >= 80)
    return "sm_80";
  return llvm::createStringError(
      name + ": expected a GPU of compute capability 8.0 or later, found " +
      std::to_string(capability / 10) + "." + std::to_string(capability % 10));
}

bool Device::check(CUresult result, const char *function) {
  if (Error error = driver.check(result, function)) {
    message = llvm::toString(std::move(error));
    return false;
  }
  return true;
}

Error Device::takeError() {
  if (message.empty())
    return Error::success();
  std::string taken;
  std::swap(taken, message);
  return llvm::createStringError(std::move(taken));
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static CUdeviceptr toDevicePointer(const void *address) {
  return CUdeviceptr(reinterpret_cast<uintptr_t>(address));
}

void *Device::allocate(size_t size) {
  // An empty buffer has an address too.
  size = std::max<size_t>(size, 1);
  void *address = nullptr;
  auto kept = unused.find(size);
  if (kept != unused.end()) {
    address = kept->second;
    unused.erase(kept);
  } else {
    CUdeviceptr fresh = 0;
    if (!call("cuMemAlloc", driver.cuMemAlloc, &fresh, size))
      return nullptr;
    address = reinterpret_cast<void *>(uintptr_t(fresh));
  }
  used[address] = size;
  return address;
}

void Device::release(void *address) {
  auto found = used.find(address);
  if (found == used.end())
    return std::free(address);
  unused.emplace(found->second, address);
  used.erase(found);
}

void Device::copyToDevice(void *to, llvm::ArrayRef<uint8_t> from) {
  if (!from.empty())
    call("cuMemcpyHtoD", driver.cuMemcpyHtoD, toDevicePointer(to),
         static_cast<const void *>(from.data()), from.size());
}

void Device::copyToHost(llvm::MutableArrayRef<uint8_t> to, const void *from) {
  if (!to.empty())
    call("cuMemcpyDtoH", driver.cuMemcpyDtoH, static_cast<void *>(to.data()),
         toDevicePointer(from), to.size());
}

void Device::copy(void *to, const void *from, size_t size) {
  // Any two memories: addresses of host and GPU are in one space.
  if (size != 0)
    call("cuMemcpyAsync", driver.cuMemcpyAsync, toDevicePointer(to),
         toDevicePointer(from), size, stream);
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

CUmodule Device::loadModule(const void *image) {
  if (failed())
    return nullptr;
  std::string log(4096, '\0');
  int options[] = {kErrorLogBuffer, kErrorLogSize};
  void *values[] = {log.data(), reinterpret_cast<void *>(log.size())};
  CUmodule module = nullptr;
  CUresult result =
      driver.cuModuleLoadDataEx(&module, image, 2, options, values);
  if (check(result, "cuModuleLoadDataEx"))
    return module;
  log.resize(std::strlen(log.c_str()));
  llvm::StringRef line = llvm::StringRef(log).trim().split('\n').first;
  if (!line.empty())
    message += ": " + line.str();
  return nullptr;
}

float Device::measure(llvm::function_ref<void()> body) {
  CUevent start = nullptr, end = nullptr;
  call("cuEventCreate", driver.cuEventCreate, &start, 0);
  call("cuEventCreate", driver.cuEventCreate, &end, 0);
  call("cuEventRecord", driver.cuEventRecord, start, stream);
  body();
  call("cuEventRecord", driver.cuEventRecord, end, stream);
  call("cuEventSynchronize", driver.cuEventSynchronize, end);
  float milliseconds = 0;
  call("cuEventElapsedTime", driver.cuEventElapsedTime, &milliseconds, start,
       end);
  call("cuEventDestroy", driver.cuEventDestroy, start);
  call("cuEventDestroy", driver.cuEventDestroy, end);
  return milliseconds;
}
