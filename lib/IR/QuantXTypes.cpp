//===- QuantXTypes.cpp - The quantx types ---------------------------------===//

#include "quantx/IR/QuantXTypes.h"
#include "mlir/IR/DialectImplementation.h"
#include "quantx/IR/QuantXDialect.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quantx;

#define GET_TYPEDEF_CLASSES
#include "quantx/IR/QuantXTypes.cpp.inc"

void QuantXDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "quantx/IR/QuantXTypes.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Helpers
//===----------------------------------------------------------------------===//

/// The keyword of a builtin type: how the format table names its rows.
static std::string getKeyword(Type type) {
  std::string keyword;
  llvm::raw_string_ostream(keyword) << type;
  return keyword;
}

bool quantx::isCodeType(Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  return integer && !integer.isSigned() && integer.getWidth() >= 2 &&
         integer.getWidth() <= 8;
}

int64_t quantx::getPackedSize(int64_t numCodes, unsigned bits) {
  if (ShapedType::isDynamic(numCodes))
    return ShapedType::kDynamic;
  // In groups of 8 codes, which fill `bits` bytes, so that nothing overflows.
  return numCodes / 8 * bits + llvm::divideCeil(numCodes % 8 * bits, 8);
}

ScaledType quantx::getScaledElementType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? dyn_cast<ScaledType>(tensor.getElementType()) : ScaledType();
}

//===----------------------------------------------------------------------===//
// ScaledType: queries
//===----------------------------------------------------------------------===//

unsigned ScaledType::getStorageBits() const {
  return getStorageType().getIntOrFloatBitWidth();
}

const FloatFormat *ScaledType::getFloatFormat() const {
  return isa<FloatType>(getStorageType())
             ? lookupFloatFormat(getKeyword(getStorageType()))
             : nullptr;
}

IntegerFormat ScaledType::getIntegerFormat() const {
  auto integer = cast<IntegerType>(getStorageType());
  unsigned bits = integer.getWidth();
  bool isFixedPoint = isa<Float8E8M0FNUType>(getScaleType());
  return {bits, !integer.isUnsigned(), isFixedPoint ? bits - 2 : 0};
}

ElementTraits ScaledType::getElementTraits() const {
  if (const FloatFormat *format = getFloatFormat())
    return quantx::getElementTraits(*format);
  return quantx::getElementTraits(getIntegerFormat());
}

SmallVector<int64_t> ScaledType::getScalesShape(ArrayRef<int64_t> shape) const {
  SmallVector<int64_t> scalesShape;
  for (auto [size, block] : llvm::zip_equal(shape, getBlockShape())) {
    if (block == kWholeDimension)
      scalesShape.push_back(1);
    else if (ShapedType::isDynamic(size))
      scalesShape.push_back(ShapedType::kDynamic);
    else
      scalesShape.push_back(llvm::divideCeil(size, block));
  }
  return scalesShape;
}

std::optional<unsigned> ScaledType::getBlockedDimension() const {
  std::optional<unsigned> blocked;
  for (auto [dim, block] : llvm::enumerate(getBlockShape())) {
    if (block == 1)
      continue;
    if (blocked)
      return std::nullopt;
    blocked = dim;
  }
  return blocked ? blocked : getBlockRank() - 1;
}

SmallVector<int64_t> ScaledType::getWeightsShape(ArrayRef<int64_t> shape,
                                                 unsigned dim) const {
  int64_t size = isWholeDimension(dim) ? shape[dim] : getBlockShape()[dim];
  return {getScalesShape(shape)[dim], size, size};
}

ScaledType ScaledType::withLayout(WeightLayout layout) const {
  return get(getContext(), getStorageType(), getExpressedType(), getScaleType(),
             getBlockShape(), getGlobalType(), getZeroPointType(), layout);
}

/// The shape of `linear` (sizes of a part, the last two of rows and what is in
/// them) with 16 rows side by side, in units of `unit`.
static SmallVector<int64_t> interleave(SmallVector<int64_t> linear,
                                       int64_t unit) {
  constexpr int64_t numRows = kInterleavedRows;
  int64_t &rows = linear[linear.size() - 2];
  if (!ShapedType::isDynamic(rows))
    rows = llvm::divideCeil(rows, numRows);
  if (!ShapedType::isDynamic(linear.back()))
    linear.back() = int64_t(llvm::alignTo(linear.back(), unit)) * numRows;
  return linear;
}

SmallVector<Type> ScaledType::getParameterTypes(ArrayRef<int64_t> shape) const {
  SmallVector<int64_t> scalesShape = getScalesShape(shape);
  if (!isLinear())
    scalesShape = interleave(scalesShape, /*unit=*/1);
  SmallVector<Type> types = {
      RankedTensorType::get(scalesShape, getScaleType())};
  if (hasZeroPoint())
    types.push_back(RankedTensorType::get(scalesShape, getZeroPointType()));
  if (hasGlobal())
    types.push_back(RankedTensorType::get({}, getGlobalType()));
  return types;
}

RankedTensorType ScaledType::getPayloadType(ArrayRef<int64_t> shape) const {
  SmallVector<int64_t> payloadShape(shape);
  payloadShape.back() = getPackedSize(payloadShape.back(), getStorageBits());
  if (!isLinear())
    payloadShape = interleave(payloadShape, kPayloadUnit);
  return RankedTensorType::get(payloadShape, IntegerType::get(getContext(), 8));
}

//===----------------------------------------------------------------------===//
// ScaledType: text
//===----------------------------------------------------------------------===//

void ScaledType::printBlock(llvm::raw_ostream &os, ArrayRef<int64_t> block) {
  llvm::interleave(
      block, os,
      [&](int64_t size) {
        if (size == kWholeDimension)
          os << '*';
        else
          os << size;
      },
      "x");
}

/// Parses `1x32`, `1x*`, … up to the `>` or `,` that ends it. Sets `closed`
/// when that was the `>` of the type.
static ParseResult parseBlock(AsmParser &parser,
                              SmallVectorImpl<int64_t> &block, bool &closed) {
  while (true) {
    int64_t size = ScaledType::kWholeDimension;
    if (failed(parser.parseOptionalStar())) {
      // The lexer reads `0x32` as a hexadecimal number.
      SMLoc loc = parser.getCurrentLocation();
      if (StringRef(loc.getPointer(), 2) == "0x")
        return parser.emitError(loc) << "expected block sizes of at least 1 "
                                        "or '*', got 0";
      OptionalParseResult parsed = parser.parseOptionalInteger(size);
      if (!parsed.has_value())
        return parser.emitError(loc) << "expected a block size or '*'";
      if (failed(*parsed))
        return failure();
      if (size < 1) {
        return parser.emitError(loc) << "expected block sizes of at least 1 "
                                        "or '*', got "
                                     << size;
      }
    }
    block.push_back(size);
    closed = succeeded(parser.parseOptionalGreater());
    if (closed || succeeded(parser.parseOptionalComma()))
      return success();
    if (parser.parseXInDimensionList())
      return failure();
  }
}

/// Parses the name of a layout and the closing `>`.
static ParseResult parseLayout(AsmParser &parser, WeightLayout &layout) {
  StringRef name;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword(&name))
    return failure();
  if (name != "rows16")
    return parser.emitError(loc)
           << "expected packing 'rows16', got '" << name << "'";
  layout = WeightLayout::Rows16;
  return parser.parseGreater();
}

/// Parses `global f32`, `zero_point TYPE` and `packing rows16` up to the
/// closing
/// `>`; the comma in front of the first has been read.
static ParseResult parseExtras(AsmParser &parser, Type &globalType,
                               Type &zeroPointType, WeightLayout &layout) {
  do {
    StringRef keyword;
    SMLoc loc = parser.getCurrentLocation();
    if (failed(parser.parseOptionalKeyword(&keyword)))
      return parser.emitError(loc)
             << "expected 'global', 'zero_point' or 'packing'";
    if (keyword == "packing")
      return parseLayout(parser, layout);
    if (keyword != "global" && keyword != "zero_point")
      return parser.emitError(loc)
             << "expected 'global', 'zero_point' or 'packing', got '" << keyword
             << "'";
    Type &type = keyword == "global" ? globalType : zeroPointType;
    if (type || (keyword == "global" && zeroPointType))
      return parser.emitError(loc)
             << "expected at most one 'global', then at most one 'zero_point'";
    if (parser.parseType(type))
      return failure();
  } while (succeeded(parser.parseOptionalComma()));
  return parser.parseGreater();
}

Type ScaledType::parse(AsmParser &parser) {
  SMLoc loc = parser.getCurrentLocation();
  Type storage, expressed, scale, globalType, zeroPointType;
  SmallVector<int64_t> block;
  WeightLayout layout = WeightLayout::Linear;
  bool closed = false;
  if (parser.parseLess() || parser.parseType(storage) || parser.parseColon() ||
      parser.parseType(expressed) || parser.parseComma() ||
      parser.parseType(scale) || parser.parseKeyword("per") ||
      parseBlock(parser, block, closed) ||
      (!closed && parseExtras(parser, globalType, zeroPointType, layout)))
    return {};
  return parser.getChecked<ScaledType>(loc, parser.getContext(), storage,
                                       expressed, scale, block, globalType,
                                       zeroPointType, layout);
}

void ScaledType::print(AsmPrinter &printer) const {
  printer << '<' << getStorageType() << " : " << getExpressedType() << ", "
          << getScaleType() << " per ";
  printBlock(printer.getStream(), getBlockShape());
  if (hasGlobal())
    printer << ", global " << getGlobalType();
  if (hasZeroPoint())
    printer << ", zero_point " << getZeroPointType();
  if (!isLinear())
    printer << ", packing rows16";
  printer << '>';
}

//===----------------------------------------------------------------------===//
// ScaledType: verification
//===----------------------------------------------------------------------===//

/// The storage types that there are, for diagnostics.
static std::string formatStorageTypes() {
  std::string text;
  llvm::raw_string_ostream os(text);
  for (const FloatFormat &format : getFloatFormats())
    os << format.name << ", ";
  os << "or i2 to i8, ui2 to ui8";
  return text;
}

static bool hasRows16Storage(Type storage) {
  unsigned bits = storage.getIntOrFloatBitWidth();
  return bits == 4 || bits == 8;
}

/// Whether a word of a row's codes is within one block of that row.
static bool suitsRows16(ArrayRef<int64_t> block) {
  constexpr int64_t mostCodesInWord = 8;
  bool isWhole = block.back() == ScaledType::kWholeDimension;
  return block.size() >= 2 &&
         (isWhole || block.back() % mostCodesInWord == 0) &&
         llvm::all_of(block.drop_back(),
                      [](int64_t size) { return size == 1; });
}

bool ScaledType::mayBeRows16() const {
  return hasRows16Storage(getStorageType()) && suitsRows16(getBlockShape());
}

static LogicalResult verifyRows16(function_ref<InFlightDiagnostic()> emitError,
                                  Type storage, ArrayRef<int64_t> block) {
  if (!hasRows16Storage(storage)) {
    return emitError()
           << "expected storage of 4 or 8 bits with packing rows16, "
              "got "
           << storage;
  }
  if (suitsRows16(block))
    return success();
  std::string text;
  llvm::raw_string_ostream os(text);
  ScaledType::printBlock(os, block);
  return emitError() << "expected with packing rows16 a block of '*' or a "
                        "multiple of 8 in the last dimension and 1 in the "
                        "others, got "
                     << text;
}

LogicalResult ScaledType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 Type storage, Type expressed, Type scale,
                                 ArrayRef<int64_t> block, Type globalType,
                                 Type zeroPointType, WeightLayout layout) {
  // scaled_c1
  bool isFloatStorage =
      isa<FloatType>(storage) && lookupFloatFormat(getKeyword(storage));
  if (!isFloatStorage && !isCodeType(storage))
    return emitError() << "expected storage type " << formatStorageTypes()
                       << ", got " << storage;
  // scaled_c2
  if (!isa<Float32Type, Float16Type, BFloat16Type>(expressed))
    return emitError() << "expected expressed type f32, f16 or bf16, got "
                       << expressed;
  // scaled_c3
  if (!isa<Float32Type, Float16Type, BFloat16Type, Float8E8M0FNUType,
           Float8E4M3FNType>(scale)) {
    return emitError() << "expected scale type f32, f16, bf16, f8E8M0FNU or "
                          "f8E4M3FN, got "
                       << scale;
  }
  // scaled_c4
  if (block.empty())
    return emitError()
           << "expected a block of at least one dimension, got none";
  for (int64_t size : block) {
    if (size < 1 && size != kWholeDimension)
      return emitError() << "expected block sizes of at least 1 or '*', got "
                         << size;
    if (size > kLargestBlock)
      return emitError() << "expected block sizes of at most " << kLargestBlock
                         << " or '*', got " << size;
  }
  // scaled_c5
  if (globalType && !isa<Float32Type>(globalType))
    return emitError() << "expected global scale type f32, got " << globalType;
  // scaled_c6
  if (zeroPointType) {
    if (zeroPointType != storage || isFloatStorage) {
      return emitError() << "expected a zero point of the storage type, an "
                            "integer, got zero point "
                         << zeroPointType << " for storage " << storage;
    }
    if (isa<Float8E8M0FNUType>(scale)) {
      return emitError() << "expected no zero point with an f8E8M0FNU scale, "
                            "got zero point "
                         << zeroPointType;
    }
  }
  // scaled_c7
  if (isa<Float8E8M0FNUType>(scale) && storage.isUnsignedInteger()) {
    return emitError()
           << "expected signed storage with an f8E8M0FNU scale, got "
           << storage;
  }
  // scaled_c8
  return layout == WeightLayout::Linear
             ? success()
             : verifyRows16(emitError, storage, block);
}
