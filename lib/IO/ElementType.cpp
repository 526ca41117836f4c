//===- ElementType.cpp - Element types of arrays in files -----------------===//

#include "quantx/IO/ElementType.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"

using namespace quantx;
using llvm::StringLiteral;
using llvm::StringRef;

namespace {
struct Row {
  ElementType type;
  StringLiteral name;
  StringLiteral safetensors;
  StringLiteral npy;
  unsigned bits;
  unsigned alignment;
};
} // namespace

// In the order of the enum. Of several rows with one .npy descr, the first is
// the one that reading gives.
static constexpr Row rows[] = {
    {ElementType::Bool, "bool", "BOOL", "|b1", 8, 1},
    {ElementType::Int8, "int8", "I8", "|i1", 8, 1},
    {ElementType::UInt8, "uint8", "U8", "|u1", 8, 1},
    {ElementType::Int16, "int16", "I16", "<i2", 16, 2},
    {ElementType::UInt16, "uint16", "U16", "<u2", 16, 2},
    {ElementType::Int32, "int32", "I32", "<i4", 32, 4},
    {ElementType::UInt32, "uint32", "U32", "<u4", 32, 4},
    {ElementType::Int64, "int64", "I64", "<i8", 64, 8},
    {ElementType::UInt64, "uint64", "U64", "<u8", 64, 8},
    {ElementType::Float16, "float16", "F16", "<f2", 16, 2},
    {ElementType::BFloat16, "BF16", "BF16", "<u2", 16, 2},
    {ElementType::Float32, "float32", "F32", "<f4", 32, 4},
    {ElementType::Float64, "float64", "F64", "<f8", 64, 8},
    {ElementType::Complex64, "complex64", "C64", "<c8", 64, 4},
    {ElementType::F8E4M3, "F8_E4M3", "F8_E4M3", "|u1", 8, 1},
    {ElementType::F8E5M2, "F8_E5M2", "F8_E5M2", "|u1", 8, 1},
    {ElementType::F8E8M0, "F8_E8M0", "F8_E8M0", "|u1", 8, 1},
    {ElementType::F8E4M3FNUZ, "F8_E4M3FNUZ", "F8_E4M3FNUZ", "|u1", 8, 1},
    {ElementType::F8E5M2FNUZ, "F8_E5M2FNUZ", "F8_E5M2FNUZ", "|u1", 8, 1},
    {ElementType::F6E2M3, "F6_E2M3", "F6_E2M3", "", 6, 1},
    {ElementType::F6E3M2, "F6_E3M2", "F6_E3M2", "", 6, 1},
    {ElementType::F4, "F4", "F4", "", 4, 1},
};

static const Row &getRow(ElementType type) {
  const Row &row = rows[static_cast<unsigned>(type)];
  assert(row.type == type && "the table is in the order of the enum");
  return row;
}

unsigned quantx::getBitWidth(ElementType type) { return getRow(type).bits; }

unsigned quantx::getAlignment(ElementType type) {
  return getRow(type).alignment;
}

StringRef quantx::getName(ElementType type) { return getRow(type).name; }

StringRef quantx::getSafetensorsName(ElementType type) {
  return getRow(type).safetensors;
}

std::optional<StringRef> quantx::getNpyDescr(ElementType type) {
  const Row &row = getRow(type);
  if (row.npy.empty())
    return std::nullopt;
  return row.npy;
}

std::optional<ElementType> quantx::parseSafetensorsName(StringRef name) {
  for (const Row &row : rows)
    if (row.safetensors == name)
      return row.type;
  return std::nullopt;
}

std::optional<ElementType> quantx::parseNpyDescr(StringRef descr) {
  if (descr.empty())
    return std::nullopt;
  for (const Row &row : rows)
    if (row.npy == descr)
      return row.type;
  return std::nullopt;
}
