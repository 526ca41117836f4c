//===- PassOptions.cpp - Which values an option may have ------------------===//

#include "quantx/Transforms/PassOptions.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/Twine.h"

using namespace mlir;
using namespace quantx;

LogicalResult quantx::checkOption(OptionErrorFn emitError, StringRef name,
                                  int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most)
    return success();
  bool isBounded = most != std::numeric_limits<int64_t>::max();
  return emitError("expected " + name +
                   (isBounded ? " from " + Twine(least) + " to " + Twine(most)
                              : " of at least " + Twine(least)) +
                   ", got " + Twine(value));
}

LogicalResult quantx::checkOption(MLIRContext *context, StringRef name,
                                  int64_t value, int64_t least, int64_t most) {
  auto emit = [&](const Twine &message) -> LogicalResult {
    return emitError(UnknownLoc::get(context)) << message;
  };
  return checkOption(emit, name, value, least, most);
}
