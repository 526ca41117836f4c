//===- CPUStrategy.cpp - What was measured to be best on a CPU ------------===//

#include "quantx/Target/CPU/CPUStrategy.h"
#include "llvm/ADT/STLExtras.h"

using namespace quantx;

static constexpr int64_t KiB = 1024;
static constexpr int64_t MiB = 1024 * KiB;

// clang-format off
static constexpr CPUStrategy strategies[] = {
    // target,               chunk, prefetchDistance, prefetchLimit, nontemporalThreshold, tileProductRows, rowStreams
    {"native",                  64,          2 * KiB,      64 * KiB,              4 * MiB,              16,          4},
    {"x86-64-v4+amx",           64,          2 * KiB,      64 * KiB,              4 * MiB,              16,          4},
    {"x86-64-v4+avx512vbmi",    64,          2 * KiB,      64 * KiB,              4 * MiB,               0,          4},
    {"x86-64-v4",               64,          2 * KiB,      64 * KiB,              4 * MiB,               0,          4},
    {"x86-64-v3",               64,          2 * KiB,      64 * KiB,              4 * MiB,               0,          1},
    {"generic",                 64,          2 * KiB,      64 * KiB,              4 * MiB,               0,          1},
    // Not measured. Non-temporal stores are hints there, and need no fence.
    {"aarch64",                 64,          2 * KiB,      64 * KiB,                    0,               0,          1},
};
// clang-format on

llvm::ArrayRef<CPUStrategy> CPUStrategy::getAll() { return strategies; }

const CPUStrategy &CPUStrategy::get(llvm::StringRef target) {
  const auto *row = llvm::find_if(strategies, [&](const CPUStrategy &strategy) {
    return strategy.target == target;
  });
  return row == std::end(strategies) ? strategies[0] : *row;
}
