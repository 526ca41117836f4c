//===- UpstreamKernels.h - Conversions by upstream's passes -----*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_UPSTREAMKERNELS_H
#define QUANTX_BENCHMARK_UPSTREAMKERNELS_H

#include "ArrayFunction.h"

namespace quantx {

/// A loop of `arith.truncf` or `arith.extf`, and who expands it.
struct UpstreamSpec {
  enum class Expander {
    ArithExpand, ///< arith-expand, on vectors of 64
    APFloat,     ///< convert-arith-to-apfloat, on scalars: a call an element
    None         ///< no conversion at all: copies f32 by vectors of 64
  };
  Expander expander = Expander::None;
  std::string format; ///< the keyword of the builtin type
  unsigned bits = 8;  ///< of one code
  std::string wide = "f32";
  bool isEncoding = true;
};

/// Whether upstream's pass expands conversions of the format at all.
bool isExpandedByUpstream(const UpstreamSpec &spec);

/// Compiles the loop for the host by the same pipeline as ours, from `in` to
/// `out`, arrays of `count` elements, codes one a byte or packed as vectors
/// are.
llvm::Expected<ArrayFunction> buildUpstreamKernel(const UpstreamSpec &spec);

} // namespace quantx

#endif // QUANTX_BENCHMARK_UPSTREAMKERNELS_H
