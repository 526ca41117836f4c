//===- Sweep.cpp - One chunk of the patterns ------------------------------===//

#include "Sweep.h"
#include "llvm/Support/xxhash.h"
#include <algorithm>

using namespace quantx;
using namespace quantx::exhaustive;

/// So many patterns are encoded at once: input and codes fit in the L2 cache.
static constexpr uint32_t pieceSize = 1u << 15;

ConversionSpec quantx::exhaustive::getSpec(const Mode &mode,
                                           llvm::StringRef target) {
  ConversionSpec spec;
  spec.format = mode.format;
  spec.rounding = mode.tiesTowardZero ? RoundingMode::NearestTowardZero
                                      : RoundingMode::NearestEven;
  spec.saturate = mode.saturate;
  spec.target = target.str();
  spec.vectorSize = 64;
  return spec;
}

/// The codes of the patterns from `first` on.
static void encodePatterns(const ConversionKernel &kernel, uint32_t first,
                           llvm::MutableArrayRef<uint8_t> codes) {
  std::vector<uint32_t> patterns(pieceSize);
  for (size_t done = 0; done < codes.size(); done += pieceSize) {
    for (uint32_t i = 0; i < pieceSize; ++i)
      patterns[i] = first + uint32_t(done) + i;
    kernel.run({reinterpret_cast<const uint8_t *>(patterns.data()),
                patterns.size() * 4},
               codes.slice(done, pieceSize));
  }
}

/// Compares the codes of the patterns from `first` on, all of one run.
static void compare(llvm::ArrayRef<uint8_t> codes, const Run &run,
                    uint32_t first, ChunkResult &result) {
  uint64_t mismatches = 0;
  for (uint8_t code : codes)
    mismatches += code != run.code;
  if (mismatches != 0 && result.mismatches == 0) {
    const uint8_t *wrong =
        llvm::find_if(codes, [&](uint8_t code) { return code != run.code; });
    result.bits = first + uint32_t(wrong - codes.begin());
    result.expected = run.code;
    result.found = *wrong;
  }
  result.mismatches += mismatches;
  result.counts[unsigned(run.kind)] += codes.size();
}

ChunkResult quantx::exhaustive::sweepChunk(const ConversionKernel &kernel,
                                           llvm::ArrayRef<Run> runs,
                                           uint32_t chunk) {
  constexpr uint64_t size = uint64_t(1) << chunkBits;
  uint64_t begin = chunk * size;
  uint64_t end = begin + size;
  std::vector<uint8_t> codes(size);
  encodePatterns(kernel, uint32_t(begin), codes);
  ChunkResult result;
  result.hash = llvm::xxh3_64bits(codes);
  const Run *run = std::prev(llvm::upper_bound(
      runs, begin, [](uint64_t bits, const Run &r) { return bits < r.first; }));
  for (uint64_t at = begin; at < end; ++run) {
    uint64_t last =
        run + 1 == runs.end() ? end : std::min<uint64_t>(run[1].first, end);
    llvm::ArrayRef<uint8_t> same =
        llvm::ArrayRef(codes).slice(at - begin, last - at);
    compare(same, *run, uint32_t(at), result);
    at = last;
  }
  return result;
}
