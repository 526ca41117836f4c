//===- Packing.cpp - How narrow codes share bytes -------------------------===//

#include "quantx/Format/Packing.h"
#include "quantx/Format/Mutants.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cassert>

using namespace quantx;

size_t quantx::getPackedRowSize(size_t columns, unsigned bits) {
  return llvm::divideCeil(columns * bits, 8);
}

/// Where code `column` of a row of `columns` begins, in bits.
static size_t getPosition(PackingLayout layout, size_t column, size_t columns,
                          unsigned bits) {
  if (isPlanted(Mutant::FormatNibblesSwapped) && bits == 4)
    column ^= 1;
  if (layout == PackingLayout::Linear)
    return column * bits;
  size_t blockSize = layout == PackingLayout::SplitHalf ? 32 : 8;
  size_t first = column / blockSize * blockSize;
  size_t numBytes =
      llvm::divideCeil(std::min(blockSize, columns - first), size_t(2));
  size_t index = column - first;
  size_t nibble = layout == PackingLayout::SplitHalf
                      ? index % numBytes * 2 + index / numBytes
                      : index % 2 * numBytes + index / 2;
  return (first + nibble) * 4;
}

static void packRow(PackingLayout layout, llvm::ArrayRef<uint8_t> codes,
                    unsigned bits, llvm::MutableArrayRef<uint8_t> packed) {
  llvm::fill(packed, 0);
  for (auto [column, code] : llvm::enumerate(codes)) {
    size_t position = getPosition(layout, column, codes.size(), bits);
    unsigned shifted = (code & ((1u << bits) - 1)) << (position % 8);
    packed[position / 8] |= uint8_t(shifted);
    if (shifted > 0xFF) {
      packed[position / 8 + 1] |= uint8_t(shifted >> 8);
    }
  }
}

static void unpackRow(PackingLayout layout, llvm::ArrayRef<uint8_t> packed,
                      unsigned bits, bool isSigned,
                      llvm::MutableArrayRef<uint8_t> codes) {
  for (auto [column, code] : llvm::enumerate(codes)) {
    size_t position = getPosition(layout, column, codes.size(), bits);
    unsigned window = packed[position / 8];
    if (position % 8 + bits > 8) {
      window |= unsigned(packed[position / 8 + 1]) << 8;
    }
    code = uint8_t((window >> (position % 8)) & ((1u << bits) - 1));
    if (isSigned) {
      code = uint8_t(llvm::SignExtend32(code, bits));
    }
  }
}

static void checkBits([[maybe_unused]] PackingLayout layout,
                      [[maybe_unused]] unsigned bits) {
  assert(bits >= 2 && bits <= 8 && "codes have 2 to 8 bits");
  assert((layout == PackingLayout::Linear || bits == 4) &&
         "split_half and interleaved8 are of 4-bit codes");
}

void quantx::packCodes(PackingLayout layout, llvm::ArrayRef<uint8_t> codes,
                       size_t columns, unsigned bits,
                       llvm::MutableArrayRef<uint8_t> packed) {
  checkBits(layout, bits);
  size_t rowSize = getPackedRowSize(columns, bits);
  while (!codes.empty()) {
    packRow(layout, codes.take_front(columns), bits,
            packed.take_front(rowSize));
    codes = codes.drop_front(columns);
    packed = packed.drop_front(rowSize);
  }
}

void quantx::unpackCodes(PackingLayout layout, llvm::ArrayRef<uint8_t> packed,
                         size_t columns, unsigned bits, bool isSigned,
                         llvm::MutableArrayRef<uint8_t> codes) {
  checkBits(layout, bits);
  size_t rowSize = getPackedRowSize(columns, bits);
  while (!codes.empty()) {
    unpackRow(layout, packed.take_front(rowSize), bits, isSigned,
              codes.take_front(columns));
    packed = packed.drop_front(rowSize);
    codes = codes.drop_front(columns);
  }
}

void quantx::packLinear(llvm::ArrayRef<uint8_t> codes, size_t columns,
                        unsigned bits, llvm::MutableArrayRef<uint8_t> packed) {
  packCodes(PackingLayout::Linear, codes, columns, bits, packed);
}

void quantx::unpackLinear(llvm::ArrayRef<uint8_t> packed, size_t columns,
                          unsigned bits, bool isSigned,
                          llvm::MutableArrayRef<uint8_t> codes) {
  unpackCodes(PackingLayout::Linear, packed, columns, bits, isSigned, codes);
}
