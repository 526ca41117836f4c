//===- Diagnostics.cpp - Errors of the IO layer ---------------------------===//

#include "Diagnostics.h"
#include "llvm/Support/raw_ostream.h"

using namespace quantx;
using llvm::StringRef;

llvm::Error quantx::makeFileError(StringRef path, const llvm::Twine &message) {
  return llvm::createStringError(llvm::Twine(path) + ": " + message);
}

std::string quantx::quote(StringRef text) {
  constexpr size_t limit = 80;
  std::string result;
  llvm::raw_string_ostream os(result);
  os << '\'';
  os.write_escaped(text.take_front(limit));
  os << (text.size() > limit ? "...'" : "'");
  return result;
}
