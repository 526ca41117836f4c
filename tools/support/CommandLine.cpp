//===- CommandLine.cpp - Command lines of the tools -----------------------===//

#include "CommandLine.h"
#include "quantx/IO/Tensor.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace quantx;
using llvm::Error;
using llvm::StringRef;

/// The first option, such as `--chip`, that is given as `--chip=`: it would
/// count as not given.
static StringRef findEmptyOption(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    auto [name, value] = StringRef(argv[i]).split('=');
    if (name.size() + 1 == StringRef(argv[i]).size() && name.starts_with("-"))
      return name;
  }
  return {};
}

bool quantx::parseCommandLine(int argc, char **argv,
                              llvm::cl::OptionCategory &category,
                              StringRef overview) {
  llvm::cl::SetVersionPrinter([](llvm::raw_ostream &os) {
    os << "QuantX " QUANTX_VERSION ", LLVM " LLVM_VERSION_STRING "\n";
  });
  llvm::cl::HideUnrelatedOptions(category);
  if (StringRef option = findEmptyOption(argc, argv); !option.empty()) {
    reportError(argv[0], llvm::createStringError(
                             option + ": expected a value, found none"));
    return false;
  }
  std::string messages;
  llvm::raw_string_ostream os(messages);
  if (llvm::cl::ParseCommandLineOptions(argc, argv, overview, &os))
    return true;
  // Errors in an option's value are printed already, in one line.
  if (messages.empty())
    return false;
  StringRef first = StringRef(messages).ltrim().split('\n').first;
  first.consume_front(llvm::sys::path::filename(argv[0]));
  first.consume_front(":");
  reportError(argv[0], llvm::createStringError(first.trim()));
  return false;
}

llvm::Expected<unsigned>
quantx::parseCount(const llvm::cl::opt<std::string> &option, unsigned minimum,
                   unsigned maximum) {
  unsigned count;
  if (!StringRef(option).getAsInteger(10, count) && count >= minimum &&
      count <= maximum)
    return count;
  bool isBounded = maximum != std::numeric_limits<unsigned>::max();
  return llvm::createStringError(
      "--" + option.ArgStr + ": expected an integer " +
      (isBounded
           ? "from " + llvm::Twine(minimum) + " to " + llvm::Twine(maximum)
           : "of at least " + llvm::Twine(minimum)) +
      ", found '" + option + "'");
}

/// The file of a path or of a tensor in a file, absolute.
static std::string getFile(StringRef spec) {
  llvm::SmallString<128> path(spec);
  llvm::Expected<TensorSpec> tensor = parseTensorSpec(spec);
  if (tensor)
    path = tensor->path;
  else
    llvm::consumeError(tensor.takeError());
  llvm::sys::fs::make_absolute(path);
  llvm::sys::path::remove_dots(path, /*remove_dot_dot=*/true);
  return path.str().str();
}

Error quantx::checkOverwrites(StringRef output,
                              llvm::ArrayRef<std::string> inputs) {
  if (output.empty())
    return Error::success();
  std::string outputFile = getFile(output);
  for (const std::string &input : inputs) {
    std::string inputFile = getFile(input);
    bool isSame = false;
    if (outputFile != inputFile &&
        (llvm::sys::fs::equivalent(outputFile, inputFile, isSame) || !isSame))
      continue;
    return llvm::createStringError(output + ": expected another file than '" +
                                   input + "', which it would replace");
  }
  return Error::success();
}

int quantx::reportError(StringRef path, Error error) {
  if (!error)
    return 0;
  llvm::errs() << llvm::sys::path::filename(path)
               << ": error: " << llvm::toString(std::move(error)) << "\n";
  return 1;
}
