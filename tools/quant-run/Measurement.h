//===- Measurement.h - What --repeat prints ---------------------*- C++ -*-===//

#ifndef QUANTX_TOOLS_QUANT_RUN_MEASUREMENT_H
#define QUANTX_TOOLS_QUANT_RUN_MEASUREMENT_H

#include "quantx/IO/Tensor.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <vector>

namespace quantx {

/// The bytes of all of `tensors`.
inline size_t countBytes(llvm::ArrayRef<TensorView> tensors) {
  size_t bytes = 0;
  for (const TensorView &tensor : tensors)
    bytes += tensor.data.size();
  return bytes;
}

/// Prints the median of the times of one or more runs, and how fast they move
/// `bytes`.
inline void printMedian(std::vector<double> seconds, size_t bytes) {
  llvm::sort(seconds);
  size_t count = seconds.size();
  double median = (seconds[(count - 1) / 2] + seconds[count / 2]) / 2;
  llvm::outs() << llvm::formatv(
      "median of {0}: {1:f4} ms, {2:f2} GB/s ({3} bytes of inputs and "
      "outputs)\n",
      count, median * 1e3, double(bytes) / median * 1e-9, bytes);
}

} // namespace quantx

#endif // QUANTX_TOOLS_QUANT_RUN_MEASUREMENT_H
