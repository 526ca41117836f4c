// Launches a kernel of quant-compile by CUDA's driver API.
//
//   quant-compile dequantize.mlir -o kernel.ptx --header=kernel.h --chip=sm_80
//   c++ launch.cpp -o launch -lcuda
//   ./launch kernel.ptx
//
// kernel.h says what there is to know of the kernel: its name, its block, and
// its parameters in their order.

#include "kernel.h"
#if __has_include(<cuda.h>)
#include <cuda.h>
#else
// The part of cuda.h that is needed here.
using CUresult = int;
using CUdevice = int;
using CUdeviceptr = unsigned long long;
using CUcontext = struct CUctx_st *;
using CUmodule = struct CUmod_st *;
using CUfunction = struct CUfunc_st *;
using CUstream = struct CUstream_st *;
#define cuMemAlloc cuMemAlloc_v2
#define cuMemcpyHtoD cuMemcpyHtoD_v2
#define cuMemcpyDtoH cuMemcpyDtoH_v2
#define cuMemFree cuMemFree_v2
extern "C" {
CUresult cuInit(unsigned);
CUresult cuDeviceGet(CUdevice *, int);
CUresult cuDevicePrimaryCtxRetain(CUcontext *, CUdevice);
CUresult cuCtxSetCurrent(CUcontext);
CUresult cuModuleLoadDataEx(CUmodule *, const void *, unsigned, int *, void **);
CUresult cuModuleGetFunction(CUfunction *, CUmodule, const char *);
CUresult cuMemAlloc(CUdeviceptr *, size_t);
CUresult cuMemcpyHtoD(CUdeviceptr, const void *, size_t);
CUresult cuMemcpyDtoH(void *, CUdeviceptr, size_t);
CUresult cuMemFree(CUdeviceptr);
CUresult cuLaunchKernel(CUfunction, unsigned, unsigned, unsigned, unsigned,
                        unsigned, unsigned, unsigned, CUstream, void **,
                        void **);
}
#endif
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

static void check(CUresult result, const char *what) {
  if (result == 0)
    return;
  std::fprintf(stderr, "%s failed: %d\n", what, int(result));
  std::exit(1);
}
#define CHECK(call) check(call, #call)

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: launch kernel.ptx\n");
    return 1;
  }
  std::ifstream file(argv[1]);
  std::string ptx((std::istreambuf_iterator<char>(file)), {});

  CUdevice device;
  CUcontext context;
  CUmodule module;
  CUfunction kernel;
  CHECK(cuInit(0));
  CHECK(cuDeviceGet(&device, 0));
  CHECK(cuDevicePrimaryCtxRetain(&context, device));
  CHECK(cuCtxSetCurrent(context));
  CHECK(cuModuleLoadDataEx(&module, ptx.c_str(), 0, nullptr, nullptr));
  CHECK(cuModuleGetFunction(&kernel, module, DEQUANTIZE_DEQUANTIZE_0_NAME));

  // Two rows of 64 codes in MXFP4, two to a byte: 0.5 and 1, under scales of 2
  // (the code of 2^e is 127 + e).
  constexpr int64_t rows = 2, columns = 64;
  std::vector<unsigned char> payload(rows * columns / 2, 0x21);
  std::vector<unsigned char> scales(rows * columns / 32, 128);
  std::vector<float> values(rows * columns);

  CUdeviceptr buffers[3];
  CHECK(cuMemAlloc(&buffers[0], payload.size()));
  CHECK(cuMemAlloc(&buffers[1], scales.size()));
  CHECK(cuMemAlloc(&buffers[2], values.size() * sizeof(float)));
  CHECK(cuMemcpyHtoD(buffers[0], payload.data(), payload.size()));
  CHECK(cuMemcpyHtoD(buffers[1], scales.data(), scales.size()));

  dequantize_dequantize_0_parameters p = {buffers[0], buffers[1], buffers[2],
                                          rows, columns};
  void *parameters[] = {&p.payload, &p.scales, &p.values, &p.rows, &p.columns};
  constexpr unsigned blocks = 4; // any number is right
  CHECK(cuLaunchKernel(kernel, blocks, 1, 1, DEQUANTIZE_DEQUANTIZE_0_BLOCK, 1,
                       1, DEQUANTIZE_DEQUANTIZE_0_SHARED_BYTES, nullptr,
                       parameters, nullptr));
  CHECK(cuMemcpyDtoH(values.data(), buffers[2], values.size() * sizeof(float)));
  std::printf("%g %g\n", values[0], values[1]); // 1 2
  for (CUdeviceptr buffer : buffers)
    CHECK(cuMemFree(buffer));
}
