//===- FuzzSafetensors.cpp - libFuzzer target of .safetensors -------------===//
//
// Any bytes give a set of tensors or an error, and tensors that were read are
// read back from what the writer makes of them.
//
//===----------------------------------------------------------------------===//

#include "quantx/IO/Safetensors.h"
#include "llvm/ADT/StringExtras.h"

using namespace quantx;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto file = Safetensors::parse(
      {llvm::toStringRef(llvm::ArrayRef(data, size)), "fuzzed.safetensors"});
  if (!file) {
    llvm::consumeError(file.takeError());
    return 0;
  }
  llvm::consumeError(file->lookup("w").takeError());
  std::string text;
  llvm::raw_string_ostream os(text);
  writeSafetensors(os, file->getTensors());
  Safetensors again =
      llvm::cantFail(Safetensors::parse({text, "written.safetensors"}));
  for (const NamedTensor &tensor : file->getTensors()) {
    TensorView copy = llvm::cantFail(again.lookup(tensor.name));
    if (copy.type != tensor.tensor.type || copy.shape != tensor.tensor.shape ||
        copy.data != tensor.tensor.data)
      llvm::report_fatal_error("a written tensor differs");
  }
  return 0;
}
