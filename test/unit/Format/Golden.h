//===- Golden.h - Reads the golden vectors ----------------------*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_FORMAT_GOLDEN_H
#define QUANTX_TEST_UNIT_FORMAT_GOLDEN_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"
#include <cstring>
#include <string>
#include <vector>

namespace quantx::golden {

constexpr size_t rowSize = 256;

/// The values of an array, whose type the caller knows.
template <typename T>
std::vector<T> load(const std::string &name) {
  auto file = llvm::MemoryBuffer::getFile(std::string(QUANTX_TEST_GOLDEN_DIR) +
                                          "/" + name + ".npy");
  if (!file) {
    ADD_FAILURE() << name << ": " << file.getError().message();
    return {};
  }
  llvm::StringRef bytes = (*file)->getBuffer();
  // Format version 1: magic, version, a 16-bit header length, the header.
  size_t headerEnd = 10 + size_t(uint8_t(bytes[8])) + 256 * uint8_t(bytes[9]);
  EXPECT_TRUE(bytes.starts_with("\x93NUMPY\x01"));
  EXPECT_TRUE(bytes.take_front(headerEnd).contains("'fortran_order': False"));
  llvm::StringRef data = bytes.drop_front(headerEnd);
  std::vector<T> values(data.size() / sizeof(T));
  std::memcpy(values.data(), data.data(), data.size());
  return values;
}

} // namespace quantx::golden

#endif // QUANTX_TEST_UNIT_FORMAT_GOLDEN_H
