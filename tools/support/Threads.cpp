//===- Threads.cpp - Where OpenMP's threads run ---------------------------===//

#include "Threads.h"
#include <cstdlib>

void quantx::bindThreads() {
  setenv("OMP_PLACES", "cores", /*overwrite=*/0);
  setenv("OMP_PROC_BIND", "spread", /*overwrite=*/0);
}
