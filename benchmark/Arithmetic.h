//===- Arithmetic.h - What the arithmetic units can do ----------*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_ARITHMETIC_H
#define QUANTX_BENCHMARK_ARITHMETIC_H

namespace quantx {

/// The kernels that matmuls are compared with.
inline constexpr const char *f32Kernel = "multiply-add f32";
inline constexpr const char *bf16DotKernel = "dot product bf16";
inline constexpr const char *bf16TileKernel = "tiles bf16";

} // namespace quantx

#endif // QUANTX_BENCHMARK_ARITHMETIC_H
