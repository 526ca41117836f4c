//===- Npy.cpp - NumPy's array format -------------------------------------===//

#include "quantx/IO/Npy.h"
#include "Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/EndianStream.h"
#include "llvm/Support/MathExtras.h"

using namespace quantx;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

static constexpr llvm::StringLiteral magic = "\x93NUMPY";

/// Bytes that numpy aligns the data to.
static constexpr uint64_t dataAlignment = 64;

//===----------------------------------------------------------------------===//
// The header, a Python dictionary
//===----------------------------------------------------------------------===//

namespace {
struct NpyHeader {
  std::optional<std::string> descr;
  std::optional<bool> fortranOrder;
  std::optional<llvm::SmallVector<int64_t, 4>> shape;
};

/// Parses the one dictionary that a .npy header may be. Each method consumes
/// what it parsed; errors do not name the file.
class HeaderParser {
public:
  explicit HeaderParser(StringRef text) : rest(text) {}

  Expected<NpyHeader> parse();

private:
  Error parseEntry(NpyHeader &header);
  Expected<std::string> parseString();
  Expected<bool> parseBool();
  Expected<llvm::SmallVector<int64_t, 4>> parseShape();
  bool consume(char c);
  Error expected(const Twine &what) const;

  StringRef rest;
};
} // namespace

bool HeaderParser::consume(char c) {
  rest = rest.ltrim(' ');
  return rest.consume_front(StringRef(&c, 1));
}

Error HeaderParser::expected(const Twine &what) const {
  StringRef found =
      rest.ltrim(' ').take_until([](char c) { return c == '\n'; });
  return llvm::createStringError(
      "malformed header: expected " + what + ", found " +
      (found.empty() ? "the end" : quote(found.take_front(24))));
}

Expected<NpyHeader> HeaderParser::parse() {
  NpyHeader header;
  if (!consume('{'))
    return expected("'{'");
  while (!consume('}')) {
    if (Error error = parseEntry(header))
      return error;
    if (consume(','))
      continue;
    if (consume('}'))
      break;
    return expected("',' or '}'");
  }
  if (!rest.trim(" \n").empty())
    return expected("nothing after '}'");
  if (!header.descr || !header.fortranOrder || !header.shape) {
    return llvm::createStringError(
        Twine("malformed header: expected the keys 'descr', 'fortran_order' "
              "and 'shape', found no ") +
        (!header.descr          ? "'descr'"
         : !header.fortranOrder ? "'fortran_order'"
                                : "'shape'"));
  }
  return header;
}

/// Moves what was parsed into `slot`, which must be empty.
template <typename T>
static Error assignOnce(std::optional<T> &slot, Expected<T> value,
                        StringRef key) {
  if (!value)
    return value.takeError();
  if (slot)
    return llvm::createStringError("malformed header: the key '" + key +
                                   "' occurs twice");
  slot = std::move(*value);
  return Error::success();
}

Error HeaderParser::parseEntry(NpyHeader &header) {
  Expected<std::string> key = parseString();
  if (!key)
    return key.takeError();
  if (!consume(':'))
    return expected("':'");
  if (*key == "descr")
    return assignOnce(header.descr, parseString(), *key);
  if (*key == "fortran_order")
    return assignOnce(header.fortranOrder, parseBool(), *key);
  if (*key == "shape")
    return assignOnce(header.shape, parseShape(), *key);
  return llvm::createStringError("malformed header: expected the keys 'descr', "
                                 "'fortran_order' and 'shape', found " +
                                 quote(*key));
}

Expected<std::string> HeaderParser::parseString() {
  char delimiter = consume('\'') ? '\'' : '"';
  if (delimiter == '"' && !consume('"'))
    return expected("a string (records are not supported)");
  size_t end = rest.find(delimiter);
  if (end == StringRef::npos)
    return expected("a closing quote");
  std::string result = rest.take_front(end).str();
  rest = rest.drop_front(end + 1);
  return result;
}

Expected<bool> HeaderParser::parseBool() {
  rest = rest.ltrim(' ');
  if (rest.consume_front("True"))
    return true;
  if (rest.consume_front("False"))
    return false;
  return expected("True or False");
}

Expected<llvm::SmallVector<int64_t, 4>> HeaderParser::parseShape() {
  llvm::SmallVector<int64_t, 4> shape;
  if (!consume('('))
    return expected("a tuple");
  bool endsInComma = true;
  while (!consume(')')) {
    rest = rest.ltrim(' ');
    uint64_t size;
    if (!endsInComma || rest.empty() || !llvm::isDigit(rest.front()) ||
        rest.consumeInteger(10, size) || !llvm::isInt<64>(size))
      return expected("a tuple of sizes");
    shape.push_back(int64_t(size));
    endsInComma = consume(',');
  }
  if (shape.size() == 1 && !endsInComma)
    return expected("a tuple, not a number in parentheses");
  return shape;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Splits the file into the header's text and the data after it. Errors do not
/// name the file.
static Expected<std::pair<StringRef, StringRef>> splitFile(StringRef file) {
  if (!file.starts_with(magic)) {
    return llvm::createStringError(
        "not a .npy file: expected it to begin with \\x93NUMPY, found " +
        (file.empty() ? "an empty file"
                      : quote(file.take_front(magic.size()))));
  }
  StringRef rest = file.drop_front(magic.size());
  if (rest.size() < 2)
    return llvm::createStringError("truncated: it ends before its version");
  unsigned major = uint8_t(rest[0]);
  unsigned minor = uint8_t(rest[1]);
  if (major < 1 || major > 3 || minor != 0) {
    return llvm::createStringError(
        "unsupported version: expected 1.0, 2.0 or 3.0, found " + Twine(major) +
        "." + Twine(minor));
  }
  rest = rest.drop_front(2);
  size_t lengthBytes = major == 1 ? 2 : 4;
  if (rest.size() < lengthBytes)
    return llvm::createStringError(
        "truncated: it ends before the length of its header");
  uint64_t length = major == 1 ? llvm::support::endian::read16le(rest.data())
                               : llvm::support::endian::read32le(rest.data());
  rest = rest.drop_front(lengthBytes);
  if (rest.size() < length) {
    return llvm::createStringError("truncated: its header should have " +
                                   Twine(length) + " bytes, " +
                                   Twine(rest.size()) + " are left");
  }
  return std::make_pair(rest.take_front(length), rest.drop_front(length));
}

/// Says what is wrong with an element type that is not ours.
static Error diagnoseDescr(StringRef descr) {
  if (descr.starts_with(">")) {
    return llvm::createStringError(
        "expected little-endian data, found big-endian " + quote(descr) +
        "; convert it with astype('<" + quote(descr.drop_front()).substr(1) +
        ")");
  }
  if (descr.drop_front(descr.empty() ? 0 : 1).starts_with("V")) {
    return llvm::createStringError(
        "unsupported element type " + quote(descr) +
        ": store bf16 as view('uint16') and 8-bit floats as view('uint8')");
  }
  return llvm::createStringError(
      "unsupported element type " + quote(descr) +
      ": expected bool, integers, float16, float32 or float64, such as '<f4'");
}

/// Turns the parts of a file into a tensor. Errors do not name the file.
static Expected<TensorView> makeTensor(const NpyHeader &header,
                                       StringRef data) {
  std::optional<ElementType> type = parseNpyDescr(*header.descr);
  if (!type)
    return diagnoseDescr(*header.descr);
  if (*header.fortranOrder && header.shape->size() > 1) {
    return llvm::createStringError(
        "expected C order, found Fortran order; convert it with "
        "numpy.ascontiguousarray");
  }
  Expected<uint64_t> size = getByteSize(*type, *header.shape);
  if (!size)
    return size.takeError();
  if (data.size() != *size) {
    return llvm::createStringError(
        (data.size() < *size ? "truncated: " : "bytes after its end: ") +
        Twine("header says ") + formatTensor(*type, *header.shape) + " = " +
        Twine(*size) + " bytes of data, file has " + Twine(data.size()));
  }
  return TensorView{*type, *header.shape, llvm::arrayRefFromStringRef(data)};
}

Expected<TensorView> quantx::parseNpy(llvm::MemoryBufferRef buffer) {
  auto parse = [](StringRef file) -> Expected<TensorView> {
    auto parts = splitFile(file);
    if (!parts)
      return parts.takeError();
    Expected<NpyHeader> header = HeaderParser(parts->first).parse();
    if (!header)
      return header.takeError();
    return makeTensor(*header, parts->second);
  };
  Expected<TensorView> tensor = parse(buffer.getBuffer());
  if (!tensor)
    return makeFileError(buffer.getBufferIdentifier(),
                         llvm::toString(tensor.takeError()));
  return tensor;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

Error quantx::writeNpy(llvm::raw_ostream &os, const TensorView &tensor) {
  std::optional<StringRef> descr = getNpyDescr(tensor.type);
  if (!descr) {
    return llvm::createStringError("numpy has no type for " +
                                   getName(tensor.type) +
                                   ": expected a type of whole bytes");
  }
  std::string header;
  llvm::raw_string_ostream headerOS(header);
  headerOS << "{'descr': '" << *descr
           << "', 'fortran_order': False, 'shape': (";
  llvm::interleaveComma(tensor.shape, headerOS);
  headerOS << (tensor.shape.size() == 1 ? ",), }" : "), }");

  // Magic, version, length, dictionary, padding and a line feed fill whole
  // multiples of the alignment.
  auto getPaddedSize = [&](size_t lengthBytes) {
    size_t before = magic.size() + 2 + lengthBytes;
    return llvm::alignTo(before + header.size() + 1, dataAlignment) - before;
  };
  bool isShort = llvm::isUInt<16>(getPaddedSize(2));
  size_t size = getPaddedSize(isShort ? 2 : 4);
  header.resize(size - 1, ' ');
  os << magic << (isShort ? '\1' : '\2') << '\0';
  llvm::support::endian::Writer writer(os, llvm::endianness::little);
  if (isShort)
    writer.write(uint16_t(size));
  else
    writer.write(uint32_t(size));
  os << header << '\n' << llvm::toStringRef(tensor.data);
  return Error::success();
}
