//===- WeightLayoutTest.cpp - 16 rows of weights side by side -------------===//

#include "quantx/Format/WeightLayout.h"
#include "gtest/gtest.h"
#include <vector>

using namespace quantx;

namespace {

using Bytes = std::vector<uint8_t>;

TEST(WeightLayoutTest, Offsets) {
  // Rows of 6 bytes are 2 words.
  EXPECT_EQ(getInterleavedOffset(0, 0, 6, 4), 0u);
  EXPECT_EQ(getInterleavedOffset(0, 3, 6, 4), 3u);
  EXPECT_EQ(getInterleavedOffset(1, 0, 6, 4), 4u);
  EXPECT_EQ(getInterleavedOffset(15, 3, 6, 4), 63u);
  EXPECT_EQ(getInterleavedOffset(0, 4, 6, 4), 64u);
  EXPECT_EQ(getInterleavedOffset(16, 0, 6, 4), 128u);
  // Scales of 2 bytes, 3 in a row.
  EXPECT_EQ(getInterleavedOffset(1, 1, 6, 2), 3u);
  EXPECT_EQ(getInterleavedOffset(2, 2, 6, 2), 36u);
  EXPECT_EQ(getInterleavedOffset(17, 5, 6, 2), 96u + 64 + 3);
}

TEST(WeightLayoutTest, Sizes) {
  EXPECT_EQ(getInterleavedSize(0, 6, 4), 0u);
  EXPECT_EQ(getInterleavedSize(16, 0, 4), 0u);
  EXPECT_EQ(getInterleavedSize(1, 1, 4), 64u);
  EXPECT_EQ(getInterleavedSize(16, 8, 4), 128u);
  EXPECT_EQ(getInterleavedSize(17, 9, 4), 2 * 192u);
}

// Every byte, padding too, by a walk over what is written.
TEST(WeightLayoutTest, EveryByte) {
  for (size_t unit : {1, 2, 4}) {
    for (size_t rows : {1, 15, 16, 17, 33}) {
      for (size_t rowBytes : {1, 3, 4, 5, 12}) {
        if (unit != 4 && rowBytes % unit != 0)
          continue;
        SCOPED_TRACE(testing::Message()
                     << rows << 'x' << rowBytes << " by " << unit);
        Bytes linear;
        for (size_t i = 0; i < rows * rowBytes; ++i)
          linear.push_back(uint8_t(i * 37 % 255 + 1));
        Bytes expected;
        for (size_t top = 0; top < rows; top += 16) {
          for (size_t left = 0; left < rowBytes; left += unit) {
            for (size_t row = top; row < top + 16; ++row) {
              for (size_t byte = left; byte < left + unit; ++byte) {
                bool exists = row < rows && byte < rowBytes;
                expected.push_back(exists ? linear[row * rowBytes + byte] : 0);
              }
            }
          }
        }
        Bytes interleaved(getInterleavedSize(rows, rowBytes, unit), 0xab);
        interleaveRows(linear, rows, rowBytes, unit, interleaved);
        EXPECT_EQ(interleaved, expected);
        Bytes back(linear.size(), 0xab);
        separateRows(interleaved, rows, rowBytes, unit, back);
        EXPECT_EQ(back, linear);
      }
    }
  }
}

} // namespace
