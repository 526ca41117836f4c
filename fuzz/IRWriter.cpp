//===- IRWriter.cpp - Programs from a fuzzer's bytes ----------------------===//

#include "IRWriter.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <fuzzer/FuzzedDataProvider.h>

using llvm::StringRef;

static constexpr int64_t dynamic = -1;
static constexpr int64_t whole = -1;

namespace {

/// The scaled type of a program, in pieces.
struct Scaled {
  StringRef storage;
  StringRef expressed;
  StringRef scale;
  StringRef zeroPoint;
  bool hasGlobal;
  llvm::SmallVector<int64_t> block;
};

class Writer {
public:
  Writer(const uint8_t *data, size_t size) : choices(data, size), os(text) {}

  std::string write();

private:
  template <size_t size>
  StringRef pick(const char *const (&names)[size]) {
    return names[choices.ConsumeIntegralInRange<size_t>(0, size - 1)];
  }
  template <size_t size>
  int64_t pick(const int64_t (&values)[size]) {
    return values[choices.ConsumeIntegralInRange<size_t>(0, size - 1)];
  }
  std::string pick(llvm::ArrayRef<std::string> names) {
    return names[choices.ConsumeIntegralInRange<size_t>(0, names.size() - 1)];
  }

  void chooseType();
  void writeTypeAlias();
  std::string tensor(llvm::ArrayRef<int64_t> sizes, StringRef element) const;
  std::string plain() const { return tensor(shape, type.expressed); }
  std::string scaled() const { return tensor(shape, "!t"); }
  /// Bits of one code.
  unsigned storageBits() const;
  std::string payload() const;
  /// The types of the parameters, in the order of the ops.
  llvm::SmallVector<std::string> parameterTypes() const;
  std::string parameterTypeList() const;

  /// A new value's name: "%3".
  std::string fresh() { return "%" + std::to_string(count++); }
  /// Names for as many parameters as the type has, after "%3#0" or apart.
  std::string parameterNames(StringRef group, unsigned first) const;

  void writeOp();
  void writeDynamicQuantize();
  void writeDequantize();
  void writeChooseAndQuantize();
  void writeDisassembleAndAssemble();
  void writeUnpackAndPack();
  void writeRelayout();
  void writeErrorStats();
  void writeIf();
  void writeFor();
  void writeSlice();
  StringRef method();
  StringRef packing();
  std::string rounding(std::string &seed);

  FuzzedDataProvider choices;
  std::string text;
  llvm::raw_string_ostream os;
  Scaled type;
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<std::string> plainValues = {"%x"};
  llvm::SmallVector<std::string> scaledValues = {"%q"};
  unsigned count = 0;
};

} // namespace

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

void Writer::chooseType() {
  type.storage =
      pick({"f4E2M1FN", "f8E4M3FN", "f8E5M2", "f6E2M3FN", "f6E3M2FN", "i8",
            "ui8", "i4", "ui4", "i2", "ui2", "i3", "ui5", "i7", "i1", "i9"});
  type.expressed = pick({"f32", "f16", "bf16"});
  type.scale = pick({"f32", "f16", "bf16", "f8E8M0FNU", "f8E4M3FN"});
  type.hasGlobal = choices.ConsumeIntegralInRange(0, 3) == 0;
  // Most types are such as are allowed.
  bool isUsual = choices.ConsumeIntegralInRange(0, 7) != 0;
  bool takesZeroPoint =
      type.storage.contains('i') && !type.scale.starts_with("f8");
  if ((takesZeroPoint || !isUsual) && choices.ConsumeBool())
    type.zeroPoint = isUsual ? type.storage : StringRef("ui4");
  if (isUsual)
    type.hasGlobal = type.scale == "f8E4M3FN";
  unsigned rank = choices.ConsumeIntegralInRange(1, 4) % 4;
  for (unsigned i = 0; i < rank; ++i) {
    type.block.push_back(pick({int64_t(1), 2, 3, 16, 32, 128, whole}));
    shape.push_back(pick({int64_t(1), dynamic, 2, 5, 33, 64, 0}));
  }
}

void Writer::writeTypeAlias() {
  os << "!t = !quantx.scaled<" << type.storage << " : " << type.expressed
     << ", " << type.scale << " per ";
  llvm::interleave(
      type.block, os,
      [&](int64_t size) { size == whole ? os << "*" : os << size; }, "x");
  if (type.block.empty())
    os << "*";
  if (type.hasGlobal)
    os << ", global f32";
  if (!type.zeroPoint.empty())
    os << ", zero_point " << type.zeroPoint;
  os << ">\n";
}

std::string Writer::tensor(llvm::ArrayRef<int64_t> sizes,
                           StringRef element) const {
  std::string result = "tensor<";
  for (int64_t size : sizes)
    result += (size == dynamic ? "?" : std::to_string(size)) + "x";
  return result + element.str() + ">";
}

unsigned Writer::storageBits() const {
  return type.storage[type.storage.find_first_of("0123456789")] - '0';
}

std::string Writer::payload() const {
  llvm::SmallVector<int64_t> sizes(shape);
  if (!sizes.empty() && sizes.back() != dynamic)
    sizes.back() = llvm::divideCeil(sizes.back() * storageBits(), 8);
  return tensor(sizes, "i8");
}

llvm::SmallVector<std::string> Writer::parameterTypes() const {
  llvm::SmallVector<int64_t> sizes;
  for (auto [size, block] : llvm::zip_equal(shape, type.block)) {
    if (block == whole)
      sizes.push_back(1);
    else
      sizes.push_back(size == dynamic ? dynamic
                                      : int64_t(llvm::divideCeil(size, block)));
  }
  llvm::SmallVector<std::string> types = {tensor(sizes, type.scale)};
  if (!type.zeroPoint.empty())
    types.push_back(tensor(sizes, type.zeroPoint));
  if (type.hasGlobal)
    types.push_back("tensor<f32>");
  return types;
}

std::string Writer::parameterTypeList() const {
  return llvm::join(parameterTypes(), ", ");
}

std::string Writer::parameterNames(StringRef group, unsigned first) const {
  llvm::SmallVector<std::string> names;
  for (unsigned i = 0; i < parameterTypes().size(); ++i)
    names.push_back((group + "#" + llvm::Twine(first + i)).str());
  return llvm::join(names, ", ");
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

/// The attributes of an encoding; `seed` gets its operand.
std::string Writer::rounding(std::string &seed) {
  StringRef mode = pick({"nearest_even", "nearest_toward_zero", "stochastic"});
  if (mode == "stochastic")
    seed = " seed %seed";
  std::string result = " {rounding = #quantx.rounding<" + mode.str() + ">";
  return result + (choices.ConsumeBool() ? ", saturate = false}" : "}");
}

/// A scale method, which mostly suits the type.
StringRef Writer::method() {
  bool isUsual = choices.ConsumeIntegralInRange(0, 7) != 0;
  if (isUsual && !type.zeroPoint.empty())
    return "minmax";
  if (isUsual && type.scale == "f8E8M0FNU")
    return pick({"floor", "ceil", "even", "rceil"});
  if (isUsual && type.hasGlobal)
    return "absmax";
  return pick(
      {"absmax", "absmax<pow2>", "absmax<margin = 0.9>", "floor", "minmax"});
}

void Writer::writeDynamicQuantize() {
  std::string seed;
  std::string attributes = rounding(seed);
  std::string result = fresh();
  os << "  " << result << " = quantx.dynamic_quantize " << pick(plainValues)
     << " using #quantx." << method() << seed << attributes << " : " << plain()
     << " to " << scaled() << "\n";
  scaledValues.push_back(result);
}

void Writer::writeDequantize() {
  std::string result = fresh();
  os << "  " << result << " = quantx.dequantize " << pick(scaledValues) << " : "
     << scaled() << " to " << plain() << "\n";
  plainValues.push_back(result);
}

void Writer::writeChooseAndQuantize() {
  std::string seed;
  std::string attributes = rounding(seed);
  std::string group = fresh();
  std::string result = fresh();
  std::string input = pick(plainValues);
  os << "  " << group << ":" << parameterTypes().size()
     << " = quantx.choose_qparams " << input << " using #quantx." << method()
     << " for !t : " << plain() << " -> " << parameterTypeList() << "\n  "
     << result << " = quantx.quantize " << input << ", "
     << parameterNames(group, 0) << seed << attributes << " : " << plain()
     << ", " << parameterTypeList() << " to " << scaled() << "\n";
  scaledValues.push_back(result);
}

void Writer::writeDisassembleAndAssemble() {
  std::string group = fresh();
  std::string result = fresh();
  std::string types = payload() + ", " + parameterTypeList();
  os << "  " << group << ":" << 1 + parameterTypes().size()
     << " = quantx.disassemble " << pick(scaledValues) << " : " << scaled()
     << " to " << types << "\n  " << result << " = quantx.assemble " << group
     << "#0, " << parameterNames(group, 1) << " : " << types << " to "
     << scaled() << "\n";
  scaledValues.push_back(result);
}

/// A layout of the storage's codes; now and then of others.
StringRef Writer::packing() {
  bool isLinear = storageBits() != 4 && choices.ConsumeIntegralInRange(0, 7);
  return isLinear ? StringRef("linear")
                  : pick({"linear", "split_half", "interleaved8"});
}

void Writer::writeUnpackAndPack() {
  std::string group = fresh();
  std::string codes = fresh();
  std::string packed = fresh();
  std::string codeType =
      tensor(shape, type.storage.starts_with("f")
                        ? "ui" + std::to_string(storageBits())
                        : type.storage.str());
  os << "  " << group << ":" << 1 + parameterTypes().size()
     << " = quantx.disassemble " << pick(scaledValues) << " : " << scaled()
     << " to " << payload() << ", " << parameterTypeList() << "\n  " << codes
     << " = quantx.unpack " << group << "#0 as #quantx.packing<" << packing()
     << "> : " << payload() << " to " << codeType << "\n  " << packed
     << " = quantx.pack " << codes << " as #quantx.packing<" << packing()
     << "> : " << codeType << " to " << payload() << "\n";
  std::string result = fresh();
  os << "  " << result << " = quantx.assemble " << packed << ", "
     << parameterNames(group, 1) << " : " << payload() << ", "
     << parameterTypeList() << " to " << scaled() << "\n";
  scaledValues.push_back(result);
}

/// The scales to tiles and back, where they have the type and rank for it.
void Writer::writeRelayout() {
  if (!type.scale.starts_with("f8") || shape.size() < 2)
    return writeDisassembleAndAssemble();
  std::string group = fresh();
  std::string tiles = fresh();
  std::string back = fresh();
  std::string linear = parameterTypes().front();
  llvm::SmallVector<int64_t> sizes;
  llvm::SmallVector<std::string> given;
  os << "  " << group << ":" << 1 + parameterTypes().size()
     << " = quantx.disassemble " << pick(scaledValues) << " : " << scaled()
     << " to " << payload() << ", " << parameterTypeList() << "\n";
  for (auto [index, size] : llvm::enumerate(shape)) {
    bool isRow = index + 2 == shape.size(),
         isColumn = index + 1 == shape.size();
    int64_t tile = isRow ? 128 : isColumn ? 4 : 1;
    int64_t block = type.block[index];
    bool isDynamic = size == dynamic && block != whole;
    int64_t count = block == whole ? 1 : int64_t(llvm::divideCeil(size, block));
    sizes.push_back(isDynamic ? dynamic
                              : int64_t(llvm::divideCeil(count, tile)));
    if (isDynamic && (isRow || isColumn)) {
      given.push_back(fresh());
      os << "  " << given.back() << " = tensor.dim " << group << "#1, %c"
         << index << " : " << linear << "\n";
    }
  }
  sizes.append({32, 16});
  std::string tiled = tensor(sizes, type.scale);
  os << "  " << tiles << " = quantx.relayout_scales " << group
     << "#1 to #quantx.scale_layout<tile128x4> : " << linear << " to " << tiled
     << "\n  " << back << " = quantx.relayout_scales " << tiles
     << " to #quantx.scale_layout<linear> sizes(" << llvm::join(given, ", ")
     << ") : " << tiled << " to " << linear << "\n";
  std::string parameters = back;
  for (size_t i = 1; i < parameterTypes().size(); ++i)
    parameters += ", " + group + "#" + std::to_string(1 + i);
  std::string result = fresh();
  os << "  " << result << " = quantx.assemble " << group << "#0, " << parameters
     << " : " << payload() << ", " << parameterTypeList() << " to " << scaled()
     << "\n";
  scaledValues.push_back(result);
}

void Writer::writeErrorStats() {
  os << "  " << fresh() << ":4 = quantx.error_stats " << pick(plainValues)
     << ", " << pick(scaledValues) << " : " << plain() << ", " << scaled()
     << " -> f32, f32, i64, i64\n";
}

void Writer::writeIf() {
  std::string result = fresh();
  os << "  " << result << " = scf.if %condition -> " << scaled()
     << " {\n    scf.yield " << pick(scaledValues) << " : " << scaled()
     << "\n  } else {\n    scf.yield " << pick(scaledValues) << " : "
     << scaled() << "\n  }\n";
  scaledValues.push_back(result);
}

void Writer::writeFor() {
  std::string result = fresh();
  os << "  " << result << " = scf.for %i" << result.substr(1)
     << " = %c0 to %c2 step %c1 iter_args(%a" << result.substr(1) << " = "
     << pick(scaledValues) << ") -> (" << scaled() << ") {\n    %y"
     << result.substr(1) << " = quantx.dequantize %a" << result.substr(1)
     << " : " << scaled() << " to " << plain() << "\n    scf.yield %a"
     << result.substr(1) << " : " << scaled() << "\n  }\n";
  scaledValues.push_back(result);
}

/// A block of rows and back, which keeps the type of the whole.
void Writer::writeSlice() {
  std::string offsets, sizes, strides;
  llvm::SmallVector<int64_t> part;
  for (auto [index, size] : llvm::enumerate(shape)) {
    part.push_back(size == dynamic ? 1 : std::max<int64_t>(size / 2, 1));
    StringRef comma = index ? ", " : "";
    offsets += comma.str() + pick({"0", "1", "32"}).str();
    sizes += comma.str() + std::to_string(part.back());
    strides += comma.str() + pick({"1", "1", "2"}).str();
  }
  std::string result = fresh();
  std::string back = fresh();
  std::string source = pick(scaledValues);
  std::string window = "[" + offsets + "] [" + sizes + "] [" + strides + "] : ";
  os << "  " << result << " = tensor.extract_slice " << source << window
     << scaled() << " to " << tensor(part, "!t") << "\n  " << back
     << " = tensor.insert_slice " << result << " into " << source << window
     << tensor(part, "!t") << " into " << scaled() << "\n";
  scaledValues.push_back(back);
}

void Writer::writeOp() {
  switch (choices.ConsumeIntegralInRange(0, 9)) {
  case 0:
    return writeDynamicQuantize();
  case 1:
    return writeDequantize();
  case 2:
    return writeChooseAndQuantize();
  case 3:
    return writeDisassembleAndAssemble();
  case 4:
    return writeUnpackAndPack();
  case 5:
    return writeErrorStats();
  case 6:
    return writeIf();
  case 7:
    return writeFor();
  case 8:
    return writeRelayout();
  default:
    return writeSlice();
  }
}

std::string Writer::write() {
  chooseType();
  writeTypeAlias();
  os << "func.func @f(%x: " << plain() << ", %q: " << scaled()
     << ", %seed: i64, %condition: i1) -> (" << plain() << ", " << scaled()
     << ") {\n  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : "
        "index\n  %c2 = arith.constant 2 : index\n";
  for (unsigned i = choices.ConsumeIntegralInRange(1, 5); i > 0; --i)
    writeOp();
  os << "  return " << plainValues.back() << ", " << scaledValues.back()
     << " : " << plain() << ", " << scaled() << "\n}\n";
  return text;
}

std::string quantx::fuzz::writeIR(const uint8_t *data, size_t size) {
  return Writer(data, size).write();
}
