//===- Device.h - The GPU that compiled code runs on ------------*- C++ -*-===//

#ifndef QUANTX_TARGET_NVVM_RUNTIME_DEVICE_H
#define QUANTX_TARGET_NVVM_RUNTIME_DEVICE_H

#include "quantx/Target/NVVM/Runtime/CUDADriver.h"
#include "llvm/ADT/ArrayRef.h"
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace quantx {

/// The first GPU that the driver shows, its memory and one stream. Functions
/// that compiled code calls cannot fail: the first failure of the driver is
/// kept, all calls from then on do nothing, and `takeError` has it.
class Device {
public:
  /// The one of the process. Fails where there is no driver or no GPU.
  static llvm::Expected<Device *> get();

  /// As the driver calls it.
  const std::string &getName() const { return name; }
  /// The chip of the NVVM pipeline whose code runs here best. Fails on a GPU
  /// that is older than all of them.
  llvm::Expected<std::string> getChip() const;

  /// The first failure since the last call; success if there was none.
  llvm::Error takeError();

  /// Memory of the GPU; null after a failure. Memory that is freed is kept for
  /// the next one of its size.
  void *allocate(size_t size);
  /// Memory of the GPU or null; anything else is freed as the host's.
  void release(void *address);
  void copyToDevice(void *to, llvm::ArrayRef<uint8_t> from);
  void copyToHost(llvm::MutableArrayRef<uint8_t> to, const void *from);
  /// Between any two of host and GPU, in order with the stream.
  void copy(void *to, const void *from, size_t size);

  /// The milliseconds that what `body` starts takes on the GPU.
  float measure(llvm::function_ref<void()> body);

  /// Calls the driver, unless it failed before. The arguments are those of the
  /// function named by `function`.
  template <typename... Parameters, typename... Arguments>
  bool call(const char *function, CUresult (*pointer)(Parameters...),
            Arguments... arguments) {
    if (failed())
      return false;
    return check(pointer(arguments...), function);
  }

  const CUDADriver &getDriver() const { return driver; }
  CUstream getStream() const { return stream; }
  /// PTX or a cubin. The driver's messages are part of the failure.
  CUmodule loadModule(const void *image);

private:
  explicit Device(const CUDADriver &driver) : driver(driver) {}

  llvm::Error open();
  bool failed() const { return !message.empty(); }
  bool check(CUresult result, const char *function);

  CUDADriver driver;
  std::string name;
  int capability = 0; ///< 90 for 9.0
  CUstream stream = nullptr;
  std::string message;
  /// What is in use, with its size, and what is not, by its size.
  std::map<void *, size_t> used;
  std::multimap<size_t, void *> unused;
};

/// The functions that host code of the NVVM pipeline calls, upstream's
/// `mgpu...`, by their names.
struct RuntimeFunction {
  const char *name;
  void *address;
};
llvm::ArrayRef<RuntimeFunction> getRuntimeFunctions();

} // namespace quantx

#endif // QUANTX_TARGET_NVVM_RUNTIME_DEVICE_H
