//===- Call.h - Calling compiled functions on tensors -----------*- C++ -*-===//

#ifndef QUANTX_TARGET_CPU_CALL_H
#define QUANTX_TARGET_CPU_CALL_H

#include "quantx/Target/CPU/JIT.h"
#include "quantx/Target/CPU/Signature.h"

namespace quantx {

/// A call of a compiled function on tensors, which can be repeated. Inputs are
/// passed where they are, results are read where the function left them.
class Call {
public:
  /// Prepares a call. `inputs` fit the signature, as `checkTensor` says, are
  /// aligned for their types, and live as long as the call.
  Call(const FunctionSignature &signature, llvm::ArrayRef<TensorView> inputs);
  Call(const Call &) = delete;
  Call &operator=(const Call &) = delete;
  ~Call() { freeResults(); }

  /// Runs the function, which has this call's signature. The results of an
  /// earlier run are freed first.
  void run(const JITFunction &function);

  /// The results of the last run; they live until the next one. Fails when a
  /// result is not in C order.
  llvm::Expected<llvm::SmallVector<TensorView>> getResults() const;

  /// Frees the results of the last run, if there are any.
  void freeResults();

private:
  /// Where a value is in `resultWords`.
  struct ResultSlot {
    const ValueSignature *signature;
    size_t offset;
  };

  void layOutResults(const FunctionSignature &signature);
  llvm::Expected<TensorView> getResult(const ResultSlot &slot) const;

  /// Descriptors of the tensors among the inputs; scalars stay in their files.
  std::vector<std::vector<int64_t>> descriptors;
  /// The results, laid out as the C struct that the function fills.
  std::vector<int64_t> resultWords;
  std::vector<ResultSlot> results;
  /// Pointers to the function's parameters, as `JITFunction::call` takes them.
  std::vector<void *> arguments;
  /// What `arguments` points to where the parameter is a pointer itself.
  std::vector<void *> pointers;
  /// Frees the results of the last run; null before the first one.
  void (*release)(void *) = nullptr;
};

} // namespace quantx

#endif // QUANTX_TARGET_CPU_CALL_H
