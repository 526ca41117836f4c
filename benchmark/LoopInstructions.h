//===- LoopInstructions.h - Counting instructions of a loop -----*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_LOOPINSTRUCTIONS_H
#define QUANTX_BENCHMARK_LOOPINSTRUCTIONS_H

#include "llvm/ADT/StringRef.h"

namespace quantx {

/// The instructions of the longest straight piece of code between two labels
/// of an assembly file: the body of the inner loop of a kernel that has one.
unsigned countLoopInstructions(llvm::StringRef assembly);

} // namespace quantx

#endif // QUANTX_BENCHMARK_LOOPINSTRUCTIONS_H
