//===- Npy.h - NumPy's array format -----------------------------*- C++ -*-===//
//
// Versions 1.0, 2.0 and 3.0 of the format that numpy.lib.format defines.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTX_IO_NPY_H
#define QUANTX_IO_NPY_H

#include "quantx/IO/Tensor.h"
#include "llvm/Support/raw_ostream.h"

namespace quantx {

/// Reads a .npy array in place: the result points into `buffer`, whose
/// identifier names it in diagnostics. Fails on anything but a little-endian
/// array in C order, of a type in `ElementType`, that ends where the file ends.
llvm::Expected<TensorView> parseNpy(llvm::MemoryBufferRef buffer);

/// Writes `tensor` as .npy: version 1.0 where the header fits, else 2.0, with
/// the data at a multiple of 64 bytes. Types that numpy lacks are written as
/// unsigned integers; fails for the packed ones. Errors of the stream are the
/// caller's to check.
llvm::Error writeNpy(llvm::raw_ostream &os, const TensorView &tensor);

} // namespace quantx

#endif // QUANTX_IO_NPY_H
