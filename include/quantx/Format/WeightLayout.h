//===- WeightLayout.h - The order of a matrix of weights --------*- C++ -*-===//
//
// Linear: row by row. Rows16: 16 rows go side by side, as the lanes of vectors
// that a matrix times a vector is computed in. Each row is cut into units, and
// the units that 16 rows have at one place stand one behind the other:
//
//   linear:  row 0:  u0 u1 u2 ...       rows16:  row  0: u0 | row  1: u0 | ...
//            row 1:  u0 u1 u2 ...                row 15: u0 | row  0: u1 | ...
//            ...
//
// A unit of a payload is a word of 4 bytes, one of scales or zero points a
// single one of these. Rows up to a multiple of 16, and bytes up to one of a
// unit, are padding, and zero.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_FORMAT_WEIGHTLAYOUT_H
#define QUANTX_FORMAT_WEIGHTLAYOUT_H

#include "llvm/ADT/ArrayRef.h"
#include <cstddef>
#include <cstdint>

namespace quantx {

enum class WeightLayout { Linear, Rows16 };

/// The rows that Rows16 puts side by side, and the bytes of a payload's unit.
inline constexpr size_t kInterleavedRows = 16;
inline constexpr size_t kPayloadUnit = 4;

/// The bytes that Rows16 takes for `rows` of `rowBytes` in units of `unit`.
size_t getInterleavedSize(size_t rows, size_t rowBytes, size_t unit);

/// Where Rows16 has byte number `byte` of `row`.
size_t getInterleavedOffset(size_t row, size_t byte, size_t rowBytes,
                            size_t unit);

/// From Linear to Rows16. `interleaved` has getInterleavedSize(rows, rowBytes,
/// unit) bytes, all of which are written.
void interleaveRows(llvm::ArrayRef<uint8_t> linear, size_t rows,
                    size_t rowBytes, size_t unit,
                    llvm::MutableArrayRef<uint8_t> interleaved);

/// The inverse; padding is ignored.
void separateRows(llvm::ArrayRef<uint8_t> interleaved, size_t rows,
                  size_t rowBytes, size_t unit,
                  llvm::MutableArrayRef<uint8_t> linear);

} // namespace quantx

#endif // QUANTX_FORMAT_WEIGHTLAYOUT_H
