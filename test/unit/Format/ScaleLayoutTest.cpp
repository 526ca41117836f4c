//===- ScaleLayoutTest.cpp - Scales in tiles of 128 x 4 -------------------===//

#include "quantx/Format/ScaleLayout.h"
#include "gtest/gtest.h"
#include <vector>

using namespace quantx;

namespace {

using Bytes = std::vector<uint8_t>;

TEST(ScaleLayoutTest, OffsetsInATile) {
  EXPECT_EQ(getTiledScaleOffset(0, 0, 4), 0u);
  EXPECT_EQ(getTiledScaleOffset(0, 3, 4), 3u);
  EXPECT_EQ(getTiledScaleOffset(32, 0, 4), 4u);
  EXPECT_EQ(getTiledScaleOffset(96, 3, 4), 15u);
  EXPECT_EQ(getTiledScaleOffset(1, 0, 4), 16u);
  EXPECT_EQ(getTiledScaleOffset(127, 3, 4), 511u);
}

TEST(ScaleLayoutTest, TilesAreRowMajor) {
  // 5 columns are two tiles.
  EXPECT_EQ(getTiledScaleOffset(0, 4, 5), 512u);
  EXPECT_EQ(getTiledScaleOffset(128, 0, 5), 1024u);
  EXPECT_EQ(getTiledScaleOffset(129, 4, 5), 1536u + 16);
}

TEST(ScaleLayoutTest, SizesAreOfWholeTiles) {
  EXPECT_EQ(getTiledScalesSize(0, 4), 0u);
  EXPECT_EQ(getTiledScalesSize(128, 0), 0u);
  EXPECT_EQ(getTiledScalesSize(1, 1), 512u);
  EXPECT_EQ(getTiledScalesSize(128, 4), 512u);
  EXPECT_EQ(getTiledScalesSize(129, 5), 2048u);
}

// The tile as the tensor core reads it: every byte, padding too, by a walk over
// bytes instead of scales.
TEST(ScaleLayoutTest, EveryByteOfEveryTile) {
  for (size_t rows : {1, 31, 32, 33, 127, 128, 129, 300}) {
    for (size_t columns : {1, 3, 4, 5, 9}) {
      SCOPED_TRACE(testing::Message() << rows << 'x' << columns);
      Bytes scales;
      for (size_t i = 0; i < rows * columns; ++i) {
        scales.push_back(uint8_t(i * 37 % 255 + 1));
      }
      Bytes expected;
      for (size_t top = 0; top < rows; top += 128) {
        for (size_t left = 0; left < columns; left += 4) {
          for (size_t line = 0; line < 32; ++line) {
            for (size_t strip = 0; strip < 4; ++strip) {
              for (size_t c = 0; c < 4; ++c) {
                size_t row = top + strip * 32 + line;
                size_t column = left + c;
                bool exists = row < rows && column < columns;
                expected.push_back(exists ? scales[row * columns + column] : 0);
              }
            }
          }
        }
      }
      // Rubbish beforehand: the padding must be written.
      Bytes tiles(getTiledScalesSize(rows, columns), 0xA5);
      tileScales(scales, rows, columns, tiles);
      EXPECT_EQ(tiles, expected);
      // Padding is not looked at.
      Bytes back(scales.size());
      untileScales(tiles, rows, columns, back);
      EXPECT_EQ(back, scales);
    }
  }
}

} // namespace
