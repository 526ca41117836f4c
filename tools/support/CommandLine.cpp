//===- CommandLine.cpp - Command lines of the tools -----------------------===//

#include "CommandLine.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace quantx;
using llvm::Error;
using llvm::StringRef;

bool quantx::parseCommandLine(int argc, char **argv,
                              llvm::cl::OptionCategory &category,
                              StringRef overview) {
  llvm::cl::SetVersionPrinter([](llvm::raw_ostream &os) {
    os << "QuantX " QUANTX_VERSION ", LLVM " LLVM_VERSION_STRING "\n";
  });
  llvm::cl::HideUnrelatedOptions(category);
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
quantx::parseCount(const llvm::cl::opt<std::string> &option, unsigned minimum) {
  unsigned count;
  if (StringRef(option).getAsInteger(10, count) || count < minimum) {
    return llvm::createStringError(
        "--" + option.ArgStr + ": expected an integer of at least " +
        llvm::Twine(minimum) + ", found '" + option + "'");
  }
  return count;
}

int quantx::reportError(StringRef path, Error error) {
  if (!error)
    return 0;
  llvm::errs() << llvm::sys::path::filename(path)
               << ": error: " << llvm::toString(std::move(error)) << "\n";
  return 1;
}
