//===- FuzzNpy.cpp - libFuzzer target of the .npy reader ------------------===//
//
// Any bytes give a tensor or an error, and a tensor that was read is read back
// from what the writer makes of it.
//
//===----------------------------------------------------------------------===//

#include "quantx/IO/Npy.h"
#include "llvm/ADT/StringExtras.h"

using namespace quantx;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto tensor =
      parseNpy({llvm::toStringRef(llvm::ArrayRef(data, size)), "fuzzed.npy"});
  if (!tensor) {
    llvm::consumeError(tensor.takeError());
    return 0;
  }
  std::string file;
  llvm::raw_string_ostream os(file);
  llvm::cantFail(writeNpy(os, *tensor));
  TensorView again = llvm::cantFail(parseNpy({file, "written.npy"}));
  if (again.type != tensor->type || again.shape != tensor->shape ||
      again.data != tensor->data)
    llvm::report_fatal_error("the written array differs");
  return 0;
}
