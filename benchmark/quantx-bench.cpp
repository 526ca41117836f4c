//===- quantx-bench.cpp - The kernels against what the machine can do -----===//

#include "Report.h"
#include "Suite.h"
#include "quantx/IO/OutputFile.h"
#include "quantx/Target/CPU/CPUTarget.h"
#include "support/CommandLine.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace quantx;
using llvm::Error;
using llvm::Expected;
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
  cl::opt<std::string> size{
      "size", cl::init("all"), cl::value_desc("CLASS"),
      cl::desc("where the data is: l2, dram or all (default all)"),
      cl::cat(category)};
  cl::opt<std::string> threads{
      "threads", cl::value_desc("N,..."),
      cl::desc("numbers of threads (default 1 and that of the cores)"),
      cl::cat(category)};
  cl::opt<std::string> rounds{
      "rounds", cl::init("9"), cl::value_desc("N"),
      cl::desc("how often each case is timed, all cases interleaved "
               "(default 9)"),
      cl::cat(category)};
  cl::opt<std::string> dramSize{
      "dram-size", cl::value_desc("MIB"),
      cl::desc("MiB of data in class dram (default 256, or four times L3)"),
      cl::cat(category)};
  cl::opt<std::string> json{"json", cl::value_desc("PATH"),
                            cl::desc("also write every figure to a JSON file"),
                            cl::cat(category)};
  cl::opt<bool> list{"list",
                     cl::desc("print the names of the kernels, no more"),
                     cl::cat(category)};
};
} // namespace

static Expected<llvm::Regex> parseFilter(StringRef text) {
  llvm::Regex filter(text);
  std::string message;
  if (!filter.isValid(message)) {
    return llvm::createStringError("--filter: expected a regular expression, "
                                   "found '" +
                                   text + "': " + message);
  }
  return filter;
}

static Expected<std::vector<SizeClass>> parseSizes(StringRef text) {
  if (text == "all")
    return std::vector<SizeClass>{SizeClass::L2, SizeClass::DRAM};
  for (SizeClass size : {SizeClass::L2, SizeClass::DRAM})
    if (text == getName(size))
      return std::vector<SizeClass>{size};
  return llvm::createStringError("--size: expected l2, dram or all, found '" +
                                 text + "'");
}

static Expected<std::vector<unsigned>> parseThreads(StringRef text,
                                                    unsigned cores) {
  std::vector<unsigned> counts;
  if (text.empty()) {
    counts.push_back(1);
    if (cores > 1)
      counts.push_back(cores);
    return counts;
  }
  for (StringRef part : llvm::split(text, ',')) {
    unsigned count = 0;
    if (part.getAsInteger(10, count) || count == 0 || count > kMaxThreads ||
        llvm::is_contained(counts, count)) {
      return llvm::createStringError(
          "--threads: expected different numbers from 1 to " +
          llvm::Twine(kMaxThreads) + ", separated by commas, found '" + text +
          "'");
    }
    counts.push_back(count);
  }
  return counts;
}

/// More than any cache keeps of it until it is used again.
static size_t getDRAMBytes(const Machine &machine) {
  constexpr size_t least = 256 << 20;
  return std::max(least, 4 * machine.l3Bytes);
}

static Expected<Plan> makePlan(const Options &options, const Machine &machine) {
  auto filter = parseFilter(options.filter);
  if (!filter)
    return filter.takeError();
  auto sizes = parseSizes(options.size);
  if (!sizes)
    return sizes.takeError();
  auto threads = parseThreads(options.threads, machine.cores);
  if (!threads)
    return threads.takeError();
  auto rounds = parseCount(options.rounds, /*minimum=*/3, /*maximum=*/1000);
  if (!rounds)
    return rounds.takeError();
  size_t dramBytes = getDRAMBytes(machine);
  if (!options.dramSize.empty()) {
    auto size = parseCount(options.dramSize, /*minimum=*/1,
                           /*maximum=*/1 << 16);
    if (!size)
      return size.takeError();
    dramBytes = size_t(*size) << 20;
  }
  return Plan{std::move(*filter), std::move(*sizes), std::move(*threads),
              *rounds, dramBytes};
}

static Error writeJSON(StringRef path, const llvm::json::Value &value) {
  auto file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  file->os() << llvm::formatv("{0:2}\n", value);
  return file->commit();
}

static Error run(const Options &options) {
  Machine machine = getMachine();
  auto plan = makePlan(options, machine);
  if (!plan)
    return plan.takeError();
  std::vector<std::string> names = getKernelNames(plan->filter);
  if (names.empty())
    return llvm::createStringError("--filter: no kernel matches '" +
                                   options.filter + "'");
  if (options.list) {
    for (const std::string &name : names)
      llvm::outs() << name << '\n';
    return Error::success();
  }
  auto timings = timeKernels(*plan, machine);
  if (!timings)
    return timings.takeError();
  if (timings->empty()) {
    return llvm::createStringError("--filter: no kernel that matches '" +
                                   options.filter +
                                   "' is timed with this --size and --threads");
  }
  Results results = {machine, plan->dramBytes, plan->rounds,
                     std::move(*timings)};
  printTables(llvm::outs(), results);
  if (options.json.empty())
    return Error::success();
  return writeJSON(options.json, toJSON(results));
}

int main(int argc, char **argv) {
  return runTool<Options>(
      argc, argv,
      "Times the kernels on this machine, each beside upstream's way and what "
      "memory\nand arithmetic units can do, measured in the same run. "
      "benchmark/README.md has\nthe method.\n",
      run);
}
