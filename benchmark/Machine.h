//===- Machine.h - What the kernels run on ----------------------*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_MACHINE_H
#define QUANTX_BENCHMARK_MACHINE_H

#include <cstddef>
#include <string>

namespace quantx {

/// What the system says about this machine.
struct Machine {
  std::string cpu;
  unsigned cores = 1; ///< that this process may use
  size_t l2Bytes = 0; ///< of one core
  size_t l3Bytes = 0; ///< 0 where there is none
};

Machine getMachine();

} // namespace quantx

#endif // QUANTX_BENCHMARK_MACHINE_H
