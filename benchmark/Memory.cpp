//===- Memory.cpp - Memory for kernels ------------------------------------===//

#include "Memory.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <sys/mman.h>

using namespace quantx;

static constexpr size_t line = 64;
static constexpr size_t largePage = 2 << 20;

/// Asks for large pages. A system that has none is as good as it is.
static void adviseLargePages(void *begin, size_t size) {
  uintptr_t first =
      llvm::alignTo(reinterpret_cast<uintptr_t>(begin), largePage);
  uintptr_t last =
      llvm::alignDown(reinterpret_cast<uintptr_t>(begin) + size, largePage);
  if (first < last)
    (void)madvise(reinterpret_cast<void *>(first), last - first, MADV_HUGEPAGE);
}

void quantx::keepFreedMemory(size_t bytes) {
#ifdef __GLIBC__
  // Nothing by mmap, and nothing given back: -1 is the largest threshold.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
#endif
  // The heap grows by this, and stays so large.
  if (void *heap = std::malloc(bytes)) {
    adviseLargePages(heap, bytes);
    std::free(heap);
  }
}

/// Few bytes are the heap's; many have pages of their own, so that the heap is
/// left to the kernels.
static std::unique_ptr<uint8_t, std::function<void(uint8_t *)>>
allocate(size_t size) {
  if (size < largePage) {
    void *bytes = std::aligned_alloc(line, llvm::alignTo(size, line));
    return {static_cast<uint8_t *>(bytes), std::free};
  }
  // One page more, for the mapping may begin anywhere.
  size = llvm::alignTo(size, largePage);
  size_t mapped = size + largePage;
  void *map = mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED)
    llvm::report_bad_alloc_error("no memory for the data of a kernel");
  auto *bytes = reinterpret_cast<uint8_t *>(
      llvm::alignTo(reinterpret_cast<uintptr_t>(map), largePage));
  adviseLargePages(bytes, size);
  return {bytes, [map, mapped](uint8_t *) { munmap(map, mapped); }};
}

Buffer::Buffer(size_t size) : bytes(allocate(size)), size(size) {
  std::memset(bytes.get(), 0, size);
}
