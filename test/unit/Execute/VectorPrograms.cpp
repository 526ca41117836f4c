//===- VectorPrograms.cpp - Conversions on vectors of many shapes ---------===//

#include "VectorPrograms.h"
#include "ConversionOracle.h"
#include "llvm/ADT/STLExtras.h"
#include <map>

using namespace quantx;
using namespace quantx::test;

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

/// The widest of i32, i16 and i8 that a row of codes fills.
static std::string getPacked(const std::vector<int64_t> &shape, unsigned bits) {
  if (shape.empty())
    return "";
  for (unsigned width : {32u, 16u, 8u}) {
    int64_t rowBits = shape.back() * bits;
    if (width <= bits || rowBits % width != 0)
      continue;
    std::string text;
    for (int64_t length : llvm::ArrayRef(shape).drop_back())
      text += std::to_string(length) + "x";
    return text + std::to_string(rowBits / width) + "xi" +
           std::to_string(width);
  }
  return "";
}

std::vector<Part> quantx::test::getParts(const std::string &format) {
  const std::vector<std::vector<int64_t>> shapes = {
      {},   {1},  {3},  {5},  {7},  {8},   {15},      {16},   {17},
      {31}, {32}, {63}, {64}, {65}, {100}, {2, 3, 8}, {4, 17}};
  const std::pair<RoundingMode, const char *> modes[] = {
      {RoundingMode::NearestEven, ""},
      {RoundingMode::NearestAway, "to_nearest_away "},
      {RoundingMode::TowardZero, "toward_zero "},
      {RoundingMode::Upward, "upward "},
      {RoundingMode::Downward, "downward "}};
  std::vector<Part> parts;
  int64_t offset = 0;
  int64_t packedOffset = 0;
  unsigned bits = getBits(format);
  for (auto [i, shape] : llvm::enumerate(shapes)) {
    // Neither in step with the other, nor with other formats.
    auto [mode, modeName] = modes[(i + bits) % 5];
    int64_t size = 1;
    for (int64_t length : shape)
      size *= length;
    std::string packed = getPacked(shape, bits);
    int64_t packedSize = packed.empty() ? 0 : size * bits / 8;
    parts.push_back({shape, size, offset, wideTypes[i % 3], mode, modeName,
                     packed, packedSize, packedOffset});
    offset += size;
    packedOffset += packedSize;
  }
  return parts;
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

static std::string getName(WideType type) {
  return type == WideType::F32 ? "f32" : type == WideType::F16 ? "f16" : "bf16";
}

int64_t quantx::test::getTotal(llvm::ArrayRef<Part> parts) {
  return parts.back().offset + parts.back().size;
}

int64_t quantx::test::getPackedTotal(llvm::ArrayRef<Part> parts) {
  return parts.back().packedOffset + parts.back().packedSize;
}

namespace {

/// Writes a function on arrays of one dimension; results are written part by
/// part.
class ProgramWriter {
public:
  ProgramWriter(llvm::ArrayRef<Part> parts, std::string format)
      : parts(parts), format(std::move(format)),
        bits(std::to_string(getBits(this->format))) {}

  /// From f32, f16 and bf16 to codes, one a byte, and to packed codes.
  std::string writeTruncations();
  /// From codes, one a byte, to f32, f16 and bf16, and from packed codes to
  /// f32.
  std::string writeExtensions();

private:
  std::string getTensor(int64_t size, const std::string &element) {
    return "tensor<" + std::to_string(size) + "x" + element + ">";
  }
  /// A new value, defined as `op`.
  std::string define(const std::string &op) {
    std::string name = "%v" + std::to_string(next++);
    body += "  " + name + " = " + op + "\n";
    return name;
  }
  /// `size` elements of `tensor` from `offset` on.
  std::string read(const std::string &tensor, int64_t size, int64_t total,
                   int64_t offset, const std::string &element);
  /// `tensor` with them replaced.
  std::string write(const std::string &vector, const std::string &tensor,
                    int64_t size, int64_t total, int64_t offset,
                    const std::string &element);
  std::string reshape(const std::string &value, const std::string &from,
                      const std::string &to) {
    return from == to ? value
                      : define("vector.shape_cast " + value + " : " + from +
                               " to " + to);
  }

  /// Between small floats and their codes, one a byte, both flat.
  std::string toBytes(const Part &part, const std::string &value);
  std::string fromBytes(const Part &part, const std::string &bytes);

  llvm::ArrayRef<Part> parts;
  std::string format;
  std::string bits;
  std::string body;
  unsigned next = 0;
};

} // namespace

std::string ProgramWriter::read(const std::string &tensor, int64_t size,
                                int64_t total, int64_t offset,
                                const std::string &element) {
  std::string index =
      define("arith.constant " + std::to_string(offset) + " : index");
  std::string pad =
      define("arith.constant 0" + std::string(element[0] == 'i' ? "" : ".0") +
             " : " + element);
  return define("vector.transfer_read " + tensor + "[" + index + "], " + pad +
                " {in_bounds = [true]} : " + getTensor(total, element) +
                ", vector<" + std::to_string(size) + "x" + element + ">");
}

std::string ProgramWriter::write(const std::string &vector,
                                 const std::string &tensor, int64_t size,
                                 int64_t total, int64_t offset,
                                 const std::string &element) {
  std::string index =
      define("arith.constant " + std::to_string(offset) + " : index");
  return define("vector.transfer_write " + vector + ", " + tensor + "[" +
                index + "] {in_bounds = [true]} : vector<" +
                std::to_string(size) + "x" + element + ">, " +
                getTensor(total, element));
}

std::string ProgramWriter::toBytes(const Part &part, const std::string &value) {
  std::string code =
      define("arith.bitcast " + value + " : " + part.printVector(format) +
             " to " + part.printVector("i" + bits));
  if (bits != "8")
    code = define("arith.extui " + code + " : " + part.printVector("i" + bits) +
                  " to " + part.printVector("i8"));
  return reshape(code, part.printVector("i8"), part.printFlat("i8"));
}

std::string ProgramWriter::fromBytes(const Part &part,
                                     const std::string &bytes) {
  std::string code =
      reshape(bytes, part.printFlat("i8"), part.printVector("i8"));
  if (bits != "8")
    code = define("arith.trunci " + code + " : " + part.printVector("i8") +
                  " to " + part.printVector("i" + bits));
  return define("arith.bitcast " + code + " : " + part.printVector("i" + bits) +
                " to " + part.printVector(format));
}

/// "vector<4x2xi32>" flat, as bytes: "vector<32xi8>".
static std::string printBytes(const Part &part) {
  return "vector<" + std::to_string(part.packedSize) + "xi8>";
}

/// The elements of the packed vector, in one dimension: "vector<8xi32>".
static std::string printFlatPacked(const Part &part) {
  std::string width = part.packed.substr(part.packed.rfind('i') + 1);
  return "vector<" + std::to_string(part.packedSize * 8 / std::stoi(width)) +
         "xi" + width + ">";
}

std::string ProgramWriter::writeTruncations() {
  int64_t total = getTotal(parts);
  int64_t packedTotal = getPackedTotal(parts);
  std::string codes = define("tensor.empty() : " + getTensor(total, "i8"));
  std::string packed =
      define("tensor.empty() : " + getTensor(packedTotal, "i8"));
  for (const Part &part : parts) {
    std::string wide = getName(part.wide);
    std::string x =
        reshape(read("%" + wide, part.size, total, part.offset, wide),
                part.printFlat(wide), part.printVector(wide));
    std::string y =
        define("arith.truncf " + x + " " + part.modeName + ": " +
               part.printVector(wide) + " to " + part.printVector(format));
    codes = write(toBytes(part, y), codes, part.size, total, part.offset, "i8");
    if (part.packed.empty())
      continue;
    std::string lanes =
        define("vector.bitcast " + y + " : " + part.printVector(format) +
               " to vector<" + part.packed + ">");
    lanes =
        reshape(lanes, "vector<" + part.packed + ">", printFlatPacked(part));
    std::string bytes =
        define("vector.bitcast " + lanes + " : " + printFlatPacked(part) +
               " to " + printBytes(part));
    packed = write(bytes, packed, part.packedSize, packedTotal,
                   part.packedOffset, "i8");
  }
  std::string types =
      getTensor(total, "i8") + ", " + getTensor(packedTotal, "i8");
  return "func.func @f(%f32: " + getTensor(total, "f32") +
         ", %f16: " + getTensor(total, "f16") +
         ", %bf16: " + getTensor(total, "bf16") + ") -> (" + types + ") {\n" +
         body + "  return " + codes + ", " + packed + " : " + types + "\n}\n";
}

std::string ProgramWriter::writeExtensions() {
  int64_t total = getTotal(parts);
  int64_t packedTotal = getPackedTotal(parts);
  std::map<std::string, std::string> values;
  for (const char *wide : {"f32", "f16", "bf16"})
    values[wide] = define("tensor.empty() : " + getTensor(total, wide));
  std::string unpacked = define("tensor.empty() : " + getTensor(total, "f32"));
  auto extend = [&](const Part &part, const std::string &x,
                    const std::string &wide, std::string &result) {
    std::string y =
        define("arith.extf " + x + " : " + part.printVector(format) + " to " +
               part.printVector(wide));
    y = reshape(y, part.printVector(wide), part.printFlat(wide));
    result = write(y, result, part.size, total, part.offset, wide);
  };
  for (const Part &part : parts) {
    std::string bytes = read("%codes", part.size, total, part.offset, "i8");
    std::string wide = getName(part.wide);
    extend(part, fromBytes(part, bytes), wide, values[wide]);
    if (part.packed.empty())
      continue;
    std::string packed =
        read("%packed", part.packedSize, packedTotal, part.packedOffset, "i8");
    std::string lanes =
        define("vector.bitcast " + packed + " : " + printBytes(part) + " to " +
               printFlatPacked(part));
    lanes =
        reshape(lanes, printFlatPacked(part), "vector<" + part.packed + ">");
    std::string x = define("vector.bitcast " + lanes + " : vector<" +
                           part.packed + "> to " + part.printVector(format));
    extend(part, x, "f32", unpacked);
  }
  std::string types = getTensor(total, "f32") + ", " + getTensor(total, "f16") +
                      ", " + getTensor(total, "bf16") + ", " +
                      getTensor(total, "f32");
  return "func.func @f(%codes: " + getTensor(total, "i8") +
         ", %packed: " + getTensor(packedTotal, "i8") + ") -> (" + types +
         ") {\n" + body + "  return " + values["f32"] + ", " + values["f16"] +
         ", " + values["bf16"] + ", " + unpacked + " : " + types + "\n}\n";
}

std::string quantx::test::writeTruncations(const std::string &format,
                                           llvm::ArrayRef<Part> parts) {
  return ProgramWriter(parts, format).writeTruncations();
}

std::string quantx::test::writeExtensions(const std::string &format,
                                          llvm::ArrayRef<Part> parts) {
  return ProgramWriter(parts, format).writeExtensions();
}
