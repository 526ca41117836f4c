//===- TensorKernel.h - Compiled functions on tensors -----------*- C++ -*-===//

#ifndef QUANTX_BENCHMARK_TENSORKERNEL_H
#define QUANTX_BENCHMARK_TENSORKERNEL_H

#include "quantx/Target/CPU/Call.h"
#include "support/Compiler.h"
#include <optional>

namespace quantx {

/// The bytes of all tensors.
size_t getSize(llvm::ArrayRef<TensorView> tensors);

/// The only function of a program, compiled, and the inputs that it runs on.
class TensorKernel {
public:
  /// Compiles by the CPU pipeline.
  static llvm::Expected<std::shared_ptr<TensorKernel>>
  create(llvm::StringRef program, llvm::StringRef target, unsigned threads);

  /// Adds the inputs of a run: runs take those that were added in turn. The
  /// tensors live as long as the kernel.
  llvm::Error addInputs(llvm::ArrayRef<TensorView> inputs);

  /// The bytes of the inputs of a run.
  size_t getInputBytes() const { return inputBytes; }

  /// Runs on the next inputs, and frees the results.
  void run();

  /// The same; hands the results to `use` before that.
  llvm::Error
  run(llvm::function_ref<void(llvm::ArrayRef<TensorView> results)> use);

private:
  std::unique_ptr<Compiler> compiler; // owns the types of the signature
  FunctionSignature signature;
  std::optional<JITFunction> function;
  std::vector<std::unique_ptr<Call>> calls;
  size_t next = 0;
  size_t inputBytes = 0;
};

} // namespace quantx

#endif // QUANTX_BENCHMARK_TENSORKERNEL_H
