//===- Suite.h - Timing what is asked for -----------------------*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_SUITE_H
#define QUANTX_BENCHMARK_SUITE_H

#include "Cases.h"
#include "Machine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/Regex.h"

namespace quantx {

/// What is timed, and how.
struct Plan {
  llvm::Regex filter; ///< of the kernels' names
  std::vector<SizeClass> sizes;
  std::vector<unsigned> threads;
  unsigned rounds = 0;
  size_t dramBytes = 0; ///< of the data in size class DRAM, at least
};

/// The names of all kernels, and those alone that `filter` matches.
std::vector<std::string> getKernelNames(const llvm::Regex &filter);

/// Times the kernels of the plan and those that they are compared with. Cases
/// of one number of threads are interleaved. Gives nothing where none of the
/// kernels has a case of the plan's sizes and threads.
llvm::Expected<std::vector<Timing>> timeKernels(const Plan &plan,
                                                const Machine &machine);

} // namespace quantx

#endif // QUANTX_BENCHMARK_SUITE_H
