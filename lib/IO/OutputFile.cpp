//===- OutputFile.cpp - Files that appear whole or not at all -------------===//

#include "quantx/IO/OutputFile.h"
#include "Diagnostics.h"

using namespace quantx;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
namespace fs = llvm::sys::fs;

static Error cannotWrite(StringRef path, const llvm::Twine &reason) {
  return makeFileError(path, "cannot write it: " + reason);
}

Expected<OutputFile> OutputFile::create(StringRef path) {
  OutputFile result(path);
  fs::file_status status;
  bool exists = !fs::status(path, status);
  if (exists && fs::is_directory(status))
    return cannotWrite(path, "it is a directory");
  if (exists && fs::access(path, fs::AccessMode::Write))
    return cannotWrite(path, "permission denied");
  if (exists && !fs::is_regular_file(status)) {
    std::error_code error;
    result.stream = std::make_unique<llvm::raw_fd_ostream>(path, error);
    if (error)
      return cannotWrite(path, error.message());
    return result;
  }
  // Through a link, the file that it leads to is replaced, not the link.
  llvm::SmallString<128> target;
  if (exists && !fs::real_path(path, target))
    result.path = target.str().str();
  Expected<fs::TempFile> temporary =
      fs::TempFile::create(result.path + ".tmp-%%%%%%%%");
  if (!temporary)
    return cannotWrite(path, llvm::toString(temporary.takeError()));
  result.temporary = std::make_unique<fs::TempFile>(std::move(*temporary));
  result.stream = std::make_unique<llvm::raw_fd_ostream>(result.temporary->FD,
                                                         /*shouldClose=*/false);
  return result;
}

OutputFile::~OutputFile() {
  if (stream)
    llvm::consumeError(finish());
  if (temporary)
    llvm::consumeError(temporary->discard());
}

StringRef OutputFile::getTemporaryPath() const {
  return temporary ? StringRef(temporary->TmpName) : StringRef(path);
}

Error OutputFile::finish() {
  stream->flush();
  std::error_code error = stream->error();
  // A stream destroyed with an error that nobody saw ends the program.
  stream->clear_error();
  stream.reset();
  return error ? cannotWrite(path, error.message()) : Error::success();
}

Error OutputFile::commit() {
  if (stream)
    if (Error error = finish())
      return error;
  if (!temporary)
    return Error::success();
  std::unique_ptr<fs::TempFile> file = std::move(temporary);
  if (Error error = file->keep(path))
    return cannotWrite(path, llvm::toString(std::move(error)));
  return Error::success();
}
