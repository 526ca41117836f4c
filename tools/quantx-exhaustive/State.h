//===- State.h - What has been swept already --------------------*- C++ -*-===//
//
// A text file: a line that says what it is of, then a line for each finished
// chunk, appended as one write. A last line that was cut short counts for
// nothing.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_TOOLS_EXHAUSTIVE_STATE_H
#define QUANTX_TOOLS_EXHAUSTIVE_STATE_H

#include "Sweep.h"
#include "llvm/Support/raw_ostream.h"
#include <map>
#include <memory>

namespace quantx::exhaustive {

/// The finished chunks of all modes, in memory, and in a file if there is one.
class State {
public:
  /// Continues the file at `path`, or begins it; without a path nothing is
  /// kept. Fails when the file is not a state, is one of another `target`, has
  /// a line that makes no sense, or cannot be written.
  static llvm::Expected<State> open(llvm::StringRef path,
                                    llvm::StringRef target);

  /// The result of a chunk, or null if it is not finished.
  const ChunkResult *find(const Mode &mode, uint32_t chunk) const;

  /// Records a chunk. Fails when the file cannot be written.
  llvm::Error record(const Mode &mode, uint32_t chunk,
                     const ChunkResult &result);

private:
  llvm::Error read(llvm::StringRef text, llvm::StringRef path,
                   llvm::StringRef header);

  std::map<std::pair<std::string, uint32_t>, ChunkResult> chunks;
  std::unique_ptr<llvm::raw_fd_ostream> file;
  std::string path;
};

} // namespace quantx::exhaustive

#endif // QUANTX_TOOLS_EXHAUSTIVE_STATE_H
