//===- Signature.cpp - What a compiled function takes and gives -----------===//

#include "quantx/Target/CPU/Signature.h"
#include "mlir/IR/BuiltinTypes.h"
#include "quantx/IR/QuantXTypes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace quantx;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using mlir::ShapedType;
using mlir::Type;

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

/// The element type of an integer of 16, 32 or 64 bits.
static std::optional<ElementType> getWideInteger(unsigned width,
                                                 bool isUnsigned) {
  switch (width) {
  case 16:
    return isUnsigned ? ElementType::UInt16 : ElementType::Int16;
  case 32:
    return isUnsigned ? ElementType::UInt32 : ElementType::Int32;
  case 64:
    return isUnsigned ? ElementType::UInt64 : ElementType::Int64;
  default:
    return std::nullopt;
  }
}

/// The element type that stores `type` best, if any does.
static std::optional<ElementType> lookupElementType(Type type) {
  using Result = std::optional<ElementType>;
  return llvm::TypeSwitch<Type, Result>(type)
      .Case([](mlir::Float64Type) { return ElementType::Float64; })
      .Case([](mlir::Float32Type) { return ElementType::Float32; })
      .Case([](mlir::Float16Type) { return ElementType::Float16; })
      .Case([](mlir::BFloat16Type) { return ElementType::BFloat16; })
      .Case([](mlir::Float8E4M3FNType) { return ElementType::F8E4M3; })
      .Case([](mlir::Float8E5M2Type) { return ElementType::F8E5M2; })
      .Case([](mlir::Float8E8M0FNUType) { return ElementType::F8E8M0; })
      .Case([](mlir::IndexType) { return ElementType::Int64; })
      .Case([](mlir::IntegerType integer) -> Result {
        if (integer.getWidth() == 1)
          return ElementType::Bool;
        if (integer.getWidth() <= 8)
          return ElementType::UInt8;
        return getWideInteger(integer.getWidth(), integer.isUnsigned());
      })
      .Default(Result());
}

ElementType quantx::getElementType(Type type) {
  return *lookupElementType(type);
}

static bool isByte(ElementType type) {
  return type == ElementType::UInt8 || type == ElementType::Int8;
}

bool quantx::acceptsElement(Type type, ElementType element) {
  ElementType best = getElementType(type);
  if (element == best)
    return true;
  switch (best) {
  case ElementType::Bool:
  case ElementType::UInt8:
  case ElementType::F8E4M3:
  case ElementType::F8E5M2:
  case ElementType::F8E8M0:
    return isByte(element);
  case ElementType::BFloat16:
    return element == ElementType::UInt16;
  default:
    break;
  }
  // Integers of more than a byte: either signedness.
  unsigned width = getBitWidth(best);
  return type.isIntOrIndex() && (element == getWideInteger(width, false) ||
                                 element == getWideInteger(width, true));
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

std::string quantx::formatValue(const ValueSignature &value) {
  std::string result;
  llvm::raw_string_ostream os(result);
  if (value.shape.empty())
    os << "0-d";
  llvm::interleave(
      value.shape, os,
      [&](int64_t size) {
        ShapedType::isDynamic(size) ? os << "?" : os << size;
      },
      "x");
  ElementType stored = getElementType(value.elementType);
  // numpy holds what it has no type for as unsigned integers.
  StringRef numpy = getName(*parseNpyDescr(*getNpyDescr(stored)));
  os << " " << value.elementType << " (" << numpy << ")";
  return result;
}

Error quantx::checkTensor(const ValueSignature &value,
                          const TensorView &tensor) {
  bool matches = acceptsElement(value.elementType, tensor.type) &&
                 value.shape.size() == tensor.shape.size();
  for (auto [expected, found] : llvm::zip(value.shape, tensor.shape))
    matches &= ShapedType::isDynamic(expected) || expected == found;
  if (matches)
    return Error::success();
  return llvm::createStringError("expected " + formatValue(value) + ", found " +
                                 formatTensor(tensor.type, tensor.shape));
}

/// The shape of the scales for the codes that a payload of `shape` holds.
static llvm::SmallVector<int64_t>
getScalesOfPayload(ScaledType type, llvm::ArrayRef<int64_t> shape) {
  llvm::SmallVector<int64_t> codes(shape);
  codes.back() = codes.back() * 8 / type.getStorageBits();
  return type.getScalesShape(codes);
}

Error quantx::checkParts(llvm::ArrayRef<ValueSignature> values,
                         llvm::ArrayRef<TensorView> tensors) {
  const TensorView *payload = nullptr;
  for (auto [index, value] : llvm::enumerate(values)) {
    const TensorView &tensor = tensors[index];
    if (value.role == "payload")
      payload = &tensor;
    if (value.role != "scales" && value.role != "zero points")
      continue;
    assert(payload && "a payload stands in front of its parameters");
    llvm::SmallVector<int64_t> expected =
        getScalesOfPayload(value.scaledType, payload->shape);
    // What is static has been compared with the type.
    for (auto [size, type, found] :
         llvm::zip(expected, value.shape, tensor.shape))
      if (!ShapedType::isDynamic(type))
        size = found;
    if (llvm::ArrayRef(expected) != llvm::ArrayRef(tensor.shape)) {
      return llvm::createStringError(
          "input #" + llvm::Twine(index) + " (" + value.role + "): expected " +
          formatShape(expected) + " for a payload of " +
          formatShape(payload->shape) + ", found " + formatShape(tensor.shape));
    }
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

namespace {
/// What a plain value is of the original function's.
struct Part {
  ScaledType type;
  std::string role;
};
} // namespace

/// The parts that the values of the original function become.
static llvm::SmallVector<Part> getParts(mlir::TypeRange types) {
  llvm::SmallVector<Part> parts;
  for (Type type : types) {
    ScaledType scaled = getScaledElementType(type);
    if (!scaled) {
      parts.push_back({});
      continue;
    }
    parts.append({{scaled, "payload"}, {scaled, "scales"}});
    if (scaled.hasZeroPoint())
      parts.push_back({scaled, "zero points"});
    if (scaled.hasGlobal())
      parts.push_back({scaled, "global scale"});
  }
  return parts;
}

static Expected<llvm::SmallVector<ValueSignature>>
getValues(mlir::TypeRange types, mlir::TypeRange originalTypes,
          StringRef what) {
  llvm::SmallVector<Part> parts = getParts(originalTypes);
  llvm::SmallVector<ValueSignature> values;
  for (auto [index, type] : llvm::enumerate(types)) {
    ValueSignature value;
    value.elementType = type;
    value.isScalar = true;
    if (auto tensor = mlir::dyn_cast<mlir::RankedTensorType>(type)) {
      value.elementType = tensor.getElementType();
      value.shape.assign(tensor.getShape().begin(), tensor.getShape().end());
      value.isScalar = false;
    }
    if (!lookupElementType(value.elementType)) {
      std::string text;
      llvm::raw_string_ostream(text) << type;
      return llvm::createStringError(
          what + " #" + llvm::Twine(index) +
          ": expected a ranked tensor or a scalar, of floats of 8 to 64 bits "
          "or integers, found " +
          text);
    }
    // A function that was there with other types has no roles to show.
    if (parts.size() == types.size()) {
      value.scaledType = parts[index].type;
      value.role = parts[index].role;
    }
    values.push_back(std::move(value));
  }
  return values;
}

static Expected<FunctionSignature> getSignature(mlir::FunctionType type,
                                                mlir::FunctionType original) {
  auto inputs = getValues(type.getInputs(), original.getInputs(), "argument");
  if (!inputs)
    return inputs.takeError();
  auto outputs = getValues(type.getResults(), original.getResults(), "result");
  if (!outputs)
    return outputs.takeError();
  return FunctionSignature{"", std::move(*inputs), std::move(*outputs)};
}

Expected<llvm::SmallVector<FunctionSignature>>
quantx::getSignatures(mlir::ModuleOp lowered, mlir::ModuleOp original) {
  llvm::SmallVector<FunctionSignature> signatures;
  for (auto function : lowered.getOps<mlir::func::FuncOp>()) {
    if (function.isExternal() || !function.isPublic())
      continue;
    StringRef name = function.getName();
    auto before = original.lookupSymbol<mlir::func::FuncOp>(name);
    auto signature = getSignature(function.getFunctionType(),
                                  before ? before.getFunctionType()
                                         : function.getFunctionType());
    if (!signature)
      return llvm::createStringError(
          "function '" + name + "': " + llvm::toString(signature.takeError()));
    signature->name = name.str();
    signatures.push_back(std::move(*signature));
  }
  return signatures;
}
