//===- ScaleLayout.cpp - The order of 8-bit scales in memory --------------===//

#include "quantx/Format/ScaleLayout.h"
#include "quantx/Format/Mutants.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cassert>

using namespace quantx;

static constexpr size_t kTileRows = 128;
static constexpr size_t kTileColumns = 4;
static constexpr size_t kTileSize = kTileRows * kTileColumns;

size_t quantx::getTiledScalesSize(size_t rows, size_t columns) {
  return llvm::divideCeil(rows, kTileRows) *
         llvm::divideCeil(columns, kTileColumns) * kTileSize;
}

size_t quantx::getTiledScaleOffset(size_t row, size_t column, size_t columns) {
  size_t tilesInRow = llvm::divideCeil(columns, kTileColumns);
  size_t tile = row / kTileRows * tilesInRow + column / kTileColumns;
  size_t r = row % kTileRows;
  size_t c = column % kTileColumns;
  if (isPlanted(Mutant::FormatTilesRowMajor))
    return tile * kTileSize + r * kTileColumns + c;
  return tile * kTileSize + r % 32 * 16 + r / 32 * 4 + c;
}

void quantx::tileScales(llvm::ArrayRef<uint8_t> scales, size_t rows,
                        size_t columns, llvm::MutableArrayRef<uint8_t> tiles) {
  assert(scales.size() == rows * columns &&
         tiles.size() == getTiledScalesSize(rows, columns));
  llvm::fill(tiles, 0);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < columns; ++column)
      tiles[getTiledScaleOffset(row, column, columns)] =
          scales[row * columns + column];
  }
}

void quantx::untileScales(llvm::ArrayRef<uint8_t> tiles, size_t rows,
                          size_t columns,
                          llvm::MutableArrayRef<uint8_t> scales) {
  assert(scales.size() == rows * columns &&
         tiles.size() == getTiledScalesSize(rows, columns));
  for (size_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < columns; ++column)
      scales[row * columns + column] =
          tiles[getTiledScaleOffset(row, column, columns)];
  }
}
