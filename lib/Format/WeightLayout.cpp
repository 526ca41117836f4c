//===- WeightLayout.cpp - The order of a matrix of weights ----------------===//

#include "quantx/Format/WeightLayout.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cassert>

using namespace quantx;

/// The bytes of 16 rows side by side.
static size_t getGroupSize(size_t rowBytes, size_t unit) {
  return llvm::alignTo(rowBytes, unit) * kInterleavedRows;
}

size_t quantx::getInterleavedSize(size_t rows, size_t rowBytes, size_t unit) {
  return llvm::divideCeil(rows, kInterleavedRows) *
         getGroupSize(rowBytes, unit);
}

size_t quantx::getInterleavedOffset(size_t row, size_t byte, size_t rowBytes,
                                    size_t unit) {
  return row / kInterleavedRows * getGroupSize(rowBytes, unit) +
         byte / unit * unit * kInterleavedRows + row % kInterleavedRows * unit +
         byte % unit;
}

void quantx::interleaveRows(llvm::ArrayRef<uint8_t> linear, size_t rows,
                            size_t rowBytes, size_t unit,
                            llvm::MutableArrayRef<uint8_t> interleaved) {
  assert(linear.size() == rows * rowBytes &&
         interleaved.size() == getInterleavedSize(rows, rowBytes, unit));
  llvm::fill(interleaved, 0);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t byte = 0; byte < rowBytes; ++byte)
      interleaved[getInterleavedOffset(row, byte, rowBytes, unit)] =
          linear[row * rowBytes + byte];
  }
}

void quantx::separateRows(llvm::ArrayRef<uint8_t> interleaved, size_t rows,
                          size_t rowBytes, size_t unit,
                          llvm::MutableArrayRef<uint8_t> linear) {
  assert(linear.size() == rows * rowBytes &&
         interleaved.size() == getInterleavedSize(rows, rowBytes, unit));
  for (size_t row = 0; row < rows; ++row) {
    for (size_t byte = 0; byte < rowBytes; ++byte)
      linear[row * rowBytes + byte] =
          interleaved[getInterleavedOffset(row, byte, rowBytes, unit)];
  }
}
