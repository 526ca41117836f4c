//===- ScaleLayout.h - The order of 8-bit scales in memory ------*- C++ -*-===//
//
// Linear: row-major, as the elements are. Tile128x4: what block-scaled tensor
// cores read. The scales are cut into tiles of 128 rows and 4 columns, padded
// with zero bytes where the tensor ends; tiles stand row-major, each in 512
// bytes, in which row r and column c of the tile have the offset
//
//   (r mod 32) * 16 + (r div 32) * 4 + c
//
// As 32 rows of 16 bytes, a tile is four strips of 32 rows side by side:
//
//   row 0:   r 0,c 0..3 | r 32,c 0..3 | r 64,c 0..3 | r  96,c 0..3
//   ...
//   row 31:  r31,c 0..3 | r 63,c 0..3 | r 95,c 0..3 | r 127,c 0..3
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_FORMAT_SCALELAYOUT_H
#define QUANTX_FORMAT_SCALELAYOUT_H

#include "llvm/ADT/ArrayRef.h"
#include <cstddef>
#include <cstdint>

namespace quantx {

/// The bytes of `rows` x `columns` scales as Tile128x4: whole tiles.
size_t getTiledScalesSize(size_t rows, size_t columns);

/// Where Tile128x4 has the scale of `row` and `column` of a tensor of `columns`
/// columns.
size_t getTiledScaleOffset(size_t row, size_t column, size_t columns);

/// From linear to Tile128x4. `tiles` has getTiledScalesSize(rows, columns)
/// bytes, all of which are written.
void tileScales(llvm::ArrayRef<uint8_t> scales, size_t rows, size_t columns,
                llvm::MutableArrayRef<uint8_t> tiles);

/// The inverse; padding is ignored.
void untileScales(llvm::ArrayRef<uint8_t> tiles, size_t rows, size_t columns,
                  llvm::MutableArrayRef<uint8_t> scales);

} // namespace quantx

#endif // QUANTX_FORMAT_SCALELAYOUT_H
