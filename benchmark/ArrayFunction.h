//===- ArrayFunction.h - Compiled loops over arrays -------------*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_ARRAYFUNCTION_H
#define QUANTX_BENCHMARK_ARRAYFUNCTION_H

#include "support/Compiler.h"
#include "llvm/Support/Error.h"
#include <functional>

namespace quantx {

/// A compiled function(%in: memref<?xT>, %out: memref<?xU>, %n: index), called
/// on arrays of n elements.
using ArrayFunction = std::function<void(const void *in, void *out, size_t n)>;

/// Parses a program of ours, which has no mistake.
std::unique_ptr<Compiler> parseArrayFunction(llvm::StringRef program);

/// Compiles `name`, of a module on buffers, for the host by the end of the CPU
/// pipeline. `scf.forall` runs in `threads` threads.
llvm::Expected<ArrayFunction> compileArrayFunction(Compiler &compiler,
                                                   llvm::StringRef name,
                                                   unsigned threads);

} // namespace quantx

#endif // QUANTX_BENCHMARK_ARRAYFUNCTION_H
