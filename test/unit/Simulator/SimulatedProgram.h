//===- SimulatedProgram.h - A function on the simulated GPU -----*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDPROGRAM_H
#define QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDPROGRAM_H

#include "Execute/Program.h"
#include "Execute/SimulatedGPU.h"
#include "mlir/Pass/PassRegistry.h"

namespace quantx::test {

/// One compiled function whose kernels run on the simulated GPU. Errors of the
/// compiler abort the test program: they are bugs.
class SimulatedProgram {
public:
  /// Compiles the only public function of `text`. `pipeline` takes the module
  /// to kernels in GPU modules and host code on memrefs.
  SimulatedProgram(const std::string &text, llvm::StringRef pipeline,
                   NaNModel nan = NaNModel::Canonical)
      : SimulatedProgram(
            text,
            [=](mlir::OpPassManager &passes) {
              return mlir::parsePassPipeline(pipeline, passes);
            },
            nan) {}

  /// The same by the NVVM pipeline for a chip.
  static SimulatedProgram createForChip(const std::string &text,
                                        llvm::StringRef chip,
                                        NaNModel nan = NaNModel::Canonical);

  /// Runs the function on inputs in the device's memory. What kernels do wrong
  /// fails the test.
  std::vector<Array> run(llvm::ArrayRef<TensorView> inputs) const;

  /// What the kernels do wrong first; empty where nothing is.
  std::string findMistake(llvm::ArrayRef<TensorView> inputs) const;

private:
  SimulatedProgram(
      const std::string &text,
      llvm::function_ref<llvm::LogicalResult(mlir::OpPassManager &)> addPasses,
      NaNModel nan);

  std::vector<Array> call(llvm::ArrayRef<TensorView> inputs,
                          std::string &mistake) const;

  /// Owns the types in the signature.
  std::unique_ptr<Compiler> compiler;
  FunctionSignature signature;
  std::optional<JITFunction> function;
};

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_SIMULATOR_SIMULATEDPROGRAM_H
