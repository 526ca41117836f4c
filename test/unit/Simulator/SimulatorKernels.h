//===- SimulatorKernels.h - Kernels that are written by hand ----*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_SIMULATOR_SIMULATORKERNELS_H
#define QUANTX_TEST_UNIT_SIMULATOR_SIMULATORKERNELS_H

#include "SimulatedProgram.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

namespace quantx::test {

/// From tensors and gpu.launch to kernels.
inline constexpr llvm::StringLiteral kPipeline =
    "one-shot-bufferize{bufferize-function-boundaries=true "
    "function-boundary-type-conversion=identity-layout-map},"
    "gpu-kernel-outlining,canonicalize,cse";

/// A kernel that makes a tensor of another.
struct Kernel {
  const char *inputType = "64xf32";
  const char *outputType = "64xf32";
  int blocks = 1;
  int threads = 64;
  int dynamicBytes = 0;
  const char *attributions = "";
  /// Between launch and terminator; %in and %out are memrefs, %bx, %tx ids.
  const char *body = "";
  /// In the function, before the launch.
  const char *host = "";
};

inline std::string makeFunction(const Kernel &kernel) {
  // {0}: input, {1}: output
  constexpr const char *text = R"(
func.func @f(%x: tensor<{0}>) -> tensor<{1}> {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %blocks = arith.constant {2} : index
  %threads = arith.constant {3} : index
  %dynamic = arith.constant {4} : i32
  %in = bufferization.to_buffer %x read_only : tensor<{0}> to memref<{0}>
  %out = memref.alloc() : memref<{1}>
  {7}
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %blocks, %gy = %c1, %gz = %c1)
      threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1)
      dynamic_shared_memory_size %dynamic {5} {{
    {6}
    gpu.terminator
  }
  %r = bufferization.to_tensor %out restrict writable
    : memref<{1}> to tensor<{1}>
  return %r : tensor<{1}>
})";
  return llvm::formatv(text, kernel.inputType, kernel.outputType, kernel.blocks,
                       kernel.threads, kernel.dynamicBytes, kernel.attributions,
                       kernel.body, kernel.host)
      .str();
}

inline std::vector<float> makeIndices(size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = float(i);
  return values;
}

/// What a kernel on 64 f32 does wrong.
inline std::string findMistake(const Kernel &kernel) {
  std::vector<float> x = makeIndices(64);
  SimulatedProgram program(makeFunction(kernel), kPipeline);
  return program.findMistake(viewArray(ElementType::Float32, {64}, x));
}

inline void expectMistake(const Kernel &kernel, const char *expected) {
  std::string mistake = findMistake(kernel);
  EXPECT_NE(mistake.find(expected), std::string::npos)
      << "found '" << mistake << "'";
}

/// Each group of 4 lanes that the mask names goes its own way.
inline Kernel makeMaskedShuffle(const char *lanesOfMask) {
  static std::string body;
  body = llvm::formatv(R"(
    %v = memref.load %in[%tx] : memref<64xf32>
    %i = arith.index_cast %tx : index to i32
    %c31 = arith.constant 31 : i32
    %c28 = arith.constant 28 : i32
    %lanes = arith.constant {0} : i32
    %lane = arith.andi %i, %c31 : i32
    %first = arith.andi %i, %c28 : i32
    %mask = arith.shli %lanes, %first : i32
    %bit = arith.constant 4 : i32
    %one = arith.constant 1 : i32
    %zero = arith.constant 0 : i32
    %odd = arith.andi %i, %bit : i32
    %isOdd = arith.cmpi eq, %odd, %bit : i32
    %r = scf.if %isOdd -> (f32) {{
      %control = arith.constant 0x1c03 : i32
      %s = nvvm.shfl.sync idx %mask, %v, %zero, %control : f32 -> f32
      scf.yield %s : f32
    } else {{
      %s = nvvm.shfl.sync bfly %mask, %v, %one, %c31 : f32 -> f32
      scf.yield %s : f32
    }
    memref.store %r, %out[%tx] : memref<64xf32>)",
                       lanesOfMask)
             .str();
  Kernel kernel;
  kernel.body = body.c_str();
  return kernel;
}

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_SIMULATOR_SIMULATORKERNELS_H
