//===- TestFiles.h - Files made by the tests --------------------*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_IO_TESTFILES_H
#define QUANTX_TEST_UNIT_IO_TESTFILES_H

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"
#include <string>

namespace quantx {

/// The message of a failed result, or "" of one that succeeded.
template <typename T>
std::string message(llvm::Expected<T> result) {
  return result ? "" : llvm::toString(result.takeError());
}
inline std::string message(llvm::Error error) {
  return error ? llvm::toString(std::move(error)) : "";
}

/// A folder that is removed after the test.
class FileTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("quantx-io", folder));
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  /// The path of a file in the folder.
  std::string path(llvm::StringRef name) const {
    llvm::SmallString<128> result(folder);
    llvm::sys::path::append(result, name);
    return result.str().str();
  }

  std::string write(llvm::StringRef name, llvm::StringRef bytes) const {
    std::error_code error;
    llvm::raw_fd_ostream os(path(name), error);
    EXPECT_FALSE(error);
    os << bytes;
    return path(name);
  }

  static std::string read(llvm::StringRef path) {
    auto buffer = llvm::MemoryBuffer::getFile(path);
    return buffer ? (*buffer)->getBuffer().str() : "<no file>";
  }

  /// Number of entries of the folder: shows what was left behind.
  size_t countFiles() const {
    std::error_code error;
    size_t count = 0;
    for (llvm::sys::fs::directory_iterator it(folder, error), end;
         it != end && !error; it.increment(error))
      ++count;
    return count;
  }

  llvm::SmallString<128> folder;
};

} // namespace quantx

#endif // QUANTX_TEST_UNIT_IO_TESTFILES_H
