//===- GuardedMemory.cpp - Memory that ends where access does -------------===//

#include "GuardedMemory.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"
#include <map>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>

using namespace quantx;
using namespace quantx::test;

GuardedBytes::GuardedBytes(size_t size) {
  auto page = size_t(sysconf(_SC_PAGESIZE));
  size_t accessible = llvm::alignTo(size, page);
  pagesSize = accessible + page;
  pages = mmap(nullptr, pagesSize, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED)
    llvm::report_fatal_error("cannot map memory");
  auto *end = static_cast<uint8_t *>(pages) + accessible;
  if (mprotect(end, page, PROT_NONE) != 0)
    llvm::report_fatal_error("cannot protect memory");
  bytes = {end - size, size};
}

GuardedBytes::GuardedBytes(llvm::ArrayRef<uint8_t> source)
    : GuardedBytes(source.size()) {
  llvm::copy(source, bytes.begin());
}

GuardedBytes::~GuardedBytes() {
  if (pages)
    munmap(pages, pagesSize);
}

//===----------------------------------------------------------------------===//
// For compiled functions
//===----------------------------------------------------------------------===//

/// What fresh memory holds: no value that a kernel would write by chance.
static constexpr uint8_t kUntouched = 0xa5;
/// What buffers are aligned to, for which as many bytes are asked for.
static constexpr size_t kAlignment = 64;

namespace {

/// What guardedMalloc has given, by address.
struct Allocations {
  std::mutex mutex;
  std::map<void *, GuardedBytes> live;
};

} // namespace

static Allocations &getAllocations() {
  static Allocations allocations;
  return allocations;
}

namespace quantx::test {

void *guardedMalloc(size_t size) {
  GuardedBytes memory(size);
  llvm::fill(memory.get(), kUntouched);
  void *address = memory.get().data();
  Allocations &allocations = getAllocations();
  std::lock_guard lock(allocations.mutex);
  allocations.live.emplace(address, std::move(memory));
  return address;
}

} // namespace quantx::test

/// The bytes behind the buffer that an aligned allocation is for.
static llvm::ArrayRef<uint8_t> getRest(llvm::ArrayRef<uint8_t> allocation) {
  size_t start =
      llvm::offsetToAlignedAddr(allocation.data(), llvm::Align(kAlignment));
  size_t size = allocation.size() - kAlignment;
  return allocation.drop_front(start + size);
}

static void guardedFree(void *address) {
  if (!address)
    return;
  Allocations &allocations = getAllocations();
  std::lock_guard lock(allocations.mutex);
  auto found = allocations.live.find(address);
  if (found == allocations.live.end())
    llvm::report_fatal_error("freed what was not allocated");
  llvm::ArrayRef<uint8_t> bytes = found->second.get();
  if (bytes.size() < kAlignment)
    llvm::report_fatal_error("allocated a buffer that is not aligned");
  if (!llvm::all_equal(getRest(bytes)) ||
      (!getRest(bytes).empty() && getRest(bytes).front() != kUntouched))
    llvm::report_fatal_error("wrote behind a buffer");
  allocations.live.erase(found);
}

const HostMemory quantx::test::kGuardedMemory = {guardedMalloc, guardedFree};
