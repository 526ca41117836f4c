//===- Bandwidth.h - What memory can do -------------------------*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_BANDWIDTH_H
#define QUANTX_BENCHMARK_BANDWIDTH_H

namespace quantx {

/// The kernels that others are compared with.
inline constexpr const char *readKernel = "read";
inline constexpr const char *copyPlainKernel = "copy";
inline constexpr const char *copyStreamKernel = "copy, non-temporal";
inline constexpr const char *writePlainKernel = "write";
inline constexpr const char *writeStreamKernel = "write, non-temporal";

} // namespace quantx

#endif // QUANTX_BENCHMARK_BANDWIDTH_H
