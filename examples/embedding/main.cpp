//===- main.cpp - A small compiler that embeds QuantX ---------------------===//
//
// Parses a file with quantx ops and prints it lowered, either to linalg, for a
// compiler that goes on from there, or to the LLVM dialect for the CPU.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Support/FileUtilities.h"
#include "quantx/Pipelines/Pipelines.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"

namespace {
enum class Target { Linalg, CPU };
} // namespace

/// Adds the passes for `target`: the whole CPU pipeline from its C++ function,
/// or a single pass by its name, as a compiler's own textual pipeline would.
static llvm::LogicalResult buildPipeline(mlir::PassManager &manager,
                                         Target target) {
  if (target == Target::CPU) {
    quantx::buildCPUPipeline(manager, quantx::CPUPipelineOptions());
    return llvm::success();
  }
  return mlir::parsePassPipeline("quantx-lower-to-linalg", manager);
}

int main(int argc, char **argv) {
  llvm::InitLLVM initialize(argc, argv);
  llvm::cl::opt<std::string> input(llvm::cl::Positional, llvm::cl::Required,
                                   llvm::cl::desc("<file.mlir>"));
  llvm::cl::opt<Target> target(
      "target", llvm::cl::desc("What to lower to"),
      llvm::cl::values(clEnumValN(Target::Linalg, "linalg", "linalg (default)"),
                       clEnumValN(Target::CPU, "cpu", "the LLVM dialect")),
      llvm::cl::init(Target::Linalg));
  llvm::cl::ParseCommandLineOptions(argc, argv,
                                    "a small compiler that embeds QuantX\n");

  mlir::DialectRegistry registry;
  registry.insert<mlir::arith::ArithDialect, mlir::func::FuncDialect,
                  mlir::linalg::LinalgDialect, mlir::tensor::TensorDialect>();
  quantx::registerAllDialects(registry);
  quantx::registerAllPasses();

  std::string error;
  auto file = mlir::openInputFile(input, &error);
  if (!file) {
    llvm::errs() << "embedding: error: " << error << "\n";
    return 1;
  }
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  mlir::MLIRContext context(registry);
  mlir::SourceMgrDiagnosticHandler diagnostics(sources, &context);

  auto module = mlir::parseSourceFile<mlir::ModuleOp>(sources, &context);
  if (!module)
    return 1;
  mlir::PassManager manager(&context);
  if (failed(buildPipeline(manager, target)) || failed(manager.run(*module)))
    return 1;
  module->print(llvm::outs());
  return 0;
}
