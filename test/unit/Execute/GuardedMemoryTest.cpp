//===- GuardedMemoryTest.cpp - Memory that ends where access does ---------===//

#include "GuardedMemory.h"
#include "gtest/gtest.h"

using namespace quantx::test;

namespace {

constexpr size_t kSize = 1000, kAlignment = 64;

/// A buffer as compiled code makes it: aligned, in a larger allocation.
struct Buffer {
  Buffer()
      : allocated(kGuardedMemory.allocate(kSize + kAlignment)),
        aligned(reinterpret_cast<uint8_t *>(
            (reinterpret_cast<uintptr_t>(allocated) + kAlignment - 1) &
            -kAlignment)) {}

  void *allocated;
  uint8_t *aligned;
};

} // namespace

TEST(GuardedMemoryTest, TakesWhatIsInside) {
  std::vector<uint8_t> bytes(kSize, 7);
  GuardedBytes copy(bytes);
  EXPECT_EQ(copy.get(), llvm::ArrayRef(bytes));
  Buffer buffer;
  for (size_t i = 0; i < kSize; ++i)
    buffer.aligned[i] = uint8_t(i);
  kGuardedMemory.release(buffer.allocated);
}

TEST(GuardedMemoryDeathTest, ReadsBehindAnInput) {
  GuardedBytes copy(std::vector<uint8_t>(kSize, 7));
  const volatile uint8_t *bytes = copy.get().data();
  EXPECT_DEATH((void)bytes[kSize], "");
}

TEST(GuardedMemoryDeathTest, WritesBehindABuffer) {
  Buffer buffer;
  EXPECT_DEATH(
      {
        buffer.aligned[kSize] = 0;
        kGuardedMemory.release(buffer.allocated);
      },
      "wrote behind a buffer");
  kGuardedMemory.release(buffer.allocated);
}

TEST(GuardedMemoryDeathTest, FreesWhatIsNotThere) {
  Buffer buffer;
  EXPECT_DEATH(kGuardedMemory.release(buffer.aligned + 1),
               "freed what was not allocated");
  kGuardedMemory.release(buffer.allocated);
}
