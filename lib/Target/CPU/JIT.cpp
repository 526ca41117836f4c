//===- JIT.cpp - Compiling and calling in this process --------------------===//

#include "quantx/Target/CPU/JIT.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Transforms/IPO/Internalize.h"

using namespace quantx;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
namespace orc = llvm::orc;

static constexpr llvm::StringLiteral entryName = "quantx_jit_entry";

/// Adds a function that loads the arguments of `wrapper` from an array of
/// pointers, so that a wrapper of any type is called through one type.
static void addEntry(llvm::Function &wrapper) {
  llvm::LLVMContext &context = wrapper.getContext();
  llvm::IRBuilder<> builder(context);
  llvm::PointerType *pointer = builder.getPtrTy();
  auto *entry = llvm::Function::Create(
      llvm::FunctionType::get(builder.getVoidTy(), {pointer}, false),
      llvm::Function::ExternalLinkage, entryName, wrapper.getParent());
  entry->addFnAttrs(
      llvm::AttrBuilder(context, wrapper.getAttributes().getFnAttrs()));
  builder.SetInsertPoint(llvm::BasicBlock::Create(context, "", entry));
  auto loadPointer = [&](unsigned index) -> llvm::Value * {
    return builder.CreateLoad(
        pointer, builder.CreateConstGEP1_64(pointer, entry->getArg(0), index));
  };
  llvm::SmallVector<llvm::Value *> arguments;
  for (llvm::Argument &argument : wrapper.args())
    arguments.push_back(builder.CreateLoad(argument.getType(),
                                           loadPointer(argument.getArgNo())));
  llvm::Value *result = builder.CreateCall(&wrapper, arguments);
  if (!result->getType()->isVoidTy())
    builder.CreateStore(result, loadPointer(wrapper.arg_size()));
  builder.CreateRetVoid();
}

/// Creates the JIT. What it reports beside the errors that it returns is
/// appended to `messages`.
static Expected<std::unique_ptr<orc::LLJIT>> createJIT(const CPUTarget &target,
                                                       std::string &messages) {
  orc::JITTargetMachineBuilder machine(target.triple);
  machine.setCPU(target.cpu);
  machine.setFeatures(target.features);
  machine.setRelocationModel(llvm::Reloc::PIC_);
  machine.setCodeGenOptLevel(llvm::CodeGenOptLevel::Aggressive);
  auto jit = orc::LLJITBuilder()
                 .setJITTargetMachineBuilder(std::move(machine))
                 .create();
  if (!jit)
    return jit.takeError();
  (*jit)->getExecutionSession().setErrorReporter([&](Error error) {
    messages +=
        (messages.empty() ? "" : "; ") + llvm::toString(std::move(error));
  });
  return jit;
}

/// Makes the OpenMP runtime's symbols known.
static Error loadOpenMP(orc::LLJIT &jit) {
  auto library = orc::DynamicLibrarySearchGenerator::Load(
      QUANTX_OPENMP_LIBRARY, jit.getDataLayout().getGlobalPrefix());
  if (!library) {
    return llvm::createStringError(
        "cannot load the OpenMP runtime, which more than one thread needs: " +
        llvm::toString(library.takeError()));
  }
  jit.getMainJITDylib().addGenerator(std::move(*library));
  return Error::success();
}

#ifdef __x86_64__
// What LLVM calls to convert f16 on an x86 CPU without F16C. The functions are
// in the compiler's runtime library, which is linked into each program and not
// visible in the process. Only their addresses are used, so that compilers
// without _Float16 do as well.
// NOLINTBEGIN(bugprone-reserved-identifier, readability-identifier-naming)
extern "C" void __extendhfsf2();
extern "C" void __truncsfhf2();
extern "C" void __truncdfhf2();
// NOLINTEND(bugprone-reserved-identifier, readability-identifier-naming)

/// Makes the compiler runtime's conversions known.
static Error addRuntimeFunctions(orc::LLJIT &jit) {
  orc::SymbolMap symbols;
  auto add = [&](StringRef name, void (*function)()) {
    symbols[jit.mangleAndIntern(name)] = {orc::ExecutorAddr::fromPtr(function),
                                          llvm::JITSymbolFlags::Exported |
                                              llvm::JITSymbolFlags::Callable};
  };
  add("__extendhfsf2", &__extendhfsf2);
  add("__truncsfhf2", &__truncsfhf2);
  add("__truncdfhf2", &__truncdfhf2);
  return jit.getMainJITDylib().define(orc::absoluteSymbols(std::move(symbols)));
}
#else
static Error addRuntimeFunctions(orc::LLJIT &) { return Error::success(); }
#endif

/// Has the code call `memory` for malloc and free.
static Error addMemory(orc::LLJIT &jit, const HostMemory &memory) {
  auto flags = llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable;
  orc::SymbolMap symbols;
  symbols[jit.mangleAndIntern("malloc")] = {
      orc::ExecutorAddr::fromPtr(memory.allocate), flags};
  symbols[jit.mangleAndIntern("free")] = {
      orc::ExecutorAddr::fromPtr(memory.release), flags};
  return jit.getMainJITDylib().define(orc::absoluteSymbols(std::move(symbols)));
}

/// Has the code call `functions` by their names.
static Error addFunctions(orc::LLJIT &jit,
                          llvm::ArrayRef<HostFunction> functions) {
  orc::SymbolMap symbols;
  for (const HostFunction &function : functions) {
    symbols[jit.mangleAndIntern(function.name)] = {
        orc::ExecutorAddr::fromPtr(function.address),
        llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  }
  return jit.getMainJITDylib().define(orc::absoluteSymbols(std::move(symbols)));
}

/// The wrapper's machine code, behind the entry.
static Expected<orc::ExecutorAddr>
compile(orc::LLJIT &jit, LLVMProgram program, const HostMemory &memory,
        llvm::ArrayRef<HostFunction> functions) {
  if (Error error = addFunctions(jit, functions))
    return error;
  if (Error error = addRuntimeFunctions(jit))
    return error;
  if (Error error = addMemory(jit, memory))
    return error;
  if (usesOpenMP(*program.module))
    if (Error error = loadOpenMP(jit))
      return error;
  if (Error error = jit.addIRModule(orc::ThreadSafeModule(
          std::move(program.module), std::move(program.context))))
    return error;
  if (Error error = jit.initialize(jit.getMainJITDylib()))
    return error;
  return jit.lookup(entryName);
}

Expected<JITFunction>
JITFunction::create(mlir::ModuleOp module, const CPUTarget &target,
                    StringRef function, const HostMemory &memory,
                    llvm::ArrayRef<HostFunction> functions) {
  if (Error error = target.checkRunsHere())
    return error;
  Expected<LLVMProgram> program = translateToLLVMIR(module, target);
  if (!program)
    return program.takeError();
  llvm::Function *wrapper =
      program->module->getFunction(("_mlir_ciface_" + function).str());
  if (!wrapper || wrapper->isDeclaration())
    return llvm::createStringError("the function '" + function +
                                   "' has no C wrapper");
  addEntry(*wrapper);
  // What the entry does not call is neither compiled nor linked.
  llvm::internalizeModule(*program->module, [](const llvm::GlobalValue &value) {
    return value.getName() == entryName;
  });
  if (Error error = optimize(*program, target))
    return error;
  std::string messages;
  auto jit = createJIT(target, messages);
  if (!jit)
    return jit.takeError();
  auto address = compile(**jit, std::move(*program), memory, functions);
  // The last use of `messages`, which does not live as long as the JIT.
  (*jit)->getExecutionSession().setErrorReporter(
      [](Error error) { llvm::consumeError(std::move(error)); });
  if (!address) {
    std::string reason = llvm::toString(address.takeError());
    return llvm::createStringError("cannot link '" + function + "': " +
                                   (messages.empty() ? reason : messages));
  }
  return JITFunction(std::move(*jit), address->toPtr<void (*)(void **)>(),
                     memory);
}

JITFunction::~JITFunction() {
  // Null where this was moved from.
  if (jit)
    llvm::consumeError(jit->deinitialize(jit->getMainJITDylib()));
}
