//===- Report.h - The results as a table and as JSON ------------*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_REPORT_H
#define QUANTX_BENCHMARK_REPORT_H

#include "Cases.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace quantx {

/// What the numbers were measured on, and how.
struct RunInfo {
  std::string cpu;
  std::string sizeClass;
  size_t elements = 0;
  unsigned rounds = 0;
};

/// One line a kernel: the rates of its variants, and the ratios of the host's
/// to the copy and to the best of upstream's.
void printTable(llvm::raw_ostream &os, const RunInfo &info,
                llvm::ArrayRef<Timing> timings);

/// Every timing with all its figures.
llvm::json::Value toJSON(const RunInfo &info, llvm::ArrayRef<Timing> timings);

} // namespace quantx

#endif // QUANTX_BENCHMARK_REPORT_H
