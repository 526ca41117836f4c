//===- CodeGen.cpp - From the LLVM dialect to machine code ----------------===//

#include "quantx/Target/CPU/CodeGen.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/OpenMP/OpenMPToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Transforms/IPO/Internalize.h"
#include "llvm/Transforms/Scalar/LoopIdiomRecognize.h"

using namespace quantx;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

void quantx::registerCPUTranslations(mlir::DialectRegistry &registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::registerOpenMPDialectTranslation(registry);
}

//===----------------------------------------------------------------------===//
// Translation
//===----------------------------------------------------------------------===//

/// The prefix of the wrappers that take memref descriptors by pointer.
static constexpr llvm::StringLiteral wrapperPrefix = "_mlir_ciface_";

/// The names that the linker may see: public functions, and wrappers of these.
static llvm::StringSet<> getExportedNames(mlir::ModuleOp module) {
  llvm::StringSet<> names;
  for (auto function : module.getOps<mlir::LLVM::LLVMFuncOp>()) {
    if (!function.isExternal() &&
        mlir::SymbolTable::getSymbolVisibility(function) ==
            mlir::SymbolTable::Visibility::Public)
      names.insert(function.getName());
  }
  llvm::StringSet<> exported;
  for (const auto &entry : names) {
    StringRef wrapped = entry.getKey();
    bool isWrapper = wrapped.consume_front(wrapperPrefix);
    if (!isWrapper || names.contains(wrapped))
      exported.insert(entry.getKey());
  }
  return exported;
}

/// Sets the attributes by which LLVM's passes, too, know the CPU.
static void setFunctionAttributes(llvm::Module &module,
                                  const CPUTarget &target) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.cpu);
    if (!target.features.empty())
      function.addFnAttr("target-features", target.features);
    if (target.vectorWidth)
      function.addFnAttr("prefer-vector-width",
                         std::to_string(target.vectorWidth));
  }
}

Expected<LLVMProgram> quantx::translateToLLVMIR(mlir::ModuleOp module,
                                                const CPUTarget &target) {
  auto machine = target.createTargetMachine();
  if (!machine)
    return machine.takeError();
  LLVMProgram program;
  program.context = std::make_unique<llvm::LLVMContext>();
  program.module =
      mlir::translateModuleToLLVMIR(module, *program.context, "quantx-kernel");
  if (!program.module)
    return llvm::createStringError("cannot translate the module to LLVM IR");
  program.module->setTargetTriple(target.triple);
  program.module->setDataLayout((*machine)->createDataLayout());
  setFunctionAttributes(*program.module, target);
  llvm::StringSet<> exported = getExportedNames(module);
  llvm::internalizeModule(*program.module, [&](const llvm::GlobalValue &value) {
    return exported.contains(value.getName());
  });
  return program;
}

//===----------------------------------------------------------------------===//
// Optimization and output
//===----------------------------------------------------------------------===//

Error quantx::optimize(LLVMProgram &program, const CPUTarget &target) {
  auto machine = target.createTargetMachine();
  if (!machine)
    return machine.takeError();
  // LLVM 22 looks for checksums by a search without memory, which takes for
  // ever on loops that search for scales.
  llvm::DisableLIRP::HashRecognize = true;
  llvm::PassBuilder builder(machine->get());
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3)
      .run(*program.module, modules);
  return Error::success();
}

bool quantx::usesOpenMP(const llvm::Module &module) {
  return llvm::any_of(module, [](const llvm::Function &function) {
    return function.isDeclaration() &&
           function.getName().starts_with("__kmpc_");
  });
}

Error quantx::emitCode(LLVMProgram &program, const CPUTarget &target,
                       CodeFileKind kind, llvm::raw_pwrite_stream &os) {
  assert(kind != CodeFileKind::SharedObject && "use linkSharedObject");
  if (kind == CodeFileKind::LLVMIR) {
    program.module->print(os, nullptr);
    return Error::success();
  }
  auto machine = target.createTargetMachine();
  if (!machine)
    return machine.takeError();
  llvm::legacy::PassManager passes;
  auto type = kind == CodeFileKind::Assembly
                  ? llvm::CodeGenFileType::AssemblyFile
                  : llvm::CodeGenFileType::ObjectFile;
  if ((*machine)->addPassesToEmitFile(passes, os, nullptr, type))
    return llvm::createStringError("LLVM cannot write this kind of file for " +
                                   target.triple.str());
  passes.run(*program.module);
  return Error::success();
}
