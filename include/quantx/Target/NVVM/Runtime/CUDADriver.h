//===- CUDADriver.h - NVIDIA's driver, where there is one -------*- C++ -*-===//
//
// The functions of libcuda.so.1 that the run time calls. The library is looked
// for when it is needed: nothing of CUDA is needed to build, nor to run on a
// CPU. Types and values are those of the driver's documented ABI.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TARGET_NVVM_RUNTIME_CUDADRIVER_H
#define QUANTX_TARGET_NVVM_RUNTIME_CUDADRIVER_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>

namespace quantx {

// Handles of the driver.
using CUresult = int;
using CUdevice = int;
using CUdeviceptr = unsigned long long;
using CUcontext = struct CUctx_st *;
using CUmodule = struct CUmod_st *;
using CUfunction = struct CUfunc_st *;
using CUstream = struct CUstream_st *;
using CUevent = struct CUevent_st *;

/// The driver's functions by their names. Those whose symbol has a version are
/// called by it.
struct CUDADriver {
  CUresult (*cuInit)(unsigned flags);
  CUresult (*cuGetErrorName)(CUresult error, const char **name);
  CUresult (*cuGetErrorString)(CUresult error, const char **text);
  CUresult (*cuDriverGetVersion)(int *version);
  CUresult (*cuDeviceGetCount)(int *count);
  CUresult (*cuDeviceGet)(CUdevice *device, int ordinal);
  CUresult (*cuDeviceGetName)(char *name, int length, CUdevice device);
  CUresult (*cuDeviceGetAttribute)(int *value, int attribute, CUdevice device);
  CUresult (*cuDevicePrimaryCtxRetain)(CUcontext *context, CUdevice device);
  CUresult (*cuCtxSetCurrent)(CUcontext context);
  CUresult (*cuModuleLoadDataEx)(CUmodule *module, const void *image,
                                 unsigned optionCount, int *options,
                                 void **values);
  CUresult (*cuModuleUnload)(CUmodule module);
  CUresult (*cuModuleGetFunction)(CUfunction *function, CUmodule module,
                                  const char *name);
  CUresult (*cuFuncSetAttribute)(CUfunction function, int attribute, int value);
  CUresult (*cuLaunchKernel)(CUfunction function, unsigned gridX,
                             unsigned gridY, unsigned gridZ, unsigned blockX,
                             unsigned blockY, unsigned blockZ,
                             unsigned sharedBytes, CUstream stream,
                             void **parameters, void **extra);
  CUresult (*cuStreamCreate)(CUstream *stream, unsigned flags);
  CUresult (*cuStreamSynchronize)(CUstream stream);
  CUresult (*cuEventCreate)(CUevent *event, unsigned flags);
  CUresult (*cuEventDestroy)(CUevent event);
  CUresult (*cuEventRecord)(CUevent event, CUstream stream);
  CUresult (*cuEventSynchronize)(CUevent event);
  CUresult (*cuEventElapsedTime)(float *milliseconds, CUevent start,
                                 CUevent end);
  CUresult (*cuStreamWaitEvent)(CUstream stream, CUevent event, unsigned flags);
  CUresult (*cuMemAlloc)(CUdeviceptr *address, size_t size);
  CUresult (*cuMemFree)(CUdeviceptr address);
  CUresult (*cuMemcpyAsync)(CUdeviceptr to, CUdeviceptr from, size_t size,
                            CUstream stream);
  CUresult (*cuMemcpyHtoD)(CUdeviceptr to, const void *from, size_t size);
  CUresult (*cuMemcpyDtoH)(void *to, CUdeviceptr from, size_t size);
  CUresult (*cuMemsetD16Async)(CUdeviceptr to, unsigned short value,
                               size_t count, CUstream stream);
  CUresult (*cuMemsetD32Async)(CUdeviceptr to, unsigned value, size_t count,
                               CUstream stream);

  /// Loads the library. Fails where there is none, or where it lacks a
  /// function.
  static llvm::Expected<CUDADriver> load();

  /// Succeeds for CUDA_SUCCESS; else the error has the name of the function,
  /// and what the driver says of the result.
  llvm::Error check(CUresult result, llvm::StringRef function) const;
};

} // namespace quantx

#endif // QUANTX_TARGET_NVVM_RUNTIME_CUDADRIVER_H
