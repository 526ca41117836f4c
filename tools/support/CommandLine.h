//===- CommandLine.h - Command lines of the tools ---------------*- C++ -*-===//

#ifndef QUANTX_TOOLS_SUPPORT_COMMANDLINE_H
#define QUANTX_TOOLS_SUPPORT_COMMANDLINE_H

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/InitLLVM.h"
#include <limits>

namespace quantx {

/// Parses a command line of which --help shows `category` alone. Prints what is
/// wrong with it and returns false where it fails.
bool parseCommandLine(int argc, char **argv, llvm::cl::OptionCategory &category,
                      llvm::StringRef overview);

/// The number that an option was given. Fails on anything but an integer from
/// `minimum` to `maximum`.
llvm::Expected<unsigned>
parseCount(const llvm::cl::opt<std::string> &option, unsigned minimum,
           unsigned maximum = std::numeric_limits<unsigned>::max());

/// Fails when the file of `output` is that of one of `inputs`, which writing it
/// would destroy. Each is a path, or a tensor in a file as `parseTensorSpec`
/// reads it; an empty output is none.
llvm::Error checkOverwrites(llvm::StringRef output,
                            llvm::ArrayRef<std::string> inputs);

/// Prints "TOOL: error: MESSAGE", one line, if there is an error. Returns the
/// exit status, 0 or 1.
int reportError(llvm::StringRef path, llvm::Error error);

/// Runs a tool: parses its command line into `Options`, a struct of cl::opt
/// members with an OptionCategory `category`, then calls `body` on it. Returns
/// the exit status.
template <typename Options>
int runTool(int argc, char **argv, llvm::StringRef overview,
            llvm::function_ref<llvm::Error(const Options &)> body) {
  llvm::InitLLVM init(argc, argv);
  // LLVM's own options, which its shared library registers, would clash with
  // ours.
  llvm::cl::ResetCommandLineParser();
  Options options;
  if (!parseCommandLine(argc, argv, options.category, overview))
    return 1;
  return reportError(argv[0], body(options));
}

} // namespace quantx

#endif // QUANTX_TOOLS_SUPPORT_COMMANDLINE_H
