//===- quant-compile.cpp - From IR to files of code -----------------------===//

#include "quantx/IO/OutputFile.h"
#include "quantx/Target/CPU/CodeGen.h"
#include "quantx/Target/CPU/HeaderWriter.h"
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
      "o", cl::value_desc("kernel.{ll,s,o,so}"),
      cl::desc("what to write: LLVM IR, assembly, an object file or a "
               "shared object, by the suffix"),
      cl::cat(category)};
  cl::opt<std::string> headerPath{
      "header", cl::value_desc("kernel.h"),
      cl::desc("also write a C header that declares the functions"),
      cl::cat(category)};
  cl::opt<std::string> targetName{
      "target", cl::init("native"), cl::value_desc("name"),
      cl::desc("native (default), x86-64-v4+amx, x86-64-v4+avx512vbmi, "
               "x86-64-v4, x86-64-v3, generic or aarch64"),
      cl::cat(category)};
  cl::opt<std::string> threads{
      "threads", cl::init("1"), cl::value_desc("N"),
      cl::desc("threads that the code uses (default 1); more than one "
               "needs the OpenMP runtime library, libomp"),
      cl::cat(category)};
};
} // namespace

/// The kind of file that `path` asks for.
static Expected<CodeFileKind> getKind(StringRef path) {
  StringRef suffix = llvm::sys::path::extension(path);
  if (suffix == ".ptx")
    return llvm::createStringError(path + ": PTX is not available yet: "
                                          "expected .ll, .s, .o or .so");
  auto kind = llvm::StringSwitch<std::optional<CodeFileKind>>(suffix)
                  .Case(".ll", CodeFileKind::LLVMIR)
                  .Case(".s", CodeFileKind::Assembly)
                  .Case(".o", CodeFileKind::Object)
                  .Case(".so", CodeFileKind::SharedObject)
                  .Default(std::nullopt);
  if (!kind) {
    return llvm::createStringError(
        path + ": expected the suffix .ll, .s, .o or .so, found " +
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

static Error run(const Options &options) {
  if (options.outputPath.empty())
    return llvm::createStringError("expected -o kernel.{ll,s,o,so}");
  Expected<unsigned> threads =
      parseCount(options.threads, /*minimum=*/1, maxThreads);
  if (!threads)
    return threads.takeError();
  Expected<CodeFileKind> kind = getKind(options.outputPath);
  if (!kind)
    return kind.takeError();
  Expected<CPUTarget> target = CPUTarget::get(options.targetName);
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

  std::vector<std::string> inputs = {options.inputPath};
  if (Error error = checkOverwrites(options.outputPath, inputs))
    return error;
  inputs.push_back(options.outputPath);
  if (Error error = checkOverwrites(options.headerPath, inputs))
    return error;

  // Both files are opened before the long work, and replaced after all of it.
  Expected<OutputFile> output = OutputFile::create(options.outputPath);
  if (!output)
    return output.takeError();
  std::optional<OutputFile> header;
  if (!options.headerPath.empty()) {
    Expected<OutputFile> file = OutputFile::create(options.headerPath);
    if (!file)
      return file.takeError();
    header.emplace(std::move(*file));
    if (Error error =
            writeHeader(header->os(), options.headerPath, *signatures))
      return error;
    if (Error error = header->finish())
      return error;
  }
  if (Error error = compile(**compiler, *target, *threads, *kind, *output))
    return error;
  if (Error error = output->commit())
    return error;
  return header ? header->commit() : Error::success();
}

int main(int argc, char **argv) {
  return runTool<Options>(
      argc, argv,
      "Compiles the public functions of an MLIR file to code for a "
      "CPU.\n\nA function 'f' is called through '_mlir_ciface_f'; "
      "--header says how.\n",
      run);
}
