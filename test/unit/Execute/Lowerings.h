//===- Lowerings.h - The ways in which a conversion is compiled -*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_EXECUTE_LOWERINGS_H
#define QUANTX_TEST_UNIT_EXECUTE_LOWERINGS_H

#include "quantx/Target/CPU/CPUTarget.h"
#include "support/ConversionKernels.h"
#include "llvm/ADT/StringExtras.h"
#include "gtest/gtest.h"

namespace quantx::test {

/// One way: a target, on scalars or on vectors.
struct Lowering {
  const char *target;
  /// Elements of the vectors, as many as the target converts at once; 0 for
  /// scalars.
  unsigned vectorSize;

  std::string getName() const;
};

/// `text` with all but letters and digits as '_': GoogleTest's names.
inline std::string toIdentifier(llvm::StringRef text) {
  std::string name;
  for (char c : text)
    name += llvm::isAlnum(c) ? c : '_';
  return name;
}

inline std::string Lowering::getName() const {
  return (vectorSize ? "vector_" : "scalar_") + toIdentifier(target);
}

/// The targets of x86, and what runs everywhere.
inline std::vector<const char *> getTargets() {
  return {"generic", "x86-64-v3", "x86-64-v4", "x86-64-v4+avx512vbmi"};
}

inline std::vector<Lowering> getLowerings() {
  return {{"generic", 0},
          {"generic", 16},
          {"x86-64-v3", 32},
          {"x86-64-v4", 64},
          {"x86-64-v4+avx512vbmi", 64}};
}

/// What this machine lacks to run code for `target`; empty if nothing.
inline std::string getMissing(llvm::StringRef target) {
  CPUTarget cpu = llvm::cantFail(CPUTarget::get(target));
  llvm::Error error = cpu.checkRunsHere();
  return error ? llvm::toString(std::move(error)) : "";
}

} // namespace quantx::test

/// Ends a test of a lowering that this machine cannot run, visibly.
#define SKIP_UNLESS_RUNS_HERE(TARGET)                                          \
  if (std::string missing = quantx::test::getMissing(TARGET);                  \
      !missing.empty())                                                        \
  GTEST_SKIP() << missing

#endif // QUANTX_TEST_UNIT_EXECUTE_LOWERINGS_H
