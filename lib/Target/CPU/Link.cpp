//===- Link.cpp - Shared objects by the system's compiler -----------------===//

#include "quantx/Target/CPU/CodeGen.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/TargetParser/Host.h"

using namespace quantx;
using llvm::Error;
using llvm::StringRef;

namespace {
/// A file in the system's temporary folder, removed at the end.
class ScratchFile {
public:
  explicit ScratchFile(StringRef suffix) {
    error = llvm::sys::fs::createTemporaryFile("quantx", suffix, path);
  }
  ~ScratchFile() {
    if (!error)
      llvm::sys::fs::remove(path);
  }
  ScratchFile(const ScratchFile &) = delete;
  ScratchFile &operator=(const ScratchFile &) = delete;

  Error takeError() const {
    if (error)
      return llvm::createStringError("cannot create a temporary file: " +
                                     error.message());
    return Error::success();
  }
  StringRef getPath() const { return path; }

private:
  llvm::SmallString<128> path;
  std::error_code error;
};
} // namespace

/// The first line of the linker's output that names an error, else its first.
static std::string summarize(StringRef output) {
  llvm::SmallVector<StringRef> lines;
  output.split(lines, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef line : lines)
    if (line.contains("undefined reference") || line.contains("error"))
      return line.trim().str();
  return lines.empty() ? "it gave no reason" : lines.front().trim().str();
}

/// Runs a linker command. Fails with what it printed.
static Error run(StringRef program, llvm::ArrayRef<StringRef> arguments) {
  ScratchFile log("log");
  if (Error error = log.takeError())
    return error;
  std::string message;
  int status = llvm::sys::ExecuteAndWait(
      program, arguments, /*Env=*/std::nullopt,
      {/*stdin=*/StringRef(""), log.getPath(), log.getPath()},
      /*SecondsToWait=*/0, /*MemoryLimit=*/0, &message);
  if (status == 0)
    return Error::success();
  auto output = llvm::MemoryBuffer::getFile(log.getPath());
  if (message.empty() && output)
    message = summarize((*output)->getBuffer());
  return llvm::createStringError("linking with " + program +
                                 " failed: " + message);
}

static Error writeObject(LLVMProgram &program, const CPUTarget &target,
                         StringRef path) {
  std::error_code errorCode;
  llvm::raw_fd_ostream os(path, errorCode);
  Error error = errorCode ? llvm::errorCodeToError(errorCode)
                          : emitCode(program, target, CodeFileKind::Object, os);
  os.flush();
  if (!error && os.has_error())
    error = llvm::errorCodeToError(os.error());
  os.clear_error();
  return error;
}

Error quantx::linkSharedObject(LLVMProgram &program, const CPUTarget &target,
                               StringRef path) {
  llvm::Triple host(llvm::sys::getProcessTriple());
  if (host.getArch() != target.triple.getArch()) {
    return llvm::createStringError(
        "cannot link for " + target.triple.getArchName() +
        ": this machine is " + host.getArchName() +
        "; write an object file, .o, and link it with a cross compiler");
  }
  auto compiler = llvm::sys::findProgramByName("cc");
  if (!compiler) {
    return llvm::createStringError(
        "cannot link a shared object: no C compiler 'cc' in PATH; write an "
        "object file, .o, and link it yourself");
  }
  ScratchFile object("o");
  if (Error error = object.takeError())
    return error;
  if (Error error = writeObject(program, target, object.getPath()))
    return error;
  llvm::SmallVector<StringRef> arguments = {
      *compiler, "-shared", "-Wl,-z,defs", "-o", path, object.getPath(), "-lm"};
  std::string runPath = "-Wl,-rpath,";
  StringRef openMP = QUANTX_OPENMP_LIBRARY;
  if (usesOpenMP(*program.module)) {
    runPath += llvm::sys::path::parent_path(openMP);
    arguments.append({openMP, runPath});
  }
  return run(*compiler, arguments);
}
