//===- GuardedMemory.h - Memory that ends where access does -----*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_EXECUTE_GUARDEDMEMORY_H
#define QUANTX_TEST_UNIT_EXECUTE_GUARDEDMEMORY_H

#include "quantx/Target/CPU/JIT.h"
#include <vector>

namespace quantx::test {

/// A copy of bytes right before a page that nobody may touch: reading or
/// writing beyond them ends the program. Their start is as unaligned as their
/// size.
class GuardedBytes {
public:
  explicit GuardedBytes(llvm::ArrayRef<uint8_t> source);
  GuardedBytes(GuardedBytes &&other) noexcept
      : pages(other.pages), pagesSize(other.pagesSize), bytes(other.bytes) {
    other.pages = nullptr;
  }
  GuardedBytes(const GuardedBytes &) = delete;
  GuardedBytes &operator=(const GuardedBytes &) = delete;
  ~GuardedBytes();

  llvm::MutableArrayRef<uint8_t> get() const { return bytes; }

private:
  friend void *guardedMalloc(size_t);
  explicit GuardedBytes(size_t size);

  void *pages;
  size_t pagesSize;
  llvm::MutableArrayRef<uint8_t> bytes;
};

/// Memory of this kind for compiled functions. The bytes that they ask for to
/// align a buffer lie behind it, before the page; they are checked when the
/// buffer is freed, and the program ends where one was written.
extern const HostMemory kGuardedMemory;

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_EXECUTE_GUARDEDMEMORY_H
