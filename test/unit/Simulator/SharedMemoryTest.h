//===- SharedMemoryTest.h - Tests of what reads workgroup memory *- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_SIMULATOR_SHAREDMEMORYTEST_H
#define QUANTX_TEST_UNIT_SIMULATOR_SHAREDMEMORYTEST_H

#include "gtest/gtest.h"
#include <cstdint>
#include <vector>

namespace quantx::test {

/// A test with the memory of a block: `size` bytes, aligned as rows that are
/// swizzled want it.
class SharedMemoryTest : public testing::Test {
protected:
  explicit SharedMemoryTest(size_t size) : bytes(size + kAlignment) {
    auto start = reinterpret_cast<uintptr_t>(bytes.data());
    window = (start + kAlignment - 1) / kAlignment * kAlignment;
  }

  /// A descriptor of what begins `offset` bytes after the window.
  uint64_t describe(uintptr_t offset, uint64_t rest) const {
    return rest | (((window + offset) & 0x3ffff) >> 4);
  }

  uintptr_t window;

private:
  static constexpr size_t kAlignment = 1024;
  std::vector<uint8_t> bytes;
};

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_SIMULATOR_SHAREDMEMORYTEST_H
