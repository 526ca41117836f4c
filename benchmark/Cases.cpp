//===- Cases.cpp - Timing by Google Benchmark -----------------------------===//

#include "Cases.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include <benchmark/benchmark.h>
#include <cassert>
#include <cmath>

using namespace quantx;

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

static void configure(unsigned rounds) {
  std::string repetitions = "--benchmark_repetitions=" + std::to_string(rounds);
  std::vector<std::string> arguments = {
      "quantx-bench", repetitions, "--benchmark_min_time=0.02",
      "--benchmark_enable_random_interleaving=true"};
  std::vector<char *> pointers;
  for (std::string &argument : arguments)
    pointers.push_back(argument.data());
  int count = int(pointers.size());
  benchmark::Initialize(&count, pointers.data());
}

static Timing summarize(const Case &timed, std::vector<double> seconds) {
  assert(!seconds.empty() && "every case has been timed");
  llvm::sort(seconds);
  auto at = [&](double part) {
    return seconds[size_t(std::lround(part * double(seconds.size() - 1)))];
  };
  return {&timed, at(0.5), at(0.25), at(0.75)};
}

std::vector<Timing> quantx::timeCases(llvm::ArrayRef<Case> cases,
                                      unsigned rounds) {
  configure(rounds);
  auto getName = [](size_t index) { return "case" + std::to_string(index); };
  for (auto [index, timed] : llvm::enumerate(cases)) {
    benchmark::RegisterBenchmark(getName(index).c_str(),
                                 [&run = timed.run](benchmark::State &state) {
                                   for (auto iteration : state) {
                                     (void)iteration;
                                     run();
                                     benchmark::ClobberMemory();
                                   }
                                 });
  }
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);
  std::vector<Timing> timings;
  for (auto [index, timed] : llvm::enumerate(cases)) {
    auto found = collector.seconds.find(getName(index));
    assert(found != collector.seconds.end() && "a case was not timed");
    timings.push_back(summarize(timed, found->second));
  }
  return timings;
}
