//===- quant-compile.cpp - From IR to files of code -----------------------===//

#include "quantx/IO/OutputFile.h"
#include "quantx/Target/CPU/CodeGen.h"
#include "quantx/Target/CPU/HeaderWriter.h"
#include "quantx/Target/NVVM/KernelHeader.h"
#include "quantx/Target/NVVM/NVVMChip.h"
#include "support/CommandLine.h"
#include "support/Compiler.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Path.h"

using namespace quantx;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
namespace cl = llvm::cl;

namespace {
struct Options {
  cl::OptionCategory category{"quant-compile options"};

  cl::opt<std::string> inputPath{cl::Positional, cl::Required,
                                 cl::desc("FILE.mlir"), cl::cat(category)};
  cl::opt<std::string> outputPath{
      "o", cl::value_desc("kernel.{ll,s,o,so,ptx,cubin}"),
      cl::desc("what to write: LLVM IR, assembly, an object file or a "
               "shared object for a CPU, PTX or a cubin for a GPU, by the "
               "suffix"),
      cl::cat(category)};
  cl::opt<std::string> headerPath{
      "header", cl::value_desc("kernel.h"),
      cl::desc("also write a C header that declares the functions, or says "
               "how to launch the kernels"),
      cl::cat(category)};
  cl::opt<std::string> targetName{
      "target", cl::init("native"), cl::value_desc("name"),
      cl::desc("native (default), x86-64-v4+amx, x86-64-v4+avx512vbmi, "
               "x86-64-v4, x86-64-v3, generic or aarch64; nvvm for a GPU (the "
               "default for .ptx and .cubin)"),
      cl::cat(category)};
  cl::opt<std::string> chip{
      "chip", cl::init("sm_90"), cl::value_desc("sm_XX"),
      cl::desc("the GPU: sm_80, sm_90 (default), sm_90a, sm_100a or sm_120a"),
      cl::cat(category)};
  cl::opt<std::string> threads{
      "threads", cl::init("1"), cl::value_desc("N"),
      cl::desc("threads that the code uses (default 1); more than one "
               "needs the OpenMP runtime library, libomp"),
      cl::cat(category)};
};
} // namespace

/// Whether `path` asks for code for a GPU.
static bool isForGPU(StringRef path) {
  StringRef suffix = llvm::sys::path::extension(path);
  return suffix == ".ptx" || suffix == ".cubin";
}

/// Whether the file and the target are for the same kind of machine.
static Error checkTarget(const Options &options) {
  StringRef path = options.outputPath;
  bool isGPU = options.targetName == "nvvm";
  if (isForGPU(path) && options.targetName.getNumOccurrences() && !isGPU) {
    return llvm::createStringError(path +
                                   ": expected --target=nvvm, found "
                                   "--target=" +
                                   options.targetName);
  }
  if (isGPU && !isForGPU(path)) {
    StringRef suffix = llvm::sys::path::extension(path);
    return llvm::createStringError(
        path +
        ": expected the suffix .ptx or .cubin for the target nvvm, "
        "found " +
        (suffix.empty() ? "none" : "'" + suffix.str() + "'"));
  }
  if (isForGPU(path) && options.threads.getNumOccurrences())
    return llvm::createStringError(
        "--threads: expected -o kernel.ll, .s, .o or .so, found '" + path +
        "'");
  if (!isForGPU(path) && options.chip.getNumOccurrences())
    return llvm::createStringError(
        "--chip: expected -o kernel.ptx or kernel.cubin, found '" + path + "'");
  return Error::success();
}

/// The kind of file for a CPU that `path` asks for.
static Expected<CodeFileKind> getKind(StringRef path) {
  StringRef suffix = llvm::sys::path::extension(path);
  auto kind = llvm::StringSwitch<std::optional<CodeFileKind>>(suffix)
                  .Case(".ll", CodeFileKind::LLVMIR)
                  .Case(".s", CodeFileKind::Assembly)
                  .Case(".o", CodeFileKind::Object)
                  .Case(".so", CodeFileKind::SharedObject)
                  .Default(std::nullopt);
  if (!kind) {
    return llvm::createStringError(
        path +
        ": expected the suffix .ll, .s, .o, .so, .ptx or .cubin, found " +
        (suffix.empty() ? "none" : "'" + suffix.str() + "'"));
  }
  return *kind;
}

/// Lowers the module, optimizes it and writes the code to `output`.
static Error compile(Compiler &compiler, const CPUTarget &target,
                     int64_t threads, CodeFileKind kind, OutputFile &output) {
  if (Error error = compiler.lower(target, threads))
    return error;
  Expected<LLVMProgram> program =
      translateToLLVMIR(compiler.getModule(), target);
  if (!program)
    return program.takeError();
  if (Error error = optimize(*program, target))
    return error;
  if (kind == CodeFileKind::SharedObject)
    return linkSharedObject(*program, target, output.getTemporaryPath());
  if (Error error = emitCode(*program, target, kind, output.os()))
    return error;
  return output.finish();
}

/// Where the code goes, and the header. Both are opened before the long work,
/// and replaced after all of it.
namespace {
struct Outputs {
  OutputFile code;
  std::optional<OutputFile> header;

  static Expected<Outputs> create(const Options &options);
  Error commit();
};
} // namespace

Expected<Outputs> Outputs::create(const Options &options) {
  std::vector<std::string> inputs = {options.inputPath};
  if (Error error = checkOverwrites(options.outputPath, inputs))
    return error;
  inputs.push_back(options.outputPath);
  if (Error error = checkOverwrites(options.headerPath, inputs))
    return error;
  Expected<OutputFile> code = OutputFile::create(options.outputPath);
  if (!code)
    return code.takeError();
  Outputs outputs{std::move(*code), std::nullopt};
  if (!options.headerPath.empty()) {
    Expected<OutputFile> header = OutputFile::create(options.headerPath);
    if (!header)
      return header.takeError();
    outputs.header.emplace(std::move(*header));
  }
  return outputs;
}

Error Outputs::commit() {
  if (Error error = code.commit())
    return error;
  return header ? header->commit() : Error::success();
}

static Error runForCPU(Compiler &compiler, const CPUTarget &target,
                       llvm::ArrayRef<FunctionSignature> signatures,
                       int64_t threads, const Options &options) {
  Expected<CodeFileKind> kind = getKind(options.outputPath);
  if (!kind)
    return kind.takeError();
  Expected<Outputs> outputs = Outputs::create(options);
  if (!outputs)
    return outputs.takeError();
  if (outputs->header) {
    if (Error error =
            writeHeader(outputs->header->os(), options.headerPath, signatures))
      return error;
    if (Error error = outputs->header->finish())
      return error;
  }
  if (Error error = compile(compiler, target, threads, *kind, outputs->code))
    return error;
  return outputs->commit();
}

static Error runForGPU(Compiler &compiler, const Options &options) {
  Expected<Outputs> outputs = Outputs::create(options);
  if (!outputs)
    return outputs.takeError();
  bool isPTX = llvm::sys::path::extension(options.outputPath) == ".ptx";
  if (Error error = compiler.lowerToNVVM(options.chip, isPTX ? "isa" : "bin"))
    return error;
  Expected<StringRef> code = compiler.getDeviceCode();
  if (!code)
    return code.takeError();
  outputs->code.os() << *code;
  if (Error error = outputs->code.finish())
    return error;
  if (outputs->header) {
    writeKernelHeader(outputs->header->os(), options.headerPath, options.chip,
                      getKernels(compiler.getModule()));
    if (Error error = outputs->header->finish())
      return error;
  }
  return outputs->commit();
}

static Error run(const Options &options) {
  if (options.outputPath.empty())
    return llvm::createStringError("expected -o kernel.{ll,s,o,so,ptx,cubin}");
  Expected<unsigned> threads =
      parseCount(options.threads, /*minimum=*/1, kMaxThreads);
  if (!threads)
    return threads.takeError();
  if (Error error = checkTarget(options))
    return error;
  bool isGPU = isForGPU(options.outputPath);
  if (isGPU) {
    Expected<NVVMChip> chip = NVVMChip::get(options.chip);
    if (!chip)
      return chip.takeError();
  } else if (Expected<CodeFileKind> kind = getKind(options.outputPath); !kind) {
    return kind.takeError();
  }
  Expected<CPUTarget> target =
      CPUTarget::get(isGPU ? StringRef("native") : options.targetName);
  if (!target)
    return target.takeError();
  auto compiler = Compiler::parse(options.inputPath);
  if (!compiler)
    return compiler.takeError();
  auto signatures = (*compiler)->getSignatures();
  if (!signatures)
    return signatures.takeError();
  if (signatures->empty()) {
    return llvm::createStringError(
        options.inputPath +
        ": expected a public function with a body, found none");
  }
  if (isGPU)
    return runForGPU(**compiler, options);
  return runForCPU(**compiler, *target, *signatures, *threads, options);
}

int main(int argc, char **argv) {
  return runTool<Options>(
      argc, argv,
      "Compiles the public functions of an MLIR file to code for a CPU, or "
      "their\nkernels to code for a GPU.\n\nA function 'f' is called through "
      "'_mlir_ciface_f'; --header says how, and how\nto launch kernels.\n",
      run);
}
