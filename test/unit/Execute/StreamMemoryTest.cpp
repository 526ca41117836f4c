//===- StreamMemoryTest.cpp - Stores past the caches, and prefetches ------===//
//
// Non-temporal stores for results of any size, on shapes with and without
// aligned rows, whole and partial tiles and vectors: the same bits. Prefetches
// are in every executed program, and go beyond every input's end.
//
//===----------------------------------------------------------------------===//

#include "Lowerings.h"
#include "QuantizePrograms.h"
#include "gtest/gtest.h"
#include <random>

using namespace quantx;
using namespace quantx::test;

namespace {

struct StreamCase {
  const char *target;
  int64_t threads;
};

class StreamMemoryTest : public testing::TestWithParam<StreamCase> {};

} // namespace

static std::vector<StreamCase> getStreamCases() {
  std::vector<StreamCase> cases = {{"native", 1}, {"native", 2}};
  for (const char *target : getTargets())
    cases.push_back({target, 1});
  return cases;
}

TEST_P(StreamMemoryTest, SameBits) {
  SKIP_UNLESS_RUNS_HERE(GetParam().target);
  const TypeSpec types[] = {
      {"f4E2M1FN", "f32", "f8E8M0FNU", 1, 32, false, false, "floor"},
      {"f6E2M3FN", "f32", "f8E8M0FNU", 1, 32, false, false, "even"},
      {"f4E2M1FN", "bf16", "f8E4M3FN", 1, 16, true, false, "absmax"},
      {"i4", "f16", "f16", 1, 64, false, true, "minmax"},
      {"f8E4M3FN", "f32", "f32", 1, 0, false, false, "absmax"}};
  const int64_t shapes[][2] = {{1, 1},    {64, 128}, {33, 70},   {3, 8229},
                               {2, 8192}, {65, 260}, {129, 1024}};
  std::mt19937 random(1);
  std::normal_distribution<float> gauss;
  for (const TypeSpec &type : types) {
    Program program(getProgram(type), GetParam().target, GetParam().threads,
                    /*chunk=*/std::nullopt, /*nontemporalThreshold=*/1);
    for (auto [rows, columns] : shapes) {
      SCOPED_TRACE(type.print() + " " + std::to_string(rows) + "x" +
                   std::to_string(columns));
      std::vector<float> matrix(rows * columns);
      for (float &value : matrix)
        value = gauss(random);
      std::vector<Array> got = runOn(program, type, {rows, columns}, matrix, 0);
      expectEqual(type, quantize(type, rows, columns, matrix), got);
      if (HasFatalFailure())
        return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, StreamMemoryTest,
                         testing::ValuesIn(getStreamCases()),
                         [](const testing::TestParamInfo<StreamCase> &info) {
                           return toIdentifier(info.param.target) + "_" +
                                  std::to_string(info.param.threads);
                         });
