//===- SharedMatrix.h - Matrices in workgroup memory ------------*- C++ -*-===//

#ifndef QUANTX_TEST_UNIT_SIMULATOR_SHAREDMATRIX_H
#define QUANTX_TEST_UNIT_SIMULATOR_SHAREDMATRIX_H

#include <cstdint>
#include <initializer_list>
#include <utility>

namespace quantx::test {

/// `count` bits of a descriptor from the bit `first` on.
inline uint64_t getField(uint64_t descriptor, unsigned first, unsigned count) {
  return descriptor >> first & ((uint64_t(1) << count) - 1);
}

/// Whether all of `fields`, the first bit and the number of bits of each, are
/// 0.
bool areFieldsZero(uint64_t descriptor,
                   std::initializer_list<std::pair<unsigned, unsigned>> fields);

/// A matrix in workgroup memory, as a descriptor of tcgen05 or wgmma tells.
struct SharedMatrix {
  uintptr_t start;
  /// Between chunks of 16 bytes along a row, and groups of 8 rows.
  uint32_t leadingBytes, strideBytes;
  bool isSwizzled; ///< 128 bytes of each row

  /// Reads the fields that have one place in all descriptors: all but the
  /// swizzle. `window` is the address of the workgroup memory.
  void readPlaces(uint64_t descriptor, uintptr_t window);

  /// Whether the pattern of the swizzle begins where the base offset, which is
  /// not known here, is 0: at a multiple of 1024 bytes.
  bool isAligned() const;

  /// Where 16 bytes of a row are, from the byte `offset` of it on.
  uintptr_t locate(uint32_t row, uint32_t offset) const;
};

} // namespace quantx::test

#endif // QUANTX_TEST_UNIT_SIMULATOR_SHAREDMATRIX_H
