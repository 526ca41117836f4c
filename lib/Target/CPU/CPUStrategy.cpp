//===- CPUStrategy.cpp - What was measured to be best on a CPU ------------===//

#include "quantx/Target/CPU/CPUStrategy.h"
#include "quantx/Target/CPU/CPUTarget.h"
#include "llvm/ADT/STLExtras.h"

using namespace quantx;

static constexpr int64_t kKiB = 1024;
static constexpr int64_t kMiB = 1024 * kKiB;

// clang-format off
static constexpr CPUStrategy strategies[] = {
    // target,               chunk, prefetchDistance, prefetchLimit, nontemporalThreshold, tileProductRows, rowStreams, sumRows
    {"native",                  64,         2 * kKiB,     64 * kKiB,             4 * kMiB,              16,          4,      12},
    {"x86-64-v4+amx",           64,         2 * kKiB,     64 * kKiB,             4 * kMiB,              16,          4,      12},
    {"x86-64-v4+avx512vbmi",    64,         2 * kKiB,     64 * kKiB,             4 * kMiB,               0,          4,      12},
    {"x86-64-v4",               64,         2 * kKiB,     64 * kKiB,             4 * kMiB,               0,          4,      12},
    {"x86-64-v3",               64,         2 * kKiB,     64 * kKiB,             4 * kMiB,               0,          1,       4},
    {"generic",                 64,         2 * kKiB,     64 * kKiB,             4 * kMiB,               0,          1,       0},
    // Not measured. Non-temporal stores are hints there, and need no fence.
    {"aarch64",                 64,         2 * kKiB,     64 * kKiB,                    0,               0,          1,       0},
};
// clang-format on

llvm::ArrayRef<CPUStrategy> CPUStrategy::getAll() { return strategies; }

const CPUStrategy &CPUStrategy::get(llvm::StringRef target) {
  const auto *row = llvm::find_if(strategies, [&](const CPUStrategy &strategy) {
    return strategy.target == target;
  });
  if (row != std::end(strategies) && row != std::begin(strategies))
    return *row;
  llvm::Expected<CPUTarget> native = CPUTarget::get("native");
  if (native && !native->hasWideVectors()) {
    if (native->triple.isAArch64())
      return get("aarch64");
    return get(native->hasFMA() ? "x86-64-v3" : "generic");
  }
  llvm::consumeError(native.takeError());
  return strategies[0];
}
