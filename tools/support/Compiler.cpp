//===- Compiler.cpp - What the compiling tools share ----------------------===//

#include "Compiler.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Transforms/Passes.h"
#include "quantx/Pipelines/Pipelines.h"
#include "quantx/Target/CPU/CodeGen.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"

using namespace quantx;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

static mlir::DialectRegistry makeRegistry() {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  registerCPUTranslations(registry);
  mlir::registerGPUDialectTranslation(registry);
  mlir::gpu::registerOffloadingLLVMTranslationInterfaceExternalModels(registry);
  return registry;
}

Compiler::Compiler() : context(makeRegistry()) {
  context.getDiagEngine().registerHandler(
      [this](mlir::Diagnostic &diagnostic) { handleDiagnostic(diagnostic); });
}

/// The name of the op that MLIR shows in a note to an error about it; empty
/// where there is none.
static std::string getNotedOpName(const mlir::Diagnostic &diagnostic) {
  for (const mlir::Diagnostic &note : diagnostic.getNotes()) {
    std::string text = note.str();
    StringRef op = text;
    if (!op.consume_front("see current operation: "))
      continue;
    if (op.starts_with("%"))
      op = op.split(" = ").second;
    op.consume_front("\"");
    return op.take_until([](char c) { return StringRef(" (\"\n").contains(c); })
        .str();
  }
  return "";
}

/// The first line of the message, with the name of its op in front where it
/// lacks that.
static std::string formatMessage(const mlir::Diagnostic &diagnostic) {
  std::string text = diagnostic.str();
  StringRef line = StringRef(text).split('\n').first;
  std::string op = getNotedOpName(diagnostic);
  if (op.empty() || line.contains(op))
    return line.str();
  return "'" + op + (line.starts_with("op ") ? "' " : "' op: ") + line.str();
}

void Compiler::handleDiagnostic(mlir::Diagnostic &diagnostic) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto location =
          diagnostic.getLocation()->findInstanceOf<mlir::FileLineColLoc>())
    os << location.getFilename().getValue() << ":" << location.getLine() << ":"
       << location.getColumn() << ": ";
  os << formatMessage(diagnostic);
  if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Warning)
    llvm::WithColor::warning() << text << "\n";
  if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error &&
      firstError.empty())
    firstError = text;
}

Error Compiler::takeError(const llvm::Twine &step) {
  if (firstError.empty())
    return llvm::createStringError(step + " failed");
  return llvm::createStringError(std::move(firstError));
}

Expected<std::unique_ptr<Compiler>> Compiler::parse(StringRef path) {
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> file =
      mlir::openInputFile(path, &message);
  if (!file)
    return llvm::createStringError(message);
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  std::unique_ptr<Compiler> compiler(new Compiler());
  compiler->module =
      mlir::parseSourceFile<mlir::ModuleOp>(sources, &compiler->context);
  if (!compiler->module)
    return compiler->takeError("parsing " + path);
  return compiler;
}

std::unique_ptr<Compiler> Compiler::build(
    llvm::function_ref<mlir::OwningOpRef<mlir::ModuleOp>(mlir::MLIRContext &)>
        build) {
  std::unique_ptr<Compiler> compiler(new Compiler());
  compiler->context.loadAllAvailableDialects();
  compiler->module = build(compiler->context);
  return compiler;
}

std::vector<std::string> Compiler::getFunctionNames() {
  std::vector<std::string> names;
  for (auto function : module->getOps<mlir::func::FuncOp>())
    if (function.isPublic() && !function.isExternal())
      names.push_back(function.getName().str());
  return names;
}

Error Compiler::keepFunction(StringRef name) {
  module->walk([&](mlir::SymbolOpInterface symbol) {
    if (symbol.getOperation() != *module && symbol.getNameAttr() &&
        symbol.getName() != name)
      symbol.setPrivate();
  });
  mlir::PassManager passes(&context);
  passes.addPass(mlir::createSymbolDCEPass());
  if (mlir::failed(passes.run(*module)))
    return takeError("symbol-dce");
  return Error::success();
}

Expected<llvm::SmallVector<FunctionSignature>> Compiler::getSignatures() {
  constexpr llvm::StringLiteral pipeline = "quantx-lower-to-linalg";
  registerAllPasses();
  mlir::PassManager passes(&context);
  mlir::OwningOpRef<mlir::ModuleOp> lowered = module->clone();
  if (mlir::failed(mlir::parsePassPipeline(pipeline, passes)) ||
      mlir::failed(passes.run(*lowered)))
    return takeError(pipeline);
  return quantx::getSignatures(*lowered, *module);
}

Error Compiler::lower(const CPUTarget &target, int64_t threads,
                      std::optional<int64_t> chunk,
                      std::optional<int64_t> nontemporalThreshold) {
  CPUPipelineOptions options;
  options.target = target.name;
  options.threads = threads;
  if (chunk)
    options.chunk = *chunk;
  if (nontemporalThreshold)
    options.nontemporalThreshold = *nontemporalThreshold;
  mlir::PassManager passes(&context);
  buildCPUPipeline(passes, options);
  if (mlir::failed(passes.run(*module)))
    return takeError("the CPU pipeline");
  return Error::success();
}

Error Compiler::lowerFromBuffers(const CPUTarget &target) {
  CPUPipelineOptions options;
  options.target = target.name;
  mlir::PassManager passes(&context);
  buildCPUPipelineFromBuffers(passes, options);
  if (mlir::failed(passes.run(*module)))
    return takeError("the CPU pipeline from buffers on");
  return Error::success();
}

Error Compiler::lowerToNVVM(StringRef chip, StringRef format) {
  NVVMPipelineOptions options;
  options.chip = chip.str();
  options.format = format.str();
  mlir::PassManager passes(&context);
  buildNVVMPipeline(passes, options);
  if (mlir::failed(passes.run(*module)))
    return takeError("the NVVM pipeline");
  return Error::success();
}

Expected<StringRef> Compiler::getDeviceCode() {
  auto binaries = module->getOps<mlir::gpu::BinaryOp>();
  if (binaries.empty())
    return llvm::createStringError("expected an op with a kernel, found none");
  // One GPU module, for one target.
  auto object =
      mlir::cast<mlir::gpu::ObjectAttr>((*binaries.begin()).getObjects()[0]);
  StringRef code = object.getObject().getValue();
  // PTX for the driver ends with a null.
  bool isPTX = object.getFormat() == mlir::gpu::CompilationTarget::Assembly;
  return isPTX ? code.rtrim('\0') : code;
}
