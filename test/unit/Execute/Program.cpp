//===- Program.cpp - Compiles MLIR text and calls it ----------------------===//

#include "Program.h"
#include "GuardedMemory.h"
#include "quantx/Target/CPU/Call.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/raw_ostream.h"

using namespace quantx;
using namespace quantx::test;

/// `text` in a file of its own, which goes with the returned object.
static std::unique_ptr<llvm::FileRemover> writeFile(const std::string &text,
                                                    std::string &path) {
  llvm::SmallString<64> name;
  int descriptor;
  if (llvm::sys::fs::createTemporaryFile("quantx", "mlir", descriptor, name))
    llvm::report_fatal_error("cannot make a temporary file");
  llvm::raw_fd_ostream(descriptor, /*shouldClose=*/true) << text;
  path = name.str().str();
  return std::make_unique<llvm::FileRemover>(name);
}

std::unique_ptr<Compiler> quantx::test::parseProgram(const std::string &text) {
  std::string path;
  std::unique_ptr<llvm::FileRemover> remover = writeFile(text, path);
  return llvm::cantFail(Compiler::parse(path), text.c_str());
}

Program::Program(const std::string &text, llvm::StringRef target,
                 int64_t threads, std::optional<int64_t> chunk,
                 std::optional<int64_t> nontemporalThreshold) {
  compiler = parseProgram(text);
  signature = llvm::cantFail(compiler->getSignatures(), text.c_str()).front();
  CPUTarget cpu = llvm::cantFail(CPUTarget::get(target));
  llvm::cantFail(compiler->lower(cpu, threads, chunk, nontemporalThreshold),
                 text.c_str());
  function = llvm::cantFail(JITFunction::create(
      compiler->getModule(), cpu, signature.name, kGuardedMemory));
}

std::vector<Array> Program::run(llvm::ArrayRef<TensorView> inputs) const {
  assert(inputs.size() == signature.inputs.size());
  for (auto [value, input] : llvm::zip(signature.inputs, inputs))
    llvm::cantFail(checkTensor(value, input));
  // Kept until the call is over, which points to them.
  std::vector<GuardedBytes> memory;
  llvm::SmallVector<TensorView> guarded(inputs);
  for (TensorView &input : guarded) {
    memory.emplace_back(input.data);
    input.data = memory.back().get();
  }
  Call call(signature, guarded);
  call.run(*function);
  std::vector<Array> results;
  llvm::SmallVector<TensorView> views = llvm::cantFail(call.getResults());
  for (const TensorView &view : views)
    results.push_back({{view.shape.begin(), view.shape.end()},
                       {view.data.begin(), view.data.end()}});
  return results;
}
