//===- OutputFile.h - Files that appear whole or not at all -----*- C++ -*-===//

#ifndef QUANTX_IO_OUTPUTFILE_H
#define QUANTX_IO_OUTPUTFILE_H

#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>
#include <string>

namespace quantx {

/// A file under construction: a temporary file beside its destination, which
/// `commit` renames to it. Destroyed before that, also by a signal, it leaves
/// nothing behind. What exists and is not a regular file (a pipe, /dev/null) is
/// written in place.
class OutputFile {
public:
  /// Fails when `path` is a directory, is not writable, or lies in a folder
  /// where no file can be created.
  static llvm::Expected<OutputFile> create(llvm::StringRef path);

  OutputFile(OutputFile &&) = default;
  OutputFile &operator=(OutputFile &&) = delete;
  ~OutputFile();

  /// The stream to write the contents to; valid until `finish`.
  llvm::raw_fd_ostream &os() { return *stream; }

  /// Where the bytes are until `commit`: for programs that write the file
  /// themselves.
  llvm::StringRef getTemporaryPath() const;

  /// Flushes the stream. Fails when any write failed (a full disk).
  llvm::Error finish();

  /// Finishes the file and moves it to its destination.
  llvm::Error commit();

private:
  explicit OutputFile(llvm::StringRef path) : path(path.str()) {}

  std::string path;
  std::unique_ptr<llvm::sys::fs::TempFile> temporary;
  std::unique_ptr<llvm::raw_fd_ostream> stream;
};

} // namespace quantx

#endif // QUANTX_IO_OUTPUTFILE_H
