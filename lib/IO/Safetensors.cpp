//===- Safetensors.cpp - Reading .safetensors -----------------------------===//

#include "quantx/IO/Safetensors.h"
#include "Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace quantx;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;
namespace json = llvm::json;

namespace {
/// A tensor and the position of its bytes after the header.
struct Entry {
  NamedTensor tensor;
  uint64_t begin;
  uint64_t end;
};
} // namespace

//===----------------------------------------------------------------------===//
// The header as text
//===----------------------------------------------------------------------===//

/// Splits the file into the header's text and the data after it.
static Expected<std::pair<StringRef, StringRef>> splitFile(StringRef file) {
  if (file.size() < sizeof(uint64_t)) {
    return llvm::createStringError(
        "truncated: expected 8 bytes with the length of the header, file has " +
        Twine(file.size()));
  }
  uint64_t length = llvm::support::endian::read64le(file.data());
  StringRef rest = file.drop_front(sizeof(uint64_t));
  if (length > rest.size()) {
    return llvm::createStringError(
        "truncated, or not a .safetensors file: its header should have " +
        Twine(length) + " bytes, " + Twine(rest.size()) + " are left");
  }
  return std::make_pair(rest.take_front(length), rest.drop_front(length));
}

/// Finds what the JSON parser does not: nesting so deep that its recursion
/// would overflow the stack, and names that occur twice, of which it keeps the
/// last. Other errors are left to it.
static Error checkStructure(StringRef text) {
  // A tensor's shape, the deepest list of a valid header, is at depth 3.
  constexpr unsigned maxDepth = 16;
  unsigned depth = 0;
  StringRef lastString;
  llvm::StringSet<> names;
  for (size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
    case '"': {
      size_t begin = ++i;
      while (i < text.size() && text[i] != '"')
        i += text[i] == '\\' ? 2 : 1;
      lastString = text.slice(begin, i);
      break;
    }
    case ':':
      if (depth == 1 && !names.insert(lastString).second)
        return llvm::createStringError("the name " + quote(lastString) +
                                       " occurs twice");
      break;
    case '{':
    case '[':
      if (++depth > maxDepth)
        return llvm::createStringError("the header is nested too deeply");
      break;
    case '}':
    case ']':
      if (depth > 0)
        --depth;
      break;
    default:
      break;
    }
  }
  return Error::success();
}

/// The header as an object.
static Expected<json::Object> parseHeader(StringRef text) {
  if (Error error = checkStructure(text))
    return error;
  Expected<json::Value> value = json::parse(text);
  if (!value)
    return llvm::createStringError("the header is not valid JSON: " +
                                   llvm::toString(value.takeError()));
  json::Object *object = value->getAsObject();
  if (!object)
    return llvm::createStringError(
        "expected the header to be a JSON object, found another value");
  return std::move(*object);
}

//===----------------------------------------------------------------------===//
// The header's entries
//===----------------------------------------------------------------------===//

/// A list of integers that are not negative.
static Expected<llvm::SmallVector<int64_t, 4>>
parseSizes(const json::Object &object, StringRef key) {
  auto malformed = [&] {
    return llvm::createStringError("expected '" + key +
                                   "', a list of non-negative integers");
  };
  const json::Array *array = object.getArray(key);
  if (!array)
    return malformed();
  llvm::SmallVector<int64_t, 4> sizes;
  for (const json::Value &value : *array) {
    std::optional<int64_t> size = value.getAsInteger();
    if (!size || *size < 0)
      return malformed();
    sizes.push_back(*size);
  }
  return sizes;
}

/// One tensor's entry, checked by itself against the bytes after the header.
/// Errors do not name the tensor.
static Expected<Entry> parseEntry(StringRef name, const json::Value &value,
                                  StringRef data) {
  const json::Object *object = value.getAsObject();
  if (!object)
    return llvm::createStringError("expected a JSON object");
  std::optional<StringRef> dtype = object->getString("dtype");
  if (!dtype)
    return llvm::createStringError("expected 'dtype', a string");
  std::optional<ElementType> type = parseSafetensorsName(*dtype);
  if (!type)
    return llvm::createStringError("unknown dtype " + quote(*dtype) +
                                   ": expected one such as 'F32' or 'U8'");
  auto shape = parseSizes(*object, "shape");
  if (!shape)
    return shape.takeError();
  auto offsets = parseSizes(*object, "data_offsets");
  if (!offsets)
    return offsets.takeError();
  if (offsets->size() != 2 || (*offsets)[0] > (*offsets)[1]) {
    return llvm::createStringError(
        "expected 'data_offsets' [begin, end] with begin <= end, found [" +
        llvm::join(llvm::map_range(*offsets,
                                   [](int64_t v) { return llvm::itostr(v); }),
                   ", ") +
        "]");
  }
  uint64_t begin = (*offsets)[0];
  uint64_t end = (*offsets)[1];
  if (end > data.size()) {
    return llvm::createStringError("truncated: its bytes end at " + Twine(end) +
                                   ", file has " + Twine(data.size()) +
                                   " bytes of data");
  }
  Expected<uint64_t> size = getByteSize(*type, *shape);
  if (!size)
    return size.takeError();
  if (*size != end - begin) {
    return llvm::createStringError(
        formatTensor(*type, *shape) + " = " + Twine(*size) +
        " bytes, but 'data_offsets' give it " + Twine(end - begin));
  }
  TensorView tensor{*type, std::move(*shape),
                    llvm::arrayRefFromStringRef(data.slice(begin, end))};
  return Entry{{name.str(), std::move(tensor)}, begin, end};
}

static Expected<std::map<std::string, std::string>>
parseMetadata(const json::Value &value) {
  std::map<std::string, std::string> metadata;
  const json::Object *object = value.getAsObject();
  if (!object)
    return llvm::createStringError("expected '__metadata__' to be an object");
  for (const auto &[key, entry] : *object) {
    std::optional<StringRef> text = entry.getAsString();
    if (!text)
      return llvm::createStringError("expected the metadata " +
                                     quote(StringRef(key)) + " to be a string");
    metadata[key.str()] = text->str();
  }
  return metadata;
}

/// Checks that the entries, sorted by position, cover all data exactly once.
static Error checkCoverage(llvm::ArrayRef<Entry> entries, uint64_t size) {
  uint64_t position = 0;
  StringRef previous;
  for (const Entry &entry : entries) {
    if (entry.begin < position) {
      return llvm::createStringError("the tensors " + quote(previous) +
                                     " and " + quote(entry.tensor.name) +
                                     " overlap at byte " + Twine(entry.begin) +
                                     " of the data");
    }
    if (entry.begin > position) {
      return llvm::createStringError(
          "bytes " + Twine(position) + " to " + Twine(entry.begin) +
          " of the data, before the tensor " + quote(entry.tensor.name) +
          ", belong to no tensor");
    }
    position = entry.end;
    previous = entry.tensor.name;
  }
  if (position != size) {
    return llvm::createStringError("bytes after its end: the tensors have " +
                                   Twine(position) + " bytes, file has " +
                                   Twine(size) + " bytes of data");
  }
  return Error::success();
}

/// All tensors, in the order of their bytes.
static Expected<std::vector<Entry>> parseEntries(const json::Object &header,
                                                 StringRef data) {
  std::vector<Entry> entries;
  for (const auto &[key, value] : header) {
    if (StringRef(key) == kMetadataKey)
      continue;
    Expected<Entry> entry = parseEntry(key, value, data);
    if (!entry)
      return llvm::createStringError("tensor " + quote(StringRef(key)) + ": " +
                                     llvm::toString(entry.takeError()));
    entries.push_back(std::move(*entry));
  }
  llvm::sort(entries, [](const Entry &lhs, const Entry &rhs) {
    return std::tie(lhs.begin, lhs.end, lhs.tensor.name) <
           std::tie(rhs.begin, rhs.end, rhs.tensor.name);
  });
  if (Error error = checkCoverage(entries, data.size()))
    return error;
  return entries;
}

//===----------------------------------------------------------------------===//
// Safetensors
//===----------------------------------------------------------------------===//

Expected<Safetensors> Safetensors::parse(llvm::MemoryBufferRef buffer) {
  Safetensors result;
  result.path = buffer.getBufferIdentifier().str();
  auto parseInto = [&]() -> Error {
    auto parts = splitFile(buffer.getBuffer());
    if (!parts)
      return parts.takeError();
    Expected<json::Object> header = parseHeader(parts->first);
    if (!header)
      return header.takeError();
    if (const json::Value *value = header->get(kMetadataKey)) {
      auto metadata = parseMetadata(*value);
      if (!metadata)
        return metadata.takeError();
      result.metadata = std::move(*metadata);
    }
    auto entries = parseEntries(*header, parts->second);
    if (!entries)
      return entries.takeError();
    for (Entry &entry : *entries)
      result.tensors.push_back(std::move(entry.tensor));
    return Error::success();
  };
  if (Error error = parseInto())
    return makeFileError(result.path, llvm::toString(std::move(error)));
  return result;
}

Expected<TensorView> Safetensors::lookup(StringRef name) const {
  for (const NamedTensor &tensor : tensors)
    if (tensor.name == name)
      return tensor.tensor;
  if (tensors.empty())
    return makeFileError(path,
                         "no tensor " + quote(name) + ": the file is empty");

  // Long lists are cut, but the names most like the wanted one come first.
  constexpr size_t maxListed = 8;
  std::vector<std::pair<unsigned, StringRef>> candidates;
  for (const NamedTensor &tensor : tensors)
    candidates.emplace_back(name.edit_distance(tensor.name), tensor.name);
  llvm::sort(candidates);
  std::string list;
  llvm::raw_string_ostream os(list);
  auto listed = llvm::ArrayRef(candidates).take_front(maxListed);
  llvm::interleaveComma(listed, os,
                        [&](const auto &entry) { os << quote(entry.second); });
  if (candidates.size() > maxListed)
    os << " and " << candidates.size() - maxListed << " more";
  return makeFileError(path, "no tensor " + quote(name) + ": it has " + list);
}
