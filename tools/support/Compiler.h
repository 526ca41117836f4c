//===- Compiler.h - What the compiling tools share --------------*- C++ -*-===//

#ifndef QUANTX_TOOLS_SUPPORT_COMPILER_H
#define QUANTX_TOOLS_SUPPORT_COMPILER_H

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "quantx/Target/CPU/CPUTarget.h"
#include "quantx/Target/CPU/Signature.h"
#include <memory>
#include <optional>

namespace quantx {

/// A module on its way from a file to the LLVM dialect. What MLIR reports
/// becomes the error of the step that failed: its location and first line.
class Compiler {
public:
  /// Parses and verifies the module in `path`, "-" for the standard input.
  static llvm::Expected<std::unique_ptr<Compiler>> parse(llvm::StringRef path);

  /// The module that `build` makes. Every dialect that it uses is loaded.
  static std::unique_ptr<Compiler> build(
      llvm::function_ref<mlir::OwningOpRef<mlir::ModuleOp>(mlir::MLIRContext &)>
          build);

  /// The names of the public functions with a body, in the order of the file.
  std::vector<std::string> getFunctionNames();

  /// Erases what the public function `name` does not reach.
  llvm::Error keepFunction(llvm::StringRef name);

  /// The lowered signatures of the public functions, in the order of the file.
  /// Only before `lower`.
  llvm::Expected<llvm::SmallVector<FunctionSignature>> getSignatures();

  /// Runs the CPU pipeline: the module is in the LLVM dialect afterwards. Its
  /// vectors have at most `chunk` elements, and it writes results of
  /// `nontemporalThreshold` bytes past the caches, if given.
  llvm::Error lower(const CPUTarget &target, int64_t threads,
                    std::optional<int64_t> chunk = std::nullopt,
                    std::optional<int64_t> nontemporalThreshold = std::nullopt);

  /// The same for a module on buffers: runs the end of the CPU pipeline.
  llvm::Error lowerFromBuffers(const CPUTarget &target);

  /// Runs the NVVM pipeline for a chip: the module is host code in the LLVM
  /// dialect and a `gpu.binary` of `format` afterwards.
  llvm::Error lowerToNVVM(llvm::StringRef chip, llvm::StringRef format = "isa");

  /// After `lowerToNVVM`: the PTX or the binary of all kernels. Fails where
  /// there are none.
  llvm::Expected<llvm::StringRef> getDeviceCode();

  mlir::ModuleOp getModule() { return *module; }

  /// What MLIR reported first, for the failure of a step; where it did not,
  /// that `step` failed.
  llvm::Error takeError(const llvm::Twine &step);

private:
  Compiler();

  /// Keeps the first error, and shows warnings.
  void handleDiagnostic(mlir::Diagnostic &diagnostic);

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string firstError;
};

} // namespace quantx

#endif // QUANTX_TOOLS_SUPPORT_COMPILER_H
