//===- Cases.cpp - Timing by Google Benchmark -----------------------------===//

#include "Cases.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include <benchmark/benchmark.h>
#include <cassert>
#include <chrono>

using namespace quantx;
using llvm::StringRef;

StringRef quantx::getName(SizeClass size) {
  return size == SizeClass::L2 ? "l2" : "dram";
}

StringRef quantx::getName(CaseKind kind) {
  static constexpr const char *names[] = {"conversion", "tensor", "matmul",
                                          "bandwidth", "arithmetic"};
  return names[unsigned(kind)];
}

namespace {

/// Keeps the time of every repetition instead of printing it.
class Collector : public benchmark::BenchmarkReporter {
public:
  bool ReportContext(const Context &) override { return true; }

  void ReportRuns(const std::vector<Run> &runs) override {
    for (const Run &run : runs) {
      if (run.run_type == Run::RT_Iteration) {
        seconds[run.run_name.function_name].push_back(
            run.real_accumulated_time / double(run.iterations));
      }
    }
  }

  llvm::StringMap<std::vector<double>> seconds;
};

} // namespace

static void configure() {
  std::vector<std::string> arguments = {
      "quantx-bench", "--benchmark_min_time=0.02",
      "--benchmark_enable_random_interleaving=true"};
  std::vector<char *> pointers;
  for (std::string &argument : arguments)
    pointers.push_back(argument.data());
  int count = int(pointers.size());
  benchmark::Initialize(&count, pointers.data());
}

/// The value below which `part` of the sorted values are.
static double getQuantile(llvm::ArrayRef<double> sorted, double part) {
  double position = part * double(sorted.size() - 1);
  size_t below = size_t(position);
  size_t above = std::min(below + 1, sorted.size() - 1);
  double weight = position - double(below);
  return sorted[below] * (1 - weight) + sorted[above] * weight;
}

static Timing summarize(const Case &timed, std::vector<double> seconds) {
  assert(!seconds.empty() && "every case has been timed");
  llvm::sort(seconds);
  return {timed, unsigned(seconds.size()), getQuantile(seconds, 0.5),
          getQuantile(seconds, 0.25), getQuantile(seconds, 0.75)};
}

/// Runs the case for the first time, which may touch new memory and start
/// threads, and decides how often it is timed.
static unsigned warmUp(const Case &timed, unsigned rounds) {
  constexpr unsigned fewRounds = 3;
  auto start = std::chrono::steady_clock::now();
  timed.run();
  std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;
  return seconds.count() > 1.0 ? std::min(rounds, fewRounds) : rounds;
}

std::vector<Timing> quantx::timeCases(llvm::ArrayRef<Case> cases,
                                      unsigned rounds) {
  configure();
  auto getName = [](size_t index) { return "case" + std::to_string(index); };
  for (auto [index, timed] : llvm::enumerate(cases)) {
    auto body = [&run = timed.run](benchmark::State &state) {
      for (auto iteration : state) {
        (void)iteration;
        run();
        benchmark::ClobberMemory();
      }
    };
    benchmark::RegisterBenchmark(getName(index).c_str(), body)
        ->Repetitions(int(warmUp(timed, rounds)))
        ->UseRealTime();
  }
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);
  benchmark::ClearRegisteredBenchmarks();
  std::vector<Timing> timings;
  for (auto [index, timed] : llvm::enumerate(cases)) {
    auto found = collector.seconds.find(getName(index));
    assert(found != collector.seconds.end() && "a case was not timed");
    timings.push_back(summarize(timed, found->second));
  }
  return timings;
}
