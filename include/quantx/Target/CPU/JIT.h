//===- JIT.h - Compiling and calling in this process ------------*- C++ -*-===//

#ifndef QUANTX_TARGET_CPU_JIT_H
#define QUANTX_TARGET_CPU_JIT_H

#include "quantx/Target/CPU/CodeGen.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include <cstdlib>

namespace quantx {

/// What compiled code allocates buffers with, and the caller frees results.
struct HostMemory {
  void *(*allocate)(size_t size);
  void (*release)(void *address);
};

/// The C library's.
inline constexpr HostMemory kMalloc = {std::malloc, std::free};

/// A function of this process that compiled code calls by its name.
struct HostFunction {
  const char *name;
  void *address;
};

/// A function compiled into this process.
class JITFunction {
public:
  /// Compiles `function` of a module in the LLVM dialect. The function has a
  /// wrapper `_mlir_ciface_<function>`, as llvm-request-c-wrappers makes it.
  /// Fails when there is no wrapper, when this machine cannot run `target`, and
  /// when the code needs a symbol that this process does not have. Buffers come
  /// from `memory`. The code may call `functions`; its constructors run here,
  /// and its destructors when the function goes.
  static llvm::Expected<JITFunction>
  create(mlir::ModuleOp module, const CPUTarget &target,
         llvm::StringRef function, const HostMemory &memory = kMalloc,
         llvm::ArrayRef<HostFunction> functions = {});

  JITFunction(JITFunction &&) = default;
  JITFunction &operator=(JITFunction &&) = default;
  ~JITFunction();

  /// Calls the function. Each entry of `arguments` points to the value of one
  /// parameter of the wrapper (a scalar, or a pointer to a memref descriptor),
  /// in order; where the wrapper returns a value, one more entry points to room
  /// for it.
  void call(llvm::MutableArrayRef<void *> arguments) const {
    entry(arguments.data());
  }

  /// What results are freed with.
  const HostMemory &getMemory() const { return memory; }

private:
  JITFunction(std::unique_ptr<llvm::orc::LLJIT> jit, void (*entry)(void **),
              const HostMemory &memory)
      : jit(std::move(jit)), entry(entry), memory(memory) {}

  std::unique_ptr<llvm::orc::LLJIT> jit;
  void (*entry)(void **);
  HostMemory memory;
};

} // namespace quantx

#endif // QUANTX_TARGET_CPU_JIT_H
