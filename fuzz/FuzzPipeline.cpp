//===- FuzzPipeline.cpp - libFuzzer target of the dialect and its passes --===//
//
// Any text gives a module or an error. A module that verifies prints to text
// that gives the same module, and every pipeline takes it to a module that
// verifies, or fails and says why.
//
// Text hardly ever verifies by chance, so an input that begins with a byte
// below 32 is instead a sequence of choices, from which a program is written
// whose types mostly fit.
//
//===----------------------------------------------------------------------===//

#include "IRWriter.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "quantx/Conversion/QuantXToLinalg/QuantXToLinalg.h"
#include "quantx/IR/QuantXDialect.h"
#include "quantx/Pipelines/Pipelines.h"
#include "quantx/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"

using namespace quantx;
using llvm::StringRef;
using Module = mlir::OwningOpRef<mlir::ModuleOp>;

// libMLIR.so is not instrumented: what it allocates for code of ours, and the
// other way round, is not annotated as the checks of containers and arenas
// expect.
extern "C" const char *__asan_default_options() {
  return "detect_container_overflow=0:allow_user_poisoning=0";
}

static mlir::MLIRContext &getContext() {
  static const auto context = [] {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    auto result = std::make_unique<mlir::MLIRContext>(
        registry, mlir::MLIRContext::Threading::DISABLED);
    result->loadDialect<QuantXDialect>();
    return result;
  }();
  return *context;
}

[[noreturn]] static void fail(const llvm::Twine &reason, mlir::ModuleOp module,
                              StringRef message) {
  module->print(llvm::errs(), mlir::OpPrintingFlags().assumeVerified());
  llvm::report_fatal_error(reason + ": " + message);
}

static std::string print(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module->print(os);
  return text;
}

/// Runs what `build` adds on a copy of the module. Returns the copy, or null
/// where it failed with an error.
static Module lower(mlir::ModuleOp module,
                    llvm::function_ref<void(mlir::OpPassManager &)> build) {
  std::string message;
  mlir::ScopedDiagnosticHandler handler(
      module.getContext(), [&](mlir::Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
          message = diagnostic.str();
      });
  Module lowered = module.clone();
  mlir::PassManager passes(module.getContext());
  passes.enableVerifier(false);
  build(passes);
  bool failed = mlir::failed(passes.run(*lowered));
  if (failed && message.empty())
    fail("a pipeline failed without an error", module, "");
  if (failed)
    return {};
  if (mlir::failed(mlir::verify(*lowered)))
    fail("a pipeline broke the module", module, message);
  return lowered;
}

static void checkPipelines(mlir::ModuleOp module, bool withCPU) {
  lower(module, [](mlir::OpPassManager &passes) {
    passes.addPass(createQuantXExpandDynamic());
  });
  Module lowered = lower(module, [](mlir::OpPassManager &passes) {
    passes.addPass(createQuantXLowerToLinalg());
  });
  if (lowered) {
    lowered->walk([&](mlir::Operation *op) {
      if (llvm::isa_and_nonnull<QuantXDialect>(op->getDialect()))
        fail("quantx is left", module, op->getName().getStringRef());
    });
  }
  if (withCPU) {
    lower(module, [](mlir::OpPassManager &passes) {
      CPUPipelineOptions options;
      options.target = "generic";
      buildCPUPipeline(passes, options);
    });
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  std::string text = llvm::toStringRef(llvm::ArrayRef(data, size)).str();
  bool isProgram = data[0] < 32 && data[0] != '\n';
  if (isProgram)
    text = fuzz::writeIR(data + 1, size - 1);

  mlir::ScopedDiagnosticHandler quiet(&getContext(), [](mlir::Diagnostic &) {});
  Module module = mlir::parseSourceString<mlir::ModuleOp>(text, &getContext());
  if (!module)
    return 0;
  std::string printed = print(*module);
  Module again =
      mlir::parseSourceString<mlir::ModuleOp>(printed, &getContext());
  if (!again || print(*again) != printed)
    fail("the printed module differs", *module, "");
  checkPipelines(*module, isProgram && data[0] % 8 == 0);
  return 0;
}
