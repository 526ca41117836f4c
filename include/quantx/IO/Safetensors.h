//===- Safetensors.h - The .safetensors format ------------------*- C++ -*-===//
//
// An 8-byte little-endian header length, a JSON object that gives each tensor
// its dtype, shape and byte range, then the bytes, without holes.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_IO_SAFETENSORS_H
#define QUANTX_IO_SAFETENSORS_H

#include "quantx/IO/Tensor.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

namespace quantx {

/// The key of the header that is no tensor's name.
inline constexpr llvm::StringLiteral kMetadataKey = "__metadata__";

/// A tensor with its name in a .safetensors file.
struct NamedTensor {
  std::string name;
  TensorView tensor;
};

/// The tensors of a .safetensors file, as views of the buffer it was parsed
/// from.
class Safetensors {
public:
  /// Parses and validates the whole header; `buffer`'s identifier names the
  /// file in diagnostics. Fails when any tensor's entry is malformed, when a
  /// byte range disagrees with the shape and dtype, and when the ranges leave
  /// a hole, overlap, or do not end where the file ends.
  static llvm::Expected<Safetensors> parse(llvm::MemoryBufferRef buffer);

  /// The tensor with this name. Fails with the names that there are, closest
  /// first.
  llvm::Expected<TensorView> lookup(llvm::StringRef name) const;

  /// The tensors, in the order of their bytes.
  llvm::ArrayRef<NamedTensor> getTensors() const { return tensors; }

  /// The free-form strings under `__metadata__`.
  const std::map<std::string, std::string> &getMetadata() const {
    return metadata;
  }

private:
  std::string path;
  std::vector<NamedTensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Writes the tensors as one .safetensors file, those of the strictest
/// alignment first so that each is aligned for its type. Names must differ.
/// Errors of the stream are the caller's to check.
void writeSafetensors(llvm::raw_ostream &os,
                      llvm::ArrayRef<NamedTensor> tensors);

} // namespace quantx

#endif // QUANTX_IO_SAFETENSORS_H
