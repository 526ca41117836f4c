//===- TensorOutputs.h - Writing a set of tensors ---------------*- C++ -*-===//

#ifndef QUANTX_IO_TENSOROUTPUTS_H
#define QUANTX_IO_TENSOROUTPUTS_H

#include "quantx/IO/OutputFile.h"
#include "quantx/IO/Tensor.h"
#include <vector>

namespace quantx {

/// The destinations of a program's results: opened before the work begins, so
/// that a bad path is found early, and replaced after all of it succeeded.
class TensorOutputs {
public:
  /// Opens a destination for each spec, as `parseTensorSpec` reads them; the
  /// tensors of one .safetensors file are gathered into it. Fails when a spec
  /// is malformed or given twice, or a file cannot be written.
  static llvm::Expected<TensorOutputs>
  create(llvm::ArrayRef<std::string> specs);

  /// Writes one tensor for each spec, in their order, then puts all files in
  /// place. No file is touched when any write fails.
  llvm::Error write(llvm::ArrayRef<TensorView> tensors);

private:
  struct File {
    OutputFile output;
    /// The tensors that go there: their index among the specs, and their name.
    std::vector<std::pair<size_t, std::string>> members;
  };

  std::vector<File> files;
};

} // namespace quantx

#endif // QUANTX_IO_TENSOROUTPUTS_H
