//===- SharedMatrix.cpp - Matrices in workgroup memory --------------------===//

#include "SharedMatrix.h"
#include "llvm/ADT/STLExtras.h"

using namespace quantx::test;

bool quantx::test::areFieldsZero(
    uint64_t descriptor,
    std::initializer_list<std::pair<unsigned, unsigned>> fields) {
  return llvm::all_of(fields, [&](std::pair<unsigned, unsigned> field) {
    return getField(descriptor, field.first, field.second) == 0;
  });
}

// Addresses and offsets are in units of 16 bytes. Those of workgroup memory
// have 18 bits.
void SharedMatrix::readPlaces(uint64_t descriptor, uintptr_t window) {
  constexpr unsigned unitBits = 4;
  constexpr uintptr_t windowSize = uintptr_t(1) << 18;
  uintptr_t low = getField(descriptor, 0, 14) << unitBits;
  start = window + ((low - window) & (windowSize - 1));
  leadingBytes = uint32_t(getField(descriptor, 16, 14) << unitBits);
  strideBytes = uint32_t(getField(descriptor, 32, 14) << unitBits);
}

bool SharedMatrix::isAligned() const {
  return (start >> 7 & 7) == 0 && strideBytes % 1024 == 0;
}

// PTX ISA, "Shared Memory Layout and Swizzling" and "Strides": K-major. Without
// swizzling 8 rows of 16 bytes are together; with 128 bytes of it, 8 rows of
// these, in which bits 4 to 6 of an address are mixed with bits 7 to 9.
uintptr_t SharedMatrix::locate(uint32_t row, uint32_t offset) const {
  uintptr_t group = start + uintptr_t(row / 8) * strideBytes;
  if (!isSwizzled)
    return group + row % 8 * 16 + uintptr_t(offset / 16) * leadingBytes;
  uintptr_t address = group + row % 8 * 128 + offset;
  return address ^ ((address >> 7 & 7) << 4);
}
