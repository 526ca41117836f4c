//===- LoopInstructions.cpp - Counting instructions of a loop -------------===//

#include "LoopInstructions.h"
#include <algorithm>

using namespace quantx;

unsigned quantx::countLoopInstructions(llvm::StringRef assembly) {
  unsigned longest = 0;
  unsigned current = 0;
  while (!assembly.empty()) {
    llvm::StringRef line;
    std::tie(line, assembly) = assembly.split('\n');
    // Labels start in the first column; instructions do not, and directives
    // have a dot.
    if (!line.empty() && line.front() != '\t' && line.front() != ' ' &&
        line.front() != '#')
      current = 0;
    llvm::StringRef text = line.trim();
    if (line.starts_with("\t") && !text.empty() && text.front() != '.' &&
        text.front() != '#')
      ++current;
    longest = std::max(longest, current);
  }
  return longest;
}
