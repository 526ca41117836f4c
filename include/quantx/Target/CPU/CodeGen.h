//===- CodeGen.h - From the LLVM dialect to machine code --------*- C++ -*-===//

#ifndef QUANTX_TARGET_CPU_CODEGEN_H
#define QUANTX_TARGET_CPU_CODEGEN_H

#include "mlir/IR/BuiltinOps.h"
#include "quantx/Target/CPU/CPUTarget.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

namespace quantx {

/// A module in LLVM IR with the context that it lives in.
struct LLVMProgram {
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
};

/// What code is written as.
enum class CodeFileKind { LLVMIR, Assembly, Object, SharedObject };

/// Registers what translation to LLVM IR needs, as `translateToLLVMIR`
/// expects it of the context that `module` is parsed in.
void registerCPUTranslations(mlir::DialectRegistry &registry);

/// Translates a module in the LLVM dialect (and `omp`), and prepares it for
/// `target`: triple, data layout and CPU; only public functions stay visible to
/// the linker. Fails on an op of another dialect, which it names.
llvm::Expected<LLVMProgram> translateToLLVMIR(mlir::ModuleOp module,
                                              const CPUTarget &target);

/// Runs LLVM's -O3 pipeline.
llvm::Error optimize(LLVMProgram &program, const CPUTarget &target);

/// Whether the program calls the OpenMP runtime library.
bool usesOpenMP(const llvm::Module &module);

/// Writes a program as `kind`, which is not SharedObject. Errors of the stream
/// are the caller's to check.
llvm::Error emitCode(LLVMProgram &program, const CPUTarget &target,
                     CodeFileKind kind, llvm::raw_pwrite_stream &os);

/// Links a program to a shared object at `path`, which is replaced, by the
/// system's `cc`. Fails when there is none, when it cannot link for the target,
/// and when the program needs a symbol that the C library does not have.
llvm::Error linkSharedObject(LLVMProgram &program, const CPUTarget &target,
                             llvm::StringRef path);

} // namespace quantx

#endif // QUANTX_TARGET_CPU_CODEGEN_H
