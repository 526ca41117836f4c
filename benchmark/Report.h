//===- Report.h - The results of a run --------------------------*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_REPORT_H
#define QUANTX_BENCHMARK_REPORT_H

#include "Cases.h"
#include "Machine.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>

namespace quantx {

/// What the numbers were measured on, how, and what they are.
struct Results {
  Machine machine;
  size_t dramBytes = 0; ///< of the size class DRAM
  unsigned rounds = 0;
  std::vector<Timing> timings;

  /// The timing of a variant of a kernel, or null.
  const Timing *find(llvm::StringRef kernel, const Setting &setting,
                     llvm::StringRef variant = "native") const;
};

/// A rate of a timing over that of another kernel, in the same run, size class
/// and number of threads.
struct Ratio {
  const char *name;
  CaseKind kind; ///< of the timings that have it
  double (Timing::*getRate)() const;
  /// What it is compared with: the fastest of these that there are.
  std::vector<const char *> kernels;

  /// Nothing where none of the kernels was timed.
  std::optional<double> get(const Results &results, const Timing &timing) const;
};

/// All ratios that there are: of conversions "copy"; of tensors "read", "copy"
/// and "write"; of matmuls "read", "f32" and "bf16".
llvm::ArrayRef<Ratio> getRatios();

/// A table for each kind of kernel that was timed.
void printTables(llvm::raw_ostream &os, const Results &results);

/// Every timing with all its figures.
llvm::json::Value toJSON(const Results &results);

} // namespace quantx

#endif // QUANTX_BENCHMARK_REPORT_H
