//===- Kernels.h - All that can be timed ------------------------*- C++ -*-===//
//
// Each family of kernels has its own file, a function that names them and one
// that compiles those that are asked for.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_BENCHMARK_KERNELS_H
#define QUANTX_BENCHMARK_KERNELS_H

#include "Cases.h"
#include "TensorPool.h"
#include "llvm/Support/Error.h"

namespace quantx {

/// Which kernels are compiled, for what, and on which data.
struct Request {
  std::function<bool(llvm::StringRef kernel)> matches;
  Setting setting;
  /// Half of the L2 cache, for each thread.
  size_t l2Bytes = 0;
  /// What the data of a case has at least, in size class DRAM.
  size_t dramBytes = 0;
  TensorPool &pool;

  /// The bytes that a case of this size class works on.
  size_t getBytes() const {
    return setting.size == SizeClass::DRAM ? dramBytes
                                           : l2Bytes * setting.threads;
  }

  /// Quantized matrices of `rows` rows for the runs of a case to take in turn:
  /// one in L2, and in DRAM so many that together they have `dramBytes`.
  llvm::Expected<std::vector<std::vector<TensorView>>>
  getQuantized(const TensorFormat &format, size_t rows, size_t columns) const;
};

/// A family of kernels.
struct Family {
  CaseKind kind;
  /// All names, in the order of the table.
  std::vector<std::string> (*getNames)();
  /// Adds the cases of `request`. A family without any for its setting adds
  /// none.
  llvm::Error (*addCases)(const Request &request, std::vector<Case> &cases);
};

/// Conversions between f32, f16 or bf16 and a small float, in L2 and one
/// thread: by our codecs on the host, on x86-64-v3 and portably, and by
/// upstream's passes where they have it.
std::vector<std::string> getConversionNames();
llvm::Error addConversions(const Request &request, std::vector<Case> &cases);

/// The copy that conversions are compared with, compiled as they are.
inline constexpr const char *copyKernel = "copy f32";
llvm::Error addConversionCopy(const Request &request, std::vector<Case> &cases);

/// `dynamic_quantize` and `dequantize` of matrices.
std::vector<std::string> getTensorNames();
llvm::Error addTensors(const Request &request, std::vector<Case> &cases);

/// `scaled_matmul`: few rows of activations on large weights, and many.
std::vector<std::string> getMatmulNames();
llvm::Error addMatmuls(const Request &request, std::vector<Case> &cases);

/// What memory can do: reads, copies and writes.
std::vector<std::string> getBandwidthNames();
llvm::Error addBandwidths(const Request &request, std::vector<Case> &cases);

/// What the arithmetic units can do: multiply-adds in registers. The size
/// class does not matter.
std::vector<std::string> getArithmeticNames();
llvm::Error addArithmetic(const Request &request, std::vector<Case> &cases);

} // namespace quantx

#endif // QUANTX_BENCHMARK_KERNELS_H
