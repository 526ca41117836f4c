//===- ElementType.h - Element types of arrays in files ---------*- C++ -*-===//
//
// What one element of a stored array is: the types of .safetensors, of which
// those of .npy are a part.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_IO_ELEMENTTYPE_H
#define QUANTX_IO_ELEMENTTYPE_H

#include "llvm/ADT/StringRef.h"
#include <optional>

namespace quantx {

/// The type of one element of an array in a file; always little-endian.
enum class ElementType {
  Bool,
  Int8,
  UInt8,
  Int16,
  UInt16,
  Int32,
  UInt32,
  Int64,
  UInt64,
  Float16,
  BFloat16,
  Float32,
  Float64,
  Complex64,
  F8E4M3,
  F8E5M2,
  F8E8M0,
  F8E4M3FNUZ,
  F8E5M2FNUZ,
  F6E2M3,
  F6E3M2,
  F4,
};

/// Bits of one element in a file: 4 and 6 for the packed types, else a
/// multiple of 8.
unsigned getBitWidth(ElementType type);

/// Bytes that the address of an element must be a multiple of; 1 for the packed
/// types.
unsigned getAlignment(ElementType type);

/// The name in diagnostics: numpy's ("uint8", "float32"), or that of
/// .safetensors ("BF16", "F8_E4M3") where numpy has none.
llvm::StringRef getName(ElementType type);

/// The `dtype` of .safetensors, for example "F32".
llvm::StringRef getSafetensorsName(ElementType type);

/// The `descr` under which .npy stores the type, for example "<f4". Types that
/// numpy does not have are stored as unsigned integers of their width; none for
/// the packed types, whose arrays have no numpy shape.
std::optional<llvm::StringRef> getNpyDescr(ElementType type);

/// The type with this .safetensors `dtype`, if there is one.
std::optional<ElementType> parseSafetensorsName(llvm::StringRef name);

/// The numpy type with this .npy `descr`, if there is one.
std::optional<ElementType> parseNpyDescr(llvm::StringRef descr);

} // namespace quantx

#endif // QUANTX_IO_ELEMENTTYPE_H
