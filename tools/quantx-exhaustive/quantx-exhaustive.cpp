//===- quantx-exhaustive.cpp - Every f32 through every conversion ---------===//

#include "State.h"
#include "quantx/Target/CPU/CPUTarget.h"
#include "support/CommandLine.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/xxhash.h"
#include <atomic>
#include <mutex>
#include <thread>

using namespace quantx;
using namespace quantx::exhaustive;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
namespace cl = llvm::cl;

namespace {
struct Options {
  cl::OptionCategory category{"quantx-exhaustive options"};

  cl::opt<std::string> filter{
      "filter", cl::init("."), cl::value_desc("REGEX"),
      cl::desc("sweep only the modes whose name matches, such as "
               "'f8E4M3FN nearest_even'"),
      cl::cat(category)};
  cl::opt<std::string> target{
      "target", cl::init("native"), cl::value_desc("NAME"),
      cl::desc("the instructions to use: native (default), generic, x86-64-v3, "
               "x86-64-v4 or x86-64-v4+avx512vbmi"),
      cl::cat(category)};
  cl::opt<std::string> threads{"threads", cl::value_desc("N"),
                               cl::desc("threads to use (default: all cores)"),
                               cl::init("0"), cl::cat(category)};
  cl::opt<std::string> chunks{
      "chunks", cl::init("256"), cl::value_desc("N"),
      cl::desc("sweep N of the 256 chunks of 2^24 patterns, evenly spread "
               "(default: all)"),
      cl::cat(category)};
  cl::opt<std::string> state{
      "state", cl::value_desc("PATH"),
      cl::desc("record finished chunks in this file, and skip those that it "
               "has: a stopped run goes on"),
      cl::cat(category)};
};

/// The sweep of one mode by several threads.
class Sweep {
public:
  Sweep(const Mode &mode, const ConversionKernel &kernel,
        llvm::ArrayRef<Run> runs, llvm::ArrayRef<uint32_t> chunks, State &state)
      : mode(mode), kernel(kernel), runs(runs), chunks(chunks), state(state) {}

  /// Sweeps what the state does not have. Fails when a chunk cannot be
  /// recorded.
  Error run(unsigned threads);

private:
  void work();

  const Mode &mode;
  const ConversionKernel &kernel;
  llvm::ArrayRef<Run> runs;
  llvm::ArrayRef<uint32_t> chunks;
  State &state;
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::string failure; ///< guarded by `mutex`
};
} // namespace

void Sweep::work() {
  while (true) {
    size_t index = next++;
    if (index >= chunks.size())
      return;
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (!failure.empty())
        return;
      if (state.find(mode, chunks[index]))
        continue;
    }
    ChunkResult result = sweepChunk(kernel, runs, chunks[index]);
    std::lock_guard<std::mutex> lock(mutex);
    if (Error error = state.record(mode, chunks[index], result))
      failure = llvm::toString(std::move(error));
    llvm::errs() << llvm::formatv("\r{0}: {1} of {2} chunks ", mode.print(),
                                  index + 1, chunks.size());
  }
}

Error Sweep::run(unsigned threads) {
  std::vector<std::thread> workers;
  for (unsigned i = 1; i < threads; ++i)
    workers.emplace_back([this] { work(); });
  work();
  for (std::thread &worker : workers)
    worker.join();
  llvm::errs() << '\n';
  return failure.empty() ? Error::success() : llvm::createStringError(failure);
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// All chunks of a mode together.
static ChunkResult addUp(const Mode &mode, llvm::ArrayRef<uint32_t> chunks,
                         const State &state) {
  ChunkResult total;
  std::vector<uint64_t> hashes;
  for (uint32_t chunk : chunks) {
    const ChunkResult &result = *state.find(mode, chunk);
    if (result.mismatches != 0 && total.mismatches == 0) {
      total.bits = result.bits;
      total.expected = result.expected;
      total.found = result.found;
    }
    total.mismatches += result.mismatches;
    for (auto [sum, count] : llvm::zip(total.counts, result.counts))
      sum += count;
    hashes.push_back(result.hash);
  }
  total.hash = llvm::xxh3_64bits(
      {reinterpret_cast<const uint8_t *>(hashes.data()), hashes.size() * 8});
  return total;
}

static void printHeader() {
  llvm::outs() << llvm::formatv(
      "{0,-38}{1,11}{2,11}{3,12}{4,12}{5,11}{6,11}{7,10}  {8}\n", "mode",
      "patterns", "to zero", "finite", "largest", "overflow", "NaN", "wrong",
      "checksum");
}

static void printResult(const Mode &mode, const ChunkResult &total) {
  uint64_t patterns = 0;
  for (uint64_t count : total.counts)
    patterns += count;
  auto count = [&](Kind kind) { return total.counts[unsigned(kind)]; };
  llvm::outs() << llvm::formatv(
      "{0,-38}{1,11}{2,11}{3,12}{4,12}{5,11}{6,11}{7,10}  {8:x-16}\n",
      mode.print(), patterns, count(Kind::Zero), count(Kind::Finite),
      count(Kind::Largest), count(Kind::Overflow), count(Kind::NaN),
      total.mismatches, total.hash);
  llvm::outs().flush();
}

static Error describe(const Mode &mode, const ChunkResult &total) {
  return llvm::createStringError(
      mode.print() + ": " + llvm::Twine(total.mismatches) +
      " patterns have the wrong code; the first is 0x" +
      llvm::utohexstr(total.bits) + ": expected 0x" +
      llvm::utohexstr(total.expected) + ", found 0x" +
      llvm::utohexstr(total.found));
}

//===----------------------------------------------------------------------===//
// The program
//===----------------------------------------------------------------------===//

static Expected<std::vector<Mode>> findModes(StringRef filter) {
  llvm::Regex pattern(filter);
  std::string message;
  if (!pattern.isValid(message)) {
    return llvm::createStringError("--filter: expected a regular expression, "
                                   "found '" +
                                   filter + "': " + message);
  }
  std::vector<Mode> modes;
  for (const Mode &mode : getModes())
    if (pattern.match(mode.print()))
      modes.push_back(mode);
  if (modes.empty())
    return llvm::createStringError("--filter: no mode matches '" + filter +
                                   "'");
  return modes;
}

/// `count` chunks, evenly spread, with the first.
static std::vector<uint32_t> spreadChunks(uint32_t count) {
  std::vector<uint32_t> chunks;
  for (uint64_t i = 0; i < count; ++i)
    chunks.push_back(uint32_t(i * numChunks / count));
  return chunks;
}

static Error sweep(const Mode &mode, const Options &options, unsigned threads,
                   llvm::ArrayRef<uint32_t> chunks, State &state) {
  std::vector<Run> runs = getRuns(mode);
  if (Error error = checkAgainstAPFloat(mode, runs))
    return error;
  auto kernel = ConversionKernel::create(getSpec(mode, options.target));
  if (!kernel)
    return kernel.takeError();
  return Sweep(mode, *kernel, runs, chunks, state).run(threads);
}

static Error run(const Options &options) {
  auto modes = findModes(options.filter);
  if (!modes)
    return modes.takeError();
  auto threads = parseCount(options.threads, /*minimum=*/0, kMaxThreads);
  if (!threads)
    return threads.takeError();
  auto count = parseCount(options.chunks, /*minimum=*/1, numChunks);
  if (!count)
    return count.takeError();
  auto state = State::open(options.state, options.target);
  if (!state)
    return state.takeError();
  unsigned workers =
      *threads ? *threads : std::max(std::thread::hardware_concurrency(), 1u);
  std::vector<uint32_t> chunks = spreadChunks(*count);
  Error wrong = Error::success();
  for (const Mode &mode : *modes) {
    if (Error error = sweep(mode, options, workers, chunks, *state))
      return llvm::joinErrors(std::move(wrong), std::move(error));
    ChunkResult total = addUp(mode, chunks, *state);
    // No sooner: a target that does not exist is found by the first sweep.
    if (&mode == &modes->front())
      printHeader();
    printResult(mode, total);
    if (total.mismatches != 0)
      wrong = llvm::joinErrors(std::move(wrong), describe(mode, total));
  }
  return wrong;
}

int main(int argc, char **argv) {
  return runTool<Options>(
      argc, argv,
      "Encodes every f32 bit pattern in every small float format and "
      "deterministic\nmode by the compiled vector code, and compares each code "
      "with an oracle that\nis independent of it. docs/exhaustive.md has the "
      "method and the results.\n",
      run);
}
