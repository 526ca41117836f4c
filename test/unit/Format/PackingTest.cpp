//===- PackingTest.cpp - Linear packing -----------------------------------===//

#include "quantx/Format/Packing.h"
#include "llvm/ADT/APInt.h"
#include "gtest/gtest.h"
#include <vector>

using namespace quantx;

namespace {

using Bytes = std::vector<uint8_t>;

Bytes pack(const Bytes &codes, size_t columns, unsigned bits) {
  // Rubbish beforehand: the padding must be written.
  Bytes packed(codes.size() / columns * getPackedRowSize(columns, bits), 0xA5);
  packLinear(codes, columns, bits, packed);
  return packed;
}

TEST(PackingTest, LayoutOfTheDocumentedWidths) {
  EXPECT_EQ(pack({0x1, 0x2, 0x3, 0xF}, 4, 4), (Bytes{0x21, 0xF3}));
  EXPECT_EQ(pack({0b000001, 0b000010, 0b000100, 0b111000}, 4, 6),
            (Bytes{0b10000001, 0b01000000, 0b11100000}));
  EXPECT_EQ(pack({0x12, 0xFE}, 2, 8), (Bytes{0x12, 0xFE}));
}

TEST(PackingTest, RowsArePaddedWithZeroBits) {
  EXPECT_EQ(pack({0xF, 0xF, 0xF, 0x1, 0x2, 0x3}, 3, 4),
            (Bytes{0xFF, 0x0F, 0x21, 0x03}));
  EXPECT_EQ(getPackedRowSize(3, 6), 3u);
  EXPECT_EQ(getPackedRowSize(1, 2), 1u);
  EXPECT_EQ(getPackedRowSize(0, 4), 0u);
}

TEST(PackingTest, SignExtendedCodesLoseTheirHighBits) {
  EXPECT_EQ(pack({0xFF, 0xF8}, 2, 4), (Bytes{0x8F}));
}

TEST(PackingTest, UnpackExtends) {
  Bytes packed = {0x8F};
  Bytes codes(2);
  unpackLinear(packed, 2, 4, /*isSigned=*/true, codes);
  EXPECT_EQ(codes, (Bytes{0xFF, 0xF8}));
  unpackLinear(packed, 2, 4, /*isSigned=*/false, codes);
  EXPECT_EQ(codes, (Bytes{0x0F, 0x08}));
}

// One row is the little-endian number whose digits in base 2^bits are the
// codes; APInt builds it.
TEST(PackingTest, EveryWidthAndOddLengthEqualsOneWideNumber) {
  for (unsigned bits = 2; bits <= 8; ++bits) {
    for (size_t columns = 1; columns <= 19; ++columns) {
      SCOPED_TRACE(testing::Message() << bits << " x " << columns);
      size_t rowSize = (columns * bits + 7) / 8;
      Bytes codes;
      Bytes expected;
      for (unsigned row = 0; row < 3; ++row) {
        llvm::APInt number(unsigned(rowSize * 8), 0);
        for (size_t column = 0; column < columns; ++column) {
          auto code = uint8_t((row * 53 + column * 37 + 11) % (1u << bits));
          codes.push_back(code);
          number.insertBits(code, unsigned(column * bits), bits);
        }
        for (size_t byte = 0; byte < rowSize; ++byte) {
          expected.push_back(
              uint8_t(number.extractBitsAsZExtValue(8, unsigned(byte * 8))));
        }
      }
      Bytes packed = pack(codes, columns, bits);
      EXPECT_EQ(packed, expected);
      Bytes unpacked(codes.size());
      unpackLinear(packed, columns, bits, /*isSigned=*/false, unpacked);
      EXPECT_EQ(unpacked, codes);
    }
  }
}

} // namespace
