//===- Tensor.cpp - Arrays in files ---------------------------------------===//

#include "quantx/IO/Tensor.h"
#include "Diagnostics.h"
#include "quantx/IO/Npy.h"
#include "quantx/IO/Safetensors.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Alignment.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/raw_ostream.h"

using namespace quantx;
using llvm::ArrayRef;
using llvm::Expected;
using llvm::MemoryBuffer;
using llvm::StringRef;

std::string quantx::formatShape(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "0-d";
  std::string result;
  llvm::raw_string_ostream os(result);
  llvm::interleave(shape, os, "x");
  return result;
}

std::string quantx::formatTensor(ElementType type, ArrayRef<int64_t> shape) {
  return formatShape(shape) + " " + getName(type).str();
}

Expected<uint64_t> quantx::getByteSize(ElementType type,
                                       ArrayRef<int64_t> shape) {
  if (llvm::any_of(shape, [](int64_t size) { return size < 0; }))
    return llvm::createStringError("the shape " + formatShape(shape) +
                                   " has a negative size");
  // An empty array has no bytes, however large its other sizes are.
  if (llvm::is_contained(shape, 0))
    return 0;
  std::optional<int64_t> bits = int64_t(getBitWidth(type));
  for (int64_t size : shape)
    if (bits)
      bits = llvm::checkedMul(*bits, size);
  if (!bits)
    return llvm::createStringError("the shape " + formatShape(shape) +
                                   " has more bytes than can be addressed");
  if (*bits % 8 != 0) {
    return llvm::createStringError(formatTensor(type, shape) +
                                   " does not fill whole bytes: it has " +
                                   llvm::Twine(*bits) + " bits");
  }
  return uint64_t(*bits / 8);
}

static constexpr llvm::StringLiteral specForms =
    "x.npy or m.safetensors:tensor.name";

Expected<TensorSpec> quantx::parseTensorSpec(StringRef spec) {
  constexpr llvm::StringLiteral extension = ".safetensors";
  if (spec.ends_with(".npy") && !spec.contains(".safetensors:"))
    return TensorSpec{spec.str(), ""};
  size_t found = spec.find(".safetensors:");
  if (found == StringRef::npos) {
    if (spec.ends_with(extension))
      return makeFileError(spec, "expected the name of a tensor after a colon, "
                                 "as in m.safetensors:tensor.name");
    return llvm::createStringError("expected " + specForms + ", found " +
                                   quote(spec));
  }
  size_t end = found + extension.size();
  StringRef name = spec.drop_front(end + 1);
  if (name.empty())
    return llvm::createStringError("expected the name of a tensor after " +
                                   quote(spec));
  if (name == kMetadataKey) {
    return makeFileError(spec.take_front(end),
                         "expected the name of a tensor, found " + quote(name) +
                             ", which the format reserves");
  }
  return TensorSpec{spec.take_front(end).str(), name.str()};
}

static Expected<TensorView> parse(const TensorSpec &spec,
                                  llvm::MemoryBufferRef buffer) {
  if (spec.name.empty())
    return parseNpy(buffer);
  Expected<Safetensors> file = Safetensors::parse(buffer);
  if (!file)
    return file.takeError();
  return file->lookup(spec.name);
}

/// Replaces the file by an aligned copy of the tensor's bytes.
static llvm::Error copyAligned(TensorFile &file, StringRef path) {
  auto copy = llvm::WritableMemoryBuffer::getNewUninitMemBuffer(
      file.tensor.data.size(), path,
      llvm::Align(getAlignment(file.tensor.type)));
  if (!copy) {
    return makeFileError(path, "no memory for a copy of " +
                                   llvm::Twine(file.tensor.data.size()) +
                                   " bytes");
  }
  llvm::copy(file.tensor.data, copy->getBufferStart());
  file.tensor.data = llvm::arrayRefFromStringRef(
      static_cast<MemoryBuffer &>(*copy).getBuffer());
  file.storage = std::move(copy);
  return llvm::Error::success();
}

Expected<TensorFile> quantx::openTensor(StringRef text) {
  Expected<TensorSpec> spec = parseTensorSpec(text);
  if (!spec)
    return spec.takeError();
  // A null terminator would have to be read, and forbids the mapping of files
  // that fill their last page.
  auto buffer = MemoryBuffer::getFile(spec->path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeFileError(spec->path,
                         "cannot read it: " + buffer.getError().message());
  Expected<TensorView> tensor = parse(*spec, **buffer);
  if (!tensor)
    return tensor.takeError();
  TensorFile file{std::move(*tensor), std::move(*buffer)};
  if (!llvm::isAddrAligned(llvm::Align(getAlignment(file.tensor.type)),
                           file.tensor.data.data()))
    if (llvm::Error error = copyAligned(file, spec->path))
      return error;
  return file;
}
