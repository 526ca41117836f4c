//===- State.cpp - What has been swept already ----------------------------===//

#include "State.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace quantx;
using namespace quantx::exhaustive;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

/// A field of a line: a number in hexadecimal.
template <typename T>
static bool parseField(StringRef &line, T &value) {
  StringRef field;
  std::tie(field, line) = line.split('\t');
  uint64_t wide;
  if (field.getAsInteger(16, wide) || wide > std::numeric_limits<T>::max())
    return false;
  value = T(wide);
  return true;
}

static std::string printLine(StringRef mode, uint32_t chunk,
                             const ChunkResult &result) {
  std::string line =
      llvm::formatv("{0}\t{1:x-}\t{2:x-}\t{3:x-}\t{4:x-}\t{5:x-}\t{6:x-}", mode,
                    chunk, result.mismatches, result.hash, result.bits,
                    unsigned(result.expected), unsigned(result.found));
  for (uint64_t count : result.counts)
    line += llvm::formatv("\t{0:x-}", count);
  return line + "\n";
}

Error State::read(StringRef text, StringRef path, StringRef header) {
  StringRef found;
  std::tie(found, text) = text.split('\n');
  if (found != header) {
    return llvm::createStringError(path + ": expected a state of '" + header +
                                   "', found '" + found.take_front(80) + "'");
  }
  for (unsigned number = 2; text.contains('\n'); ++number) {
    StringRef line, mode;
    std::tie(line, text) = text.split('\n');
    std::tie(mode, line) = line.split('\t');
    uint32_t chunk;
    ChunkResult result;
    bool isWhole =
        parseField(line, chunk) && parseField(line, result.mismatches) &&
        parseField(line, result.hash) && parseField(line, result.bits) &&
        parseField(line, result.expected) && parseField(line, result.found);
    for (uint64_t &count : result.counts)
      isWhole = isWhole && parseField(line, count);
    if (!isWhole || chunk >= numChunks || !line.empty()) {
      return llvm::createStringError(path + ": line " + llvm::Twine(number) +
                                     " is not that of a chunk");
    }
    chunks[{mode.str(), chunk}] = result;
  }
  return Error::success();
}

Expected<State> State::open(StringRef path, StringRef target) {
  State state;
  if (path.empty())
    return state;
  state.path = path.str();
  std::string header = "quantx-exhaustive 1, target " + target.str() +
                       ", chunks of 2^" + std::to_string(chunkBits);
  std::string kept = header + "\n";
  if (llvm::sys::fs::exists(path)) {
    auto buffer = llvm::MemoryBuffer::getFile(path);
    if (!buffer)
      return llvm::createStringError(path + ": " + buffer.getError().message());
    StringRef text = (*buffer)->getBuffer();
    // What follows the last line break was cut short.
    text = text.take_front(text.rfind('\n') + 1);
    if (!(*buffer)->getBuffer().empty())
      if (Error error = state.read(text, path, header))
        return error;
    if (!text.empty())
      kept = text.str();
  }
  std::error_code code;
  state.file = std::make_unique<llvm::raw_fd_ostream>(path, code);
  if (code)
    return llvm::createStringError(path + ": " + code.message());
  *state.file << kept;
  state.file->flush();
  return state;
}

const ChunkResult *State::find(const Mode &mode, uint32_t chunk) const {
  auto found = chunks.find({mode.print(), chunk});
  return found == chunks.end() ? nullptr : &found->second;
}

Error State::record(const Mode &mode, uint32_t chunk,
                    const ChunkResult &result) {
  chunks[{mode.print(), chunk}] = result;
  if (!file)
    return Error::success();
  *file << printLine(mode.print(), chunk, result);
  file->flush();
  if (!file->has_error())
    return Error::success();
  std::string message = file->error().message();
  file->clear_error();
  return llvm::createStringError(path + ": " + message);
}
