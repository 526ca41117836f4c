//===- Packing.h - How narrow codes share bytes -----------------*- C++ -*-===//
//
// Codes of n bits (2 to 8) are packed row by row. A row of K codes takes
// ceil(K * n / 8) bytes in every layout; bits without a code are zero.
//
// Linear: the first code in the lowest bits, little-endian across bytes.
//
//   4 bits   byte 0: code 1 | code 0
//   6 bits   byte 0: code 1 (low 2) | code 0
//            byte 1: code 2 (low 4) | code 1 (high 4)
//            byte 2: code 3         | code 2 (high 2)
//
// The others are of 4-bit codes, in blocks. A last block of m codes, too few to
// fill one, is laid out as if it were h = ceil(m / 2) bytes long.
//
// SplitHalf: blocks of 32 codes, 16 bytes; the first half in the low nibbles,
// the second in the high ones. It is the order of ggml's block types.
//
//   byte j: code j + 16 | code j              last block: code j + h | code j
//
// Interleaved8: groups of 8 codes, 4 bytes; as a little-endian word, from its
// lowest nibble on, the codes of even index, then those of odd index. It is the
// order of AWQ's and FasterTransformer's INT4 weights, whose kernels then mask
// pairs of codes that convert to pairs of halves.
//
//   byte      3         2         1         0
//   codes   7 | 5     3 | 1     6 | 4     2 | 0
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_FORMAT_PACKING_H
#define QUANTX_FORMAT_PACKING_H

#include "llvm/ADT/ArrayRef.h"
#include <cstddef>
#include <cstdint>

namespace quantx {

enum class PackingLayout { Linear, SplitHalf, Interleaved8 };

/// The bytes of one packed row: ceil(columns * bits / 8).
size_t getPackedRowSize(size_t columns, unsigned bits);

/// Packs rows of `columns` codes. Bits of a code above `bits` are ignored, so
/// signed codes may be sign-extended bytes. `codes` is a whole number of rows;
/// `packed` has getPackedRowSize(columns, bits) bytes a row. Layouts but the
/// linear one need `bits` 4.
void packCodes(PackingLayout layout, llvm::ArrayRef<uint8_t> codes,
               size_t columns, unsigned bits,
               llvm::MutableArrayRef<uint8_t> packed);

/// The inverse: one byte a code, sign-extended when `isSigned`, else
/// zero-extended (which is what float codes want).
void unpackCodes(PackingLayout layout, llvm::ArrayRef<uint8_t> packed,
                 size_t columns, unsigned bits, bool isSigned,
                 llvm::MutableArrayRef<uint8_t> codes);

/// The same in the linear layout.
void packLinear(llvm::ArrayRef<uint8_t> codes, size_t columns, unsigned bits,
                llvm::MutableArrayRef<uint8_t> packed);
void unpackLinear(llvm::ArrayRef<uint8_t> packed, size_t columns, unsigned bits,
                  bool isSigned, llvm::MutableArrayRef<uint8_t> codes);

} // namespace quantx

#endif // QUANTX_FORMAT_PACKING_H
