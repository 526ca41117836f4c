//===- Tensor.h - Arrays in files -------------------------------*- C++ -*-===//
//
// A tensor in a file, mapped into memory: from .npy or .safetensors.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_IO_TENSOR_H
#define QUANTX_IO_TENSOR_H

#include "quantx/IO/ElementType.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <string>

namespace quantx {

/// An array in C order that somebody else owns.
struct TensorView {
  ElementType type;
  /// Empty for a 0-d array, which has one element.
  llvm::SmallVector<int64_t, 4> shape;
  /// Exactly the bytes of the elements; not necessarily aligned for `type`.
  llvm::ArrayRef<uint8_t> data;
};

/// A tensor together with the file that holds its bytes. The bytes are aligned
/// for the element type and live as long as this object.
struct TensorFile {
  TensorView tensor;
  std::unique_ptr<llvm::MemoryBuffer> storage;
};

/// Where a tensor is: a file, and the tensor's name in it when the file is a
/// .safetensors (empty for .npy).
struct TensorSpec {
  std::string path;
  std::string name;
};

/// "8x64" for a shape, "0-d" for the shape of a scalar.
std::string formatShape(llvm::ArrayRef<int64_t> shape);

/// "8x64 float32".
std::string formatTensor(ElementType type, llvm::ArrayRef<int64_t> shape);

/// Bytes of an array. Fails when a dimension is negative, when they do not fit
/// in 63 bits, or when a packed type does not fill its last byte.
llvm::Expected<uint64_t> getByteSize(ElementType type,
                                     llvm::ArrayRef<int64_t> shape);

/// Splits `x.npy` or `m.safetensors:tensor.name`. Fails on anything else.
llvm::Expected<TensorSpec> parseTensorSpec(llvm::StringRef spec);

/// Opens the tensor that `spec` names, as `parseTensorSpec` reads it. Files
/// beyond a few pages are mapped, not read; only data that is misaligned for
/// its type is copied. Fails with one sentence that begins with the path.
llvm::Expected<TensorFile> openTensor(llvm::StringRef spec);

} // namespace quantx

#endif // QUANTX_IO_TENSOR_H
