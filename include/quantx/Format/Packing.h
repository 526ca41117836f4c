//===- Packing.h - The linear packing of narrow codes -----------*- C++ -*-===//
//
// Codes of n bits (2 to 8) are packed row by row, the first code in the lowest
// bits, little-endian across bytes:
//
//   4 bits   byte 0: code 1 | code 0
//   6 bits   byte 0: code 1 (low 2) | code 0
//            byte 1: code 2 (low 4) | code 1 (high 4)
//            byte 2: code 3         | code 2 (high 2)
//
// A row that does not fill its last byte is padded with zero bits.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_FORMAT_PACKING_H
#define QUANTX_FORMAT_PACKING_H

#include "llvm/ADT/ArrayRef.h"
#include <cstddef>
#include <cstdint>

namespace quantx {

/// The bytes of one packed row: ceil(columns * bits / 8).
size_t getPackedRowSize(size_t columns, unsigned bits);

/// Packs rows of `columns` codes. Bits of a code above `bits` are ignored, so
/// signed codes may be sign-extended bytes. `codes` is a whole number of rows;
/// `packed` has getPackedRowSize(columns, bits) bytes a row.
void packLinear(llvm::ArrayRef<uint8_t> codes, size_t columns, unsigned bits,
                llvm::MutableArrayRef<uint8_t> packed);

/// The inverse: one byte a code, sign-extended when `isSigned`, else
/// zero-extended (which is what float codes want).
void unpackLinear(llvm::ArrayRef<uint8_t> packed, size_t columns, unsigned bits,
                  bool isSigned, llvm::MutableArrayRef<uint8_t> codes);

} // namespace quantx

#endif // QUANTX_FORMAT_PACKING_H
