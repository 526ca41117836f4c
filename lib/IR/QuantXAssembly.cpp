//===- QuantXAssembly.cpp - Syntax of ops with an attribute before types --===//
//
// `OPERAND KEYWORD ATTRIBUTE ... : TYPE to TYPE`. Where nothing stands between
// the attribute and the colon, MLIR's parser has read the first type as the
// attribute's own, and WithTypeAttr brings it here.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/OpImplementation.h"
#include "quantx/IR/QuantXOps.h"

using namespace mlir;
using namespace quantx;

/// Parses an attribute of type `AttrT`, and the type after it if there is one
/// right away; else leaves `type` null.
template <typename AttrT>
static ParseResult parseAttribute(OpAsmParser &parser, StringRef expected,
                                  AttrT &attribute, Type &type) {
  SMLoc loc = parser.getCurrentLocation();
  Attribute parsed;
  if (parser.parseAttribute(parsed))
    return failure();
  if (auto withType = dyn_cast<WithTypeAttr>(parsed)) {
    parsed = withType.getAttribute();
    type = withType.getType();
  }
  attribute = dyn_cast<AttrT>(parsed);
  if (attribute)
    return success();
  return parser.emitError(loc) << "expected " << expected << ", got " << parsed;
}

/// Parses the attribute dictionary of `state`'s op, and checks the attributes
/// of the op itself in it.
static ParseResult parseAttributes(OpAsmParser &parser, OperationState &state) {
  SMLoc loc = parser.getCurrentLocation();
  auto emitError = [&] {
    return parser.emitError(loc) << "'" << state.name.getStringRef() << "' op ";
  };
  return failure(
      parser.parseOptionalAttrDict(state.attributes) ||
      failed(state.name.verifyInherentAttrs(state.attributes, emitError)));
}

/// Parses `: TYPE to TYPE`; the first type may have been read already.
static ParseResult parseTypes(OpAsmParser &parser, Type &from, Type &to) {
  if (!from && parser.parseColonType(from))
    return failure();
  return failure(parser.parseKeyword("to") || parser.parseType(to));
}

static void printTypes(OpAsmPrinter &printer, Value from, Value to) {
  printer << " : " << from.getType() << " to " << to.getType();
}

//===----------------------------------------------------------------------===//
// DynamicQuantizeOp
//===----------------------------------------------------------------------===//

namespace {
/// An operand that need not be there, after a keyword.
struct OptionalOperand {
  OpAsmParser::UnresolvedOperand operand;
  bool isThere = false;

  ParseResult parse(OpAsmParser &parser, StringRef keyword) {
    isThere = succeeded(parser.parseOptionalKeyword(keyword));
    return failure(isThere && parser.parseOperand(operand));
  }
  ParseResult resolve(OpAsmParser &parser, Type type,
                      SmallVectorImpl<Value> &operands) const {
    return failure(isThere && parser.resolveOperand(operand, type, operands));
  }
};
} // namespace

ParseResult DynamicQuantizeOp::parse(OpAsmParser &parser,
                                     OperationState &state) {
  OpAsmParser::UnresolvedOperand input;
  OptionalOperand weights, global, seed;
  ScaleMethodAttrInterface method;
  Type from, to, weightsType;
  if (parser.parseOperand(input) || parser.parseKeyword("using") ||
      parseAttribute(parser, "a scale method such as #quantx.floor", method,
                     from))
    return failure();
  if (!from && (weights.parse(parser, "weighted_by") ||
                (weights.isThere && parser.parseColonType(weightsType)) ||
                global.parse(parser, "under") || seed.parse(parser, "seed") ||
                parseAttributes(parser, state)))
    return failure();
  Type seedType = parser.getBuilder().getI64Type();
  Type globalType = RankedTensorType::get({}, parser.getBuilder().getF32Type());
  if (parseTypes(parser, from, to) ||
      parser.resolveOperand(input, from, state.operands) ||
      weights.resolve(parser, weightsType, state.operands) ||
      global.resolve(parser, globalType, state.operands) ||
      seed.resolve(parser, seedType, state.operands))
    return failure();
  Properties &properties = state.getOrAddProperties<Properties>();
  properties.operandSegmentSizes = {1, weights.isThere, global.isThere,
                                    seed.isThere};
  state.addAttribute(getMethodAttrName(state.name), method);
  state.addTypes(to);
  return success();
}

void DynamicQuantizeOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getInput() << " using " << getMethod();
  if (getWeights()) {
    printer << " weighted_by " << getWeights() << " : "
            << getWeights().getType();
  }
  if (getGlobal())
    printer << " under " << getGlobal();
  if (getSeed())
    printer << " seed " << getSeed();
  SmallVector<StringRef> elided = {getMethodAttrName(),
                                   getOperandSegmentSizeAttr()};
  if (getRounding() == Rounding::NearestEven)
    elided.push_back(getRoundingAttrName());
  if (getSaturate())
    elided.push_back(getSaturateAttrName());
  printer.printOptionalAttrDict((*this)->getAttrs(), elided);
  printTypes(printer, getInput(), getResult());
}

//===----------------------------------------------------------------------===//
// PackOp, UnpackOp
//===----------------------------------------------------------------------===//

static ParseResult parsePacking(OpAsmParser &parser, OperationState &state,
                                StringAttr packingName) {
  OpAsmParser::UnresolvedOperand operand;
  PackingAttr packing;
  Type from, to;
  if (parser.parseOperand(operand) || parser.parseKeyword("as") ||
      parseAttribute(parser, "a packing such as #quantx.packing<linear>",
                     packing, from) ||
      (!from && parseAttributes(parser, state)) ||
      parseTypes(parser, from, to) ||
      parser.resolveOperand(operand, from, state.operands))
    return failure();
  state.addAttribute(packingName, packing);
  state.addTypes(to);
  return success();
}

static void printPacking(OpAsmPrinter &printer, Operation *op,
                         Attribute packing, StringRef packingName) {
  printer << ' ' << op->getOperand(0) << " as " << packing;
  printer.printOptionalAttrDict(op->getAttrs(), {packingName});
  printTypes(printer, op->getOperand(0), op->getResult(0));
}

ParseResult PackOp::parse(OpAsmParser &parser, OperationState &state) {
  return parsePacking(parser, state, getPackingAttrName(state.name));
}

void PackOp::print(OpAsmPrinter &printer) {
  printPacking(printer, *this, getPackingAttr(), getPackingAttrName());
}

ParseResult UnpackOp::parse(OpAsmParser &parser, OperationState &state) {
  return parsePacking(parser, state, getPackingAttrName(state.name));
}

void UnpackOp::print(OpAsmPrinter &printer) {
  printPacking(printer, *this, getPackingAttr(), getPackingAttrName());
}

//===----------------------------------------------------------------------===//
// RelayoutScalesOp
//===----------------------------------------------------------------------===//

ParseResult RelayoutScalesOp::parse(OpAsmParser &parser,
                                    OperationState &state) {
  OpAsmParser::UnresolvedOperand scales;
  SmallVector<OpAsmParser::UnresolvedOperand> sizes;
  ScaleLayoutAttr layout;
  Type from, to;
  if (parser.parseOperand(scales) || parser.parseKeyword("to") ||
      parseAttribute(parser,
                     "a scale layout such as #quantx.scale_layout<tile128x4>",
                     layout, from))
    return failure();
  if (!from && succeeded(parser.parseOptionalKeyword("sizes")) &&
      parser.parseOperandList(sizes, OpAsmParser::Delimiter::Paren))
    return failure();
  if ((!from && parseAttributes(parser, state)) ||
      parseTypes(parser, from, to) ||
      parser.resolveOperand(scales, from, state.operands) ||
      parser.resolveOperands(sizes, parser.getBuilder().getIndexType(),
                             state.operands))
    return failure();
  state.addAttribute(getLayoutAttrName(state.name), layout);
  state.addTypes(to);
  return success();
}

void RelayoutScalesOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getScales() << " to " << getLayoutAttr();
  if (!getSizes().empty())
    printer << " sizes(" << getSizes() << ')';
  printer.printOptionalAttrDict((*this)->getAttrs(), {getLayoutAttrName()});
  printTypes(printer, getScales(), getResult());
}
