//===- Packing.cpp - The linear packing of narrow codes -------------------===//

#include "quantx/Format/Packing.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cassert>

using namespace quantx;

size_t quantx::getPackedRowSize(size_t columns, unsigned bits) {
  return llvm::divideCeil(columns * bits, 8);
}

static void packRow(llvm::ArrayRef<uint8_t> codes, unsigned bits,
                    llvm::MutableArrayRef<uint8_t> packed) {
  llvm::fill(packed, 0);
  for (auto [column, code] : llvm::enumerate(codes)) {
    size_t position = column * bits;
    unsigned shifted = (code & ((1u << bits) - 1)) << (position % 8);
    packed[position / 8] |= uint8_t(shifted);
    if (shifted > 0xFF) {
      packed[position / 8 + 1] |= uint8_t(shifted >> 8);
    }
  }
}

static void unpackRow(llvm::ArrayRef<uint8_t> packed, unsigned bits,
                      bool isSigned, llvm::MutableArrayRef<uint8_t> codes) {
  for (auto [column, code] : llvm::enumerate(codes)) {
    size_t position = column * bits;
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

void quantx::packLinear(llvm::ArrayRef<uint8_t> codes, size_t columns,
                        unsigned bits, llvm::MutableArrayRef<uint8_t> packed) {
  assert(bits >= 2 && bits <= 8 && "codes have 2 to 8 bits");
  size_t rowSize = getPackedRowSize(columns, bits);
  while (!codes.empty()) {
    packRow(codes.take_front(columns), bits, packed.take_front(rowSize));
    codes = codes.drop_front(columns);
    packed = packed.drop_front(rowSize);
  }
}

void quantx::unpackLinear(llvm::ArrayRef<uint8_t> packed, size_t columns,
                          unsigned bits, bool isSigned,
                          llvm::MutableArrayRef<uint8_t> codes) {
  assert(bits >= 2 && bits <= 8 && "codes have 2 to 8 bits");
  size_t rowSize = getPackedRowSize(columns, bits);
  while (!codes.empty()) {
    unpackRow(packed.take_front(rowSize), bits, isSigned,
              codes.take_front(columns));
    packed = packed.drop_front(rowSize);
    codes = codes.drop_front(columns);
  }
}
