//===- QuantXAttrs.cpp - The quantx attributes ----------------------------===//

#include "quantx/IR/QuantXAttrs.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "quantx/IR/QuantXDialect.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quantx;

#include "quantx/IR/QuantXEnums.cpp.inc"

#include "quantx/IR/QuantXAttrInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "quantx/IR/QuantXAttrs.cpp.inc"

void QuantXDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "quantx/IR/QuantXAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Attributes with a type after them
//===----------------------------------------------------------------------===//

Attribute QuantXDialect::parseAttribute(DialectAsmParser &parser,
                                        Type type) const {
  SMLoc loc = parser.getCurrentLocation();
  StringRef mnemonic;
  Attribute attribute;
  OptionalParseResult result =
      generatedAttributeParser(parser, &mnemonic, Type(), attribute);
  if (!result.has_value()) {
    parser.emitError(loc) << "unknown attribute `" << mnemonic
                          << "` in dialect `" << getNamespace() << "`";
    return {};
  }
  if (!attribute)
    return {};
  // The parser of dialect attributes ignores what is left between the brackets.
  SMLoc end = parser.getCurrentLocation();
  if (succeeded(parser.parseOptionalLess())) {
    parser.emitError(end) << "unexpected parameters after " << attribute;
    return {};
  }
  if (!type)
    return attribute;
  return WithTypeAttr::get(getContext(), attribute, type);
}

void QuantXDialect::printAttribute(Attribute attribute,
                                   DialectAsmPrinter &printer) const {
  LogicalResult printed = generatedAttributePrinter(attribute, printer);
  assert(succeeded(printed) && "an attribute of this dialect");
  (void)printed;
}

//===----------------------------------------------------------------------===//
// RoundingAttr, PackingAttr, ScaleLayoutAttr
//===----------------------------------------------------------------------===//

/// The values of an enum that count from 0, by their keywords.
template <typename Enum>
static std::string listKeywords(std::optional<Enum> (*symbolize)(uint32_t)) {
  std::string list;
  llvm::raw_string_ostream os(list);
  for (uint32_t i = 0; std::optional<Enum> value = symbolize(i); ++i)
    os << (i ? ", " : "") << stringifyEnum(*value);
  return list;
}

/// Parses `<KEYWORD>`.
template <typename KeywordAttr, typename Enum>
static Attribute parseKeyword(AsmParser &parser,
                              std::optional<Enum> (*symbolize)(uint32_t)) {
  if (parser.parseLess())
    return {};
  SMLoc loc = parser.getCurrentLocation();
  std::string keyword;
  bool isKeyword = succeeded(parser.parseOptionalKeywordOrString(&keyword));
  std::optional<Enum> value = symbolizeEnum<Enum>(keyword);
  if (!value) {
    InFlightDiagnostic error = parser.emitError(loc)
                               << "expected in #quantx."
                               << KeywordAttr::getMnemonic() << " one of "
                               << listKeywords<Enum>(symbolize);
    if (isKeyword)
      error << ", got '" << keyword << "'";
    return {};
  }
  if (parser.parseGreater())
    return {};
  return KeywordAttr::get(parser.getContext(), *value);
}

Attribute RoundingAttr::parse(AsmParser &parser, Type) {
  return parseKeyword<RoundingAttr, Rounding>(parser, symbolizeRounding);
}

void RoundingAttr::print(AsmPrinter &printer) const {
  printer << '<' << stringifyEnum(getValue()) << '>';
}

Attribute PackingAttr::parse(AsmParser &parser, Type) {
  return parseKeyword<PackingAttr, Packing>(parser, symbolizePacking);
}

void PackingAttr::print(AsmPrinter &printer) const {
  printer << '<' << stringifyEnum(getValue()) << '>';
}

Attribute ScaleLayoutAttr::parse(AsmParser &parser, Type) {
  return parseKeyword<ScaleLayoutAttr, ScaleLayout>(parser,
                                                    symbolizeScaleLayout);
}

void ScaleLayoutAttr::print(AsmPrinter &printer) const {
  printer << '<' << stringifyEnum(getValue()) << '>';
}

//===----------------------------------------------------------------------===//
// AbsmaxAttr
//===----------------------------------------------------------------------===//

// `<margin = FLOAT, pow2>`, each optional, in this order.
Attribute AbsmaxAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  double margin = 1.0;
  bool pow2 = false;
  if (succeeded(parser.parseOptionalLess())) {
    bool hasMargin = succeeded(parser.parseOptionalKeyword("margin"));
    if (hasMargin && (parser.parseEqual() || parser.parseFloat(margin)))
      return {};
    if (!hasMargin || succeeded(parser.parseOptionalComma())) {
      if (parser.parseKeyword("pow2", " or 'margin' in #quantx.absmax"))
        return {};
      pow2 = true;
    }
    if (parser.parseGreater())
      return {};
  }
  return parser.getChecked<AbsmaxAttr>(loc, parser.getContext(),
                                       llvm::APFloat(margin), pow2);
}

void AbsmaxAttr::print(AsmPrinter &printer) const {
  bool hasMargin = !getMargin().isExactlyValue(1.0);
  if (!hasMargin && !getPow2())
    return;
  printer << '<';
  if (hasMargin) {
    printer << "margin = ";
    printer.printFloat(getMargin());
  }
  if (getPow2())
    printer << (hasMargin ? ", pow2" : "pow2");
  printer << '>';
}

LogicalResult AbsmaxAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 llvm::APFloat margin, bool pow2) {
  // absmax_c1
  double value = margin.convertToDouble();
  if (value > 0.0 && value <= 1.0)
    return success();
  return emitError() << "expected a margin in (0, 1], got " << value;
}
