//===- Reference.cpp - Quantized tensors by the Format layer --------------===//

#include "Reference.h"
#include "quantx/Format/OptimalScale.h"
#include "quantx/Format/Packing.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <optional>

using namespace quantx;
using namespace quantx::test;

//===----------------------------------------------------------------------===//
// TypeSpec
//===----------------------------------------------------------------------===//

static std::string printSize(int64_t size) {
  return size == 0 ? "*" : std::to_string(size);
}

std::string TypeSpec::print() const {
  std::string text = "!quantx.scaled<" + storage + " : " + expressed + ", " +
                     scale + " per " + printSize(blockRows) + "x" +
                     printSize(blockColumns);
  if (hasGlobal)
    text += ", global f32";
  if (hasZeroPoint)
    text += ", zero_point " + storage;
  return text + ">";
}

ElementFormat TypeSpec::getFormat() const {
  if (const FloatFormat *format = lookupFloatFormat(storage))
    return *format;
  bool isUnsigned = storage[0] == 'u';
  unsigned bits = storage.back() - '0';
  unsigned fractionBits = scale == "f8E8M0FNU" ? bits - 2 : 0;
  return IntegerFormat{bits, !isUnsigned, fractionBits};
}

unsigned TypeSpec::getBits() const {
  ElementFormat format = getFormat();
  if (auto *floatFormat = std::get_if<FloatFormat>(&format))
    return floatFormat->bits;
  return std::get<IntegerFormat>(format).bits;
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

static AbsMaxOptions parseAbsMax(llvm::StringRef method) {
  AbsMaxOptions options;
  options.powerOfTwo = method.contains("pow2");
  size_t margin = method.find("margin = ");
  if (margin != llvm::StringRef::npos) {
    double value = 0;
    method.drop_front(margin + 9)
        .take_until([](char c) { return c == ',' || c == '>'; })
        .getAsDouble(value);
    options.margin = static_cast<float>(value);
  }
  return options;
}

static ExpressedFormat getExpressedFormat(const TypeSpec &type) {
  return type.expressed == "f16"    ? ExpressedFormat::F16
         : type.expressed == "bf16" ? ExpressedFormat::BF16
                                    : ExpressedFormat::F32;
}

/// What the methods that search choose; nothing for others.
static std::optional<ScaleChoice>
searchParameters(const TypeSpec &type, llvm::ArrayRef<float> block,
                 float global, llvm::ArrayRef<float> weights) {
  BlockFormat format = {type.getFormat(), *lookupScaleFormat(type.scale),
                        global, getExpressedFormat(type)};
  if (type.method == "optimal") {
    return type.hasZeroPoint ? chooseOptimalParameters(block, format)
                             : chooseOptimalScale(block, format);
  }
  if (type.method == "four_over_six")
    return chooseFourOverSixScale(block, format);
  if (type.method != "hessian")
    return std::nullopt;
  auto size = static_cast<size_t>(std::sqrt(weights.size()));
  return chooseHessianScale(block, weights, size, format);
}

/// The parameters of one block, as the method of `type` chooses them.
static QuantParameters chooseParameters(const TypeSpec &type,
                                        llvm::ArrayRef<float> block,
                                        float global,
                                        llvm::ArrayRef<float> weights) {
  if (auto choice = searchParameters(type, block, global, weights))
    return {choice->scale, choice->zeroPoint, global};
  ElementFormat format = type.getFormat();
  ElementTraits traits = getElementTraits(format);
  ScaleFormat scale = *lookupScaleFormat(type.scale);
  llvm::StringRef method = type.method;
  if (method == "minmax") {
    AsymmetricParameters parameters = chooseMinMaxParameters(
        computeRange(block), scale, std::get<IntegerFormat>(format));
    return {parameters.scale, parameters.zeroPoint, global};
  }
  float absMax = computeAbsMax(block);
  if (method.starts_with("absmax")) {
    return {
        chooseAbsMaxScale(absMax, scale, traits, parseAbsMax(method), global),
        0, global};
  }
  E8M0Rule rule = llvm::StringSwitch<E8M0Rule>(method)
                      .Case("floor", E8M0Rule::Floor)
                      .Case("ceil", E8M0Rule::Ceil)
                      .Case("even", E8M0Rule::Even)
                      .Case("rceil", E8M0Rule::Rceil);
  uint8_t code = chooseE8M0Scale(absMax, rule, traits);
  return {decodeScale(code, ScaleFormat::E8M0), 0, global};
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

static float roundToExpressed(const TypeSpec &type, float value) {
  if (type.expressed == "f16")
    return decodeF16(encodeF16(value));
  if (type.expressed == "bf16")
    return decodeBF16(encodeBF16(value));
  return value;
}

QuantizedMatrix quantx::test::quantize(const TypeSpec &type, int64_t rows,
                                       int64_t columns,
                                       llvm::ArrayRef<float> matrix,
                                       const QuantizeOptions &options,
                                       const Weights &weights) {
  ElementFormat format = type.getFormat();
  QuantizedMatrix result;
  if (type.hasGlobal)
    result.global = chooseGlobalScale(computeFiniteAbsMax(matrix),
                                      getElementTraits(format));
  int64_t blockRows =
      type.blockRows ? type.blockRows : std::max(rows, int64_t(1));
  int64_t blockColumns =
      type.blockColumns ? type.blockColumns : std::max(columns, int64_t(1));
  int64_t gridRows = type.blockRows ? llvm::divideCeil(rows, blockRows) : 1;
  int64_t gridColumns =
      type.blockColumns ? llvm::divideCeil(columns, blockColumns) : 1;
  std::vector<uint8_t> codes(rows * columns);
  result.values.resize(rows * columns);
  for (int64_t block = 0; block < gridRows * gridColumns; ++block) {
    std::vector<int64_t> elements;
    int64_t firstRow = block / gridColumns * blockRows;
    int64_t firstColumn = block % gridColumns * blockColumns;
    for (int64_t r = firstRow; r < std::min(firstRow + blockRows, rows); ++r) {
      for (int64_t c = firstColumn;
           c < std::min(firstColumn + blockColumns, columns); ++c)
        elements.push_back(r * columns + c);
    }
    std::vector<float> values;
    for (int64_t element : elements)
      values.push_back(matrix[element]);
    llvm::ArrayRef<float> blockWeights;
    if (type.hasWeights()) {
      blockWeights = weights.get(type.blockRows == 1 ? block % gridColumns
                                                     : block / gridColumns);
    }
    QuantParameters parameters =
        chooseParameters(type, values, result.global, blockWeights);
    result.scales.push_back(
        encodeScale(parameters.scale, *lookupScaleFormat(type.scale)));
    result.zeroPoints.push_back(parameters.zeroPoint);
    for (int64_t element : elements) {
      codes[element] = quantizeElement(matrix[element], parameters, format,
                                       options, element);
      result.values[element] = roundToExpressed(
          type, dequantizeElement(codes[element], parameters, format));
    }
  }
  result.payload.resize(rows * getPackedRowSize(columns, type.getBits()));
  packLinear(codes, columns, type.getBits(), result.payload);
  return result;
}
