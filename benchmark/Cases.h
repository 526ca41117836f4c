//===- Cases.h - What is timed, and how ------------------------*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_CASES_H
#define QUANTX_BENCHMARK_CASES_H

#include "llvm/ADT/ArrayRef.h"
#include <functional>
#include <string>
#include <vector>

namespace quantx {

/// One way to compute one thing.
struct Case {
  std::string kernel;  ///< what is computed: "f32 -> f8E4M3FN"
  std::string variant; ///< how: "native", "arith-expand", ...
  double elements = 0; ///< of one run
  double bytes = 0;    ///< read and written by one run
  /// Instructions of the inner loop for 16 elements; 0 where not counted.
  double instructions = 0;
  std::function<void()> run;
};

/// The times of one case.
struct Timing {
  const Case *timed = nullptr;
  double median = 0; ///< seconds a run
  double low = 0;    ///< the quartiles
  double high = 0;

  double getElementRate() const { return timed->elements / median; }
  double getByteRate() const { return timed->bytes / median; }
};

/// Times every case `rounds` times, in random order, so that what disturbs the
/// machine for a while does not fall on one case alone.
std::vector<Timing> timeCases(llvm::ArrayRef<Case> cases, unsigned rounds);

} // namespace quantx

#endif // QUANTX_BENCHMARK_CASES_H
