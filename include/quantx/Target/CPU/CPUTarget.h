//===- CPUTarget.h - The CPUs that code is generated for --------*- C++ -*-===//

#ifndef QUANTX_TARGET_CPU_CPUTARGET_H
#define QUANTX_TARGET_CPU_CPUTARGET_H

#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
#include <memory>
#include <string>

namespace quantx {

/// More threads than any machine runs well; the OpenMP library aborts when the
/// system cannot make as many as it is asked for.
inline constexpr unsigned kMaxThreads = 1024;

/// What LLVM has to know about a CPU.
struct CPUTarget {
  /// The name it was resolved from.
  std::string name;
  llvm::Triple triple;
  std::string cpu;
  /// Comma-separated, each with its sign: "+avx2,-amx-tile".
  std::string features;
  /// Bits of the vectors to choose; 0 leaves the choice to LLVM.
  unsigned vectorWidth = 0;

  /// Whether it has 32 vector registers of 512 bits, of AVX-512.
  bool hasWideVectors() const { return vectorWidth == 512; }
  /// Whether it has AVX-512 VNNI: dot products of bytes.
  bool hasByteDots() const;
  /// Whether dot products of pairs of bf16 take less time than f32: AMD's do,
  /// Intel's take more.
  bool hasFastPairDots() const;
  /// Whether code for the target may use AMX, which a process asks Linux for.
  bool hasTiles() const;

  /// Resolves one of the names of `getNames`. `native` is this machine: its
  /// own features, and 512-bit vectors where it has AVX-512, for LLVM's tuning
  /// of several such CPUs stops at 256. Fails on any other name, and lists
  /// them.
  static llvm::Expected<CPUTarget> get(llvm::StringRef name);

  /// The names of the targets, `native` first.
  static llvm::ArrayRef<llvm::StringLiteral> getNames();

  /// Succeeds where this machine can run the target's code; else the error
  /// says which architecture or feature it lacks.
  llvm::Error checkRunsHere() const;

  /// Whether it multiplies and adds floats in one instruction: elsewhere LLVM
  /// calls a function for each element.
  bool hasFMA() const;

  /// Whether it converts vectors of f32 to bf16, as long as none is subnormal.
  bool convertsToBF16() const;

  /// Position-independent code generation at -O3, without any fast-math.
  /// Fails when LLVM was built without the architecture.
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
  createTargetMachine() const;
};

} // namespace quantx

#endif // QUANTX_TARGET_CPU_CPUTARGET_H
