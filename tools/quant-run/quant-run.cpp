//===- quant-run.cpp - Running a function on tensors in files -------------===//

#include "Measurement.h"
#include "RunOnGPU.h"
#include "quantx/IO/TensorOutputs.h"
#include "quantx/Target/CPU/Call.h"
#include "quantx/Target/NVVM/NVVMChip.h"
#include "support/CommandLine.h"
#include "support/Compiler.h"
#include "support/Threads.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Signals.h"
#include <chrono>
#ifdef __GLIBC__
#include <malloc.h>
#endif

using namespace quantx;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
namespace cl = llvm::cl;

namespace {
struct Options {
  cl::OptionCategory category{"quant-run options"};

  cl::opt<std::string> filePath{cl::Positional, cl::Required,
                                cl::desc("FILE.mlir"), cl::cat(category)};
  cl::opt<std::string> entryPoint{
      "entry-point", cl::value_desc("NAME"),
      cl::desc("the function to run (default: the only public one)"),
      cl::cat(category)};
  cl::list<std::string> inputs{
      "input", cl::value_desc("PATH"),
      cl::desc("one argument of the lowered function, in order: x.npy or "
               "m.safetensors:tensor.name"),
      cl::cat(category)};
  cl::list<std::string> outputs{
      "output", cl::value_desc("PATH"),
      cl::desc("where one result goes, in order; tensors for one "
               ".safetensors file are gathered in it"),
      cl::cat(category)};
  cl::opt<std::string> repeat{
      "repeat", cl::init("0"), cl::value_desc("N"),
      cl::desc("run N times more, and print the median time and the bytes "
               "of inputs and outputs per second"),
      cl::cat(category)};
  cl::opt<std::string> targetName{
      "target", cl::init("cpu"), cl::value_desc("name"),
      cl::desc("cpu (default: this machine), nvvm (a GPU), or one of "
               "x86-64-v4+amx, x86-64-v4+avx512vbmi, x86-64-v4, x86-64-v3 and "
               "generic"),
      cl::cat(category)};
  cl::opt<std::string> chip{
      "chip", cl::value_desc("sm_XX"),
      cl::desc("with --target=nvvm: what to compile for (default: the GPU)"),
      cl::cat(category)};
  cl::opt<std::string> threads{"threads", cl::init("1"), cl::value_desc("N"),
                               cl::desc("threads to use (default 1)"),
                               cl::cat(category)};
};
} // namespace

/// The names that --target takes on this machine.
static std::string listTargets() {
  llvm::SmallVector<StringRef> names = {"cpu", "nvvm"};
  for (StringRef name : CPUTarget::getNames()) {
    Error error = llvm::cantFail(CPUTarget::get(name)).checkRunsHere();
    if (!error)
      names.push_back(name);
    llvm::consumeError(std::move(error));
  }
  return llvm::join(names, ", ");
}

static Expected<CPUTarget> getTarget(StringRef name) {
  if (name != "cpu" && !llvm::is_contained(CPUTarget::getNames(), name)) {
    return llvm::createStringError("unknown target '" + name +
                                   "': expected one of " + listTargets());
  }
  Expected<CPUTarget> target =
      CPUTarget::get(name == "cpu" ? StringRef("native") : name);
  if (target)
    if (Error error = target->checkRunsHere())
      return error;
  return target;
}

/// The name of the function to run, one of `names`.
static Expected<std::string> findEntryPoint(llvm::ArrayRef<std::string> names,
                                            const Options &options) {
  StringRef entryPoint = options.entryPoint;
  if (names.empty()) {
    return llvm::createStringError(
        options.filePath +
        ": expected a public function with a body, found none");
  }
  if (entryPoint.empty() && names.size() == 1)
    return names.front();
  if (llvm::is_contained(names, entryPoint))
    return entryPoint.str();
  std::string list = llvm::join(names, ", ");
  if (entryPoint.empty())
    return llvm::createStringError(
        "expected --entry-point=NAME: the file has " + list);
  return llvm::createStringError("no function '" + entryPoint +
                                 "': the file has " + list);
}

/// Reduces the program to the function to run. Its signature.
static Expected<FunctionSignature> keepEntryPoint(Compiler &compiler,
                                                  const Options &options) {
  Expected<std::string> name =
      findEntryPoint(compiler.getFunctionNames(), options);
  if (!name)
    return name.takeError();
  if (Error error = compiler.keepFunction(*name))
    return error;
  auto signatures = compiler.getSignatures();
  if (!signatures)
    return signatures.takeError();
  assert(signatures->size() == 1 && "expected one public function");
  return signatures->front();
}

/// Checks that there is one path for each value; `kind` is "input" or "output".
static Error checkCount(llvm::ArrayRef<ValueSignature> values, size_t found,
                        const FunctionSignature &signature, StringRef kind) {
  if (values.size() == found)
    return Error::success();
  std::string list;
  llvm::raw_string_ostream os(list);
  llvm::interleaveComma(values, os, [&](const ValueSignature &value) {
    os << (value.role.empty() ? "" : value.role + " ") << formatValue(value);
  });
  return llvm::createStringError(
      "'" + signature.name + "' has " + llvm::Twine(values.size()) + " " +
      kind + (values.size() == 1 ? "" : "s") +
      (values.empty() ? "" : " (" + list + ")") + ", found " +
      llvm::Twine(found) + " --" + kind);
}

static llvm::SmallVector<TensorView>
getTensors(llvm::ArrayRef<TensorFile> files) {
  llvm::SmallVector<TensorView> tensors;
  for (const TensorFile &file : files)
    tensors.push_back(file.tensor);
  return tensors;
}

/// Opens the inputs and checks them against the signature and each other.
static Expected<std::vector<TensorFile>>
openInputs(const FunctionSignature &signature,
           llvm::ArrayRef<std::string> paths) {
  std::vector<TensorFile> files;
  for (const auto &[index, value] : llvm::enumerate(signature.inputs)) {
    Expected<TensorFile> file = openTensor(paths[index]);
    if (!file)
      return file.takeError();
    if (Error error = checkTensor(value, file->tensor)) {
      return llvm::createStringError(
          "input #" + llvm::Twine(index) +
          (value.role.empty() ? "" : " (" + value.role + ")") + ": " +
          llvm::toString(std::move(error)));
    }
    files.push_back(std::move(*file));
  }
  if (Error error = checkParts(signature.inputs, getTensors(files)))
    return error;
  return files;
}

/// The files that the run reads.
static std::vector<std::string> getInputPaths(const Options &options) {
  std::vector<std::string> paths = {options.filePath};
  llvm::append_range(paths, options.inputs);
  return paths;
}

/// Runs the function `repeat` times and prints the median.
static void measure(Call &call, const JITFunction &function, unsigned repeat,
                    size_t bytes) {
#ifdef __GLIBC__
  // Results are freed and allocated again in each run: their pages have to stay
  // with the process, or the kernel's zeroing of new ones is measured.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
#endif
  call.run(function);
  std::vector<double> seconds;
  for (unsigned i = 0; i < repeat; ++i) {
    call.freeResults();
    auto start = std::chrono::steady_clock::now();
    call.run(function);
    std::chrono::duration<double> duration =
        std::chrono::steady_clock::now() - start;
    seconds.push_back(duration.count());
  }
  printMedian(std::move(seconds), bytes);
}

/// Ends the program where there is no memory, which compiled code does not
/// look for. Files that have been begun are removed.
static void *allocate(size_t size) {
  void *address = std::malloc(size);
  if (address || size == 0)
    return address;
  reportError("quant-run",
              llvm::createStringError("out of memory: cannot allocate " +
                                      llvm::Twine(size) + " bytes"));
  llvm::sys::RunInterruptHandlers();
  std::_Exit(1);
}

/// Runs the function on the CPU and writes the results.
static Error runOnCPU(Compiler &compiler, const CPUTarget &target,
                      unsigned threads, const FunctionSignature &signature,
                      llvm::ArrayRef<TensorView> arguments,
                      TensorOutputs &destinations, unsigned repeat) {
  if (Error error = compiler.lower(target, threads))
    return error;
  if (threads > 1)
    bindThreads();
  auto function =
      JITFunction::create(compiler.getModule(), target, signature.name,
                          HostMemory{allocate, std::free});
  if (!function)
    return function.takeError();
  Call call(signature, arguments);
  call.run(*function);
  auto results = call.getResults();
  if (!results)
    return results.takeError();
  if (Error error = destinations.write(*results))
    return error;
  if (repeat)
    measure(call, *function, repeat,
            countBytes(arguments) + countBytes(*results));
  return Error::success();
}

namespace {
/// Where the function runs: a CPU, or a GPU.
struct Place {
  std::optional<CPUTarget> cpu;
  Device *gpu = nullptr;
  std::string chip;
};
} // namespace

/// Looks for what --target and --chip ask for.
static Expected<Place> findPlace(const Options &options) {
  Place place;
  if (options.targetName != "nvvm") {
    if (options.chip.getNumOccurrences())
      return llvm::createStringError(
          "--chip: expected --target=nvvm, found --target=" +
          options.targetName);
    Expected<CPUTarget> target = getTarget(options.targetName);
    if (!target)
      return target.takeError();
    place.cpu = *target;
    return place;
  }
  if (options.threads.getNumOccurrences())
    return llvm::createStringError(
        "--threads: expected a CPU, found --target=nvvm");
  if (options.chip.getNumOccurrences()) {
    Expected<NVVMChip> chip = NVVMChip::get(options.chip);
    if (!chip)
      return chip.takeError();
  }
  Expected<Device *> device = Device::get();
  if (!device)
    return device.takeError();
  place.gpu = *device;
  place.chip = options.chip;
  if (place.chip.empty()) {
    Expected<std::string> chip = place.gpu->getChip();
    if (!chip)
      return chip.takeError();
    place.chip = *chip;
  }
  return place;
}

static Error run(const Options &options) {
  Expected<unsigned> threads =
      parseCount(options.threads, /*minimum=*/1, kMaxThreads);
  if (!threads)
    return threads.takeError();
  Expected<unsigned> repeat = parseCount(options.repeat, /*minimum=*/0);
  if (!repeat)
    return repeat.takeError();
  Expected<Place> place = findPlace(options);
  if (!place)
    return place.takeError();
  auto compiler = Compiler::parse(options.filePath);
  if (!compiler)
    return compiler.takeError();
  Expected<FunctionSignature> signature = keepEntryPoint(**compiler, options);
  if (!signature)
    return signature.takeError();
  if (Error error = checkCount(signature->inputs, options.inputs.size(),
                               *signature, "input"))
    return error;
  if (Error error = checkCount(signature->outputs, options.outputs.size(),
                               *signature, "output"))
    return error;
  for (StringRef output : options.outputs)
    if (Error error = checkOverwrites(output, getInputPaths(options)))
      return error;
  auto files = openInputs(*signature, options.inputs);
  if (!files)
    return files.takeError();
  Expected<TensorOutputs> destinations = TensorOutputs::create(options.outputs);
  if (!destinations)
    return destinations.takeError();

  llvm::SmallVector<TensorView> arguments = getTensors(*files);
  if (place->gpu)
    return runOnGPU(**compiler, *place->gpu, place->chip, *signature, arguments,
                    *destinations, *repeat);
  return runOnCPU(**compiler, *place->cpu, *threads, *signature, arguments,
                  *destinations, *repeat);
}

int main(int argc, char **argv) {
  return runTool<Options>(
      argc, argv,
      "Compiles a function of an MLIR file and runs it on tensors in files.\n\n"
      "A quantized tensor is given as its parts: payload, scales, then zero\n"
      "points and global scale where its type has them. Arrays are in C "
      "order;\n"
      "bytes, 8-bit floats and integers of up to 8 bits are uint8, bf16 is\n"
      "uint16 in .npy, index is int64, scalars are 0-d arrays.\n",
      run);
}
