//===- PackingTest.cpp - How codes share bytes ----------------------------===//

#include "quantx/Format/Packing.h"
#include "llvm/ADT/APInt.h"
#include "gtest/gtest.h"
#include <numeric>
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

//===----------------------------------------------------------------------===//
// Layouts of 4-bit codes
//===----------------------------------------------------------------------===//

Bytes packNibbles(PackingLayout layout, const Bytes &codes, size_t columns) {
  Bytes packed(codes.size() / columns * ((columns + 1) / 2), 0xA5);
  packCodes(layout, codes, columns, 4, packed);
  return packed;
}

Bytes getRow(size_t columns) {
  Bytes codes(columns);
  std::iota(codes.begin(), codes.end(), 0);
  return codes;
}

TEST(PackingTest, SplitHalfIsTheOrderOfGgml) {
  // Code i has the low bits of i: bytes j | (j + 16), whose nibbles are equal.
  Bytes codes = getRow(32);
  codes[16] = 0xF;
  Bytes packed = packNibbles(PackingLayout::SplitHalf, codes, 32);
  EXPECT_EQ(packed, (Bytes{0xF0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
                           0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF}));
}

TEST(PackingTest, SplitHalfOfPartialBlocks) {
  EXPECT_EQ(packNibbles(PackingLayout::SplitHalf, {7}, 1), (Bytes{0x07}));
  EXPECT_EQ(packNibbles(PackingLayout::SplitHalf, {0, 1, 2, 3, 4}, 5),
            (Bytes{0x30, 0x41, 0x02}));
  EXPECT_EQ(packNibbles(PackingLayout::SplitHalf, {0, 1, 2, 3, 4, 5}, 6),
            (Bytes{0x30, 0x41, 0x52}));
  // The block before is whole; the rows are apart.
  Bytes codes(2 * 35, 0);
  codes[32] = 1, codes[33] = 2, codes[34] = 3;
  codes[35 + 32] = 4, codes[35 + 33] = 5, codes[35 + 34] = 6;
  Bytes packed = packNibbles(PackingLayout::SplitHalf, codes, 35);
  ASSERT_EQ(packed.size(), 36u);
  EXPECT_EQ(packed[16], 0x31);
  EXPECT_EQ(packed[17], 0x02);
  EXPECT_EQ(packed[34], 0x64);
  EXPECT_EQ(packed[35], 0x05);
}

TEST(PackingTest, Interleaved8IsTheOrderOfAWQ) {
  // The word 0x75316420.
  EXPECT_EQ(packNibbles(PackingLayout::Interleaved8, getRow(8), 8),
            (Bytes{0x20, 0x64, 0x31, 0x75}));
}

TEST(PackingTest, Interleaved8OfPartialGroups) {
  EXPECT_EQ(packNibbles(PackingLayout::Interleaved8, {7}, 1), (Bytes{0x07}));
  EXPECT_EQ(packNibbles(PackingLayout::Interleaved8, {1, 2, 3, 4, 5}, 5),
            (Bytes{0x31, 0x25, 0x04}));
  EXPECT_EQ(packNibbles(PackingLayout::Interleaved8, {1, 2, 3, 4, 5, 6}, 6),
            (Bytes{0x31, 0x25, 0x64}));
  EXPECT_EQ(packNibbles(PackingLayout::Interleaved8, getRow(11), 11),
            (Bytes{0x20, 0x64, 0x31, 0x75, 0xA8, 0x09}));
}

/// The codes' places as a list of nibbles, built block by block: the order in
/// which they are taken from the row.
std::vector<size_t> getNibbleOrder(PackingLayout layout, size_t columns) {
  size_t blockSize = layout == PackingLayout::SplitHalf ? 32 : 8;
  std::vector<size_t> order;
  for (size_t first = 0; first < columns; first += blockSize) {
    size_t end = std::min(first + blockSize, columns);
    size_t half = (end - first + 1) / 2;
    if (layout == PackingLayout::SplitHalf) {
      for (size_t j = 0; j < half; ++j) {
        order.push_back(first + j);
        order.push_back(first + j + half);
      }
      continue;
    }
    for (size_t even = first; even < end; even += 2) {
      order.push_back(even);
    }
    for (size_t odd = first + 1; odd < end; odd += 2) {
      order.push_back(odd);
    }
  }
  order.resize((columns + 1) / 2 * 2, columns);
  return order;
}

TEST(PackingTest, EveryLengthEqualsTheListOfNibblesAndComesBack) {
  for (PackingLayout layout :
       {PackingLayout::SplitHalf, PackingLayout::Interleaved8}) {
    for (size_t columns = 1; columns <= 100; ++columns) {
      SCOPED_TRACE(testing::Message() << int(layout) << " x " << columns);
      Bytes codes;
      Bytes expected;
      for (size_t row = 0; row < 3; ++row) {
        for (size_t column = 0; column < columns; ++column) {
          codes.push_back(uint8_t((row * 53 + column * 11 + column / 16) % 16));
        }
        Bytes padded(codes.end() - columns, codes.end());
        padded.push_back(0);
        std::vector<size_t> order = getNibbleOrder(layout, columns);
        for (size_t i = 0; i < order.size(); i += 2) {
          // A missing code of the last block is the row's padding.
          size_t high = std::min(order[i + 1], columns);
          expected.push_back(uint8_t(padded[order[i]] | padded[high] << 4));
        }
      }
      Bytes packed = packNibbles(layout, codes, columns);
      EXPECT_EQ(packed, expected);
      Bytes unpacked(codes.size());
      unpackCodes(layout, packed, columns, 4, /*isSigned=*/false, unpacked);
      EXPECT_EQ(unpacked, codes);
    }
  }
}

TEST(PackingTest, LayoutsSignExtend) {
  for (PackingLayout layout :
       {PackingLayout::SplitHalf, PackingLayout::Interleaved8}) {
    Bytes codes = {0xF8, 0x07, 0xFF};
    Bytes packed = packNibbles(layout, codes, 3);
    Bytes unpacked(3);
    unpackCodes(layout, packed, 3, 4, /*isSigned=*/true, unpacked);
    EXPECT_EQ(unpacked, codes);
  }
}

} // namespace
