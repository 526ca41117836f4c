//===- quantx-bench.cpp - The kernels against what the machine can do -----===//

#include "Conversions.h"
#include "Report.h"
#include "ScaleMethods.h"
#include "quantx/IO/OutputFile.h"
#include "support/CommandLine.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include <unistd.h>

using namespace quantx;
using llvm::Error;
using llvm::StringRef;
namespace cl = llvm::cl;

namespace {
struct Options {
  cl::OptionCategory category{"quantx-bench options"};

  cl::opt<std::string> filter{
      "filter", cl::init("."), cl::value_desc("REGEX"),
      cl::desc("time only the kernels whose name matches, such as "
               "'f32 -> f8E4M3FN' or 'MXFP4 '"),
      cl::cat(category)};
  cl::opt<std::string> rounds{
      "rounds", cl::init("9"), cl::value_desc("N"),
      cl::desc("how often each case is timed, all cases interleaved "
               "(default 9)"),
      cl::cat(category)};
  cl::opt<std::string> json{"json", cl::value_desc("PATH"),
                            cl::desc("also write every figure to a JSON file"),
                            cl::cat(category)};
};
} // namespace

/// The name in /proc/cpuinfo.
static std::string getCPUName() {
  auto file = llvm::MemoryBuffer::getFileAsStream("/proc/cpuinfo");
  if (!file)
    return "unknown CPU";
  StringRef text = (*file)->getBuffer();
  StringRef name = text.split("model name").second.split(':').second;
  name = name.split('\n').first.trim();
  return name.empty() ? "unknown CPU" : name.str();
}

/// As many elements as f32 and codes take half of the L2 cache, a multiple of
/// every vector size.
static size_t getElementsInL2() {
  long size = sysconf(_SC_LEVEL2_CACHE_SIZE);
  if (size <= 0)
    size = 1 << 20;
  constexpr size_t bytesPerElement = 4 + 1;
  constexpr size_t multiple = 1024;
  size_t count = size_t(size) / 2 / bytesPerElement / multiple * multiple;
  return std::max(count, multiple);
}

static Error writeJSON(StringRef path, const llvm::json::Value &value) {
  auto file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  file->os() << llvm::formatv("{0:2}\n", value);
  return file->commit();
}

/// The cases whose kernel matches `filter`, a regular expression, and the copy.
static llvm::Expected<std::vector<Case>> getCases(StringRef filter,
                                                  size_t elements) {
  llvm::Regex pattern(filter);
  std::string message;
  if (!pattern.isValid(message)) {
    return llvm::createStringError("--filter: expected a regular expression, "
                                   "found '" +
                                   filter + "': " + message);
  }
  auto cases = getConversionCases(pattern, elements);
  if (!cases)
    return cases.takeError();
  auto methods = getScaleMethodCases(pattern, elements);
  if (!methods)
    return methods.takeError();
  llvm::move(*methods, std::back_inserter(*cases));
  if (cases->empty())
    return llvm::createStringError("--filter: no kernel matches '" + filter +
                                   "'");
  auto copy = getCopyCase(elements);
  if (!copy)
    return copy.takeError();
  cases->push_back(std::move(*copy));
  return cases;
}

static Error run(const Options &options) {
  auto rounds = parseCount(options.rounds, /*minimum=*/3, /*maximum=*/1000);
  if (!rounds)
    return rounds.takeError();
  RunInfo info;
  info.cpu = getCPUName();
  info.sizeClass = "half of L2";
  info.elements = getElementsInL2();
  info.rounds = *rounds;
  auto cases = getCases(options.filter, info.elements);
  if (!cases)
    return cases.takeError();
  std::vector<Timing> timings = timeCases(*cases, info.rounds);
  printTable(llvm::outs(), info, timings);
  if (options.json.empty())
    return Error::success();
  return writeJSON(options.json, toJSON(info, timings));
}

int main(int argc, char **argv) {
  return runTool<Options>(
      argc, argv,
      "Times the kernels on this machine, each beside upstream's way and the\n"
      "bandwidth measured in the same run. benchmark/README.md has the "
      "method.\n",
      run);
}
